"""The actions of the admin: by the pages' own services, told row by row, and safe to repeat."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Team
from applications.models import FaxApplication, PhoneNumber
from faxes.models import Fax
from faxes.states import Media, Outbox
from telnyx_sandbox.server import Server
from tests import builders
from tests.admin.pages import act, listing, said
from webhooks import steps
from webhooks.models import Delivery

GONE = "Telnyx has it no more. It is marked as gone."
EVENT = Path(__file__).parent.parent / "fixtures" / "telnyx" / "inbound-fax.received.json"


def test_faxes_are_refreshed(office: Client, sandbox: Server, line: PhoneNumber, team: Team) -> None:
    carrier = sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS, pages=3)
    sandbox.sandbox.advance(60)
    old = builders.inbound(team, telnyx_id=carrier["id"], status="receiving")
    lost = builders.inbound(team, telnyx_id=str(uuid.uuid4()))
    unknown = builders.outbound(team, outbox=Outbox.READY)
    told = act(office, "refresh", old, lost, unknown)
    assert sorted(told) == [
        f"{lost}: {GONE}",
        f"{unknown}: Telnyx has not given it an id, so it cannot be asked for.",
        "Refreshed from Telnyx: 1.",
    ]
    old.refresh_from_db()
    lost.refresh_from_db()
    assert (old.status, old.page_count) == ("received", 3)
    assert lost.gone_at is not None


def test_applications_and_numbers_are_refreshed(office: Client, line: PhoneNumber, team: Team) -> None:
    application = FaxApplication.objects.earliest("application_name")
    FaxApplication.objects.filter(pk=application.pk).update(application_name="Old", remote_at=None, team=team)
    PhoneNumber.objects.filter(pk=line.pk).update(status="old", remote_at=None, label="Reception")
    for row in (application, line):
        assert act(office, "refresh", row) == ["Refreshed from Telnyx: 1."]
    before = application.application_name
    application.refresh_from_db()
    line.refresh_from_db()
    assert (application.application_name, application.team) == (before, team)
    assert (line.status, line.label, line.team) == ("active", "Reception", team)


@pytest.mark.parametrize("build", [builders.application, builders.number])
def test_what_telnyx_has_no_more_is_marked(
    office: Client, sandbox: Server, team: Team, build: Callable[[Team], FaxApplication | PhoneNumber]
) -> None:
    row = build(team)
    assert act(office, "refresh", row) == [f"{row}: {GONE}"]
    row.refresh_from_db()
    assert row.gone_at is not None and row.team == team


def test_the_first_trouble_with_telnyx_ends_the_asking(office: Client, sandbox: Server, team: Team) -> None:
    sandbox.sandbox.faults.add(method="GET", path="/v2/faxes/*", action="status", status=403, times=None)
    faxes = [builders.inbound(team) for _ in range(3)]
    [told] = act(office, "refresh", *faxes)
    assert "Telnyx could not be asked." in told and told.endswith("Of 3, 0 were asked.")
    assert not Fax.objects.filter(gone_at__isnull=False).exists()


def test_without_a_key_it_says_so(office: Client, settings: Settings, team: Team) -> None:
    settings.TELNYX_API_KEY = ""
    [told] = act(office, "refresh", builders.inbound(team))
    assert "could not be asked" in told and "key" in told


def test_an_unreachable_telnyx_is_told_in_words(office: Client, settings: Settings, team: Team) -> None:
    settings.TELNYX_API_BASE, settings.TELNYX_API_KEY = "http://127.0.0.1:9/v2", "KEY0123456789"
    [told] = act(office, "refresh", builders.inbound(team))
    assert "The request did not reach Telnyx" in told
    assert "KEY0123456789" not in told


def test_no_more_than_a_page_is_acted_on_at_once(office: Client, team: Team) -> None:
    for _ in range(51):
        builders.inbound(team, media=Media.MISSING)
    one = str(Fax.objects.values_list("pk", flat=True)[0])
    data = {"action": "retry", "_selected_action": one, "select_across": "1", "index": "0"}
    response = office.post(listing(Fax), data, follow=True)
    assert said(response) == ["Choose at most 50 at a time. Nothing was done."]
    assert not Fax.objects.exclude(media=Media.MISSING).exists()


def test_failed_faxes_are_retried_once_however_often_the_button_is_pressed(office: Client, team: Team) -> None:
    builders.number(team)
    failed = builders.outbound(team, outbox=Outbox.REJECTED)
    delivered = builders.accepted(team, status="delivered", to_number="+14155550100")
    missing = builders.inbound(team, media=Media.MISSING, status="received")
    first = act(office, "retry", failed, delivered, missing)
    assert "Tried once more: 2." in first
    assert any(sentence.startswith(f"{delivered}: This fax has not failed.") for sentence in first)
    again = act(office, "retry", failed)
    assert again == [f"{failed}: This fax has been sent again already. Look at its last try."]
    assert Fax.objects.filter(retry_of=failed).count() == 1
    missing.refresh_from_db()
    assert missing.media == Media.WAITING
    assert LogEntry.objects.filter(action="fax.send_again").count() == 1


def test_an_event_is_applied_once_more(office: Client, team: Team) -> None:
    builders.number(team)
    event = builders.delivery(EVENT.read_bytes(), state=Delivery.State.FAILED, tries=8, outcome="It stumbled.")
    assert act(office, "process_again", event) == ["Waiting to be processed again: 1."]
    event.refresh_from_db()
    assert (event.state, event.tries, event.processed_at) == (Delivery.State.PENDING, 0, None)
    for _ in range(2):
        steps.drain()
        act(office, "process_again", event)
    steps.drain()
    event.refresh_from_db()
    assert event.state == Delivery.State.DONE
    fax = Fax.objects.get()
    assert fax.events.filter(kind="status:received").count() == 1
    assert LogEntry.objects.filter(action="delivery.process_again").count() == 3


def test_an_event_that_is_being_processed_is_left_alone(office: Client) -> None:
    later = timezone.now() + timedelta(minutes=1)
    event = builders.delivery(leased_until=later, owner=uuid.uuid4(), due_at=timezone.now())
    assert act(office, "process_again", event) == [f"{event}: This event is being processed right now."]
    event.refresh_from_db()
    assert event.leased_until == later


@pytest.mark.parametrize("ticked", ["nonsense", "\x00", "", "7"])
def test_a_row_that_is_none_is_not_acted_on(office: Client, ticked: str) -> None:
    data = {"action": "retry", "_selected_action": ticked, "index": "0"}
    assert office.post(listing(Fax), data, follow=True).status_code == 200


def test_an_action_that_is_not_offered_does_nothing(office: Client, team: Team) -> None:
    fax = builders.inbound(team)
    act(office, "delete_selected", fax)
    assert Fax.objects.filter(pk=fax.pk).exists()
