"""A new address counts once its code was typed, and the old one is told."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.test import Client

from accounts.models import LogEntry, User
from notifications.models import Mail
from tests.conftest import PASSWORD

EMAIL, CODE = "/accounts/email/", "/accounts/confirm-email/"


@pytest.fixture
def bobs(bob: User) -> Client:
    browser = Client()
    browser.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    return browser


def mail_to(address: str) -> str:
    return Mail.objects.filter(to=address).latest("created_at").text


def code_to(address: str) -> str:
    found = re.search(r"^[A-Z]{4}-[A-Z]{4}$", mail_to(address), flags=re.MULTILINE)
    assert found, mail_to(address)
    return found[0]


def test_it_counts_once_the_code_was_typed(bobs: Client, bob: User) -> None:
    assert bobs.post(EMAIL, {"email": "Robert@new.example", "action_add": "1"})["Location"] == CODE
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"
    assert "robert@new.example" in bobs.get(CODE).content.decode()
    bobs.post(CODE, {"code": code_to("robert@new.example")})
    bob.refresh_from_db()
    assert bob.email == "robert@new.example"
    assert [row.email for row in EmailAddress.objects.filter(user=bob, verified=True)] == ["robert@new.example"]
    assert "is now robert@new.example" in mail_to("bob@example.com")
    entry = LogEntry.objects.get(action="user.change_email")
    assert entry.data == {"before": "bob@example.com", "after": "robert@new.example"}


def test_a_wrong_code_changes_nothing_and_the_third_ends_it(bobs: Client, bob: User) -> None:
    bobs.post(EMAIL, {"email": "robert@new.example", "action_add": "1"})
    code = code_to("robert@new.example")
    for _ in range(3):
        bobs.post(CODE, {"code": "WRNG-WRNG"})
    bobs.post(CODE, {"code": code})
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"


def test_a_code_is_of_no_use_to_anybody_else(bobs: Client, bob: User, vera: User) -> None:
    bobs.post(EMAIL, {"email": "robert@new.example", "action_add": "1"})
    other = Client()
    other.post("/accounts/login/", {"login": "vera", "password": PASSWORD})
    other.post(CODE, {"code": code_to("robert@new.example")})
    assert set(User.objects.values_list("email", flat=True)) == {"bob@example.com", "vera@example.com"}


@pytest.mark.parametrize("address", ["vera@example.com", "VERA@Example.com"])
def test_the_address_of_a_colleague_is_not_taken(bobs: Client, vera: User, address: str) -> None:
    page = bobs.post(EMAIL, {"email": address, "action_add": "1"}).content.decode()
    assert "Another person has this address" in page
    assert not Mail.objects.exists()


@pytest.mark.parametrize("address", ["", "nothing", "a@b", "x@y.example\nBcc: z@y.example", "a" * 300 + "@b.example"])
def test_what_is_no_address_is_refused(bobs: Client, address: str) -> None:
    assert bobs.post(EMAIL, {"email": address, "action_add": "1"}).status_code == 200
    assert not Mail.objects.exists()


def test_a_while_after_the_log_in_the_password_is_asked_for_first(bob: User, client: Client) -> None:
    client.force_login(bob)
    answer = client.post(EMAIL, {"email": "robert@new.example", "action_add": "1"})
    assert answer["Location"] == "/accounts/reauthenticate/?next=/accounts/email/".replace(
        "/accounts/email/", "%2Faccounts%2Femail%2F"
    )
    assert not Mail.objects.exists()


def test_what_was_asked_for_goes_on_after_the_password(bob: User, client: Client) -> None:
    client.force_login(bob)
    asked = client.post(EMAIL, {"email": "robert@new.example", "action_add": "1"})["Location"]
    assert client.post(asked, {"password": PASSWORD, "next": EMAIL})["Location"] == CODE
    assert code_to("robert@new.example")


def test_to_look_at_the_page_takes_nothing_away(bobs: Client, bob: User) -> None:
    EmailAddress.objects.filter(user=bob).delete()
    bobs.get(EMAIL)
    assert "bob@example.com" in bobs.get(EMAIL).content.decode()
    assert bobs.get("/accounts/2fa/totp/activate/").status_code == 200


def test_a_forgotten_password_is_mailed_to_its_address_alone(client: Client, bob: User) -> None:
    for address in ("bob@example.com", "nobody@example.com"):
        assert client.post("/accounts/password/reset/", {"email": address})["Location"].endswith("/done/")
    mail = Mail.objects.get()
    assert mail.to == "bob@example.com" and "“bob”" in mail.text
    link = re.search(r"http://localhost:9(/\S+)", mail.text)
    assert link
    page = client.get(link[1], follow=True)
    form = {"password1": "tulip-anchor-42-moss", "password2": "tulip-anchor-42-moss"}
    client.post(page.redirect_chain[-1][0], form)
    assert Client().login(username="bob", password="tulip-anchor-42-moss")
    assert LogEntry.objects.filter(action="user.reset_password").count() == 1
    assert "was reset" in mail_to("bob@example.com")
    assert "does not work any more" in client.get(link[1], follow=True).content.decode()


@pytest.mark.parametrize(
    "password",
    ["short", "Password2024!", "Summer2025!", "faxportal-2026", "bob@example.com", "1234567890", "qwertyuiop12"],
)
def test_a_password_that_is_easily_guessed_is_refused(bobs: Client, bob: User, password: str) -> None:
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert bobs.post("/accounts/password/change/", form).status_code == 200
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)


def test_addresses_of_earlier_days_become_small(bob: User, vera: User, alice: User) -> None:
    for user, email in ((bob, "Bob@Example.com"), (vera, "ALICE@example.com")):
        User.objects.filter(pk=user.pk).update(email=email)
    import_module("accounts.migrations.0011_small_letters").forwards(apps, None)
    emails = dict(User.objects.values_list("username", "email"))
    # Alice's address is hers; whose the other one is, somebody has to say.
    assert emails == {"bob": "bob@example.com", "alice": "alice@example.com", "vera": "ALICE@example.com"}
