"""A run is pending work: asked for once, claimed by one worker, taken up by the next, laid aside where Telnyx asks."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import LogEntry, User
from applications.models import PhoneNumber
from faxes.mirror import mark_gone
from faxes.models import Fax
from faxportal.queue import STEPS
from sync.hand import Hand
from sync.models import Heartbeat, SyncRun
from sync.services import plan_full_run, request_run, run_now
from sync.steps import run as step
from telnyx_sandbox.server import Server
from tests.sync.odd import Odd, serving

RECENT, FULL = SyncRun.Kind.RECENT, SyncRun.Kind.FULL
pytestmark = pytest.mark.django_db


def asked(sandbox: Server, path: str) -> int:
    return len([request for request in sandbox.sandbox.requests if request.path == f"/v2/{path}"])


def test_an_administrator_asks_for_a_run_and_the_worker_makes_it(
    sandbox: Server,
    root: User,
    wakes: list[tuple[str, float]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = request_run(by=root, kind=FULL)
    assert (run.by, run.finished_at, run.window_start) == (root, None, None)
    assert ("sync", 0) in wakes and "sync" in STEPS
    assert step.drain() == 1
    run.refresh_from_db()
    assert run.is_complete and run.is_baseline and run.leased_until is None
    entry = LogEntry.objects.get(action="sync.request")
    assert (entry.actor_id, entry.object_id, entry.data) == (str(root.pk), str(run.pk), {"kind": "full", "since": None})
    assert Heartbeat.objects.filter(name="telnyx").exists()


def test_telnyx_has_answered_where_something_is_missing_from_its_answers(sandbox: Server, settings: Settings) -> None:
    """Else the house would call it silent, and look after no quiet line, as long as Telnyx cannot count."""

    def has_answered() -> bool:
        return bool(Heartbeat.objects.filter(name="telnyx").delete()[0])

    assert not run_now(kind=RECENT).error and has_answered()
    for path, answered in (("faxes", False), ("phone_numbers", True), ("webhook_deliveries", True)):
        sandbox.sandbox.faults.add(method="GET", path=f"/v2/{path}", action="status", status=403)
        run = run_now(kind=RECENT)
        assert (bool(run.error), has_answered()) == (True, answered)
    with serving(Odd(conceals=2)) as odd:
        odd.add(20, days=3)
        settings.TELNYX_API_BASE = odd.url
        run = run_now(kind=RECENT)
    assert "Telnyx counts" in run.error and has_answered()


def test_one_of_each_kind_is_under_way(root: User) -> None:
    first = request_run(by=root, kind=FULL)
    assert request_run(by=root, kind=FULL) == first
    plan_full_run()
    assert request_run(by=None, kind=RECENT) != first
    assert SyncRun.objects.count() == 2


@pytest.mark.parametrize("who", ["alice", "charlie"])
def test_nobody_else_asks_for_a_run(who: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(PermissionDenied):
        request_run(by=request.getfixturevalue(who), kind=FULL)
    assert not SyncRun.objects.exists() and not LogEntry.objects.exists()


def test_a_run_begins_in_the_past(root: User) -> None:
    with pytest.raises(ValidationError, match="yet to come"):
        request_run(by=root, kind=FULL, since=timezone.now() + timedelta(minutes=5))


def test_a_recent_run_leaves_out_nothing_on_anybodys_word(sandbox: Server) -> None:
    run = request_run(by=None, kind=RECENT, since=timezone.now() - timedelta(minutes=5))
    assert run.window_start and run.window_start < timezone.now() - timedelta(days=7)


def test_a_full_run_that_began_later_is_no_word_on_what_was_before(sandbox: Server) -> None:
    assert run_now(kind=FULL, since=timezone.now() - timedelta(hours=1)).is_complete
    run = request_run(by=None, kind=RECENT)
    assert run.window_start and run.window_start < timezone.now() - timedelta(days=7)


def test_the_first_run_that_reads_all_faxes_is_the_first_fill(sandbox: Server) -> None:
    for path, times in (("faxes", None), ("phone_numbers", 1)):
        sandbox.sandbox.faults.add(method="GET", path=f"/v2/{path}", action="status", status=403, times=times)
    runs = [run_now(kind=RECENT)]
    sandbox.sandbox.faults.clear()
    sandbox.sandbox.faults.add(method="GET", path="/v2/phone_numbers", action="status", status=403)
    runs += [run_now(kind=RECENT) for _ in range(2)]
    assert [run.is_baseline for run in runs] == [True, True, False]
    assert [run.is_complete for run in runs] == [False, False, True]


def test_a_run_in_other_hands_is_left_alone(sandbox: Server) -> None:
    run = request_run(by=None, kind=FULL)
    SyncRun.objects.update(owner=uuid.uuid4(), leased_until=timezone.now() + timedelta(minutes=1))
    assert step.drain() == 0
    run.refresh_from_db()
    assert run.finished_at is None


def test_the_run_of_a_dead_worker_goes_on_where_it_stopped(sandbox: Server) -> None:
    run = request_run(by=None, kind=FULL)
    # As the worker left it that died after the applications.
    SyncRun.objects.update(
        owner=uuid.uuid4(),
        leased_until=timezone.now() - timedelta(seconds=1),
        cursor={"done": ["applications"], "tries": 1},
        counts={"applications": 2},
    )
    assert step.drain() == 1
    run.refresh_from_db()
    assert run.is_complete and (run.counts["applications"], run.counts["numbers"]) == (2, 4)
    assert (asked(sandbox, "fax_applications"), asked(sandbox, "phone_numbers")) == (0, 1)


def test_a_worker_that_was_too_slow_writes_nothing_more(sandbox: Server) -> None:
    request_run(by=None, kind=FULL)
    other = uuid.uuid4()

    def takes_over(_: Hand) -> None:
        SyncRun.objects.update(owner=other)

    step.take_up(SyncRun.objects.all(), takes_over)
    run = SyncRun.objects.get()
    assert (run.owner, run.finished_at) == (other, None)


def test_a_run_that_kills_every_worker_ends(sandbox: Server) -> None:
    request_run(by=None, kind=FULL)
    SyncRun.objects.update(cursor={"tries": step.MOST_TRIES})
    step.drain()
    run = SyncRun.objects.get()
    assert run.finished_at is not None and "got no further" in run.error


@pytest.mark.parametrize(("headers", "seconds"), [({"x-ratelimit-reset": "120"}, 120), ({"retry-after": "9e9"}, 3600)])
def test_a_run_that_telnyx_slows_down_is_laid_aside_and_goes_on(
    sandbox: Server, headers: dict[str, str], seconds: int, wakes: list[tuple[str, float]]
) -> None:
    faults = sandbox.sandbox.faults
    faults.add(method="GET", path="/v2/phone_numbers", action="status", status=429, times=None, headers=headers)
    run = request_run(by=None, kind=FULL)
    assert step.drain() == 1
    run.refresh_from_db()
    assert (run.finished_at, run.owner, run.error) == (None, None, "")
    assert run.due_at and abs((run.due_at - timezone.now()).total_seconds() - seconds) < 10
    assert run.counts["applications"] == 2 and any(name == "sync" and after > 100 for name, after in wakes)
    assert step.drain() == 0
    faults.clear()
    SyncRun.objects.update(due_at=timezone.now())
    assert step.drain() == 1
    run.refresh_from_db()
    assert run.is_complete and asked(sandbox, "fax_applications") == 1 and PhoneNumber.objects.count() == 4


def test_a_run_that_is_laid_aside_before_all_that_is_missing_was_asked_for_asks_on(
    sandbox: Server, line: PhoneNumber
) -> None:
    sandbox.sandbox.fill(30, days=3)
    run_now(kind=FULL)
    until = timezone.now() - timedelta(hours=1)
    gone = [str(fax.telnyx_id) for fax in Fax.objects.filter(created_at__lt=until).order_by("created_at")[:3]]
    for telnyx_id in gone:
        sandbox.sandbox.world.store.remove_fax(telnyx_id)
    late = {"x-ratelimit-reset": "120"}
    sandbox.sandbox.faults.add(method="GET", path=f"/v2/faxes/{gone[1]}", action="status", status=429, headers=late)
    run = request_run(by=None, kind=FULL)
    step.drain()
    run.refresh_from_db()
    assert run.finished_at is None
    SyncRun.objects.update(due_at=timezone.now())
    step.drain()
    run.refresh_from_db()
    assert run.is_complete and set(Fax.objects.exclude(gone_at=None).values_list("telnyx_id", flat=True)) == set(gone)


def test_what_is_read_once_more_does_not_count_twice(sandbox: Server, line: PhoneNumber) -> None:
    sandbox.sandbox.fill(12, days=3)
    sandbox.sandbox.options.max_page_size = 4
    faults = sandbox.sandbox.faults
    stopped: list[int] = []

    def stops(hand: Hand) -> None:
        if hand.counts["faxes"] and not stopped:
            stopped.append(hand.counts["faxes"])
            late = {"x-ratelimit-reset": "120"}
            faults.add(method="GET", path="/v2/faxes", action="status", status=429, headers=late)

    run = request_run(by=None, kind=FULL)
    step.take_up(SyncRun.objects.all(), stops)
    SyncRun.objects.update(due_at=timezone.now())
    step.drain()
    run.refresh_from_db()
    assert run.is_complete and stopped
    counts = run.counts
    assert (counts["faxes"], counts["faxes_new"], counts["applications"], counts["numbers"]) == (12, 12, 2, 4)


def test_what_is_deleted_while_its_page_is_read_does_not_come_back(sandbox: Server, line: PhoneNumber) -> None:
    sandbox.sandbox.fill(12, days=3)
    run_now(kind=FULL)
    sandbox.sandbox.options.max_page_size = 4
    fax = Fax.objects.earliest("created_at")
    deleted: list[bool] = []

    def deletes(hand: Hand) -> None:
        if hand.counts["faxes"] and not deleted:
            deleted.append(mark_gone(fax))

    request_run(by=None, kind=FULL)
    step.take_up(SyncRun.objects.all(), deletes)
    fax.refresh_from_db()
    assert fax.gone_at is not None
    assert run_now(kind=FULL).is_complete
    fax.refresh_from_db()
    assert fax.gone_at is None


def test_what_stopped_a_part_is_named_with_the_part(sandbox: Server) -> None:
    sandbox.sandbox.faults.add(method="GET", path="/v2/phone_numbers", action="status", status=403)
    run = run_now(kind=RECENT)
    assert run.error.startswith("Numbers: ") and not run.is_complete
