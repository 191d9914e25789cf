"""Of the runs of long ago only those stay that say something."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sync.models import Gap, SyncRun
from sync.steps.forget import RUNS_AT_ONCE, RUNS_KEPT, old_runs

pytestmark = pytest.mark.django_db

LONG_AGO = RUNS_KEPT + timedelta(days=1)


def run(*, ago: timedelta = LONG_AGO, kind: str = "recent", since: datetime | None = None, **columns: Any) -> SyncRun:
    at = timezone.now() - ago
    since = since or (at if kind == "recent" else None)
    return SyncRun.objects.create(
        **{"kind": kind, "started_at": at, "finished_at": at, "window_start": since, **columns}
    )


def test_what_found_nothing_is_forgotten_after_a_season() -> None:
    full, partial = run(kind="full"), run(kind="full", error="Numbers: Telnyx failed.")
    found, young = run(), run(cursor={"young": [{"telnyx_id": "1"}]})
    Gap.objects.create(run=found, side=Gap.Side.HERE, what="fax", telnyx_id="1")
    fresh, under_way = run(ago=RUNS_KEPT - timedelta(days=1)), run(finished_at=None)
    for error in ("", "Faxes: Telnyx failed."):
        run(error=error)
    assert (old_runs(), old_runs()) == (2, 0)
    assert set(SyncRun.objects.all()) == {full, partial, found, young, fresh, under_way}


@pytest.mark.parametrize(
    "columns", [{"error": "Faxes: Telnyx failed."}, {"finished_at": None}, {"since": timezone.now() - LONG_AGO}]
)
def test_until_all_was_read_once_they_tell_since_when_we_know(columns: dict[str, Any]) -> None:
    run()
    run(kind="full", **columns)
    assert old_runs() == 0


def test_a_long_list_is_deleted_to_its_end() -> None:
    run(kind="full")
    at = timezone.now() - LONG_AGO
    many = [SyncRun(started_at=at, finished_at=at, window_start=at) for _ in range(2 * RUNS_AT_ONCE + 1)]
    SyncRun.objects.bulk_create(many)
    assert old_runs() == len(many)
