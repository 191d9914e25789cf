"""Every operation that Telnyx offers for faxes is a button or a command here, asked for as Telnyx describes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from email.message import Message
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

import webhooks.steps
from accounts.models import Team, User
from applications.models import PhoneNumber
from faxes.models import Fax
from faxes.states import Media
from faxes.steps import archive, cancel, prepare, submit
from sync.steps import settle
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.pages import shown
from tests.contract.operations import APPLICATION, OPERATIONS, mistakes, operation_of
from tests.contract.recorder import Asked, Recorder, recording
from tests.sheets import Sheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def recorder(settings: Settings, sandbox: Server, line: PhoneNumber) -> Iterator[Recorder]:
    """Everything the portal asks from now on. At the end, each request is held against the description."""
    with recording(sandbox.url) as recorder:
        settings.TELNYX_API_BASE = recorder.url
        yield recorder
    assert [mistake for asked in recorder.asked for mistake in mistakes(asked)] == []


@pytest.fixture
def bobs(bob: User, logged_in: Callable[[User], Client], recorder: Recorder) -> Client:
    return logged_in(bob)


@pytest.fixture
def alices(alice: User, logged_in: Callable[[User], Client], recorder: Recorder) -> Client:
    return logged_in(alice)


def done(recorder: Recorder) -> set[str]:
    """The operations that were asked for, and answered as described."""
    answers = [(operation_of(asked), asked.status) for asked in recorder.asked]
    return {name for name, status in answers if name and status in OPERATIONS[name].statuses}


def only(recorder: Recorder, name: str) -> Asked:
    found = [asked for asked in recorder.asked if operation_of(asked) == name]
    assert len(found) == 1, name
    return found[0]


def send(client: Client, line: PhoneNumber, to: str = "(312) 555-0142", **options: Any) -> Fax:
    sheet = Sheet(client, line)
    sheet.upload()
    assert sheet.send(to, **options).status_code == 302
    prepare.drain()
    submit.drain()
    return Fax.objects.latest("created_at")


def test_a_fax_is_sent_with_every_option_of_the_page(recorder: Recorder, line: PhoneNumber, bobs: Client) -> None:
    options = {"quality": "ultra_dark", "monochrome": "on", "black_threshold": "80", "from_display_name": "Dr. M + Co"}
    send(bobs, line, **options)
    assert done(recorder) == {"CreateMediaStorage", "SendFax"}
    said = only(recorder, "SendFax").document
    assert (said["quality"], said["monochrome"], said["black_threshold"]) == ("ultra_dark", True, 80)
    assert (said["from"], said["to"], said["from_display_name"]) == (line.phone_number, "+13125550142", "Dr. M + Co")
    assert only(recorder, "CreateMediaStorage").document["media_name"] == said["media_name"]


def test_a_fax_without_options_says_only_what_is_needed(recorder: Recorder, line: PhoneNumber, bobs: Client) -> None:
    send(bobs, line)
    needed = {"connection_id", "from", "to", "media_name", "client_state", "webhook_url"}
    assert set(only(recorder, "SendFax").document) <= needed | {"t38_enabled", "quality"}


def test_a_fax_is_cancelled_looked_at_and_deleted_from_its_page(
    recorder: Recorder, sandbox: Server, line: PhoneNumber, alices: Client
) -> None:
    fax = send(alices, line, "312 555 0110")
    alices.post(f"/faxes/{fax.pk}/cancel/")
    cancel.drain()
    sandbox.sandbox.advance(600)
    alices.post(f"/faxes/{fax.pk}/refresh/")
    alices.post(f"/faxes/{fax.pk}/delete-at-telnyx/")
    assert {"CancelFax", "ViewFax", "DeleteFax"} <= done(recorder)


def test_a_received_fax_gets_a_new_link_from_its_page(
    recorder: Recorder, sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]], bobs: Client
) -> None:
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(60)
    deliver()
    webhooks.steps.drain()
    # Dead by now.
    sandbox.sandbox.advance(sandbox.sandbox.options.link_seconds + 1)
    Fax.objects.update(media=Media.MISSING, due_at=None)
    fax = Fax.objects.get()
    bobs.post(f"/faxes/{fax.pk}/fetch-again/")
    archive.drain()
    fax.refresh_from_db()
    assert fax.media == Media.ARCHIVED
    assert {"RefreshFax", "ViewFax"} <= done(recorder)


def test_faxes_are_listed_by_window_direction_and_number(
    recorder: Recorder, sandbox: Server, line: PhoneNumber
) -> None:
    """By the command, and for a send whose outcome is open."""
    fax = builders.uncertain(line.team, from_number=line.phone_number, due_at=timezone.now())
    call_command("sync_telnyx", stdout=StringIO())
    settle.drain()
    asked = [dict(one.query) for one in recorder.asked if operation_of(one) == "ListFaxes"]
    filters = {name for query in asked for name in query if name.startswith("filter")}
    assert {"filter[created_at][gte]", "filter[to][eq]"} <= filters
    assert fax.to_number in {query.get("filter[to][eq]") for query in asked}


def test_an_application_is_made_changed_and_deleted_with_every_field(
    recorder: Recorder, team: Team, alices: Client
) -> None:
    made = NEW_APPLICATION | {"team": str(team.pk)}
    address = alices.post("/applications/new/", shown(alices, "/applications/new/") | made)["Location"]
    assert set(only(recorder, "CreateFaxApplication").document) == {*APPLICATION} - {"webhook_event_failover_url"}
    changes = {"webhook_event_failover_url": "https://second.example/in", "fax_email_recipient": "faxes@clinic.example"}
    changes |= {"webhook_timeout_secs": "", "inbound_channel_limit": "", "inbound_sip_subdomain": "", "tags": ""}
    assert alices.post(f"{address}edit/", shown(alices, f"{address}edit/") | changes).status_code == 302
    said = only(recorder, "UpdateFaxApplication").document
    assert said["fax_email_recipient"] == "faxes@clinic.example"
    assert (said["webhook_timeout_secs"], said["inbound"], said["tags"]) == (
        None,
        {"channel_limit": None, "sip_subdomain": None},
        [],
    )
    alices.post(f"{address}refresh/")
    alices.post(f"{address}delete/")
    assert done(recorder) >= {
        "ListOutboundVoiceProfiles",
        "ListFaxApplications",
        "CreateFaxApplication",
        "GetFaxApplication",
        "UpdateFaxApplication",
        "DeleteFaxApplication",
    }


NEW_APPLICATION = {
    "application_name": "Pharmacy",
    "anchorsite_override": "Chicago, IL",
    "webhook_timeout_secs": "25",
    "inbound_channel_limit": "10",
    "inbound_sip_subdomain": "pharmacy",
    "inbound_sip_subdomain_receive_settings": "only_my_connections",
    "outbound_channel_limit": "5",
    "tags": "one, two",
}


def asked_for(method: str, path: str, document: Any = None, **query: str) -> Asked:
    headers = Message()
    headers["Authorization"] = "Bearer KEY"
    body = b"" if document is None else json.dumps(document).encode()
    return Asked(method, path, tuple(query.items()), headers, body, 200)


GOOD = {"connection_id": "1", "from": "+13125790015", "to": "+13125550142", "media_name": "letter"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (asked_for("POST", "faxes", GOOD | {"media_url": "https://a.example/x.pdf"}), "SendFax"),
        (asked_for("POST", "faxes", GOOD | {"quallity": "high"}), "quallity"),
        (asked_for("POST", "faxes", GOOD | {"to": "3125550142"}), "to"),
        (asked_for("POST", "faxes", GOOD | {"client_state": "not base64!"}), "client_state"),
        (asked_for("PATCH", "fax_applications/1", {"active": True}), "application_name"),
        (asked_for("GET", "faxes", **{"page[size]": "251"}), "page[size]"),
        (asked_for("GET", "faxes", **{"filter[status][eq]": "failed"}), "filter[status][eq]"),
        (asked_for("GET", "faxes/not-a-uuid"), "There is no GET"),
        (asked_for("POST", "faxes/12345678-1234-1234-1234-123456789012/actions/cancel", {}), "no body"),
    ],
)
def test_what_telnyx_does_not_describe_is_told(asked: Asked, told: str) -> None:
    assert told in " ".join(mistakes(asked))


def test_what_telnyx_describes_is_let_pass() -> None:
    assert list(mistakes(asked_for("POST", "faxes", GOOD))) == []
