"""What Telnyx had and we did not, and the reverse: written down when it is sure, once, with what was done about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import Team, User
from applications.models import FaxApplication, PhoneNumber
from applications.services import delete_application
from applications.telnyx import client
from faxes import at_telnyx
from faxes.models import Attempt, Fax, FaxEvent, Tombstone
from faxes.states import Media
from faxes.steps import archive
from faxportal.queue import STEPS
from sync.between import tell
from sync.gaps import ON_ITS_WAY, Gaps
from sync.hand import Hand
from sync.missing import MOST_QUESTIONS
from sync.models import Gap, SyncRun
from sync.services import request_run, run_now, sync_recent
from sync.steps import poll, settle
from sync.steps import run as step
from sync.wording import done_of
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.telnyx import add_at_telnyx
from tests.threads import at_once
from webhooks import steps as process

HERE, THERE = Gap.Side.HERE, Gap.Side.THERE
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The sandbox runs in this process, and by the same clock."""
    with time_machine.travel(timezone.now(), tick=True) as clock:
        yield clock


def later(clock: time_machine.Traveller, by: timedelta = HOUR) -> None:
    clock.shift(by)


def gaps() -> list[tuple[str, str, str, str]]:
    return [(gap.side, gap.what, gap.telnyx_id, gap.outcome) for gap in Gap.objects.order_by("what", "telnyx_id")]


def come_in(sandbox: Server, line: PhoneNumber, **how: Any) -> str:
    """A fax arrives, is over, and its webhooks are lost."""
    fax_id = sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS, **how)["id"]
    sandbox.sandbox.advance()
    while sandbox.sandbox.world.store.due(1):
        sandbox.sandbox.advance(1)
    sandbox.sandbox.pending_events.clear()
    return str(fax_id)


def test_a_fax_nobody_told_us_of_is_a_gap_until_its_pages_are_here(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    fax_id = come_in(sandbox, line, pages=2)
    later(clock)
    run = sync_recent()
    gap = Gap.objects.get()
    assert gaps() == [(HERE, "fax", fax_id, "created")] and run.counts["gaps"] == 1
    assert gap.fax == Fax.objects.get() and gap.settled_at is None and gap.run == run
    assert gap.data["from"] == builders.THEIRS and gap.data["pages"] == 2 and gap.data["status"] == "received"
    archive.drain()
    sync_recent()
    gap = Gap.objects.get()
    assert gap.settled_at is not None and gap.fax and gap.fax.media == Media.ARCHIVED
    assert FaxEvent.objects.get(kind="status:received").source == FaxEvent.Source.SYNC


def test_the_first_fill_finds_nothing_missing(
    sandbox: Server, team: Team, clock: time_machine.Traveller, db: None
) -> None:
    sandbox.sandbox.fill(40, days=20)
    later(clock)
    run = run_now(kind="full")
    assert run.is_baseline and run.is_complete and run.counts["faxes_new"] == 40
    assert not Gap.objects.exists() and not FaxEvent.objects.exists()
    # What is older than the pages Telnyx keeps is history, and no alarm.
    old = Fax.objects.filter(created_at__lt=timezone.now() - timedelta(days=8))
    assert old.count() > 10 and not old.exclude(media="").exists()
    assert not old.filter(heard_at__gt=timezone.now() - timedelta(days=1)).exists()


def test_a_list_of_something_else_that_fails_for_ever_makes_no_history_of_faxes(
    sandbox: Server, db: None, clock: time_machine.Traveller
) -> None:
    """Else no gap was ever told, nor did anybody hear of what the sync alone brings."""
    sandbox.sandbox.faults.add(method="GET", path="/v2/phone_numbers", action="status", status=403, times=None)
    assert sync_recent().is_baseline
    ours = sandbox.sandbox.world.store.objects("phone_number")[0]["phone_number"]
    fax_id = sandbox.sandbox.receive(to=ours, from_=builders.THEIRS)["id"]
    sandbox.sandbox.advance(60)
    sandbox.sandbox.pending_events.clear()
    later(clock)
    run = sync_recent()
    assert "Numbers: " in run.error and gaps() == [(HERE, "fax", fax_id, "created")]
    assert FaxEvent.objects.filter(kind="status:received").exists()
    # What is listed for the first time had not gone missing.
    sandbox.sandbox.faults.clear()
    assert sync_recent().counts["numbers"] == 4
    assert gaps() == [(HERE, "fax", fax_id, "created")]


def test_what_was_before_the_first_look_is_no_gap_later(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    """The first run looks back seven days; the first full one finds years."""
    sandbox.sandbox.fill(40, days=300)
    Fax.objects.all().delete()
    later(clock)
    run = run_now(kind="full")
    assert not run.is_baseline
    known = [fax.telnyx_id for fax in Fax.objects.filter(created_at__gt=timezone.now() - timedelta(days=7, hours=1))]
    assert {telnyx_id for _, _, telnyx_id, _ in gaps()} == set(known)
    assert run.counts["faxes_new"] == 40
    assert set(FaxEvent.objects.values_list("fax__telnyx_id", flat=True)) == set(known)


def test_an_end_nobody_told_us_is_a_gap(
    sandbox: Server, line: PhoneNumber, team: Team, deliver: Callable[[], list[int]], clock: time_machine.Traveller
) -> None:
    fax_id = str(sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS)["id"])
    sandbox.sandbox.advance(1)
    deliver()
    process.drain()
    assert Fax.objects.get().status == "receiving"
    sandbox.sandbox.advance(60)
    sandbox.sandbox.pending_events.clear()
    later(clock)
    sync_recent()
    assert gaps() == [(HERE, "status", fax_id, "updated")]
    gap = Gap.objects.get()
    assert (gap.data["before"], gap.data["after"]) == ("receiving", "received")
    sync_recent()
    assert Gap.objects.count() == 1


def test_what_asking_by_id_finds_out_is_a_gap_too(
    sandbox: Server, line: PhoneNumber, team: Team, clock: time_machine.Traveller
) -> None:
    fax_id = come_in(sandbox, line)
    builders.inbound(team, telnyx_id=fax_id, status="receiving", poll_at=timezone.now())
    lost = builders.accepted(team, status="sending", poll_at=timezone.now())
    later(clock)
    assert poll.drain() == 2
    assert gaps() == [(THERE, "fax", lost.telnyx_id, "kept"), (HERE, "status", fax_id, "updated")]


def test_what_a_person_asks_for_is_a_gap_too(
    sandbox: Server, line: PhoneNumber, team: Team, alice: User, clock: time_machine.Traveller
) -> None:
    fax_id = come_in(sandbox, line)
    ended = builders.inbound(team, telnyx_id=fax_id, status="receiving")
    lost = builders.accepted(team, status="sending")
    later(clock)
    for fax in (ended, lost, ended, lost):
        at_telnyx.look_again(by=alice, fax=fax)
    assert gaps() == [(THERE, "fax", lost.telnyx_id, "kept"), (HERE, "status", fax_id, "updated")]


def test_what_is_lost_as_soon_as_it_was_found_is_a_gap_on_either_side(
    sandbox: Server, line: PhoneNumber, alice: User, clock: time_machine.Traveller
) -> None:
    fax_id = come_in(sandbox, line)
    later(clock)
    sync_recent()
    sandbox.sandbox.world.store.remove_fax(fax_id)
    at_telnyx.look_again(by=alice, fax=Fax.objects.get())
    assert sorted(gaps()) == [(HERE, "fax", fax_id, "created"), (THERE, "fax", fax_id, "kept")]


def test_what_is_found_out_while_pages_are_fetched_is_a_gap_too(
    sandbox: Server, line: PhoneNumber, team: Team, clock: time_machine.Traveller
) -> None:
    lost = builders.inbound(team, status="received", media=Media.WAITING, due_at=timezone.now())
    later(clock)
    archive.drain()
    assert gaps() == [(THERE, "fax", lost.telnyx_id, "kept")]


def test_what_a_list_shows_that_is_read_for_another_reason_is_a_gap_too(
    sandbox: Server, line: PhoneNumber, team: Team, clock: time_machine.Traveller
) -> None:
    """A send that is uncertain has Telnyx list what went to its number."""
    fax_ids = [come_in(sandbox, line) for _ in range(2)]
    builders.inbound(team, telnyx_id=fax_ids[0], status="receiving")
    later(clock)
    builders.uncertain(team, to_number=line.phone_number, from_number="+14155550111")
    Attempt.objects.update(started_at=timezone.now() - timedelta(days=1))
    settle.drain()
    assert gaps() == [(HERE, "fax", fax_ids[1], "created"), (HERE, "status", fax_ids[0], "updated")]


def test_what_a_person_is_told_before_its_webhook_comes_is_no_gap(
    sandbox: Server, line: PhoneNumber, alice: User, deliver: Callable[[], list[int]], clock: time_machine.Traveller
) -> None:
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(1)
    deliver()
    process.drain()
    sandbox.sandbox.advance(60)
    at_telnyx.look_again(by=alice, fax=Fax.objects.get())
    assert Fax.objects.get().status == "received"
    deliver()
    process.drain()
    later(clock)
    sync_recent()
    assert not Gap.objects.exists()


def test_what_is_missing_from_a_list_and_has_ended_is_a_gap(
    sandbox: Server, line: PhoneNumber, team: Team, clock: time_machine.Traveller
) -> None:
    fax_id = come_in(sandbox, line)
    builders.inbound(team, telnyx_id=fax_id, status="receiving", created_at=timezone.now() - timedelta(minutes=20))
    sandbox.sandbox.options.omit_fields = {"created_at"}
    sandbox.sandbox.options.listing_lag = 10**6
    later(clock)
    assert sync_recent().counts["faxes_found"] == 1
    assert gaps() == [(HERE, "status", fax_id, "updated")]


def test_a_gap_is_settled_within_the_minute_and_not_only_by_the_next_run(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    come_in(sandbox, line)
    later(clock)
    sync_recent()
    swept = import_string(STEPS["gaps"])
    assert swept() == 0 and Gap.objects.get().settled_at is None
    archive.drain()
    assert swept() == 1 and Gap.objects.get().settled_at is not None


def test_a_gap_whose_pages_are_lost_is_settled_as_such(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    fax_id = come_in(sandbox, line)
    later(clock)
    sync_recent()
    Fax.objects.update(media=Media.MISSING, due_at=None)
    sync_recent()
    assert Gap.objects.get().settled_at is None
    sandbox.sandbox.world.store.remove_fax(fax_id)
    sync_recent()
    gap = Gap.objects.get(side=HERE)
    assert gap.settled_at is not None and "its pages are lost" in done_of(gap)


def test_a_gap_whose_pages_nobody_has_after_a_week_is_settled_as_such(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    come_in(sandbox, line)
    later(clock)
    sync_recent()
    Fax.objects.update(media=Media.MISSING, due_at=None)
    later(clock, timedelta(days=8))
    sync_recent()
    assert Gap.objects.get().outcome == "pages lost"


def test_gaps_are_settled_whatever_else_fails(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    come_in(sandbox, line)
    later(clock)
    sandbox.sandbox.faults.add(method="GET", path="/v2/webhook_deliveries", action="status", status=403, times=None)
    sync_recent()
    archive.drain()
    later(clock, timedelta(days=3))
    run = sync_recent()
    assert run.error and Gap.objects.get().settled_at is not None
    # Nor does the run look back farther and farther.
    later(clock, HOUR)
    run = sync_recent()
    assert run.window_start and run.window_start > timezone.now() - timedelta(days=2, hours=1)


def test_a_gap_is_counted_once(sandbox: Server, line: PhoneNumber, team: Team, clock: time_machine.Traveller) -> None:
    fax = builders.inbound(team, status="received")
    later(clock)
    hand = Hand(request_run(by=None, kind="recent"))
    for _ in range(2):
        Gaps(hand, timezone.now).ended(fax, before="receiving", at=fax.created_at)
    assert hand.counts["gaps"] == Gap.objects.count() == 1


def test_what_was_deleted_here_is_looked_at_no_more(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    come_in(sandbox, line)
    run = sync_recent()
    assert len(run.cursor["young"]) == 1
    Fax.objects.all().delete()
    sandbox.sandbox.options.listing_lag = 10**6
    following = sync_recent()
    run.refresh_from_db()
    assert "young" not in run.cursor and "young" not in following.cursor and not Gap.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_who_looks_again_and_who_asks_do_not_wait_for_each_other(team: Team) -> None:
    """A run has been taken over when somebody who has the fax in hand wants to leave it something else."""
    at = timezone.now() - timedelta(minutes=10)
    fax = builders.inbound(team, status="received")
    young: dict[str, Any] = {
        "telnyx_id": fax.telnyx_id,
        "what": "fax",
        "data": {},
        "at": at.isoformat(),
        "outcome": "created",
    }
    SyncRun.objects.create(started_at=at, finished_at=at, window_start=at, cursor={"young": [young]})
    run = request_run(by=None, kind="recent")
    in_hand, writes = threading.Event(), threading.Event()

    def about_to_write(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "INTO" in sql and "sync_gap" in sql:
            writes.set()
        return execute(sql, params, many, context)

    def looks_again() -> None:
        if connection.features.has_select_for_update:
            in_hand.wait(10)
        with connection.execute_wrapper(about_to_write):
            Gaps(hand := Hand(run), timezone.now).look_again(hand)

    def asks() -> None:
        with transaction.atomic():
            row = Fax.objects.select_for_update(of=("self",)).get(pk=fax.pk)
            row.remote_at = timezone.now()
            in_hand.set()
            if connection.features.has_select_for_update:
                writes.wait(10)
            tell(row, "receiving")

    at_once(looks_again, asks)
    assert gaps() == [(HERE, "fax", fax.telnyx_id, "created")]
    remembered = [one["what"] for each in SyncRun.objects.all() for one in each.cursor.get("young", [])]
    assert remembered == ["status"]


def test_what_may_still_be_on_its_way_is_looked_at_again(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]], clock: time_machine.Traveller
) -> None:
    """A sync is often faster than a webhook. One comes after it, the other never."""
    lost = come_in(sandbox, line)
    late = str(sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS)["id"])
    ended_late = str(sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS)["id"])
    builders.inbound(line.team, telnyx_id=ended_late, status="receiving")
    sandbox.sandbox.advance(60)
    assert sync_recent().is_complete
    assert Fax.objects.filter(status="received").count() == 3 and not Gap.objects.exists()
    deliver()
    process.drain()
    later(clock, ON_ITS_WAY * 2)
    assert sync_recent().counts["gaps"] == 1
    assert gaps() == [(HERE, "fax", lost, "created")]
    later(clock, ON_ITS_WAY * 2)
    sync_recent()
    assert Gap.objects.count() == 1 and late


def test_an_end_that_is_told_late_was_not_lost_and_one_that_is_not_told_was(
    sandbox: Server, line: PhoneNumber, team: Team, clock: time_machine.Traveller
) -> None:
    for _ in range(2):
        fax_id = come_in(sandbox, line)
        fax = builders.inbound(team, telnyx_id=fax_id, status="receiving")
        fax.events.create(kind="status:receiving", source=FaxEvent.Source.WEBHOOK)
    sync_recent()
    assert not Gap.objects.exists()
    told = Fax.objects.earliest("heard_at")
    told.events.filter(kind="status:received").update(source=FaxEvent.Source.WEBHOOK)
    later(clock, ON_ITS_WAY * 2)
    sync_recent()
    assert [telnyx_id for _, what, telnyx_id, _ in gaps() if what == "status"] == [fax_id]


def test_what_waits_in_the_ledger_is_no_gap(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]], clock: time_machine.Traveller
) -> None:
    """After a worker was away, the sync may come to a fax before its webhooks are applied."""
    sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS)
    sandbox.sandbox.advance(60)
    deliver()
    later(clock)
    assert sync_recent().counts["faxes_new"] == 1
    assert process.drain() and not Gap.objects.exists()
    sync_recent()
    assert not Gap.objects.exists()


def test_an_end_that_the_ledger_does_not_hold_is_a_gap_whatever_else_waits_there(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]], clock: time_machine.Traveller
) -> None:
    fax_id = str(sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS)["id"])
    builders.inbound(line.team, telnyx_id=fax_id, status="initiated")
    sandbox.sandbox.advance(60)
    del sandbox.sandbox.pending_events[1:]
    deliver()
    later(clock)
    sync_recent()
    assert not Gap.objects.exists()
    sync_recent()
    assert not Gap.objects.exists()
    process.drain()
    sync_recent()
    assert gaps() == [(HERE, "status", fax_id, "updated")]


def test_a_fax_deleted_at_telnyx_is_kept_and_marked(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    kept, deleted = come_in(sandbox, line), come_in(sandbox, line)
    later(clock)
    sync_recent()
    archive.drain()
    Gap.objects.all().delete()
    sandbox.sandbox.world.store.remove_fax(deleted)
    run = sync_recent()
    assert gaps() == [(THERE, "fax", deleted, "kept")] and run.counts["faxes_gone"] == 1
    fax = Fax.objects.get(telnyx_id=deleted)
    assert fax.gone_at is not None and fax.media == Media.ARCHIVED and fax.events.filter(kind="gone").exists()
    assert Gap.objects.get().settled_at is not None
    assert Fax.objects.get(telnyx_id=kept).gone_at is None
    # Once is enough.
    assert sync_recent().counts.get("faxes_asked") is None and Gap.objects.count() == 1


def test_what_is_deleted_there_by_our_own_wish_is_no_gap(
    sandbox: Server, line: PhoneNumber, team: Team, clock: time_machine.Traveller
) -> None:
    builders.inbound(team, status="received", media=Media.ARCHIVED, gone_at=timezone.now())
    builders.inbound(team, status="received", media=Media.ARCHIVED, due_at=timezone.now())
    builders.outbound(team, to_number="+14155550100")
    later(clock)
    run = sync_recent()
    assert not Gap.objects.exists() and run.counts.get("faxes_asked") is None


def test_one_deleted_here_on_purpose_does_not_come_back(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    fax_id = come_in(sandbox, line)
    Tombstone.objects.create(telnyx_id=fax_id)
    later(clock)
    run = sync_recent()
    assert not Fax.objects.exists() and not Gap.objects.exists() and run.counts["faxes_deleted"] == 1


def test_what_telnyx_lists_no_more_and_still_has_is_no_gap(
    sandbox: Server, line: PhoneNumber, team: Team, clock: time_machine.Traveller
) -> None:
    """Our time of it was wrong, so that we looked for it in the wrong place."""
    fax_id = come_in(sandbox, line)
    builders.inbound(team, telnyx_id=fax_id, status="received", media=Media.ARCHIVED)
    later(clock)
    sandbox.sandbox.options.omit_fields = {"created_at"}
    Fax.objects.update(created_at=timezone.now() - timedelta(days=1))
    sandbox.sandbox.options.listing_lag = 10**6
    run = sync_recent()
    assert run.counts["faxes_found"] == 1 and not Gap.objects.exists() and Fax.objects.get().gone_at is None


def test_a_list_that_leaves_out_everything_is_not_believed(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    sandbox.sandbox.fill(60, days=1)
    sync_recent()
    later(clock)
    sandbox.sandbox.options.listing_lag = 10**6
    run = sync_recent()
    assert run.counts["faxes_asked"] == run.counts["faxes_found"] == 20
    assert run.counts["faxes_not_asked"] > 30 and run.is_complete and not Fax.objects.filter(gone_at__isnull=False)


def test_telnyx_is_not_asked_about_more_faxes_than_a_run_has_time_for(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    made = timezone.now() - HOUR
    Fax.objects.bulk_create(Fax(direction="inbound", telnyx_id=f"lost-{nr}", created_at=made) for nr in range(9))
    run = request_run(by=None, kind="recent")
    SyncRun.objects.filter(pk=run.pk).update(counts={"faxes_asked": MOST_QUESTIONS - 5})
    step.drain()
    run.refresh_from_db()
    assert (run.counts["faxes_gone"], run.counts["faxes_not_asked"], run.error) == (5, 4, "")
    assert sync_recent().counts["faxes_gone"] == 4


def test_applications_and_numbers_that_appear_and_vanish(sandbox: Server, line: PhoneNumber) -> None:
    store = sandbox.sandbox.world.store
    gone = FaxApplication.objects.exclude(telnyx_id=line.connection_id).get()
    store.remove_object("fax_application", str(gone.telnyx_id))
    new = sandbox.sandbox.add_number("+14155550123", line.connection_id)
    run = sync_recent()
    assert gaps() == [
        (THERE, "application", gone.telnyx_id, "kept"),
        (HERE, "number", new["id"], "created"),
    ]
    assert run.counts["applications_gone"] == 1 and not Gap.objects.filter(settled_at=None).exists()
    assert {gap.data["name"] for gap in Gap.objects.all()} == {gone.application_name, "+14155550123"}
    sync_recent()
    assert Gap.objects.count() == 2


def test_an_application_that_was_deleted_here_does_not_come_back_by_a_list_that_is_late(
    sandbox: Server, line: PhoneNumber, alice: User
) -> None:
    """Telnyx lists it once more, and answers 404 where it is asked for it alone."""
    application = builders.application(line.team)
    add_at_telnyx(sandbox, str(application.telnyx_id), application_name="Front desk")
    delete_application(by=alice, application=application)
    add_at_telnyx(sandbox, str(application.telnyx_id), application_name="Front desk")
    path = f"/v2/fax_applications/{application.telnyx_id}"
    sandbox.sandbox.faults.add(method="GET", path=path, action="status", status=404, times=None)
    assert sync_recent().is_complete
    application.refresh_from_db()
    assert application.gone_at is not None and gaps() == []
    sandbox.sandbox.faults.clear()
    sync_recent()
    application.refresh_from_db()
    assert application.gone_at is None


def test_an_application_that_is_just_being_made_here_is_no_gap(sandbox: Server, line: PhoneNumber, alice: User) -> None:
    url = "https://fax.example/hook"
    with client() as telnyx:
        made = [
            telnyx.create_fax_application(application_name=name, webhook_event_url=url).id
            for name in ("PHARMACY", "Lab", "Radiology")
        ]
    builders.wish(line.team, alice, state="asking")
    # Its answer came while the list was read.
    builders.wish(line.team, alice, state="made", telnyx_id=made[2], fields={})
    sync_recent()
    assert gaps() == [(HERE, "application", made[1], "created")]


def test_a_run_that_left_something_to_look_at_is_not_forgotten_by_many_others(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    """As a full pass of hours, beside which a recent run begins each five minutes."""
    lost = come_in(sandbox, line)
    run = sync_recent()
    for number in range(40):
        at = run.started_at + timedelta(minutes=number)
        SyncRun.objects.create(started_at=at, finished_at=at, window_start=at)
    later(clock)
    sync_recent()
    assert gaps() == [(HERE, "fax", lost, "created")]


def test_a_clock_that_is_off_makes_no_gaps(sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller) -> None:
    made = datetime.fromisoformat(sandbox.sandbox.receive(to=line.phone_number, ago=1)["created_at"])
    assert sync_recent().counts["faxes_new"] == 1 and abs(made - timezone.now()) < timedelta(minutes=1)
    assert not Gap.objects.exists() and SyncRun.objects.first()
