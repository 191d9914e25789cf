"""What becomes of a kept delivery: applied, looked up, held back for a while, or left to a person; never lost."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team
from applications.models import PhoneNumber
from applications.telnyx import client as telnyx_client
from faxes import outbox
from faxes.mirror import Report, apply_remote
from faxes.models import Attempt, Fax, FaxEvent
from faxes.states import Outbox
from sync.models import Gap
from sync.services import sync_recent
from telnyx_api import Fax as FaxPayload
from telnyx_sandbox.server import Server
from tests import builders
from tests.builders import OURS, THEIRS
from tests.papers import text_pdf
from tests.threads import at_once
from tests.webhooks.telnyx import event
from webhooks import steps
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db


def keep(body: bytes) -> Delivery:
    """What the door does with a verified body."""
    Delivery.objects.record(body)
    return Delivery.objects.latest("received_at")


def outbound_event(telnyx_id: str, status: str, **more: Any) -> bytes:
    facts = {"fax_id": telnyx_id, "direction": "outbound", "from": OURS, "to": THEIRS, "status": status}
    return event(f"fax.{status}", **facts | more)


def due_again(delivery: Delivery) -> Delivery:
    """Process once more, as if the time had come."""
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now())
    assert steps.drain() == 1
    delivery.refresh_from_db()
    return delivery


def test_an_event_about_a_known_fax_is_applied_and_tied_to_it(team: Team) -> None:
    fax = builders.accepted(team)
    delivery = keep(outbound_event(str(fax.telnyx_id), "delivered", page_count=3))
    assert steps.drain() == 1
    delivery.refresh_from_db()
    fax.refresh_from_db()
    assert (fax.status, fax.page_count, fax.line_held) == ("delivered", 3, False)
    assert (delivery.state, delivery.fax, delivery.due_at, delivery.owner) == ("done", fax, None, None)
    assert delivery.processed_at is not None
    assert steps.drain() == 0


def test_an_inbound_event_alone_makes_its_fax(team: Team) -> None:
    builders.number(team)
    facts = {"direction": "inbound", "from": THEIRS, "to": OURS, "status": "receiving"}
    delivery = keep(event("fax.receiving.started", fax_id="in-1", **facts))
    steps.drain()
    delivery.refresh_from_db()
    assert delivery.fax is not None
    assert (delivery.fax.team, delivery.fax.status, delivery.fax.from_number) == (team, "receiving", THEIRS)


@pytest.mark.parametrize("payload", [{}, {"fax_id": None}, {"fax_id": ""}, {"fax_id": {}}, {"fax_id": "x" * 300}])
def test_what_names_no_fax_is_ignored(payload: dict[str, Any]) -> None:
    delivery = keep(event("message.received", **payload))
    steps.drain()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.outcome) == ("ignored", "Not about a fax.")


def test_unknown_words_and_events_are_applied_as_they_are(team: Team) -> None:
    fax = builders.accepted(team)
    delivery = keep(outbound_event(str(fax.telnyx_id), "teleporting", odd={"nul": "a\x00b", "half": "\ud800"}))
    steps.drain()
    delivery.refresh_from_db()
    fax.refresh_from_db()
    assert (delivery.state, fax.status) == ("done", "teleporting")


@pytest.fixture
def sent_elsewhere(sandbox: Server, line: PhoneNumber) -> str:
    """The id of a fax that another program sent from our number."""
    with telnyx_client() as telnyx:
        telnyx.upload_media(file=io.BytesIO(text_pdf(1)), filename="x.pdf", media_name="elsewhere")
        fax = telnyx.send_fax(
            connection_id=line.connection_id, to=THEIRS, from_=line.phone_number, media_name="elsewhere"
        )
    return str(fax.id)


def test_a_fax_sent_elsewhere_is_looked_up_once_and_then_known(
    sandbox: Server, sent_elsewhere: str, deliver: Callable[[], list[int]], team: Team
) -> None:
    sandbox.sandbox.advance(60)
    assert set(deliver()) == {200}
    assert steps.drain() == 4
    fax = Fax.objects.get()
    assert (fax.telnyx_id, fax.status, fax.team, fax.outbox) == (sent_elsewhere, "delivered", team, "")
    assert set(Delivery.objects.values_list("state", "fax")) == {("done", fax.pk)}
    looked_up = [logged for logged in sandbox.sandbox.requests if logged.path == f"/v2/faxes/{sent_elsewhere}"]
    assert len(looked_up) == 1
    # What only events tell is there as well.
    kinds = set(fax.events.values_list("kind", flat=True))
    assert kinds == {"status:queued", "status:media.processed", "status:sending", "status:delivered"}


def test_an_end_that_only_the_look_up_told_is_a_gap(
    sandbox: Server, sent_elsewhere: str, deliver: Callable[[], list[int]], team: Team
) -> None:
    sync_recent()
    sandbox.sandbox.advance(60)
    del sandbox.sandbox.pending_events[1:]
    deliver()
    Fax.objects.all().delete()
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        steps.drain()
    gap = Gap.objects.get()
    assert (gap.what, gap.telnyx_id, gap.data["after"]) == ("status", sent_elsewhere, "delivered")


def test_what_telnyx_does_not_know_is_asked_about_for_a_day_and_then_ignored(
    sandbox: Server, wakes: list[tuple[str, float]]
) -> None:
    delivery = keep(outbound_event(str(uuid.uuid4()), "sending"))
    waits = []
    for _ in range(steps.MOST_QUESTIONS - 1):
        due_again(delivery)
        assert (delivery.state, delivery.outcome) == ("pending", "Telnyx does not know this fax.")
        assert delivery.due_at is not None
        waits.append(delivery.due_at - timezone.now())
    assert wakes[0][0] == "process" and 1 < wakes[0][1] <= 2
    assert timedelta(seconds=1) < waits[0] <= timedelta(seconds=2)
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=28)
    due_again(delivery)
    assert (delivery.state, delivery.due_at, delivery.tries) == ("ignored", None, steps.MOST_QUESTIONS)
    assert not Fax.objects.exists()


@pytest.mark.parametrize("key", ["", "KEYwrong_one"])
def test_when_telnyx_cannot_be_asked_a_person_is_needed_in_the_end(
    sandbox: Server, settings: Settings, key: str
) -> None:
    settings.TELNYX_API_KEY = key
    delivery = keep(outbound_event(str(uuid.uuid4()), "sending"))
    due_again(delivery)
    assert delivery.state == "pending" and delivery.outcome.startswith("Telnyx could not be asked about this fax. ")
    Delivery.objects.update(tries=steps.MOST_QUESTIONS - 1)
    assert due_again(delivery).state == "failed"


def test_an_id_that_leads_elsewhere_at_telnyx_asks_for_nothing(sandbox: Server) -> None:
    keep(outbound_event("..", "sending"))
    keep(outbound_event("../phone_numbers", "sending"))
    steps.drain()
    assert [logged.path for logged in sandbox.sandbox.requests] == ["/v2/faxes/..%2Fphone_numbers"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"pending"}


@pytest.mark.parametrize("silent", ["record", "event", "both"])
def test_one_word_about_the_direction_is_enough(
    sandbox: Server, sent_elsewhere: str, line: PhoneNumber, silent: str
) -> None:
    if silent != "event":
        sandbox.sandbox.options.omit_fields = {"direction", "from", "to"}
    said = {"direction": "outbound", "from": line.phone_number, "to": THEIRS} if silent == "record" else {}
    delivery = due_again(keep(event("fax.sending.started", fax_id=sent_elsewhere, status="sending", **said)))
    if silent == "both":
        assert delivery.outcome == "Nothing says whether this fax was sent or received."
        assert delivery.state == "pending" and not Fax.objects.exists()
    else:
        assert delivery.state == "done" and delivery.fax is not None
        assert (delivery.fax.from_number, delivery.fax.status) == (line.phone_number, "sending")


def test_an_event_that_may_belong_to_an_open_send_waits_for_it(team: Team, wakes: list[tuple[str, float]]) -> None:
    fax = builders.outbound(team, outbox=Outbox.SUBMITTING, line_held=True)
    attempt = builders.attempt(fax, Attempt.State.POSTING)
    delivery = keep(outbound_event("carrier-1", "sending"))
    due_again(delivery)
    assert (delivery.state, delivery.tries, Fax.objects.count()) == ("pending", 0, 1)
    assert delivery.due_at is not None and delivery.due_at <= timezone.now() + timedelta(seconds=1)
    assert wakes[-1] == ("process", 1.0)
    # The answer to the send comes, and with it the id.
    answer = FaxPayload({"id": "carrier-1", "direction": "outbound", "status": "queued"})
    apply_remote(Report.of_fax(answer, source=FaxEvent.Source.ANSWER), attempt=attempt)
    due_again(delivery)
    fax.refresh_from_db()
    assert (delivery.state, delivery.fax, fax.status) == ("done", fax, "sending")


def test_waiting_gets_rarer_but_stays_short(team: Team) -> None:
    builders.uncertain(team)
    delivery = keep(outbound_event("carrier-1", "sending"))
    waits = []
    for minutes in (0, 1, 60, 10_000):
        Delivery.objects.update(received_at=timezone.now() - timedelta(minutes=minutes))
        due_again(delivery)
        assert delivery.due_at is not None
        waits.append(round((delivery.due_at - timezone.now()).total_seconds()))
    assert waits == [1, 15, 30, 30]


def test_an_event_that_waited_for_another_fax_is_looked_up_in_the_end(
    sandbox: Server, sent_elsewhere: str, line: PhoneNumber, team: Team
) -> None:
    """A fax of ours to the same number was open when somebody else's event came; then it proved not to be sent."""
    fax = builders.uncertain(team, from_number=line.phone_number)
    delivery = keep(outbound_event(sent_elsewhere, "sending", **{"from": line.phone_number}))
    due_again(delivery)
    assert (delivery.state, Fax.objects.count()) == ("pending", 1)
    outbox.give_up(fax, fax.attempts.get(), problem={})
    due_again(delivery)
    assert delivery.state == "done" and delivery.fax is not None and delivery.fax != fax
    assert delivery.fax.telnyx_id == sent_elsewhere


class Poison:
    """The database refuses whatever names this id."""

    def __init__(self, telnyx_id: str, error: type[Exception]) -> None:
        self.telnyx_id, self.error = telnyx_id, error

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.telnyx_id in (params or ()):
            raise self.error("It will not go in")
        return execute(sql, params, many, context)


@pytest.mark.parametrize("error", [DatabaseError, ValueError])
def test_one_poisoned_event_does_not_stop_the_others(team: Team, error: type[Exception]) -> None:
    faxes = [builders.accepted(team, to_number=f"+1415555010{digit}") for digit in range(3)]
    bodies = [outbound_event(str(fax.telnyx_id), "delivered", to=fax.to_number) for fax in faxes]
    poisoned, *others = [keep(body) for body in bodies]
    with connection.execute_wrapper(Poison(str(faxes[0].telnyx_id), error)):
        assert steps.drain() == 3
        for delivery in others:
            delivery.refresh_from_db()
            assert delivery.state == "done"
        poisoned.refresh_from_db()
        assert (poisoned.state, poisoned.tries) == ("pending", 1)
        assert poisoned.outcome == "This event could not be applied: It will not go in"
        for _ in range(steps.MOST_STUMBLES - 1):
            due_again(poisoned)
    assert (poisoned.state, poisoned.tries, poisoned.due_at) == ("failed", steps.MOST_STUMBLES, None)


def test_what_a_dead_worker_held_is_taken_up_when_its_lease_runs_out(team: Team) -> None:
    fax = builders.accepted(team)
    delivery = keep(outbound_event(str(fax.telnyx_id), "delivered"))
    now = timezone.now()
    Delivery.objects.update(owner=uuid.uuid4(), leased_until=now + timedelta(minutes=1))
    assert steps.drain() == 0
    Delivery.objects.update(leased_until=now - timedelta(seconds=1))
    assert steps.drain() == 1
    delivery.refresh_from_db()
    assert delivery.state == "done"


def test_a_worker_that_was_too_slow_does_not_undo_what_the_next_one_did(team: Team) -> None:
    fax = builders.accepted(team)
    delivery = keep(outbound_event(str(fax.telnyx_id), "delivered"))

    def overtaken(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and "faxevent" in sql:
            Delivery.objects.update(owner=uuid.uuid4(), outcome="The next one is at it.")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtaken):
        assert steps.drain() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.outcome, delivery.fax) == ("pending", "The next one is at it.", None)
    assert delivery.owner is not None


@pytest.mark.django_db(transaction=True)
def test_several_workers_share_the_work(team: Team) -> None:
    faxes = [builders.accepted(team, to_number=f"+1415555010{digit}") for digit in range(4)]
    for status in ("sending", "delivered", "media.processed"):
        for fax in faxes:
            keep(outbound_event(str(fax.telnyx_id), status, to=fax.to_number))
    assert sum(at_once(steps.drain, steps.drain, steps.drain)) == 12
    assert set(Fax.objects.values_list("status", "line_held")) == {("delivered", False)}
    assert list(Delivery.objects.values_list("state", flat=True)) == ["done"] * 12
