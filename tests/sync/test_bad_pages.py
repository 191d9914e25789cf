"""A whole run meets a bad page in the middle of the list of faxes. It says so, nothing is written by halves, and the
next run ends as if nothing had been."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from faxes.models import Fax, FaxEvent
from sync.models import Gap, SyncRun
from sync.services import request_run, run_now
from sync.steps import run as step
from telnyx_sandbox.server import Server

FULL = SyncRun.Kind.FULL
# In two days, so that the first page of 250 does not hold all of the last one.
FAXES, DAYS = 700, 2.0
# The youngest faxes, the first page, and then this one.
SECOND_PAGE: dict[str, Any] = {"method": "GET", "path": "/v2/faxes", "skip": 2, "after": True}
# So often a page is asked for.
TRIES = 3
pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier(sandbox: Server) -> Server:
    """Has been read once, when there was nothing: all there is now is news."""
    assert run_now(kind=FULL).is_complete
    sandbox.sandbox.fill(FAXES, days=DAYS)
    return sandbox


def check(carrier: Server, run: SyncRun) -> None:
    """Whatever is here is here once, as it is there, and counted."""
    there = {row["id"]: (row["direction"], row["from"], row["to"], row["status"]) for row in carrier.sandbox.faxes()}
    rows = Fax.objects.values_list("telnyx_id", "direction", "from_number", "to_number", "status")
    here = {key: tuple(said) for key, *said in rows}
    assert here.items() <= there.items() and len(rows) == len(here)
    lines = Counter(FaxEvent.objects.values_list("fax__telnyx_id", flat=True))
    assert lines == dict.fromkeys(here, 1)
    gaps = Counter(Gap.objects.values_list("telnyx_id", flat=True))
    # But for those so young that a webhook may still come.
    assert set(gaps) <= set(here) and set(gaps.values()) <= {1} and len(here) - len(gaps) < 10
    assert run.counts["gaps"] == Gap.objects.filter(run=run).count()
    assert sum(one.counts.get("faxes_new", 0) for one in SyncRun.objects.all()) == len(here)


def is_equal(carrier: Server) -> bool:
    return Fax.objects.count() == len(carrier.sandbox.faxes()) == FAXES


NOT_JSON = "not with the JSON its documentation promises"
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an error": ({"action": "status", "status": 500, "times": TRIES}, "status 500"),
    "a page of HTML": ({"action": "garbage"}, NOT_JSON),
    "half of the JSON": ({"action": "half"}, NOT_JSON),
    "nothing at all": ({"action": "empty"}, NOT_JSON),
    "one that breaks off": ({"action": "truncate", "times": TRIES}, "The answer broke off"),
    "no answer": ({"action": "reset", "times": TRIES}, "no answer came back"),
    "words for objects": ({"action": "words"}, "listed something that is no object"),
}


@pytest.mark.parametrize(("fault", "said"), BAD.values(), ids=BAD)
def test_a_page_that_cannot_be_read_is_told_and_costs_nothing(
    carrier: Server, fault: dict[str, Any], said: str
) -> None:
    carrier.sandbox.faults.add(**SECOND_PAGE, **fault)
    run = run_now(kind=FULL)
    assert run.finished_at and not run.is_complete
    assert run.error.startswith("Faxes: The faxes from ") and "could not be read." in run.error and said in run.error
    assert carrier.sandbox.faults.as_json() == []
    # What could be read was, on both sides of the hole.
    assert 500 < Fax.objects.count() < FAXES
    check(carrier, run)

    following = run_now(kind=FULL)
    assert following.is_complete and is_equal(carrier)
    check(carrier, following)


@pytest.mark.parametrize("fault", [fault for fault, _ in BAD.values() if "times" in fault], ids=str)
def test_what_is_over_at_the_next_try_is_not_even_told(carrier: Server, fault: dict[str, Any]) -> None:
    carrier.sandbox.faults.add(**SECOND_PAGE, **fault | {"times": 1})
    run = run_now(kind=FULL)
    assert run.is_complete and is_equal(carrier)
    check(carrier, run)


def test_a_list_that_stays_bad_stops_the_part_with_what_was_read(carrier: Server) -> None:
    carrier.sandbox.faults.add(**SECOND_PAGE, action="garbage", times=None)
    run = run_now(kind=FULL)
    assert run.error.startswith("Faxes: ") and NOT_JSON in run.error
    assert 200 < Fax.objects.count() < FAXES
    check(carrier, run)
    carrier.sandbox.faults.clear()
    assert run_now(kind=FULL).is_complete and is_equal(carrier)


@pytest.mark.parametrize("headers", [{}, {"retry-after": "120"}, {"x-ratelimit-reset": "120"}], ids=str)
def test_a_storm_of_429_lays_the_run_aside_with_what_was_read(carrier: Server, headers: dict[str, str]) -> None:
    carrier.sandbox.faults.add(**SECOND_PAGE, action="status", status=429, headers=headers, times=None)
    run = request_run(by=None, kind=FULL)
    assert step.drain() == 1
    run.refresh_from_db()
    wait = timedelta(seconds=120 if headers else 60)
    assert (run.finished_at, run.error) == (None, "")
    assert run.due_at is not None and timedelta() < wait - (run.due_at - timezone.now()) < timedelta(seconds=20)
    assert 200 < Fax.objects.count() < FAXES
    check(carrier, run)

    carrier.sandbox.faults.clear()
    SyncRun.objects.update(due_at=timezone.now())
    assert step.drain() == 1
    run.refresh_from_db()
    assert run.is_complete and is_equal(carrier)
    check(carrier, run)
