"""A test fax by the sandbox: from the form to the console, over real HTTP; and nowhere but on this machine."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from applications.models import PhoneNumber
from applications.services import assign_number
from faxes.models import Fax
from sync.services import sync_recent
from telnyx_sandbox.server import Server
from tests import builders
from webhooks import steps

FORM = "/webhooks/simulate/"


@pytest.fixture
def developing(sandbox: Server, settings: Settings) -> Server:
    settings.DEBUG = True
    return sandbox


@pytest.fixture
def ours(alice: User, logged_in: Callable[[User], Client]) -> Client:
    return logged_in(alice)


def filled_in(line: PhoneNumber, **fields: Any) -> dict[str, Any]:
    form = {"to": str(line.pk), "sender": "+1 773 555 0188", "pages": "2", "flavour": "received", "fail": ""}
    return form | fields


def problems(response: Any) -> str:
    assert response.status_code == 200
    found = re.findall(r'class="(?:invalid-feedback|alert[^"]*)"[^>]*>(.*?)</(?:span|div|p)>', response.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", " ".join(found)).split())


def test_a_fax_arrives_and_the_console_shows_what_telnyx_told(
    developing: Server, ours: Client, line: PhoneNumber, deliver: Callable[[], list[int]]
) -> None:
    response = ours.post(FORM, filled_in(line))
    telnyx_id = developing.sandbox.faxes()[-1]["id"]
    assert response["Location"] == f"/webhooks/?q={telnyx_id}"
    page = ours.get(response["Location"]).text
    assert "A fax from +1 773 555 0188 is coming in." in page and "Nothing found" in page
    developing.sandbox.advance(600)
    deliver()
    steps.drain()
    page = ours.get(response["Location"]).text
    assert page.count('id="delivery-') == 3 and "fax.received" in page
    fax = Fax.objects.get(telnyx_id=telnyx_id)
    assert (fax.from_number, fax.to_number, fax.page_count) == ("+17735550188", line.phone_number, 2)


def test_one_that_no_webhook_tells_of_leads_to_the_inbox(developing: Server, ours: Client, line: PhoneNumber) -> None:
    response = ours.post(FORM, filled_in(line, flavour="listed"))
    assert response["Location"] == "/faxes/inbox/"
    assert "No webhook tells of it" in ours.get("/faxes/inbox/").text
    developing.sandbox.advance(600)
    assert developing.sandbox.pending_events == []
    sync_recent()
    assert Fax.objects.get().status == "received"


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [({"fail": "sender_canceled"}, "failed", "sender_canceled"), ({"tiff": "on", "pages": "3"}, "received", None)],
)
def test_it_ends_as_asked_for(
    developing: Server, ours: Client, line: PhoneNumber, fields: dict[str, str], status: str, reason: str | None
) -> None:
    ours.post(FORM, filled_in(line, **fields))
    developing.sandbox.advance(600)
    fax = developing.sandbox.faxes()[-1]
    assert (fax["status"], fax.get("failure_reason")) == (status, reason)


def test_it_is_on_record(developing: Server, ours: Client, line: PhoneNumber, team: Team) -> None:
    ours.post(FORM, filled_in(line))
    entry = LogEntry.objects.get(action="number.simulate")
    assert (entry.chain, entry.data) == (str(team.pk), {"telnyx_id": developing.sandbox.faxes()[-1]["id"]})


def test_only_ones_own_numbers_can_be_chosen(
    developing: Server, ours: Client, line: PhoneNumber, other_team: Team
) -> None:
    theirs = PhoneNumber.objects.exclude(pk=line.pk).first()
    assert theirs is not None
    assign_number(by=None, number=theirs, team=other_team)
    page = ours.get(FORM).text
    assert str(line.pk) in page and str(theirs.pk) not in page
    assert "Select a valid choice" in problems(ours.post(FORM, filled_in(theirs)))
    assert developing.sandbox.faxes() == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sender": "nobody"}, "“nobody” is not a fax number."),
        ({"sender": ""}, "This field is required."),
        ({"sender": "+1\x003"}, "Null characters are not allowed."),
        ({"pages": "0"}, "greater than or equal to 1"),
        ({"pages": "351"}, "less than or equal to 350"),
        ({"pages": "x"}, "Enter a whole number."),
        ({"flavour": "telepathy"}, "Select a valid choice."),
        ({"fail": "<script>"}, "Select a valid choice."),
        ({"to": ""}, "This field is required."),
        ({"to": "x"}, "is not a valid UUID"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(
    developing: Server, ours: Client, line: PhoneNumber, fields: dict[str, str], said: str
) -> None:
    page = ours.post(FORM, filled_in(line, **fields))
    assert said in problems(page) and "<script>" not in page.text
    assert developing.sandbox.faxes() == []


def test_a_number_does_not_fax_itself(developing: Server, ours: Client, line: PhoneNumber) -> None:
    assert "from another number" in problems(ours.post(FORM, filled_in(line, sender=line.phone_number)))


def test_what_the_sandbox_refuses_is_told_in_its_words(developing: Server, ours: Client, line: PhoneNumber) -> None:
    store = developing.sandbox.world.store
    for number in store.objects("phone_number"):
        store.put_object("phone_number", number["id"], number | {"connection_id": None})
    assert f"No fax application receives on {line.phone_number}." in problems(ours.post(FORM, filled_in(line)))


def test_a_sandbox_that_is_away_is_told(settings: Settings, ours: Client, team: Team) -> None:
    settings.DEBUG, settings.TELNYX_API_BASE = True, "http://127.0.0.1:9/v2"
    page = ours.post(FORM, filled_in(builders.number(team)))
    assert "No sandbox answers at http://127.0.0.1:9." in problems(page)


def test_who_manages_no_number_is_led_to_the_applications(developing: Server, ours: Client) -> None:
    page = ours.get(FORM).text
    assert "nothing can arrive" in page and 'href="/applications/"' in page


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_who_manages_nothing_is_refused(
    developing: Server, logged_in: Any, bob: User, vera: User, name: str, line: PhoneNumber
) -> None:
    client = logged_in({"bob": bob, "vera": vera}[name])
    assert (client.get(FORM).status_code, client.post(FORM, filled_in(line)).status_code) == (403, 403)


def test_there_is_no_such_page_in_production(
    sandbox: Server, ours: Client, line: PhoneNumber, settings: Settings
) -> None:
    settings.DEBUG = False
    assert (ours.get(FORM).status_code, ours.post(FORM, filled_in(line)).status_code) == (404, 404)
    assert FORM not in ours.get("/webhooks/").text


def test_nor_before_telnyx_itself(ours: Client, settings: Settings, team: Team) -> None:
    settings.DEBUG, settings.TELNYX_API_BASE = True, "https://api.telnyx.com/v2"
    assert ours.get(FORM).status_code == 404
    assert FORM not in ours.get("/webhooks/").text


def test_the_console_leads_there(developing: Server, ours: Client) -> None:
    assert f'href="{FORM}"' in ours.get("/webhooks/").text


def test_other_methods_are_not_allowed(developing: Server, ours: Client) -> None:
    assert ours.put(FORM).status_code == 405
