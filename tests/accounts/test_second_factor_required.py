"""Where a team, or the house, asks for a second factor: nothing is seen before it is there, from the next page on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django import Settings

from accounts.models import Team, User
from accounts.services import set_policy
from tests import builders
from tests.accounts.second_factors import set_up_app

SET_UP = "/accounts/2fa/"


@pytest.fixture
def strict(team: Team) -> Team:
    set_policy(by=None, team=team, mfa_required=True)
    return team


def test_a_member_without_one_sees_nothing_but_how_to_set_one_up(
    strict: Team, bob: User, logged_in: Callable[[User], Client]
) -> None:
    builders.inbound(strict)
    browser = logged_in(bob)
    for path in ("/", "/faxes/inbox/", "/faxes/new/", "/accounts/me/", "/accounts/sessions/", "/accounts/email/"):
        assert browser.get(path).headers.get("Location") == SET_UP, path
    page = browser.get(SET_UP).content.decode()
    assert "asks for a second factor" in page
    assert "Sign out" in page and 'class="rail"' not in page and "unread" not in page


def test_not_even_a_page_that_is_not_there_tells_anything(
    strict: Team, bob: User, logged_in: Callable[[User], Client]
) -> None:
    page = logged_in(bob).get("/nowhere/")
    assert page.status_code == 404
    assert 'class="rail"' not in page.content.decode() and "unread" not in page.content.decode()


def test_an_open_page_goes_there_with_its_next_question(
    strict: Team, bob: User, logged_in: Callable[[User], Client]
) -> None:
    answer = logged_in(bob).get("/faxes/unread/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == SET_UP


def test_nothing_is_changed_either(strict: Team, bob: User, logged_in: Callable[[User], Client]) -> None:
    fax = builders.inbound(strict)
    assert logged_in(bob).post(f"/faxes/{fax.pk}/trash/")["Location"] == SET_UP
    fax.refresh_from_db()
    assert fax.trashed_at is None


def test_with_one_everything_is_open(strict: Team, bob: User, logged_in: Callable[[User], Client]) -> None:
    set_up_app(bob)
    assert logged_in(bob).get("/faxes/inbox/").status_code == 200


def test_it_begins_and_ends_with_the_next_request(team: Team, bob: User, logged_in: Callable[[User], Client]) -> None:
    browser = logged_in(bob)
    assert browser.get("/faxes/inbox/").status_code == 200
    set_policy(by=None, team=team, mfa_required=True)
    assert browser.get("/faxes/inbox/").status_code == 302
    set_up_app(bob)
    assert browser.get("/faxes/inbox/").status_code == 200
    Authenticator.objects.filter(user=bob).delete()
    assert browser.get("/faxes/inbox/").status_code == 302
    set_policy(by=None, team=team, mfa_required=False)
    assert browser.get("/faxes/inbox/").status_code == 200


def test_recovery_codes_alone_are_none(strict: Team, bob: User, logged_in: Callable[[User], Client]) -> None:
    set_up_app(bob)
    Authenticator.objects.filter(user=bob, type="totp").delete()
    assert logged_in(bob).get("/faxes/inbox/")["Location"] == SET_UP


def test_other_teams_are_not_asked(strict: Team, charlie: User, logged_in: Callable[[User], Client]) -> None:
    assert logged_in(charlie).get("/faxes/inbox/").status_code == 200


def test_administrators_see_the_team_and_are_asked(
    strict: Team, root: User, logged_in: Callable[[User], Client]
) -> None:
    browser = logged_in(root)
    assert browser.get("/faxes/inbox/")["Location"] == SET_UP
    assert browser.get("/admin/")["Location"] == SET_UP


def test_the_house_may_ask_everybody(
    settings: Settings, charlie: User, root: User, logged_in: Callable[[User], Client]
) -> None:
    settings.MFA_REQUIRED = True
    for user in (charlie, root):
        assert logged_in(user).get("/faxes/inbox/")["Location"] == SET_UP


def test_machines_and_probes_are_not_asked(settings: Settings, bob: User, logged_in: Callable[[User], Client]) -> None:
    settings.MFA_REQUIRED = True
    assert logged_in(bob).get("/healthz").status_code == 200
    assert Client().post("/webhooks/telnyx", b"{}", content_type="application/json").status_code == 403


def test_managers_set_it_in_the_admin_and_it_is_on_record(
    root: User, team: Team, logged_in: Callable[[User], Client]
) -> None:
    form: dict[str, Any] = {"name": team.name, "mfa_required": "on", "deleting_role": team.deleting_role}
    form |= {"keep_media_days": "", "keep_records_days": ""}
    form |= {f"memberships-{word}_FORMS": "0" for word in ("TOTAL", "INITIAL")}
    response = logged_in(root).post(f"/admin/accounts/team/{team.pk}/change/", form)
    assert response.status_code == 302, response.context["errors"]
    team.refresh_from_db()
    assert team.mfa_required
