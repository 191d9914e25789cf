"""What people ask for: each wish once, by those who may, and remembered in the audit log."""

from __future__ import annotations

import uuid
from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts import audit
from accounts.models import LogEntry, LogHead, Team, User
from applications.models import PhoneNumber
from faxes import services
from faxes.models import Attempt, Batch, Document, Fax
from faxes.states import Media, Outbox
from tests import builders
from tests.builders import OURS, THEIRS


@pytest.fixture
def number(team: Team) -> PhoneNumber:
    return builders.number(team)


def sheet(by: User) -> Batch:
    batch = Batch.objects.create(created_by=by)
    builders.document(batch=batch, kind=Document.Kind.UPLOAD, position=1)
    return batch


def send(by: User, number: PhoneNumber, batch: Batch, *recipients: str) -> Batch:
    return services.send(by=by, batch_id=batch.pk, number=number, recipients=recipients or [THEIRS], options={})


def test_a_sheet_is_sent_once_however_often_it_is_sent(number: PhoneNumber, bob: User) -> None:
    batch = sheet(bob)
    assert send(bob, number, batch) == send(bob, number, batch, "+14155550100") == batch
    fax = Fax.objects.get()
    assert (fax.to_number, fax.outbox, fax.created_by, fax.team) == (THEIRS, Outbox.PREPARING, bob, number.team)


def test_every_recipient_gets_one_fax_and_one_line_in_the_audit_log(number: PhoneNumber, bob: User) -> None:
    send(bob, number, sheet(bob), THEIRS, "+14155550100", THEIRS)
    assert sorted(Fax.objects.values_list("to_number", flat=True)) == ["+14155550100", THEIRS]
    logged = LogEntry.objects.filter(action="fax.send")
    assert {entry.data["to"] for entry in logged} == {"+14155550100", THEIRS}
    assert {entry.actor_name for entry in logged} == {"Bob"}


def test_the_audit_chain_holds_and_a_changed_entry_breaks_it(number: PhoneNumber, bob: User) -> None:
    for _ in range(3):
        send(bob, number, sheet(bob))
    chain = list(LogEntry.objects.filter(chain=str(number.team_id)).order_by("sequence"))
    assert [entry.sequence for entry in chain] == [1, 2, 3]
    assert all(audit.digest(entry) == entry.hash for entry in chain)
    assert all(before.hash == after.previous_hash for before, after in pairwise(chain))
    assert LogHead.objects.get(chain=chain[0].chain).hash == chain[-1].hash
    chain[1].data = {"to": "+10000000000"}
    assert audit.digest(chain[1]) != chain[1].hash


@pytest.mark.django_db(transaction=True)
def test_an_audit_entry_belongs_to_its_change(team: Team) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        audit.record(audit.Entry("fax.send", team=team))


def test_an_empty_sheet_is_not_sent_and_not_used_up(number: PhoneNumber, bob: User) -> None:
    batch = Batch.objects.create(created_by=bob)
    with pytest.raises(ValidationError, match="Add at least one file"):
        send(bob, number, batch)
    batch.refresh_from_db()
    assert batch.sent_at is None and not Fax.objects.exists()


@pytest.mark.parametrize("recipients", [[], [OURS]])
def test_a_fax_needs_somebody_else_to_go_to(number: PhoneNumber, bob: User, recipients: list[str]) -> None:
    with pytest.raises(ValidationError):
        services.send(by=bob, batch_id=sheet(bob).pk, number=number, recipients=recipients, options={})
    assert not Fax.objects.exists()


def test_a_viewer_sends_nothing(number: PhoneNumber, vera: User) -> None:
    with pytest.raises(PermissionDenied):
        send(vera, number, sheet(vera))


def test_a_stranger_cannot_use_the_number(number: PhoneNumber, charlie: User) -> None:
    with pytest.raises(ValidationError, match="cannot send for you"):
        send(charlie, number, sheet(charlie))


def test_somebody_elses_sheet_is_not_mine_to_send(number: PhoneNumber, alice: User, bob: User) -> None:
    with pytest.raises(PermissionDenied):
        send(alice, number, sheet(bob))


def test_an_administrator_sends_as_the_numbers_team(number: PhoneNumber, root: User, team: Team) -> None:
    send(root, number, sheet(root))
    assert Fax.objects.get().team == team


ENDED = [{"outbox": Outbox.REJECTED}, {"outbox": Outbox.CANCELLED}, {"outbox": Outbox.ACCEPTED, "status": "failed"}]
OPEN = [
    {"outbox": Outbox.READY},
    {"outbox": Outbox.SUBMITTING},
    {"outbox": Outbox.UNCERTAIN},
    {"outbox": Outbox.ACCEPTED, "status": "sending"},
    {"outbox": Outbox.ACCEPTED, "status": "teleporting"},
]


@pytest.mark.parametrize("columns", ENDED)
def test_send_again_is_a_new_fax_with_the_same_pages(
    number: PhoneNumber, bob: User, team: Team, columns: dict[str, str]
) -> None:
    fax = builders.outbound(team, **columns, options={"quality": "normal"})
    token = uuid.uuid4()
    again = services.send_again(by=bob, fax=fax, batch_id=token)
    assert (again.retry_of, again.attempt, again.document, again.outbox) == (fax, 2, fax.document, Outbox.READY)
    assert again.options == fax.options
    assert services.send_again(by=bob, fax=fax, batch_id=token) == again
    with pytest.raises(ValidationError, match="already being sent again"):
        services.send_again(by=bob, fax=fax, batch_id=uuid.uuid4())
    assert Fax.objects.count() == 2


@pytest.mark.parametrize("columns", OPEN)
def test_send_again_waits_for_the_end(number: PhoneNumber, bob: User, team: Team, columns: dict[str, str]) -> None:
    fax = builders.outbound(team, **columns)
    with pytest.raises(ValidationError, match="not ended yet"):
        services.send_again(by=bob, fax=fax, batch_id=uuid.uuid4())


def test_a_viewer_neither_cancels_nor_sends_again_nor_decides(number: PhoneNumber, vera: User, team: Team) -> None:
    fax = builders.uncertain(team)
    for wish in (
        lambda: services.cancel(by=vera, fax=fax),
        lambda: services.send_again(by=vera, fax=fax, batch_id=uuid.uuid4()),
        lambda: services.decide_not_sent(by=vera, fax=fax),
        lambda: services.decide_sent(by=vera, fax=fax, telnyx_id="x"),
    ):
        with pytest.raises(PermissionDenied):
            wish()


@pytest.mark.parametrize("outbox", [Outbox.SUBMITTING, Outbox.UNCERTAIN])
def test_cancel_of_a_fax_that_may_have_left_is_remembered(bob: User, team: Team, outbox: str) -> None:
    fax = builders.outbound(team, outbox=outbox, line_held=True)
    services.cancel(by=bob, fax=fax)
    fax.refresh_from_db()
    assert (fax.outbox, fax.cancel) == (outbox, Fax.Cancel.REQUESTED)
    with pytest.raises(ValidationError):
        services.cancel(by=bob, fax=fax)


def test_what_has_ended_cannot_be_cancelled(bob: User, team: Team) -> None:
    fax = builders.accepted(team, status="delivered")
    with pytest.raises(ValidationError, match="already ended"):
        services.cancel(by=bob, fax=fax)


def test_a_person_may_decide_that_telnyx_never_had_it(bob: User, team: Team) -> None:
    fax = builders.uncertain(team)
    services.decide_not_sent(by=bob, fax=fax)
    fax.refresh_from_db()
    assert (fax.outbox, fax.line_held, fax.attempts.get().state) == (Outbox.REJECTED, False, Attempt.State.NOT_SENT)
    assert services.can_send_again(fax)
    with pytest.raises(ValidationError, match="settled meanwhile"):
        services.decide_not_sent(by=bob, fax=fax)


def test_a_person_chooses_among_the_candidates_only(bob: User, team: Team) -> None:
    fax = builders.uncertain(team)
    Attempt.objects.update(evidence={"candidates": {"carrier-1": {}, "another": {}}})
    builders.accepted(team, telnyx_id="another", to_number="+14155550100")
    with pytest.raises(ValidationError, match="not one of the faxes"):
        services.decide_sent(by=bob, fax=fax, telnyx_id="another")
    services.decide_sent(by=bob, fax=fax, telnyx_id="carrier-1")
    fax.refresh_from_db()
    assert (fax.outbox, fax.telnyx_id) == (Outbox.ACCEPTED, "carrier-1")
    assert fax.poll_at is not None


def test_a_fax_whose_pages_were_deleted_is_not_sent_again(bob: User, team: Team) -> None:
    builders.number(team)
    fax = builders.outbound(team, outbox=Outbox.REJECTED)
    Document.objects.update(purged_at=timezone.now())
    fax.refresh_from_db()
    assert not services.can_send_again(fax)
    with pytest.raises(ValidationError, match="no longer kept"):
        services.send_again(by=bob, fax=fax, batch_id=uuid.uuid4())


def test_a_fax_in_the_bin_is_not_sent_again(bob: User, team: Team) -> None:
    builders.number(team)
    fax = builders.outbound(team, outbox=Outbox.REJECTED, trashed_at=timezone.now())
    with pytest.raises(ValidationError):
        services.send_again(by=bob, fax=fax, batch_id=uuid.uuid4())


def test_a_fax_that_was_deleted_meanwhile_is_no_crash(bob: User, root: User, team: Team) -> None:
    builders.number(team)
    fax = builders.outbound(team, outbox=Outbox.REJECTED)
    gone = Fax.objects.get(pk=fax.pk)
    fax.delete()
    for act in (
        lambda: services.send_again(by=bob, fax=gone, batch_id=uuid.uuid4()),
        lambda: services.cancel(by=bob, fax=gone),
        lambda: services.decide_not_sent(by=bob, fax=gone),
        lambda: services.decide_sent(by=bob, fax=gone, telnyx_id="one"),
        lambda: services.route_fax(by=root, fax=gone, team=team),
    ):
        with pytest.raises(ValidationError, match="deleted meanwhile"):
            act()


@pytest.mark.parametrize(("left", "is_free"), [(timedelta(minutes=-1), True), (timedelta(minutes=5), False)])
def test_try_now_waits_for_no_dead_worker(bob: User, team: Team, left: timedelta, is_free: bool) -> None:
    lease = {"owner": uuid.uuid4(), "leased_until": timezone.now() + left}
    fax = builders.inbound(team, status="received", media=Media.WAITING, **lease)
    services.fetch_again(by=bob, fax=fax)
    fax.refresh_from_db()
    assert (fax.owner is None) is is_free
