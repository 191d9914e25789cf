"""The second factor at the log-in: asked of who has one, counted once, slowed down, sealed in the database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django import Settings

from accounts.models import LogEntry, User
from tests.accounts.second_factors import code_of, recovery_codes, set_up_app
from tests.conftest import PASSWORD

LOGIN, STEP = "/accounts/login/", "/accounts/2fa/authenticate/"


def with_password(client: Client, name: str, **more: str) -> str:
    return client.post(LOGIN, {"login": name, "password": PASSWORD, **more}).headers.get("Location", "")


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_without_one_the_password_is_enough(client: Client, bob: User) -> None:
    assert with_password(client, "bob") == "/"
    assert is_in(client)


def test_with_one_the_password_alone_lets_nobody_in(client: Client, bob: User) -> None:
    set_up_app(bob)
    assert with_password(client, "bob") == STEP
    assert not is_in(client)
    assert client.get("/faxes/inbox/").status_code == 302


@pytest.mark.parametrize("steps", [0, -1])
def test_the_code_of_the_app_does_also_half_a_minute_late(client: Client, bob: User, steps: int) -> None:
    secret = set_up_app(bob)
    with_password(client, "bob", next="/faxes/sent/")
    assert client.post(STEP, {"code": code_of(secret, steps=steps)})["Location"] == "/faxes/sent/"
    assert is_in(client)


@pytest.mark.parametrize("written", ["{}", "{} ", "{0:.3}-{0}"])
def test_a_code_counts_once_however_it_is_written(bob: User, written: str) -> None:
    secret = set_up_app(bob)
    code = code_of(secret)
    for browser, lets_in in ((Client(), True), (Client(), False)):
        with_password(browser, "bob")
        again = written.format(code) if "-" not in written else f"{code[:3]}-{code[3:]}"
        browser.post(STEP, {"code": code if lets_in else again})
        assert is_in(browser) is lets_in


@pytest.mark.parametrize("code", ["", "000000", "12345", "x" * 500, "\x00", "١٢٣٤٥٦", "🙂"])
def test_a_wrong_code_does_not(client: Client, bob: User, code: str) -> None:
    set_up_app(bob)
    with_password(client, "bob")
    assert client.post(STEP, {"code": code}).status_code == 200
    assert not is_in(client)


def test_a_wrong_code_is_on_record(client: Client, bob: User) -> None:
    set_up_app(bob)
    with_password(client, "bob")
    client.post(STEP, {"code": "000000"})
    entry = LogEntry.objects.get(action="second_factor.fail")
    assert (entry.object_name, entry.actor_id) == ("Bob", "")


def test_a_recovery_code_does_once(bob: User) -> None:
    set_up_app(bob)
    code = recovery_codes(bob)[0]
    for lets_in in (True, False):
        browser = Client()
        with_password(browser, "bob")
        browser.post(STEP, {"code": code})
        assert is_in(browser) is lets_in


def test_codes_are_not_guessed(client: Client, bob: User) -> None:
    secret = set_up_app(bob)
    with_password(client, "bob")
    for _ in range(5):
        client.post(STEP, {"code": "000000"})
    page = client.post(STEP, {"code": code_of(secret)})
    assert "Too many" in page.content.decode()
    assert not is_in(client)


def test_nobody_comes_to_the_code_without_the_password(client: Client, bob: User) -> None:
    secret = set_up_app(bob)
    assert client.post(STEP, {"code": code_of(secret)})["Location"] == LOGIN
    assert not is_in(client)


def test_the_administrators_door_asks_for_it_too(client: Client, root: User) -> None:
    secret = set_up_app(root)
    client.get("/admin/")
    with_password(client, "root", next="/admin/")
    assert client.get("/admin/").status_code == 302
    assert client.post(STEP, {"code": code_of(secret)})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_what_the_database_holds_makes_no_codes(bob: User) -> None:
    secret = set_up_app(bob)
    for row in Authenticator.objects.filter(user=bob):
        assert secret not in str(row.data)
        assert not any(code in str(row.data) for code in recovery_codes(bob))


def test_a_new_secret_key_leaves_them_to_those_who_keep_the_old_one(
    client: Client, bob: User, settings: Settings
) -> None:
    secret = set_up_app(bob)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, that is as long as a key should be"
    with_password(client, "bob")
    client.post(STEP, {"code": code_of(secret)})
    assert is_in(client)


@pytest.mark.parametrize("code", ["", "000000", "00000000"])
def test_without_the_old_key_no_code_is_right(bob: User, settings: Settings, code: str) -> None:
    secret = set_up_app(bob)
    settings.SECRET_KEY = "another key, that is as long as a key should be"
    browser = Client()
    with_password(browser, "bob")
    browser.post(STEP, {"code": code or code_of(secret)})
    assert not is_in(browser)


def test_an_administrator_takes_lost_ones_away(office: Client, bob: User) -> None:
    set_up_app(bob)
    ticked = {"action": "remove_second_factors", "_selected_action": [str(bob.pk)], "index": "0"}
    office.post("/admin/accounts/user/", ticked)
    browser = Client()
    with_password(browser, "bob")
    assert is_in(browser)
    entry = LogEntry.objects.get(action="second_factor.remove")
    assert (entry.actor_name, entry.object_name) == ("root", "Bob")
    assert entry.data == {"kinds": ["recovery_codes", "totp"]}


@pytest.fixture
def office(root: User, logged_in: Callable[[User], Client]) -> Client:
    return logged_in(root)
