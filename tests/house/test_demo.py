"""Demo data: people who can log in, teams with numbers, no change on repetition, and never outside development."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Membership, Role, Team, User
from applications.models import FaxApplication, PhoneNumber
from faxes.missing import missing_media
from faxes.models import Fax
from faxes.reading import unread_count
from faxes.states import Media
from faxes.steps import archive
from faxportal.demo.office import ARRIVALS, NEW_APPLICATION, NEW_OFFICE
from faxportal.demo.story import RECIPIENTS, UNREAD
from faxportal.management.commands import serve_demo
from faxportal.management.commands.load_demo import PASSWORD
from sync.models import Gap
from telnyx_sandbox.server import Server


@pytest.fixture
def development(settings: Settings, sandbox: Server) -> None:
    settings.DEBUG = True


@pytest.mark.django_db
@pytest.mark.usefixtures("development")
def test_each_team_has_its_application_and_numbers() -> None:
    call_command("load_demo")
    for application in FaxApplication.objects.exclude(application_name=NEW_APPLICATION):
        assert application.team is not None
        assert application.team.name == application.application_name
    # But for the pages that Telnyx has lost, there is no gap that anybody should look after.
    assert Gap.objects.filter(settled_at=None).exclude(fax__media__in=[Media.WAITING, Media.MISSING]).count() == 0
    ann = User.objects.get(username="ann")
    assert PhoneNumber.objects.visible_to(ann).count() == 2
    roles = {name: Membership.objects.get(user__username=name).role for name in ("ann", "ben", "vera")}
    assert roles == {"ann": Role.MANAGER, "ben": Role.MEMBER, "vera": Role.VIEWER}


@pytest.mark.django_db
@pytest.mark.usefixtures("development")
@pytest.mark.parametrize("name", ["ann", "ben", "vera", "admin"])
def test_everybody_can_log_in_with_the_printed_password(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_demo", "--without-faxes")
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
@pytest.mark.usefixtures("development")
def test_an_inbox_at_work_is_there_at_once() -> None:
    call_command("load_demo")
    received = Fax.objects.received()
    assert received.count() == len(ARRIVALS)
    # All others have their pages: a letter of twelve, and one that came as a TIFF.
    without = received.exclude(media=Media.ARCHIVED)
    assert sorted(fax.status for fax in without) == ["failed", "received"]
    assert received.filter(document__pages=12, tags__name="transfer", notes__by__username="ben").count() == 1
    assert received.filter(original__content_type="image/tiff").count() == 1
    assert received.get(team=None).to_number == NEW_OFFICE
    assert received.filter(correspondent__name="Halsted Street Pharmacy").count() == 3
    assert received.filter(assigned_to__username="ben", handled_at=None).count() == 2
    assert received.filter(handled_at__isnull=False).count() == 6
    assert Fax.objects.sent().filter(created_by__username="ann").count() == len(RECIPIENTS)
    assert {name: unread_count(User.objects.get(username=name)) for name in UNREAD} == UNREAD


@pytest.mark.django_db
@pytest.mark.usefixtures("development")
def test_pages_that_telnyx_lost_are_given_up_within_a_minute() -> None:
    call_command("load_demo")
    lost = Fax.objects.get(media=Media.WAITING)
    assert lost.problem["code"] == "link_dead"
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        archive.drain()
    assert list(missing_media(Fax.objects.all())) == [lost]


@pytest.mark.django_db
@pytest.mark.usefixtures("development")
def test_an_office_can_be_had_without_faxes(sandbox: Server) -> None:
    call_command("load_demo", "--without-faxes")
    assert PhoneNumber.objects.count() == 4
    assert (Fax.objects.count(), sandbox.sandbox.faxes()) == (0, [])


@pytest.mark.django_db
def test_a_sandbox_that_fails_is_told_in_a_sentence(development: None, sandbox: Server) -> None:
    sandbox.sandbox.faults.add(method="POST", path="/v2/fax_applications", action="status")
    with pytest.raises(CommandError, match="let no faxes arrive: 500"):
        call_command("load_demo")


@pytest.mark.django_db
@pytest.mark.parametrize(("debug", "base"), [(False, "http://127.0.0.1:1/v2"), (True, "https://api.telnyx.com/v2")])
def test_it_refuses_outside_development(settings: Settings, debug: bool, base: str) -> None:
    settings.DEBUG, settings.TELNYX_API_BASE = debug, base
    with pytest.raises(CommandError, match="Demo data is for development"):
        call_command("load_demo")
    assert not User.objects.exists()
