"""Demo data: people who can log in, teams with numbers, no change on repetition, and never outside development."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import LogEntry, Membership, Role, Team, User
from applications.models import FaxApplication, PhoneNumber
from faxportal.management.commands import serve_demo
from faxportal.management.commands.load_demo import PASSWORD
from telnyx_sandbox.server import Server


@pytest.fixture
def development(settings: Settings, sandbox: Server) -> None:
    settings.DEBUG = True


@pytest.mark.django_db
@pytest.mark.usefixtures("development")
def test_each_team_has_its_application_and_numbers() -> None:
    call_command("load_demo")
    for application in FaxApplication.objects.all():
        assert application.team is not None
        assert application.team.name == application.application_name
    ann = User.objects.get(username="ann")
    assert PhoneNumber.objects.visible_to(ann).count() == 2
    roles = {name: Membership.objects.get(user__username=name).role for name in ("ann", "ben", "vera")}
    assert roles == {"ann": Role.MANAGER, "ben": Role.MEMBER, "vera": Role.VIEWER}


@pytest.mark.django_db
@pytest.mark.usefixtures("development")
@pytest.mark.parametrize("name", ["ann", "ben", "vera", "admin"])
def test_everybody_can_log_in_with_the_printed_password(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_demo")
    serve_demo.Command().on_bind(8000)
    assert name in (printed := capsys.readouterr().out)
    assert f"password of each: {PASSWORD}" in printed
    assert Client().post("/accounts/login/", {"login": name, "password": PASSWORD}).status_code == 302


@pytest.mark.django_db
@pytest.mark.usefixtures("development")
def test_repeating_it_changes_nothing(sandbox: Server) -> None:
    call_command("load_demo")
    FaxApplication.objects.update(team=Team.objects.get(name="Records"))
    User.objects.filter(username="ben").update(password="changed")
    before, asked = LogEntry.objects.count(), len(sandbox.sandbox.requests)

    call_command("load_demo")
    assert LogEntry.objects.count() == before
    assert len(sandbox.sandbox.requests) == asked
    assert FaxApplication.objects.exclude(team__name="Records").count() == 0
    assert User.objects.get(username="ben").password == "changed"


@pytest.mark.django_db
@pytest.mark.parametrize(("debug", "base"), [(False, "http://127.0.0.1:1/v2"), (True, "https://api.telnyx.com/v2")])
def test_it_refuses_outside_development(settings: Settings, debug: bool, base: str) -> None:
    settings.DEBUG, settings.TELNYX_API_BASE = debug, base
    with pytest.raises(CommandError, match="Demo data is for development"):
        call_command("load_demo")
    assert not User.objects.exists()
