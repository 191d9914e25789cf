"""The form of an application: only what was changed is sent, nothing typed is lost, and nobody overwrites unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from applications.models import FaxApplication
from applications.services import assign_application
from telnyx_sandbox.server import Server
from tests.applications.pages import body, edit, edit_address, said, shown
from tests.applications.telnyx import calls, change_at_telnyx, remove_at_telnyx, truth
from tests.applications.test_update import lose_for_good
from tests.contract.recorder import Recorder
from tests.telnyx_api.scripted import ok, serving

LogIn = Callable[[User], Client]


EVERYTHING = {
    "application_name": "Reception",
    "active": "no",
    "anchorsite_override": "London, UK",
    "webhook_event_url": "fax.example/webhooks/telnyx",
    "webhook_event_failover_url": "https://b.example/hook",
    "webhook_timeout_secs": "0",
    "inbound_channel_limit": "3",
    "inbound_sip_subdomain": "reception",
    "inbound_sip_subdomain_receive_settings": "only_my_connections",
    "outbound_channel_limit": "4",
    "outbound_voice_profile_id": "",
    "tags": "a\r\n b, c \r\n\r\na",
    "fax_email_recipient": "desk@clinic.example",
    "delete_once_archived": "on",
}


def test_every_field_can_be_changed(sandbox: Server, front_desk: FaxApplication, alices: Client) -> None:
    response = edit(alices, front_desk, **EVERYTHING)
    assert response["Location"] == f"/applications/{front_desk.pk}/"
    front_desk.refresh_from_db()
    there = truth(sandbox, front_desk)
    assert (there["application_name"], there["active"], there["anchorsite_override"]) == (
        "Reception",
        False,
        "London, UK",
    )
    assert there["webhook_event_url"] == "https://fax.example/webhooks/telnyx"
    assert (there["webhook_event_failover_url"], there["webhook_timeout_secs"]) == ("https://b.example/hook", 0)
    assert there["inbound"] == {
        "channel_limit": 3,
        "sip_subdomain": "reception",
        "sip_subdomain_receive_settings": "only_my_connections",
    }
    assert there["outbound"] == {"channel_limit": 4, "outbound_voice_profile_id": None}
    assert (there["tags"], there["fax_email_recipient"]) == (["a", "b, c"], "desk@clinic.example")
    assert (front_desk.delete_once_archived, front_desk.fax_email_recipient) == (True, "desk@clinic.example")
    page = body(alices.get(response["Location"]))
    assert "Saved: Name, Active, Anchor site" in page and "desk@clinic.example" in page


def test_only_what_was_changed_is_sent(recorder: Recorder, front_desk: FaxApplication, alices: Client) -> None:
    edit(alices, front_desk, webhook_timeout_secs="20")
    [patch] = [asked for asked in recorder.asked if asked.method == "PATCH"]
    assert set(patch.document) == {"application_name", "webhook_event_url", "webhook_timeout_secs"}


def test_a_form_that_nobody_changed_asks_nothing(sandbox: Server, front_desk: FaxApplication, alices: Client) -> None:
    address = edit_address(front_desk)
    response = alices.post(address, shown(alices, address), follow=True)
    assert said(response) == ["Nothing was changed."]
    assert calls(sandbox, "PATCH") == 0 and not LogEntry.objects.filter(action="application.update").exists()


@pytest.mark.parametrize(
    ("name", "typed", "is_change"),
    [
        ("application_name", "Front desk", True),
        ("application_name", " Front  desk ", False),
        ("tags", "b\r\na  b", False),
        ("tags", "b\r\na b", True),
    ],
)
def test_spaces_within_a_text_are_a_change(
    sandbox: Server, front_desk: FaxApplication, alices: Client, name: str, typed: str, is_change: bool
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, application_name="Front  desk", tags=["b", "a  b"])
    alices.post(f"/applications/{front_desk.pk}/refresh/")
    edit(alices, front_desk, **{name: typed})
    there = truth(sandbox, front_desk)
    assert calls(sandbox, "PATCH") == is_change
    assert (there["application_name"], there["tags"]) == {
        "application_name": ("Front desk" if is_change else "Front  desk", ["b", "a  b"]),
        "tags": ("Front  desk", ["b", "a b" if is_change else "a  b"]),
    }[name]


def test_the_page_says_that_the_recipient_is_never_shown_again(front_desk: FaxApplication, alices: Client) -> None:
    assert "never shows it again" in body(alices.get(edit_address(front_desk)))


WRONG = [
    ("application_name", " ", "Give the application a name."),
    ("application_name", "x" * 256, "at most 255"),
    ("webhook_event_url", "", "Telnyx must be told where to report."),
    ("webhook_event_url", "javascript:alert(1)", "whole address"),
    ("webhook_event_failover_url", "not an address", "whole address"),
    ("webhook_timeout_secs", "31", "from 0 to 30"),
    ("webhook_timeout_secs", "-1", "from 0 to 30"),
    ("webhook_timeout_secs", "soon", "from 0 to 30"),
    ("inbound_channel_limit", "0", "from 1 to"),
    ("outbound_channel_limit", "1e9", "from 1 to"),
    ("inbound_sip_subdomain", "a.b", "letters, digits and hyphens"),
    ("inbound_sip_subdomain_receive_settings", "from_mars", "Select a valid choice"),
    ("anchorsite_override", "Moon", "Select a valid choice"),
    ("active", "perhaps", "Select a valid choice"),
    ("fax_email_recipient", "a@b.example, c@d.example", "one e-mail address"),
    ("application_name", "nul\x00", "Null characters"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_what_is_wrong_is_said_beside_its_field_and_everything_typed_is_kept(
    sandbox: Server, front_desk: FaxApplication, alices: Client, name: str, value: str, sentence: str
) -> None:
    response = edit(alices, front_desk, **{"tags": "kept", name: value})
    assert response.status_code == 200
    form = response.context["form"]
    assert sentence in " ".join(form.errors[name]) and list(form.errors) == [name]
    assert f'id="id_{name}_error"' in body(response) and ">kept<" in body(response).replace("\n", "")
    assert [group.is_open for group in form.groups if any(field.name == name for field in group.fields)] == [True]
    assert calls(sandbox, "PATCH") == 0


def test_telnyxs_words_land_on_the_field_they_are_about(
    sandbox: Server, front_desk: FaxApplication, alices: Client
) -> None:
    response = edit(alices, front_desk, outbound_voice_profile_id="77", tags="kept", delete_once_archived="on")
    form = response.context["form"]
    assert form.errors == {
        "outbound_voice_profile_id": ["Telnyx says: There is no outbound voice profile with this id."]
    }
    assert form["tags"].value() == "kept" and '<option value="77" selected>' in body(response)
    front_desk.refresh_from_db()
    assert (front_desk.tags, front_desk.delete_once_archived) == ([], False)


FAILURES: list[tuple[dict[str, Any], str]] = [
    ({"action": "status", "status": 401}, "does not accept this portal"),
    ({"action": "status", "status": 403}, "no funds left"),
    ({"action": "status", "status": 404}, "no such application any more"),
    ({"action": "status", "status": 422}, "unable to process it"),
    ({"action": "status", "status": 429, "headers": {"x-ratelimit-reset": "7"}}, "Try again in 7 seconds"),
    ({"action": "status", "status": 409}, "Telnyx refused this"),
    ({"action": "status", "status": 503}, "does not show your change"),
    ({"action": "reset"}, "does not show your change"),
    ({"action": "garbage"}, "does not show your change"),
]


@pytest.mark.parametrize(("fault", "sentence"), FAILURES)
def test_every_failure_is_a_plain_sentence_and_everything_typed_is_kept(
    sandbox: Server, front_desk: FaxApplication, alices: Client, fault: dict[str, Any], sentence: str
) -> None:
    sandbox.sandbox.faults.add(method="PATCH", path="*", **fault)
    response = edit(alices, front_desk, webhook_timeout_secs="20")
    form = response.context["form"]
    assert sentence in " ".join(form.non_field_errors()) and form["webhook_timeout_secs"].value() == "20"
    front_desk.refresh_from_db()
    assert front_desk.webhook_timeout_secs is None
    # Saved once more, it is there.
    again = {field.html_name: field.value() or "" for field in form if field.value()}
    assert alices.post(edit_address(front_desk), again).status_code == 302
    front_desk.refresh_from_db()
    assert front_desk.webhook_timeout_secs == 20


def again(form: Any) -> dict[str, Any]:
    """The form as it came back, sent once more."""
    return {field.html_name: field.value() for field in form if field.value()}


@pytest.mark.parametrize("meanwhile", ["nothing", "something else"])
def test_a_save_of_which_nobody_knows_is_not_denied_and_is_taken_for_theirs_when_saved_again(
    sandbox: Server, front_desk: FaxApplication, alices: Client, meanwhile: str
) -> None:
    address = edit_address(front_desk)
    typed = shown(alices, address) | {"webhook_timeout_secs": "20"}
    lose_for_good(sandbox)
    response = alices.post(address, typed)
    assert "not known whether it has your change" in body(response)
    sandbox.sandbox.faults.clear()
    if meanwhile != "nothing":
        change_at_telnyx(sandbox, front_desk.telnyx_id, active=False)
        response = alices.post(address, again(response.context["form"]))
        assert [clash.label for clash in response.context["clashes"]] == ["Active"]
    response = alices.post(address, again(response.context["form"]), follow=True)
    assert said(response) == ["Saved: Webhook time-out."]
    [entry] = LogEntry.objects.filter(action="application.update")
    assert entry.data == {"before": {"webhook_timeout_secs": None}, "after": {"webhook_timeout_secs": 20}}


def test_a_telnyx_that_is_away_or_unknown_changes_nothing(
    sandbox: Server, settings: Settings, front_desk: FaxApplication, alices: Client
) -> None:
    address = edit_address(front_desk)
    typed = shown(alices, address) | {"active": "no"}
    settings.TELNYX_API_BASE = "http://127.0.0.1:9/v2"
    assert "cannot be reached" in body(alices.post(address, typed))
    settings.TELNYX_API_KEY = ""
    assert "no usable API key" in body(alices.post(address, typed))


def test_what_changed_meanwhile_is_shown_and_asked_about(
    sandbox: Server, front_desk: FaxApplication, alices: Client
) -> None:
    address = edit_address(front_desk)
    typed = shown(alices, address) | {"webhook_timeout_secs": "20", "tags": "mine"}
    change_at_telnyx(sandbox, front_desk.telnyx_id, tags=["theirs"], active=False)
    response = alices.post(address, typed)
    page, form = body(response), response.context["form"]
    assert "Somebody changed this application meanwhile" in page and calls(sandbox, "PATCH") == 0
    rows = [(clash.label, clash.was, clash.now, clash.typed) for clash in response.context["clashes"]]
    assert sorted(rows) == [("Active", "yes", "no", ""), ("Tags", "not set", "theirs", "mine")]
    # Mine where I typed, theirs where I did not.
    assert (form["webhook_timeout_secs"].value(), form["tags"].value(), form["active"].value()) == ("20", "mine", "no")
    again = {field.html_name: field.value() or "" for field in form if field.value()}
    assert alices.post(address, again).status_code == 302
    there = truth(sandbox, front_desk)
    assert (there["webhook_timeout_secs"], there["tags"], there["active"]) == (20, ["mine"], False)


def test_what_a_colleague_changed_here_is_asked_about_too(
    sandbox: Server, front_desk: FaxApplication, alices: Client, roots: Client
) -> None:
    address = edit_address(front_desk)
    old = shown(roots, address)
    edit(alices, front_desk, delete_once_archived="on")
    response = roots.post(address, old | {"tags": "mine"})
    rows = [(clash.label, clash.was, clash.now, clash.typed) for clash in response.context["clashes"]]
    assert rows == [("Delete at Telnyx", "no", "yes", "")]
    again = {field.html_name: field.value() or "" for field in response.context["form"] if field.value()}
    assert roots.post(address, again).status_code == 302
    front_desk.refresh_from_db()
    assert (front_desk.tags, front_desk.delete_once_archived) == (["mine"], True)


@pytest.mark.parametrize("seal", ["", "forged", "eyJ9:1abc:xyz"])
def test_a_page_that_is_not_ours_saves_nothing(
    sandbox: Server, front_desk: FaxApplication, alices: Client, seal: str
) -> None:
    response = edit(alices, front_desk, seal=seal, active="no")
    form = response.context["form"]
    assert "too old" in " ".join(form.non_field_errors()) and calls(sandbox, "PATCH") == 0
    again = {field.html_name: field.value() or "" for field in form if field.value()}
    assert alices.post(edit_address(front_desk), again).status_code == 302
    assert truth(sandbox, front_desk)["active"] is False


def test_the_seal_of_another_application_is_not_taken(
    sandbox: Server, front_desk: FaxApplication, team: Team, alices: Client
) -> None:
    other = FaxApplication.objects.get(application_name="Records")
    assign_application(by=None, application=other, team=team)
    seal = shown(alices, edit_address(other))["seal"]
    assert "too old" in body(edit(alices, front_desk, seal=seal))


# Telnyx may say anything. Each as it stands in the mirror, and what an edit of something else must leave alone.
ODD: dict[str, Any] = {
    "anchorsite_override": "Mars, Olympus",
    "webhook_event_failover_url": "no address at all",
    "webhook_timeout_secs": 45,
    "inbound": {"channel_limit": 0, "sip_subdomain": "a.b c", "sip_subdomain_receive_settings": "from_mars"},
    "outbound": {"channel_limit": 5_000_000, "outbound_voice_profile_id": "unlisted-77"},
    "tags": ["a, b", "c\td", 5, {"new": "shape"}],
}


def test_what_telnyx_invents_survives_an_edit_of_something_else(
    recorder: Recorder, sandbox: Server, front_desk: FaxApplication, alices: Client
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, **ODD)
    assert alices.post(f"/applications/{front_desk.pk}/refresh/").status_code == 302
    page = body(alices.get(edit_address(front_desk)))
    for word in ("Mars, Olympus", "from_mars", "unlisted-77", "no address at all", "45", "a.b c"):
        assert word in page
    # The sandbox would not take these words from us, so it is enough that we do not send them.
    edit(alices, front_desk, application_name="Renamed")
    [patch] = [asked for asked in recorder.asked if asked.method == "PATCH"]
    assert patch.document == {"application_name": "Renamed", "webhook_event_url": front_desk.webhook_event_url}


def test_a_refresh_that_finds_it_gone_is_no_success(
    sandbox: Server, front_desk: FaxApplication, alices: Client
) -> None:
    remove_at_telnyx(sandbox, front_desk.telnyx_id)
    page = body(alices.post(f"/applications/{front_desk.pk}/refresh/", follow=True))
    assert 'notice-warning" role="status">Telnyx has this application no more.' in page


@pytest.mark.parametrize(
    "gone", ["active", "anchorsite_override", "inbound", "outbound", "tags", "webhook_event_failover_url"]
)
def test_what_telnyx_leaves_out_or_says_as_null_breaks_nothing(
    sandbox: Server, front_desk: FaxApplication, alices: Client, gone: str
) -> None:
    FaxApplication.objects.filter(pk=front_desk.pk).update(raw={})
    change_at_telnyx(sandbox, front_desk.telnyx_id, **{gone: None})
    alices.post(f"/applications/{front_desk.pk}/refresh/")
    for address in ("/applications/", f"/applications/{front_desk.pk}/", edit_address(front_desk)):
        assert alices.get(address).status_code == 200
    values = shown(alices, edit_address(front_desk))
    response = alices.post(edit_address(front_desk), values, follow=True)
    assert said(response) == ["Nothing was changed."]


def test_what_is_no_number_and_no_yes_or_no_is_shown_as_it_is(
    sandbox: Server, front_desk: FaxApplication, alices: Client
) -> None:
    inbound = {"channel_limit": "plenty"}
    change_at_telnyx(
        sandbox, front_desk.telnyx_id, webhook_timeout_secs="soonish", active={"of": "late"}, inbound=inbound
    )
    page = body(alices.post(f"/applications/{front_desk.pk}/refresh/", follow=True)).split("own words")[0]
    assert "soonish" in page and "plenty" in page and "{&quot;of&quot;: &quot;late&quot;}" in page
    assert "left to Telnyx" not in page


def test_an_id_that_is_not_listed_stays_to_be_chosen_and_a_list_that_fails_is_said(
    sandbox: Server, front_desk: FaxApplication, alices: Client
) -> None:
    page = body(alices.get(edit_address(front_desk)))
    assert ">Office<" in page.replace("\n", "") and "could not be fetched" not in page
    # By its name on the page, now that it has been listed.
    assert "Office (2290457000000000001)" in body(alices.get(f"/applications/{front_desk.pk}/"))
    sandbox.sandbox.faults.add(method="GET", path="/v2/outbound_voice_profiles", action="garbage", times=None)
    page = body(alices.get(edit_address(front_desk)))
    assert "could not be fetched" in page
    assert '<option value="2290457000000000001" selected>Office (2290457000000000001)</option>' in page
    assert edit(alices, front_desk, active="no").status_code == 302
    assert truth(sandbox, front_desk)["outbound"]["outbound_voice_profile_id"] == "2290457000000000001"


def test_the_team_is_nothing_that_an_edit_changes(
    sandbox: Server, front_desk: FaxApplication, team: Team, roots: Client, other_team: Team
) -> None:
    assert "team" not in shown(roots, edit_address(front_desk))
    edit(roots, front_desk, team=str(other_team.pk), active="no")
    front_desk.refresh_from_db()
    assert (front_desk.team, front_desk.active) == (team, False)


def test_telnyx_keeping_a_value_another_way_is_told(
    sandbox: Server, settings: Settings, front_desk: FaxApplication, alices: Client
) -> None:
    address = edit_address(front_desk)
    typed = shown(alices, address) | {"tags": "Desk", "active": "no"}
    there = truth(sandbox, front_desk)
    kept = there | {"tags": ["desk"], "active": False}
    with serving(ok(there), ok(kept)) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        response = alices.post(address, typed, follow=True)
    assert said(response) == ["Saved: Active, Tags.", "Telnyx took the change, but keeps this another way: Tags."]


def test_a_time_of_telnyxs_that_is_yet_to_come_does_not_freeze_it(
    sandbox: Server, front_desk: FaxApplication, alices: Client
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, updated_at="2097-01-01T00:00:00Z", webhook_timeout_secs=7)
    alices.post(f"/applications/{front_desk.pk}/refresh/")
    change_at_telnyx(sandbox, front_desk.telnyx_id, updated_at="2026-11-01T00:00:00Z", webhook_timeout_secs=8)
    alices.post(f"/applications/{front_desk.pk}/refresh/")
    front_desk.refresh_from_db()
    assert front_desk.webhook_timeout_secs == 8 and front_desk.remote_at is not None
    assert front_desk.remote_at.year == 2026


def test_what_is_gone_cannot_be_edited(sandbox: Server, front_desk: FaxApplication, alices: Client) -> None:
    address = edit_address(front_desk)
    typed = shown(alices, address) | {"active": "no"}
    remove_at_telnyx(sandbox, front_desk.telnyx_id)
    assert "no more" in body(alices.post(address, typed))
    response = alices.get(address, follow=True)
    assert response.redirect_chain == [(f"/applications/{front_desk.pk}/", 302)]
    assert "gone at Telnyx" in body(response) and "Edit" not in body(response)
