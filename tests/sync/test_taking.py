"""Pages that stumble, and what becomes of history then."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from faxes.mirror import Report
from faxes.models import Fax, FaxEvent
from sync.gaps import Gaps
from sync.hand import Hand
from sync.models import SyncRun
from sync.services import request_run
from sync.taking import Taker
from telnyx_api import Fax as FaxPayload
from tests import builders
from wake import on_wake

OLD = timezone.now() - timedelta(days=300)


@pytest.fixture
def taker(db: None) -> Taker:
    """Of a run long after the first one, which went back for a week."""
    week = timezone.now() - timedelta(days=7)
    SyncRun.objects.create(started_at=timezone.now(), finished_at=timezone.now(), window_start=week)
    hand = Hand(request_run(by=None, kind="full"))
    return Taker(hand, Gaps(hand, timezone.now))


def page(count: int, **said: Any) -> list[Report]:
    facts = {"direction": "inbound", "from": builders.THEIRS, "to": builders.OURS, "status": "received"}
    facts |= {"created_at": OLD.isoformat(), "updated_at": OLD.isoformat()} | said
    payloads = [FaxPayload({"id": f"fax-{number}", **facts}) for number in range(count)]
    return [Report.of_fax(payload, source=FaxEvent.Source.SYNC) for payload in payloads]


@contextmanager
def stumbling(fails: Callable[[set[str], int], bool]) -> Iterator[list[int]]:
    """Statements that store many faxes fail, by their ids and how many there were. How many faxes each had."""
    sizes: list[int] = []

    def around(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT INTO faxes_fax ("):
            ids = set(re.findall(r"fax-\d+", str(params)))
            sizes.append(len(ids))
            if fails(ids, len(sizes)):
                raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(around):
        yield sizes


def test_a_passing_trouble_costs_a_second_try_in_halves(taker: Taker) -> None:
    with stumbling(lambda _, tries: tries == 1) as sizes:
        taker.page(page(8))
    assert sizes == [8, 4, 4]
    assert Fax.objects.count() == 8 and not FaxEvent.objects.exists()


def test_one_that_is_to_blame_is_found_and_history_stays_untold(taker: Taker) -> None:
    """By itself it goes another way."""
    with stumbling(lambda ids, _: "fax-3" in ids) as sizes:
        taker.page(page(8))
    assert len(sizes) == 7
    assert Fax.objects.count() == 8 and not FaxEvent.objects.exists()


def test_what_is_no_history_is_told_however_it_stumbles(taker: Taker) -> None:
    with stumbling(lambda *_: True) as sizes:
        taker.page(page(2, created_at=timezone.now().isoformat()))
    assert sizes == [2, 1, 1]
    assert FaxEvent.objects.filter(kind="status:received").count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("wakes")
def test_who_fetches_pages_is_woken_when_their_faxes_are_there(taker: Taker) -> None:
    seen: list[tuple[str, int]] = []
    on_wake(lambda name, after: seen.append((name, Fax.objects.count())))
    now = timezone.now().isoformat()
    taker.page(page(3, created_at=now, updated_at=now, media_url="https://x/y.pdf"))
    assert ("archive", 3) in seen
