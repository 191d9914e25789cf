"""Who came, who went and who was not let in is on record: never with a password."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, User
from accounts.signals import MOST_FAILED
from notifications.models import Mail
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
SECRET = "hunter2 but longer"


def entries() -> list[LogEntry]:
    return list(LogEntry.objects.order_by("sequence"))


def test_coming_and_going(client: Client, alice: User) -> None:
    client.post(LOGIN, {"login": "alice", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT="Firefox")
    client.post("/accounts/logout/")
    came, went = entries()
    assert (came.action, went.action) == ("session.login", "session.logout")
    for entry in (came, went):
        assert (entry.chain, entry.actor_id, entry.object_id) == ("house", str(alice.pk), str(alice.pk))
    assert (came.address, came.agent) == ("192.0.2.7", "Firefox")


def test_going_without_having_come_is_nothing(client: Client) -> None:
    client.post("/accounts/logout/")
    assert entries() == []


@pytest.mark.parametrize("login", ["alice", "ALICE", "alice@example.com"])
def test_a_wrong_password_is_told_of_its_account(client: Client, alice: User, login: str) -> None:
    client.post(LOGIN, {"login": login, "password": SECRET}, REMOTE_ADDR="192.0.2.7")
    (entry,) = entries()
    assert (entry.action, entry.actor_id, entry.object_id) == ("session.login_failed", "", str(alice.pk))
    assert (entry.address, entry.data) == ("192.0.2.7", {})


def test_what_was_typed_in_place_of_a_name_is_not_kept(client: Client, alice: User) -> None:
    client.post(LOGIN, {"login": SECRET, "password": SECRET})
    (entry,) = entries()
    assert (entry.object_id, entry.data) == ("", {"typed": "hu… (18 characters)"})
    assert SECRET not in str(vars(entry))


def test_a_closed_account_is_not_let_in(client: Client, alice: User) -> None:
    User.objects.update(is_active=False)
    client.post(LOGIN, {"login": "alice", "password": PASSWORD})
    assert [entry.action for entry in entries()] == ["session.login_failed"]


@pytest.mark.parametrize("name", ["x" * 100_000, "=1+1\r\n", ""])
def test_whatever_is_typed(client: Client, db: None, name: str) -> None:
    authenticate(username=name, password="x")
    assert [entry.action for entry in entries()] == ["session.login_failed"]


def test_failing_fills_no_disk(db: None) -> None:
    for _ in range(MOST_FAILED + 20):
        authenticate(username="nobody", password="x")
    actions = [entry.action for entry in entries()]
    assert actions == ["session.login_failed"] * MOST_FAILED + ["session.more_failed"]


def test_a_minute_later_failing_is_on_record_again(db: None) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(MOST_FAILED + 2):
            authenticate(username="nobody", password="x")
        clock.shift(timedelta(seconds=61))
        authenticate(username="nobody", password="x")
    assert entries()[-1].action == "session.login_failed"


def test_a_new_password_of_ones_own(client: Client, alice: User) -> None:
    client.force_login(alice)
    form = {"oldpassword": PASSWORD, "password1": SECRET, "password2": SECRET}
    client.post("/accounts/password/change/", form)
    entry = entries()[-1]
    assert (entry.action, entry.actor_id, entry.data) == ("user.change_password", str(alice.pk), {})


def test_a_forgotten_password(client: Client, alice: User) -> None:
    client.post("/accounts/password/reset/", {"email": "alice@example.com"})
    link = next(word for word in Mail.objects.get().text.split() if "/accounts/password/reset/key/" in word)
    page = client.get(link, follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": SECRET, "password2": SECRET})
    (entry,) = entries()
    assert (entry.action, entry.actor_id, entry.object_id) == ("user.reset_password", "", str(alice.pk))


def test_forgotten_passwords_are_mailed_five_times_an_hour(client: Client, alice: User, bob: User) -> None:
    for address in ["alice@example.com"] * 4 + ["ALICE@example.com"] * 4 + ["bob@example.com"]:
        client.post("/accounts/password/reset/", {"email": address})
    assert list(Mail.objects.order_by("created_at").values_list("to", flat=True)) == [
        *["alice@example.com"] * 5,
        "bob@example.com",
    ]


def test_and_asked_for_twenty_times_a_minute_from_one_address(client: Client, db: None) -> None:
    asked = [client.post("/accounts/password/reset/", {"email": f"{n}@example.com"}).status_code for n in range(21)]
    assert asked == [302] * 20 + [429]
    other = client.post("/accounts/password/reset/", {"email": "a@example.com"}, REMOTE_ADDR="192.0.2.1")
    assert other.status_code == 302


def test_mail_leads_to_where_we_are_and_not_to_where_a_request_says(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://fax.example.com"
    settings.ALLOWED_HOSTS = ["*"]
    client.post("/accounts/password/reset/", {"email": "alice@example.com"}, headers={"Host": "evil.example"})
    text = Mail.objects.get().text
    assert "https://fax.example.com/accounts/password/reset/key/" in text
    assert text.endswith("https://fax.example.com/") and "evil" not in text


def test_an_address_that_comes_in_the_place_of_another(client: Client, alice: User) -> None:
    client.post(LOGIN, {"login": "alice", "password": PASSWORD})
    client.post("/accounts/email/", {"email": "alice@new.example", "action_add": ""})
    code = Mail.objects.get(to="alice@new.example").text.split()[0]
    client.post("/accounts/confirm-email/", {"code": code})
    assert [(entry.action, entry.data) for entry in entries()[1:]] == [
        ("user.add_email", {"email": "alice@new.example"}),
        ("user.change_email", {"before": "alice@example.com", "after": "alice@new.example"}),
    ]
