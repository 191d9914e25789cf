"""The form for a new application, and the page that follows it until it is made or certainly not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Role, Team, User
from accounts.services import set_member
from applications.models import FaxApplication, PendingApplication
from applications.services import assign_application
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.pages import body, said, shown
from tests.applications.telnyx import add_at_telnyx, calls, named, remove_at_telnyx

LogIn = Callable[[User], Client]
NEW = "/applications/new/"


def make(client: Client, **typed: Any) -> Any:
    return client.post(NEW, shown(client, NEW) | {"application_name": "Pharmacy", **typed})


def lose(sandbox: Server, *, after: bool) -> None:
    sandbox.sandbox.faults.add(method="POST", path="/v2/fax_applications", action="reset", after=after)


def later(address: str) -> str:
    """As if its call had ended long ago."""
    PendingApplication.objects.update(ends_at=timezone.now() - timedelta(minutes=10), leased_until=None)
    return address


def test_the_form_begins_with_what_is_right_for_nearly_everybody(
    sandbox: Server, settings: Settings, team: Team, alices: Client
) -> None:
    values = shown(alices, NEW)
    assert values["webhook_event_url"] == f"{settings.PUBLIC_URL}/webhooks/telnyx"
    assert (values["active"], values["anchorsite_override"]) == ("yes", "Latency")
    assert values["outbound_voice_profile_id"] == "2290457000000000001"
    assert values["inbound_sip_subdomain_receive_settings"] == "from_anyone"
    page = body(alices.get(NEW))
    assert "Front desk" in page and "fax_email_recipient" not in page


def test_with_several_profiles_a_person_chooses(sandbox: Server, team: Team, alices: Client) -> None:
    store = sandbox.sandbox.world.store
    [profile] = store.objects("outbound_voice_profile")
    store.put_object("outbound_voice_profile", "9", profile | {"id": "9", "name": "Night", "enabled": False})
    assert shown(alices, NEW)["outbound_voice_profile_id"] == ""
    assert "Night, switched off at Telnyx" in body(alices.get(NEW))


def test_an_application_is_made_and_leads_to_its_page(sandbox: Server, team: Team, alices: Client) -> None:
    response = make(alices, team=str(team.pk), tags="new", delete_once_archived="on")
    row = FaxApplication.objects.get()
    assert response["Location"] == f"/applications/{row.pk}/"
    assert (row.team, row.tags, row.delete_once_archived, row.application_name) == (team, ["new"], True, "Pharmacy")
    page = alices.get(response["Location"])
    assert "is made at Telnyx" in said(page)[0] and "No number is attached." in body(page)


def test_without_a_public_url_the_address_is_asked_for(
    sandbox: Server, settings: Settings, team: Team, alices: Client
) -> None:
    settings.PUBLIC_URL = ""
    assert shown(alices, NEW)["webhook_event_url"] == ""
    response = make(alices, team=str(team.pk))
    assert response.context["form"].errors == {"webhook_event_url": ["Telnyx must be told where to report."]}


def test_only_teams_that_one_manages_are_offered(
    sandbox: Server, team: Team, other_team: Team, alices: Client, alice: User, roots: Client
) -> None:
    set_member(by=None, team=other_team, user=alice, role=Role.MEMBER)
    assert list(alices.get(NEW).context["form"].fields["team"].queryset) == [team]
    for wrong in (str(other_team.pk), "", "x"):
        assert "team" in make(alices, team=wrong).context["form"].errors
    assert calls(sandbox, "POST") == 0
    assert make(roots, team="").status_code == 302
    assert FaxApplication.objects.get().team is None


def test_what_telnyx_refuses_is_said_beside_its_field_and_can_be_mended(
    sandbox: Server, team: Team, alices: Client
) -> None:
    response = make(alices, team=str(team.pk), outbound_voice_profile_id="77", tags="kept")
    form = response.context["form"]
    assert list(form.errors) == ["outbound_voice_profile_id"] and form["tags"].value() == "kept"
    again = {field.html_name: field.value() or "" for field in form if field.value()}
    assert alices.post(NEW, again | {"outbound_voice_profile_id": ""}).status_code == 302
    assert len(named(sandbox, "Pharmacy")) == 1


def test_a_form_sent_twice_leads_to_the_same_application(sandbox: Server, team: Team, alices: Client) -> None:
    typed = shown(alices, NEW) | {"application_name": "Pharmacy", "team": str(team.pk)}
    first, second = alices.post(NEW, typed), alices.post(NEW, typed)
    assert first["Location"] == second["Location"]
    assert len(named(sandbox, "Pharmacy")) == 1


@pytest.mark.parametrize("token", ["", "x", "\x00"])
def test_a_form_without_its_token_makes_nothing(sandbox: Server, team: Team, alices: Client, token: str) -> None:
    assert "token" in make(alices, team=str(team.pk), token=token).context["form"].errors
    assert calls(sandbox, "POST") == 0


def test_a_telnyx_that_cannot_list_is_said(sandbox: Server, team: Team, alices: Client) -> None:
    typed = shown(alices, NEW) | {"application_name": "Pharmacy", "team": str(team.pk)}
    sandbox.sandbox.faults.add(method="GET", path="/v2/fax_applications", action="garbage", times=None)
    response = alices.post(NEW, typed)
    assert "no answer that could be read" in body(response) and calls(sandbox, "POST") == 0


@pytest.mark.parametrize("is_other", [True, False])
def test_what_is_typed_for_one_that_turned_up_late_is_not_dropped_silently(
    sandbox: Server, team: Team, alices: Client, is_other: bool
) -> None:
    lose(sandbox, after=True)
    first = {"team": str(team.pk), "webhook_timeout_secs": "5", "tags": "a"}
    address = make(alices, **first)["Location"]
    [there] = named(sandbox, "Pharmacy")
    remove_at_telnyx(sandbox, there["id"])
    alices.post(later(f"{address}look/"))
    add_at_telnyx(sandbox, **{**there, "telnyx_id": there["id"]})
    other = {"active": "no", "webhook_timeout_secs": "", "tags": "b", "delete_once_archived": "on"}
    response = make(alices, **(first | other if is_other else first))
    row = FaxApplication.objects.get()
    sentences = said(alices.get(response["Location"]))
    assert (row.telnyx_id, row.active, row.tags, calls(sandbox, "POST")) == (there["id"], True, ["a"], 1)
    names = "Active, Webhook time-out, Tags, Delete at Telnyx"
    warning = f"It is as it was asked for before. Not taken from what you typed now: {names}."
    assert sentences[1:] == ([warning] if is_other else [])


def test_a_lost_answer_is_followed_until_it_is_found(sandbox: Server, team: Team, alices: Client) -> None:
    lose(sandbox, after=True)
    response = make(alices, team=str(team.pk))
    address = response["Location"]
    assert address.startswith(NEW)
    page = body(alices.get(address))
    assert "not known yet" in page and 'hx-trigger="every 3s"' in page
    response = make(alices, team=str(team.pk))
    assert "not known yet" in body(response) and calls(sandbox, "POST") == 1
    assert alices.post(later(f"{address}look/"))["Location"] == f"/applications/{FaxApplication.objects.get().pk}/"
    # Who comes back to its page is led on, and a page that is still open loads anew.
    assert alices.get(address)["Location"] == f"/applications/{FaxApplication.objects.get().pk}/"
    assert alices.get(address, headers={"hx-request": "true"})["HX-Refresh"] == "true"


def test_a_poll_that_brings_nothing_new_is_empty(sandbox: Server, team: Team, alices: Client) -> None:
    lose(sandbox, after=False)
    address = make(alices, team=str(team.pk))["Location"]
    version = alices.get(address).context["version"]
    seen = alices.get(address, {"seen": version}, headers={"hx-request": "true"})
    other = alices.get(address, {"seen": "old"}, headers={"hx-request": "true"})
    assert (seen.status_code, other.status_code) == (204, 200)
    assert "<html" not in body(other) and 'id="pending"' in body(other)


def test_what_was_not_made_may_be_asked_for_again_as_it_was(sandbox: Server, team: Team, alices: Client) -> None:
    lose(sandbox, after=False)
    address = make(alices, team=str(team.pk), tags="a\nb", webhook_timeout_secs="5", active="no")["Location"]
    assert alices.post(later(f"{address}look/"))["Location"] == address
    page = body(alices.get(address))
    wish = PendingApplication.objects.get()
    assert "safe to ask again" in page and f"{NEW}?like={wish.pk}" in page and "every 3s" not in page
    values = shown(alices, f"{NEW}?like={wish.pk}")
    assert (values["tags"], values["webhook_timeout_secs"], values["active"]) == ("a\nb", 5, "no")
    assert (str(values["team"]), values["token"] != wish.pk) == (str(team.pk), True)
    assert alices.post(NEW, values).status_code == 302
    assert named(sandbox, "Pharmacy")[0]["tags"] == ["a", "b"]


@pytest.mark.parametrize("like", ["", "x", "\x00", "12345678-1234-1234-1234-123456789012"])
def test_an_unknown_wish_gives_an_empty_form(sandbox: Server, alices: Client, like: str) -> None:
    assert alices.get(NEW, {"like": like}).status_code == 200


def test_between_several_one_is_chosen(sandbox: Server, team: Team, alices: Client) -> None:
    lose(sandbox, after=True)
    address = make(alices, team=str(team.pk))["Location"]
    hook = named(sandbox, "Pharmacy")[0]["webhook_event_url"]
    add_at_telnyx(sandbox, "78", application_name="Pharmacy", webhook_event_url=hook)
    alices.post(later(f"{address}look/"))
    page = body(alices.get(address))
    assert "It may be one of these" in page and 'aria-label="It is 78"' in page and "none of them" in page
    response = alices.post(f"{address}choose/", {"telnyx_id": "79"}, follow=True)
    assert "none of those" in said(response)[0]
    assert alices.post(f"{address}choose/", {"telnyx_id": "78"})["Location"].startswith("/applications/")
    assert FaxApplication.objects.get().telnyx_id == "78"


def test_a_look_that_fails_says_why(sandbox: Server, team: Team, alices: Client) -> None:
    lose(sandbox, after=False)
    address = make(alices, team=str(team.pk))["Location"]
    sandbox.sandbox.faults.add(method="GET", path="/v2/fax_applications", action="status", status=401, times=None)
    alices.post(later(f"{address}look/"))
    assert "The last look failed" in body(alices.get(address))


def test_one_that_another_team_has_by_now_is_not_shown(
    sandbox: Server, team: Team, other_team: Team, alices: Client
) -> None:
    make(alices, team=str(team.pk))
    assign_application(by=None, application=FaxApplication.objects.get(), team=other_team)
    page = body(alices.get(f"{NEW}{PendingApplication.objects.get().pk}/"))
    assert "belongs to another team" in page and "Records" not in page


@pytest.mark.parametrize("state", PendingApplication.State)
def test_every_state_has_a_page(sandbox: Server, team: Team, alice: User, alices: Client, state: str) -> None:
    wish = builders.wish(team, by=alice, state=state, evidence={"why": "no <b>funds</b>"})
    page = body(alices.get(f"{NEW}{wish.pk}/"))
    assert "Asked for by Alice" in page and "<b>funds" not in page
