"""Accounts are made, changed and closed by administrators, and each change is remembered."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import LogEntry, User
from notifications.models import Mail
from tests.admin.pages import form, shown
from tests.conftest import PASSWORD
from tests.log import deeds

ADD = "/admin/accounts/user/add/"
EVE = {"username": "eve", "first_name": "Eve", "last_name": "Ng", "email": "eve@example.com"}
NEW_PASSWORD = "another good battery"


def details(user: User, **changes: str) -> dict[str, str]:
    """The form of a user, filled in, with these changes."""
    kept = {"username": user.username, "first_name": user.first_name, "last_name": user.last_name}
    return {**kept, "email": user.email, "is_active": "on", **changes}


def test_a_new_person_can_log_in_and_is_no_administrator(office: Client, root: User, client: Client) -> None:
    office.post(ADD, EVE | {"password1": PASSWORD, "password2": PASSWORD, "is_superuser": "on", "is_staff": "on"})
    eve = User.objects.get(username="eve")
    assert (eve.is_superuser, eve.is_staff, eve.get_full_name()) == (False, False, "Eve Ng")
    client.post("/accounts/login/", {"login": "eve@example.com", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(eve.pk)
    logged = LogEntry.objects.get(action="user.create")
    assert (logged.actor_name, logged.object_name) == (str(root), "Eve Ng")


@pytest.mark.parametrize("changes", [{"password2": "different"}, {"password1": "short", "password2": "short"}])
def test_a_bad_password_makes_no_account(office: Client, changes: dict[str, str]) -> None:
    office.post(ADD, EVE | {"password1": PASSWORD, "password2": PASSWORD} | changes)
    assert not User.objects.filter(username="eve").exists()


def test_an_address_logs_one_person_in(office: Client, bob: User, alice: User) -> None:
    email = {"email": "BOB@example.com"}
    response = office.post(ADD, EVE | {"password1": PASSWORD, "password2": PASSWORD} | email)
    assert "Another person has this address" in response.text
    assert "Another person has this address" in office.post(form(alice), details(alice, **email)).text
    assert not User.objects.filter(username="eve").exists()
    assert office.post(form(bob), details(bob, **email)).status_code == 302


def test_what_was_changed_is_remembered(office: Client, bob: User) -> None:
    office.post(form(bob), details(bob, last_name="Marley"))
    logged = LogEntry.objects.get(action="user.change")
    assert (logged.object_id, logged.chain) == (str(bob.pk), "house")
    assert logged.data == {"before": {"last_name": ""}, "after": {"last_name": "Marley"}}


def test_saving_an_account_as_it_was_is_no_change(office: Client, bob: User) -> None:
    office.post(form(bob), details(bob))
    assert not deeds().exists()


def test_an_administrator_is_made_and_unmade(office: Client, bob: User) -> None:
    for switch, is_admin in (({"is_superuser": "on"}, True), ({}, False)):
        office.post(form(bob), details(bob, **switch))
        bob.refresh_from_db()
        assert (bob.is_superuser, bob.is_staff) == (is_admin, is_admin)


def test_a_closed_account_is_out_at_once(office: Client, bob: User) -> None:
    theirs = Client()
    theirs.force_login(bob)
    data = details(bob)
    del data["is_active"]
    office.post(form(bob), data)
    assert theirs.get("/faxes/sent/").status_code == 302
    assert bob in shown(office, User)


def test_a_new_password_ends_every_session_and_is_remembered(office: Client, bob: User) -> None:
    theirs = Client()
    theirs.force_login(bob)
    data = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
    assert office.post(f"/admin/accounts/user/{bob.pk}/password/", data).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password(NEW_PASSWORD)
    assert theirs.get("/faxes/sent/").status_code == 302
    logged = deeds().get()
    assert logged.action == "user.set_password"
    assert NEW_PASSWORD not in str(logged.data)


@pytest.mark.django_db(transaction=True)
def test_a_new_password_and_its_entry_are_one_change(office: Client, bob: User) -> None:
    data = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
    assert office.post(f"/admin/accounts/user/{bob.pk}/password/", data).status_code == 302
    assert LogEntry.objects.filter(action="user.set_password").exists()


def test_an_old_address_opens_nothing(office: Client, bob: User, client: Client) -> None:
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    office.post(form(bob), details(bob, email="bob@new.example"))
    client.post("/accounts/password/reset/", {"email": "bob@example.com"})
    assert not Mail.objects.exists()
    client.post("/accounts/password/reset/", {"email": "bob@new.example"})
    mail = Mail.objects.get()
    assert mail.to == "bob@new.example" and "password/reset/key" in mail.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_ones_own_password_is_changed_where_it_is_guarded(office: Client, root: User, method: str) -> None:
    form = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert getattr(office, method)("/admin/password_change/", form)["Location"] == "/accounts/password/change/"
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


def test_an_address_in_capitals_logs_in_and_gets_a_new_password(office: Client, bob: User) -> None:
    office.post(ADD, EVE | {"password1": PASSWORD, "password2": PASSWORD, "email": "Eve.Ng@Example.com"})
    office.post(form(bob), details(bob, email="Bob@New.example"))
    for name, address in (("eve", "Eve.Ng@Example.com"), ("bob", "bob@new.example"), ("bob", "BOB@NEW.example")):
        browser = Client()
        browser.post("/accounts/password/reset/", {"email": address})
        assert Mail.objects.filter(to=address.lower(), text__contains="/password/reset/key/").exists()
        browser.post("/accounts/login/", {"login": address, "password": PASSWORD})
        assert browser.session["_auth_user_id"] == str(User.objects.get(username=name).pk)
    assert User.objects.get(username="eve").email == "eve.ng@example.com"
