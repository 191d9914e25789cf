"""However Telnyx tells of a received fax, and in whatever order: one row at the first sign, the right team, its pages.

What it may tell is read from its documents in more than one way; the sandbox tells the plain one, which is bent here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

import webhooks.steps
from accounts.models import Team, User
from applications.models import FaxApplication, PhoneNumber
from applications.telnyx import client
from faxes.files import digest
from faxes.mirror import Report, Verdict, apply_remote
from faxes.models import Fax, FaxEvent, Tombstone
from faxes.states import Media
from faxes.steps import archive
from faxes.wording import state_of
from sync.services import sync_recent
from telnyx_api import Fax as FaxPayload
from telnyx_sandbox.server import Server
from tests import builders
from tests.webhooks.telnyx import body_of, event
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db

Data = dict[str, Any]


class Told:
    """What the sandbox tells of one fax: its events, bent by `bend`, and its place in the list."""

    def __init__(self, sandbox: Server, line: PhoneNumber, fail: str | None, bend: Callable[[Data], Data]) -> None:
        sandbox.sandbox.receive(to=line.phone_number, pages=2, fail=fail)
        sandbox.sandbox.advance(60)
        signed = [json.loads(event.body)["data"] for event in sandbox.sandbox.pending_events]
        (self.truth,) = sandbox.sandbox.faxes()
        self.signs: list[Callable[[], None]] = [self._event(bend(data)) for data in signed]
        self.signs.append(self.listed)

    def _event(self, data: Data) -> Callable[[], None]:
        def arrives() -> None:
            Delivery.objects.record(body_of(data))
            webhooks.steps.drain()

        return arrives

    def listed(self) -> None:
        assert not sync_recent().error


def as_told(data: Data) -> Data:
    return data


def without_direction(data: Data) -> Data:
    return data | {"payload": {key: value for key, value in data["payload"].items() if key != "direction"}}


def delivered(data: Data) -> Data:
    """Older pages know no `fax.received`."""
    if data["event_type"] != "fax.received":
        return data
    return data | {"event_type": "fax.delivered", "payload": data["payload"] | {"status": "delivered"}}


def bare(data: Data) -> Data:
    """Neither link nor number of pages, nor anything else that is not in every example."""
    kept = ("fax_id", "connection_id", "direction", "from", "to", "status")
    return data | {"payload": {key: data["payload"][key] for key in kept if key in data["payload"]}}


def links(data: Data) -> Data:
    """The link is described as one or as a list."""
    link = data["payload"].get("media_url")
    return data | {"payload": data["payload"] | ({"media_url": [link]} if link else {})}


def partial(data: Data) -> Data:
    """A fax that failed after some pages, of which there is a file."""
    if data["event_type"] != "fax.received":
        return data
    return data | {"event_type": "fax.failed", "payload": data["payload"] | {"status": "failed"}}


def delivered_without_direction(data: Data) -> Data:
    """Which could be about a fax that was sent, so Telnyx is asked."""
    return without_direction(delivered(data))


READINGS = [as_told, without_direction, delivered, delivered_without_direction, bare, links]


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens in the block has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("bend", READINGS)
def test_every_order_of_every_reading_makes_one_fax_with_its_pages(
    sandbox: Server, line: PhoneNumber, bob: User, bend: Callable[[Data], Data]
) -> None:
    PhoneNumber.objects.filter(pk=line.pk).update(default_assignee=bob)
    told = Told(sandbox, line, None, bend)
    assert len(told.signs) == 4
    for turn, order in enumerate(permutations(told.signs)):
        with undone():
            for number, sign in enumerate(order):
                sign()
                assert Fax.objects.count() == 1, f"after sign {number + 1}"
            check(Fax.objects.get(), told, line, bob)
            # Late and doubled: each sign is the first and the last of these once.
            for sign in order if turn % 6 == 0 else ():
                sign()
            check(Fax.objects.get(), told, line, bob)
    told.listed()
    archive.drain()
    assert pages_of(Fax.objects.get()) == told.truth["file"]


def check(fax: Fax, told: Told, line: PhoneNumber, bob: User) -> None:
    assert (fax.telnyx_id, fax.direction, fax.status) == (told.truth["id"], "inbound", "received")
    assert (fax.from_number, fax.to_number) == (told.truth["from"], told.truth["to"])
    assert (fax.team, fax.assigned_to, fax.correspondent is not None) == (line.team, bob, True)
    assert (fax.media, fax.due_at is not None, fax.page_count) == (Media.WAITING, True, 2)
    kinds = list(fax.events.values_list("kind", flat=True))
    assert len(kinds) == len(set(kinds)) and "status:received" in kinds


def pages_of(fax: Fax) -> str:
    assert fax.document is not None
    return digest(fax.document)[0]


@pytest.mark.parametrize("bend", [as_told, without_direction])
def test_a_fax_that_failed_without_pages_has_none_to_wait_for(
    sandbox: Server, line: PhoneNumber, bend: Callable[[Data], Data]
) -> None:
    told = Told(sandbox, line, "sender_call_dropped", bend)
    for order in permutations(told.signs):
        with undone():
            for sign in [*order, *order]:
                sign()
            fax = Fax.objects.get()
            assert (fax.status, fax.failure_reason) == ("failed", "sender_call_dropped")
            assert (fax.media, fax.due_at, fax.team) == ("", None, line.team)


def test_a_fax_that_failed_with_some_pages_keeps_what_came(sandbox: Server, line: PhoneNumber) -> None:
    """The list is not asked: to the sandbox this fax is whole."""
    told = Told(sandbox, line, None, partial)
    *events, _ = told.signs
    for order in permutations(events):
        for sign in order:
            sign()
        archive.drain()
        fax = Fax.objects.get()
        assert (fax.status, fax.media) == ("failed", Media.ARCHIVED)
        assert "What had arrived is kept here." in state_of(fax).sentence
        assert pages_of(fax) == told.truth["file"]
        # Not in a block that is undone: files are stored outside of any.
        fax.delete()
        Delivery.objects.all().delete()


STARTED, PROCESSING, RECEIVED = "fax.receiving.started", "fax.media.processing.started", "fax.received"


@pytest.mark.parametrize("event_type", [STARTED, PROCESSING, RECEIVED])
@pytest.mark.parametrize("known", ["number", "application", "nothing"])
def test_the_first_sign_finds_its_team(team: Team, event_type: str, known: str) -> None:
    """The number's team, else the application's, else nobody's; with nothing more than an event says at least."""
    application = builders.application(team if known == "application" else None)
    if known == "number":
        builders.number(team, connection_id=application.telnyx_id)
    facts = {"from": builders.THEIRS, "to": builders.OURS, "connection_id": application.telnyx_id}
    Delivery.objects.record(event(event_type, fax_id="fax-1", **facts))
    webhooks.steps.drain()
    fax = Fax.objects.get()
    assert (fax.direction, fax.team) == ("inbound", None if known == "nothing" else team)
    assert fax.poll_at is not None or fax.status == "received"


@pytest.mark.parametrize("facts", [{}, {"from": None, "to": 5}, {"media_url": {}, "page_count": "many", "status": []}])
def test_a_sign_that_says_hardly_anything_makes_a_row(facts: Data) -> None:
    Delivery.objects.record(event(RECEIVED, fax_id="fax-1", **facts))
    webhooks.steps.drain()
    assert (Fax.objects.get().direction, Fax.objects.get().team) == ("inbound", None)


@pytest.mark.parametrize(
    ("role", "expected"), [("member", True), ("viewer", False), ("stranger", False), ("root", False)]
)
def test_a_fax_is_assigned_to_whom_its_number_names_while_they_are_on_the_team(
    team: Team, bob: User, vera: User, charlie: User, root: User, role: str, expected: bool
) -> None:
    person = {"member": bob, "viewer": vera, "stranger": charlie, "root": root}[role]
    builders.number(team, default_assignee=person)
    Delivery.objects.record(event(STARTED, fax_id="fax-1", to=builders.OURS))
    webhooks.steps.drain()
    assert Fax.objects.get().assigned_to == (person if expected else None)


def listed(created_at: Any, **facts: Any) -> FaxPayload:
    raw = {"id": "fax-1", "direction": "inbound", "status": "received", "to": builders.OURS, **facts}
    return FaxPayload(raw | {"created_at": created_at.isoformat()})


@pytest.mark.parametrize(("days", "is_news"), [(0, True), (6.9, True), (7.1, False), (400, False)])
def test_what_is_found_late_is_news_as_long_as_its_pages_can_be_had(team: Team, days: float, is_news: bool) -> None:
    builders.number(team)
    made = timezone.now() - timedelta(days=days)
    apply_remote(Report.of_fax(listed(made), source=FaxEvent.Source.SYNC))
    fax = Fax.objects.get()
    assert (timezone.now() - fax.heard_at < timedelta(minutes=1)) is is_news
    assert fax.heard_at == made or is_news
    assert fax.media == (Media.WAITING if is_news else "")
    assert state_of(fax).word == ("fetching pages" if is_news else "not kept")


def test_what_was_deleted_for_good_does_not_come_back(sandbox: Server, line: PhoneNumber) -> None:
    told = Told(sandbox, line, None, as_told)
    Tombstone.objects.create(pk=told.truth["id"])
    for sign in told.signs:
        sign()
    assert not Fax.objects.exists()
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.IGNORED}
    with client() as telnyx:
        answer = telnyx.get_fax(told.truth["id"])
    report = Report.of_fax(answer, source=FaxEvent.Source.ANSWER, retrieved=True)
    assert apply_remote(report) == (Verdict.DELETED, None)


def test_a_link_brings_its_own_end(sandbox: Server, line: PhoneNumber) -> None:
    """In the words of Amazon, or ten minutes after it was told; a new one begins anew."""
    now = timezone.now()
    said = "https://s3.example/1.pdf?X-Amz-Date={:%Y%m%dT%H%M%SZ}&X-Amz-Expires=300"
    payload = {"fax_id": "fax-1", "status": "received", "media_url": said.format(now)}
    told = {"event_type": RECEIVED, "id": "event-1", "occurred_at": now.isoformat(), "payload": payload}
    Delivery.objects.record(body_of(told))
    webhooks.steps.drain()
    assert Fax.objects.get().link_dies_at == now.replace(microsecond=0) + timedelta(seconds=300)
    apply_remote(
        Report.of_fax(listed(now, media_url="https://s3.example/2.pdf"), source=FaxEvent.Source.ANSWER, retrieved=True)
    )
    dies_at = Fax.objects.get().link_dies_at
    assert dies_at is not None and abs(dies_at - now - timedelta(minutes=10)) < timedelta(seconds=10)


def test_the_applications_wish_needs_no_number(sandbox: Server, line: PhoneNumber) -> None:
    """A number that was moved to another application has no say in it: the fax names its own."""
    FaxApplication.objects.filter(telnyx_id=line.connection_id).update(delete_once_archived=True)
    PhoneNumber.objects.update(connection_id="")
    told = Told(sandbox, line, None, as_told)
    told.signs[2]()
    archive.drain()
    assert Fax.objects.get().due_at is not None


def test_an_event_is_news_whatever_time_its_fax_claims_to_be_of(team: Team) -> None:
    builders.number(team)
    facts = {"to": builders.OURS, "status": "received", "media_url": "https://x/y.pdf"}
    Delivery.objects.record(event(RECEIVED, fax_id="fax-1", created_at="1970-01-01T00:00:00Z", **facts))
    webhooks.steps.drain()
    fax = Fax.objects.get()
    assert timezone.now() - fax.heard_at < timedelta(minutes=1) and fax.media == Media.WAITING
