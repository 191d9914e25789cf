"""What Telnyx had and we did not, and the reverse: written down when it is sure, once, with what was done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Team
from applications.models import FaxApplication, PhoneNumber
from faxes.models import Fax, FaxEvent, Tombstone
from faxes.states import Media
from faxes.steps import archive
from sync.gaps import LATEST_RUNS, ON_ITS_WAY
from sync.missing import MOST_QUESTIONS
from sync.models import Gap, SyncRun
from sync.services import request_run, run_now, sync_recent
from sync.steps import poll
from sync.steps import run as step
from telnyx_sandbox.server import Server
from tests import builders
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


def test_a_run_that_left_something_to_look_at_is_not_forgotten_by_many_others(
    sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller
) -> None:
    lost = come_in(sandbox, line)
    run = sync_recent()
    for _ in range(LATEST_RUNS - 2):
        sync_recent()
    run.refresh_from_db()
    later(clock)
    sync_recent()
    assert gaps() == [(HERE, "fax", lost, "created")]


def test_a_clock_that_is_off_makes_no_gaps(sandbox: Server, line: PhoneNumber, clock: time_machine.Traveller) -> None:
    made = datetime.fromisoformat(sandbox.sandbox.receive(to=line.phone_number, ago=1)["created_at"])
    assert sync_recent().counts["faxes_new"] == 1 and abs(made - timezone.now()) < timedelta(minutes=1)
    assert not Gap.objects.exists() and SyncRun.objects.first()
