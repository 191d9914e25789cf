"""Accounts that are made and opened at the terminal leave an entry, as anywhere else."""

from __future__ import annotations

import getpass

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client

from accounts.models import LogEntry, User
from tests.accounts.test_deeds import fail
from tests.conftest import PASSWORD

NEW = "four random words walk"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What somebody types where passwords are asked for; the terminal is not ours."""
    words: list[str] = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": words.pop(0))
    return words


def create(name: str) -> None:
    call_command("createsuperuser", "--no-input", "--username", name, "--email", "Root@Example.com", verbosity=0)


def test_an_administrator_is_made_on_record(db: None, monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW)
    create("root")
    root = User.objects.get()
    assert root.is_superuser and root.email == "root@example.com"
    entry = LogEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.object_id) == ("user.create", "", str(root.pk))
    assert entry.data["after"] == {"username": "root", "email": "root@example.com", "is_superuser": True}
    assert NEW not in str(entry.data)
    client.post("/accounts/login/", {"login": "Root@Example.com", "password": NEW})
    assert client.session["_auth_user_id"] == str(root.pk)


def test_or_not_at_all(db: None) -> None:
    create("root")
    fail()
    with pytest.raises(IntegrityError):
        create("other")
    assert User.objects.count() == 1


def test_a_name_that_is_taken_is_refused(root: User) -> None:
    with pytest.raises(CommandError, match="already taken"):
        create("root")


def test_a_new_password_is_on_record(root: User, typed: list[str]) -> None:
    browser = Client()
    browser.force_login(root)
    typed += ["short", "short", NEW, "another", NEW, NEW]
    call_command("changepassword", "root", verbosity=0)
    root.refresh_from_db()
    assert root.check_password(NEW) and typed == []
    entry = LogEntry.objects.latest("sequence")
    assert (entry.action, entry.actor_id, entry.object_id) == ("user.set_password", "", str(root.pk))
    assert browser.get("/").status_code == 302


def test_or_nothing_has_changed(root: User, typed: list[str]) -> None:
    Client().force_login(root)
    fail()
    typed += [NEW, NEW]
    with pytest.raises(IntegrityError):
        call_command("changepassword", "root", verbosity=0)
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


def test_nobody_is_asked_for_ever(root: User, typed: list[str]) -> None:
    typed += ["short"] * 6
    with pytest.raises(CommandError, match="Nothing has changed"):
        call_command("changepassword", "root", verbosity=0)
    with pytest.raises(CommandError, match="nobody called"):
        call_command("changepassword", "nobody", verbosity=0)
