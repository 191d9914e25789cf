"""The page of one's account: what one says about oneself, and how pages look and speak."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest
from django.test import Client

from accounts.forms import zones
from accounts.models import LogEntry, Team, User
from tests import builders

ME = "/accounts/me/"
PREFERENCES = {"time_zone": "", "theme": "", "keys_on": "on"}


@pytest.fixture
def bobs(bob: User, logged_in: Callable[[User], Client]) -> Client:
    return logged_in(bob)


def test_the_rail_leads_there(bobs: Client) -> None:
    assert f'href="{ME}"' in bobs.get("/faxes/inbox/").content.decode()


def test_the_short_address_leads_there_too(bobs: Client) -> None:
    assert bobs.get("/accounts/", follow=True).redirect_chain[-1][0] == ME


def test_a_name_is_changed_and_on_record(bobs: Client, bob: User) -> None:
    assert bobs.post(f"{ME}profile/", {"first_name": "Robert", "last_name": "Ortiz"})["Location"] == ME
    bob.refresh_from_db()
    assert str(bob) == "Robert Ortiz"
    entry = LogEntry.objects.get(action="user.change_own")
    before, after = {"first_name": "Bob", "last_name": ""}, {"first_name": "Robert", "last_name": "Ortiz"}
    assert entry.data == {"before": before, "after": after}


def test_what_is_not_changed_is_not_on_record(bobs: Client) -> None:
    bobs.post(f"{ME}profile/", {"first_name": "Bob", "last_name": ""})
    assert not LogEntry.objects.filter(action="user.change_own").exists()


@pytest.mark.parametrize("name", ["x" * 151, "a\x00b"])
def test_a_name_that_is_none_is_refused_where_it_is(bobs: Client, bob: User, name: str) -> None:
    answer = bobs.post(f"{ME}profile/", {"first_name": name})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert '<span class="menu-name">Bob</span>' in answer.content.decode()
    bob.refresh_from_db()
    assert bob.first_name == "Bob"


def test_a_name_is_text_and_no_markup(bobs: Client) -> None:
    bobs.post(f"{ME}profile/", {"first_name": "<img src=x onerror=alert(1)>", "last_name": '"><script>'})
    page = bobs.get(ME).content.decode()
    assert "<img src=x" not in page and "<script>" not in page


def test_nobody_makes_themselves_more_than_they_are(bobs: Client, bob: User) -> None:
    more = {"is_superuser": "on", "is_staff": "on", "username": "root", "email": "root@example.com"}
    bobs.post(f"{ME}profile/", {"first_name": "Bob", **more})
    bobs.post(f"{ME}preferences/", {**PREFERENCES, **more})
    bob.refresh_from_db()
    assert (bob.is_superuser, bob.username, bob.email) == (False, "bob", "bob@example.com")


@pytest.mark.parametrize(("theme", "shown"), [("", 'data-bs-theme="light"'), ("dark", 'data-bs-theme="dark"')])
def test_colours_are_there_without_a_script(bobs: Client, theme: str, shown: str) -> None:
    bobs.post(f"{ME}preferences/", {**PREFERENCES, "theme": theme})
    page = bobs.get("/faxes/inbox/").content.decode()
    assert shown in page
    assert ("data-theme-chosen" in page) is bool(theme)


@pytest.mark.parametrize("wrong", [{"theme": "pink"}, {"time_zone": "Mars/Olympus"}, {"time_zone": "../etc/passwd"}])
def test_what_is_not_offered_is_refused(bobs: Client, bob: User, wrong: dict[str, str]) -> None:
    assert bobs.post(f"{ME}preferences/", {**PREFERENCES, **wrong}).status_code == 422
    bob.refresh_from_db()
    assert (bob.theme, bob.time_zone) == ("", "")


def test_times_are_said_in_the_zone_that_was_chosen(bobs: Client, team: Team) -> None:
    moment = datetime(2026, 7, 1, 3, 30, tzinfo=UTC)
    fax = builders.inbound(team, created_at=moment, heard_at=moment)
    assert "3:30 UTC" in bobs.get(f"/faxes/{fax.pk}/").content.decode().replace("03:30", "3:30")
    bobs.post(f"{ME}preferences/", {**PREFERENCES, "time_zone": "America/Chicago"})
    page = bobs.get(f"/faxes/{fax.pk}/").content.decode()
    assert "Jun 30, 22:30 CDT" in page
    assert 'data-zone="America/Chicago"' in page
    assert 'datetime="2026-06-30T22:30:00.000-05:00"' in page


def test_the_zone_of_one_is_not_that_of_the_next(bobs: Client, vera: User, team: Team, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(time_zone="Asia/Tokyo")
    fax = builders.inbound(team)
    assert "JST" in bobs.get(f"/faxes/{fax.pk}/").content.decode()
    other = Client()
    other.force_login(vera)
    assert "JST" not in other.get(f"/faxes/{fax.pk}/").content.decode()


def test_a_zone_that_is_not_known_any_more_breaks_no_page(bobs: Client, bob: User) -> None:
    for zone in ("Europe/Atlantis", "../../x", ""):
        User.objects.filter(pk=bob.pk).update(time_zone=zone)
        assert bobs.get(ME).status_code == 200
        assert bobs.get("/faxes/inbox/").status_code == 200


def test_every_zone_that_is_offered_exists() -> None:
    offered = {name for _, group in zones()[2:] for name, _ in group}
    assert offered < available_timezones()
    assert {"America/Argentina/Buenos_Aires", "Europe/Berlin"} < offered


@pytest.mark.parametrize(("said", "on"), [({"on": "1"}, True), ({"on": ""}, False), ({}, False)])
def test_the_sheet_of_keys_keeps_its_box_on_the_account(
    bobs: Client, bob: User, said: dict[str, str], on: bool
) -> None:
    assert bobs.post(f"{ME}keys/", said).status_code == 204
    bob.refresh_from_db()
    assert bob.keys_on is on
    assert ('data-keys="off"' in bobs.get("/faxes/inbox/").content.decode()) is not on


@pytest.mark.parametrize("path", ["", "profile/", "preferences/", "keys/", "here/"])
def test_strangers_are_led_to_the_log_in(client: Client, db: None, path: str) -> None:
    for answer in (client.get(f"{ME}{path}"), client.post(f"{ME}{path}")):
        assert answer.status_code == 405 or answer["Location"].startswith("/accounts/login/")
