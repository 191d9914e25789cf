"""Logging in: by name or address, never by signing up, and not for ever with wrong passwords."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import PASSWORD

LOGIN = "/accounts/login/"


@pytest.mark.parametrize("login", ["alice", "alice@example.com", "ALICE@example.com"])
def test_name_and_address_both_log_in(client: Client, alice: User, login: str) -> None:
    response = client.post(LOGIN, {"login": login, "password": PASSWORD})
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_a_wrong_password_does_not(client: Client, alice: User) -> None:
    client.post(LOGIN, {"login": "alice", "password": "wrong"})
    assert "_auth_user_id" not in client.session


def test_guessing_is_slowed_down(client: Client, alice: User) -> None:
    for _ in range(5):
        client.post(LOGIN, {"login": "alice", "password": "wrong"})
    client.post(LOGIN, {"login": "alice", "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up(client: Client, db: None) -> None:
    form = {"email": "eve@example.com", "username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", form)
    assert not User.objects.filter(username="eve").exists()


def test_the_admin_sends_people_to_our_log_in(client: Client, db: None) -> None:
    response = client.get("/admin/login/?next=/admin/")
    assert response.status_code == 302
    assert response["Location"].startswith(LOGIN)


def test_the_admin_is_for_administrators(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/admin/").status_code in (302, 403)
