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
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application
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


def cancel_look_and_delete(client: Client, line: PhoneNumber, sandbox: Server) -> None:
    """From the page of a fax."""
    fax = send(client, line, "312 555 0110")
    client.post(f"/faxes/{fax.pk}/cancel/")
    cancel.drain()
    sandbox.sandbox.advance(600)
    client.post(f"/faxes/{fax.pk}/refresh/")
    client.post(f"/faxes/{fax.pk}/delete-at-telnyx/")


def test_a_fax_is_cancelled_looked_at_and_deleted_from_its_page(
    recorder: Recorder, sandbox: Server, line: PhoneNumber, alices: Client
) -> None:
    cancel_look_and_delete(alices, line, sandbox)
    assert {"CancelFax", "ViewFax", "DeleteFax"} <= done(recorder)


def receive_and_ask_anew(client: Client, line: PhoneNumber, sandbox: Server, deliver: Callable[[], list[int]]) -> Fax:
    """The link of what came in dies, and its page gets a new one."""
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(60)
    deliver()
    webhooks.steps.drain()
    sandbox.sandbox.advance(sandbox.sandbox.options.link_seconds + 1)
    Fax.objects.filter(direction="inbound").update(media=Media.MISSING, due_at=None)
    fax = Fax.objects.filter(direction="inbound").get()
    client.post(f"/faxes/{fax.pk}/fetch-again/")
    archive.drain()
    fax.refresh_from_db()
    return fax


def test_a_received_fax_gets_a_new_link_from_its_page(
    recorder: Recorder, sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]], bobs: Client
) -> None:
    fax = receive_and_ask_anew(bobs, line, sandbox, deliver)
    assert fax.media == Media.ARCHIVED
    assert {"RefreshFax", "ViewFax"} <= done(recorder)


def test_faxes_are_listed_by_window_direction_and_number(recorder: Recorder, line: PhoneNumber) -> None:
    """By the command for who wants to look; the sync asks by window, and by number for a send whose end is open."""
    numbers = ("--from", line.phone_number, "--to", "+13125550142")
    window = ("--since", "2026-11-01", "--until", "2026-11-02T09:00:00+01:00")
    call_command("list_telnyx_faxes", "--direction", "outbound", *numbers, *window, stdout=StringIO())
    said = dict(only(recorder, "ListFaxes").query)
    assert {name: value for name, value in said.items() if name.startswith("filter")} == {
        "filter[direction][eq]": "outbound",
        "filter[from][eq]": line.phone_number,
        "filter[to][eq]": "+13125550142",
        "filter[created_at][gte]": "2026-11-01T00:00:00.000000Z",
        "filter[created_at][lt]": "2026-11-02T08:00:00.000000Z",
    }
    recorder.asked.clear()
    fax = builders.uncertain(line.team, from_number=line.phone_number, due_at=timezone.now())
    call_command("sync_telnyx", stdout=StringIO())
    settle.drain()
    asked = [dict(one.query) for one in recorder.asked if operation_of(one) == "ListFaxes"]
    filters = {name for query in asked for name in query if name.startswith("filter")}
    assert {"filter[created_at][gte]", "filter[to][eq]"} <= filters
    assert fax.to_number in {query.get("filter[to][eq]") for query in asked}


def test_applications_are_listed_by_name_profile_and_in_an_order(recorder: Recorder) -> None:
    asked = ("--name", "desk", "--voice-profile", "2290457000000000001", "--sort=-application_name")
    call_command("list_telnyx_applications", *asked, stdout=StringIO())
    assert dict(only(recorder, "ListFaxApplications").query) == {
        "filter[application_name][contains]": "desk",
        "filter[outbound_voice_profile_id]": "2290457000000000001",
        "sort": "-application_name",
        "page[number]": "1",
        "page[size]": "250",
    }


def make_change_and_delete(client: Client, team: Team) -> None:
    """An application, from its pages."""
    made = NEW_APPLICATION | {"team": str(team.pk)}
    address = client.post("/applications/new/", shown(client, "/applications/new/") | made)["Location"]
    changes = {"webhook_event_failover_url": "https://second.example/in", "fax_email_recipient": "faxes@clinic.example"}
    changes |= {"webhook_timeout_secs": "", "inbound_channel_limit": "", "inbound_sip_subdomain": "", "tags": ""}
    assert client.post(f"{address}edit/", shown(client, f"{address}edit/") | changes).status_code == 302
    client.post(f"{address}refresh/")
    client.post(f"{address}delete/")


def test_an_application_is_made_changed_and_deleted_with_every_field(
    recorder: Recorder, team: Team, alices: Client
) -> None:
    make_change_and_delete(alices, team)
    assert set(only(recorder, "CreateFaxApplication").document) == {*APPLICATION} - {"webhook_event_failover_url"}
    said = only(recorder, "UpdateFaxApplication").document
    assert said["fax_email_recipient"] == "faxes@clinic.example"
    assert (said["webhook_timeout_secs"], said["inbound"], said["tags"]) == (
        None,
        {"channel_limit": None, "sip_subdomain": None},
        [],
    )
    assert done(recorder) >= {
        "ListOutboundVoiceProfiles",
        "ListFaxApplications",
        "CreateFaxApplication",
        "GetFaxApplication",
        "UpdateFaxApplication",
        "DeleteFaxApplication",
    }


def attach_and_refresh(client: Client, line: PhoneNumber, team: Team) -> FaxApplication:
    """A number, from its pages: to the other application than its own. Returns that."""
    other = FaxApplication.objects.filter(gone_at=None).exclude(telnyx_id=line.connection_id).get()
    assign_application(by=None, application=other, team=team)
    address = f"/applications/numbers/{line.pk}/"
    client.post(f"{address}attach/", {"to": str(other.pk), "seen": line.connection_id})
    client.post(f"{address}refresh/")
    return other


def test_a_number_is_attached_and_looked_at_from_its_page(
    recorder: Recorder, line: PhoneNumber, team: Team, alices: Client
) -> None:
    other = attach_and_refresh(alices, line, team)
    assert only(recorder, "UpdatePhoneNumber").document == {"connection_id": other.telnyx_id}
    line.refresh_from_db()
    assert line.connection_id == other.telnyx_id
    assert {"RetrievePhoneNumber", "UpdatePhoneNumber"} == done(recorder)


def test_a_self_check_asks_for_the_voice_profile(
    recorder: Recorder, line: PhoneNumber, team: Team, alices: Client
) -> None:
    assign_application(by=None, application=line.application, team=team)  # type: ignore[arg-type]  # the sandbox has it
    alices.post(f"/applications/{line.application.pk}/check/")  # type: ignore[union-attr]
    assert only(recorder, "GetOutboundVoiceProfile").path == "outbound_voice_profiles/2290457000000000001"


def test_every_operation_that_is_described_is_asked_for(
    recorder: Recorder,
    sandbox: Server,
    line: PhoneNumber,
    team: Team,
    deliver: Callable[[], list[int]],
    alices: Client,
) -> None:
    """By pages and commands alone, in one walk: what nothing here can ask for need not be described."""
    cancel_look_and_delete(alices, line, sandbox)
    receive_and_ask_anew(alices, line, sandbox, deliver)
    make_change_and_delete(alices, team)
    other = attach_and_refresh(alices, line, team)
    alices.post(f"/applications/{other.pk}/check/")
    call_command("sync_telnyx", stdout=StringIO())
    assert done(recorder) == set(OPERATIONS)


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
