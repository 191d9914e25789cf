"""Members, keys and policies are changed by who has just proven who they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client

from accounts.models import Invitation, Team, User
from applications.services import seen_of
from tests import builders
from tests.accounts.provider import Provider
from tests.accounts.second_factors import code_of, set_up_app
from tests.accounts.sign_on import sign_on, who
from tests.accounts.test_sessions import ELSEWHERE
from tests.conftest import PASSWORD
from tests.log import deeds

AGAIN = "/accounts/reauthenticate/"


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel("2026-11-05 09:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def stale(alice: User, team: Team, clock: Any, logged_in: Callable[[User], Client]) -> Client:
    """Alice's browser, eleven minutes after she logged in."""
    browser = logged_in(alice)
    clock.shift(timedelta(minutes=11))
    return browser


def invite(browser: Client, **headers: str) -> Any:
    form = {"email": "new@example.com", "role": "member"}
    return browser.post("/teams/front-desk/invite/", form, headers=headers)


def test_within_ten_minutes_after_the_log_in_nothing_is_asked(
    alice: User, team: Team, clock: Any, logged_in: Callable[[User], Client]
) -> None:
    browser = logged_in(alice)
    clock.shift(timedelta(minutes=9))
    assert invite(browser)["Location"] == "/teams/front-desk/"
    assert Invitation.objects.exists()


def test_later_the_password_is_and_what_was_sent_goes_on(stale: Client) -> None:
    asked = invite(stale)["Location"]
    assert asked == f"{AGAIN}?next={quote('/teams/front-desk/invite/', safe='')}"
    assert not Invitation.objects.exists()
    answer = stale.post(asked, {"password": PASSWORD, "next": "/teams/front-desk/invite/"})
    assert answer["Location"] == "/teams/front-desk/"
    assert Invitation.objects.get().email == "new@example.com"


def test_once_is_enough_for_a_while(stale: Client, clock: Any) -> None:
    stale.post(AGAIN, {"password": PASSWORD})
    clock.shift(timedelta(minutes=9))
    assert invite(stale)["Location"] == "/teams/front-desk/"
    clock.shift(timedelta(minutes=2))
    assert invite(stale)["Location"].startswith(AGAIN)


def test_a_wrong_password_changes_nothing(stale: Client) -> None:
    asked = invite(stale)["Location"]
    page = stale.post(asked, {"password": "wrong", "next": "/teams/front-desk/invite/"})
    assert "That is not your password." in page.content.decode()
    assert not Invitation.objects.exists()


def test_passwords_are_not_guessed_there_either(stale: Client) -> None:
    for _ in range(5):
        stale.post(AGAIN, {"password": "wrong"})
    assert "Too many" in stale.post(AGAIN, {"password": PASSWORD}).content.decode()


def test_a_code_does_as_well(stale: Client, alice: User) -> None:
    secret = set_up_app(alice)
    stale.post("/accounts/2fa/reauthenticate/", {"code": code_of(secret)})
    assert invite(stale)["Location"] == "/teams/front-desk/"


def test_policies_ask_for_it_and_looking_does_not(stale: Client, team: Team) -> None:
    assert stale.get("/teams/front-desk/policies/").status_code == 200
    form = {"deleting_role": "manager", "mfa_required": "on"}
    assert stale.post("/teams/front-desk/policies/", form)["Location"].startswith(AGAIN)
    stale.post(AGAIN, {"password": PASSWORD})
    assert stale.post("/teams/front-desk/policies/", form)["Location"] == "/teams/front-desk/policies/"
    team.refresh_from_db()
    assert team.mfa_required and team.deleting_role == "manager"


def test_a_mailbox_of_the_team_asks_for_it(stale: Client, team: Team) -> None:
    here = "/teams/front-desk/notifications/"
    assert stale.get(here).status_code == 200
    form = {"address": "out@evil.example", "received": "on"}
    assert stale.post(here, form)["Location"].startswith(AGAIN)
    assert not team.wishes.exists()
    stale.post(AGAIN, {"password": PASSWORD})
    assert stale.post(here, form)["Location"] == here
    assert team.wishes.get().address == "out@evil.example"


MOVES = {
    "/teams/": {"name": "Pharmacy"},
    "/teams/front-desk/notifications/": {"address": "desk@clinic.example", "received": "on"},
    "/applications/numbers/{number}/team/": {"to": "{records}", "seen": "{team}"},
    "/applications/{application}/team/": {"to": "{records}", "seen": "{seen}"},
}


@pytest.mark.parametrize("address", MOVES)
def test_so_does_what_changes_who_sees_or_hears_of_faxes(
    root: User, team: Team, other_team: Team, clock: Any, logged_in: Callable[[User], Client], address: str
) -> None:
    application = builders.application(team)
    number = builders.number(team, connection_id=application.telnyx_id)
    ids: dict[str, Any] = {
        "number": number.pk,
        "application": application.pk,
        "records": other_team.pk,
        "team": team.pk,
    }
    ids["seen"] = seen_of(application)
    form = {name: text.format(**ids) for name, text in MOVES[address].items()}
    browser, path = logged_in(root), address.format(**ids)
    clock.shift(timedelta(minutes=11))
    before = deeds().count()
    assert browser.get(path, form).status_code == 200
    assert browser.post(path, form)["Location"] == f"{AGAIN}?next={quote(path, safe='')}"
    assert deeds().count() == before
    assert browser.post(AGAIN, {"password": PASSWORD, "next": path}).status_code in (200, 302)
    assert deeds().count() > before


def test_and_to_attach_a_number(alice: User, line: Any, clock: Any, logged_in: Callable[[User], Client]) -> None:
    browser, path = logged_in(alice), f"/applications/numbers/{line.pk}/attach/"
    clock.shift(timedelta(minutes=11))
    assert browser.post(path, {"to": "", "seen": line.connection_id})["Location"].startswith(AGAIN)
    line.refresh_from_db()
    assert line.connection_id


@pytest.mark.parametrize("address", [*ELSEWHERE, "/faxes/inbox/"])
def test_the_proof_leads_nowhere_else_and_then_nothing_goes_on(stale: Client, address: str) -> None:
    invite(stale)
    answer = stale.post(AGAIN, {"password": PASSWORD, "next": address})
    assert answer["Location"] == (address if address == "/faxes/inbox/" else "/")
    assert not Invitation.objects.exists()


def test_a_part_of_a_page_has_the_whole_page_go(stale: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/teams/front-desk/?x=1"}
    answer = invite(stale, **headers)
    assert answer["HX-Redirect"] == f"{AGAIN}?next={quote('/teams/front-desk/', safe='')}"


def test_who_has_nothing_but_single_sign_on_goes_there_and_back_to_the_form(
    alice: User, team: Team, provider: Provider, clock: Any
) -> None:
    provider.claims["email"] = "alice@example.com"
    alice.set_unusable_password()
    alice.save()
    browser = Client()
    sign_on(browser)
    clock.shift(timedelta(minutes=11))
    answer = invite(browser, Referer="http://testserver/teams/front-desk/")
    assert answer["Location"] == f"/accounts/oidc/login/?next={quote('/teams/front-desk/', safe='')}"
    sign_on(browser)
    assert invite(browser)["Location"] == "/teams/front-desk/"


@pytest.mark.parametrize(
    ("auth_time", "counts"),
    [(0, True), (-59, True), (-61, False), (-5 * 3600, False), (None, False), ("now", False)],
)
def test_a_provider_that_did_not_ask_anew_proves_nothing(
    alice: User, team: Team, provider: Provider, clock: Any, auth_time: Any, counts: bool
) -> None:
    provider.claims["email"] = "alice@example.com"
    alice.set_unusable_password()
    alice.save()
    browser = Client()
    sign_on(browser)
    clock.shift(timedelta(minutes=11))
    # As from a browser whose owner took “max_age” and “prompt” out of the address.
    said = time.time() + auth_time if isinstance(auth_time, int) else auth_time
    provider.lie = lambda claims: {name: word for name, word in (claims | {"auth_time": said}).items() if word}
    assert sign_on(browser).status_code == (302 if counts else 401)
    answer = invite(browser, Referer="http://testserver/teams/front-desk/")["Location"]
    assert answer.startswith("/teams/front-desk/" if counts else "/accounts/oidc/login/")
    assert Invitation.objects.exists() == counts


OF_BOB = "/admin/accounts/user/{bob}/"
NEW_PASSWORD = {"password1": "four random words walk", "password2": "four random words walk", "usable_password": "true"}
SEATS = {f"memberships-{word}_FORMS": "0" for word in ("TOTAL", "INITIAL")}


@pytest.mark.parametrize(
    ("address", "form"),
    [
        (f"{OF_BOB}password/", NEW_PASSWORD),
        (f"{OF_BOB}change/", {"username": "bob", "email": "bob@example.com", "is_active": "on", "is_superuser": "on"}),
        ("/admin/accounts/user/add/", {"username": "eve", "email": "eve@example.com", **NEW_PASSWORD}),
        ("/admin/accounts/user/", {"action": "remove_second_factors", "_selected_action": "{bob}", "index": "0"}),
        ("/admin/accounts/team/{team}/change/", {"name": "Front desk", "deleting_role": "manager", **SEATS}),
    ],
)
def test_the_admin_asks_before_it_changes_anything(
    root: User,
    bob: User,
    team: Team,
    clock: Any,
    logged_in: Callable[[User], Client],
    address: str,
    form: dict[str, str],
) -> None:
    set_up_app(bob)
    browser = logged_in(root)
    clock.shift(timedelta(minutes=11))
    before, path = deeds().count(), address.format(bob=bob.pk, team=team.pk)
    form = {name: text.format(bob=bob.pk) for name, text in form.items()}
    assert browser.get(path).status_code == 200
    answer = browser.post(path, form, headers={"Referer": f"http://testserver{path}"})
    assert answer["Location"] == f"{AGAIN}?next={quote(path, safe='')}"
    # A password that was typed is not kept until then: it leads back to the form.
    assert "random words" not in str(browser.session.items())
    assert browser.post(AGAIN, {"password": PASSWORD, "next": path})["Location"] == path
    assert deeds().count() == before
    assert browser.post(path, form).status_code == 302
    assert deeds().count() > before


def test_what_waits_for_a_proof_does_not_go_on_past_a_second_factor(stale: Client, team: Team) -> None:
    asked = invite(stale)["Location"]
    Team.objects.update(mfa_required=True)
    stale.post(asked, {"password": PASSWORD, "next": "/teams/front-desk/invite/"})
    assert not Invitation.objects.exists()


def test_leaving_the_admin_takes_no_proof(root: User, clock: Any, logged_in: Callable[[User], Client]) -> None:
    browser = logged_in(root)
    clock.shift(timedelta(minutes=11))
    browser.post("/admin/logout/")
    assert who(browser) is None


def test_the_key_of_somebody_else_is_nobodys(alice: User, bob: User) -> None:
    from allauth.mfa.models import Authenticator

    key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Bob's key", "credential": {}})
    browser = Client()
    browser.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    for act in ("edit", "remove"):
        address = f"/accounts/2fa/webauthn/keys/{key.pk}/{act}/"
        assert browser.get(address).status_code == 404
        assert browser.post(address, {"name": "mine"}).status_code == 404
    key.refresh_from_db()
    assert key.data["name"] == "Bob's key"
