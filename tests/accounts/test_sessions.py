"""How a session begins, where it is seen, and how it ends: by idleness, after a day, from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings
from time_machine import travel

from accounts.models import LogEntry, User
from tests.conftest import PASSWORD

AHEAD = "Sec-Fetch-Mode"
# Where a `next` must not lead.
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "///evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example/",
    "https://localhost:8000/faxes/inbox/",
    "%2F%2Fevil.example",
    "faxes/inbox/",
]


@pytest.fixture
def clock() -> Any:
    with travel("2026-11-05 09:00:00Z", tick=False) as traveller:
        yield traveller


def signed_in(name: str, **headers: str) -> Client:
    browser = Client(headers=headers)
    assert browser.post("/accounts/login/", {"login": name, "password": PASSWORD}).status_code == 302
    return browser


def is_in(browser: Client) -> bool:
    """Asked in the way that is no act."""
    return browser.get("/accounts/me/here/", headers={AHEAD: "cors"}).status_code == 200


def test_a_session_that_somebody_planted_is_another_one_after_the_log_in(client: Client, bob: User) -> None:
    session = client.session
    session["planted"] = "yes"
    session.save()
    planted = session.session_key
    client.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_to_look_at_the_log_out_does_not_log_out(bob: User) -> None:
    browser = signed_in("bob")
    assert browser.get("/accounts/logout/").status_code == 200
    assert is_in(browser)
    browser.post("/accounts/logout/")
    assert not is_in(browser)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_the_log_in_leads_nowhere_else(client: Client, bob: User, address: str) -> None:
    form = {"login": "bob", "password": PASSWORD, "next": address}
    assert client.post("/accounts/login/", form)["Location"] == "/"
    assert client.post("/accounts/logout/", {"next": address})["Location"] == "/"


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nor_does_the_way_into_the_admin(bob: User, root: User, address: str) -> None:
    browser = Client()
    door = browser.get("/admin/login/", {"next": address})["Location"]
    assert door.startswith("/accounts/login/?next=")
    assert browser.post(door, {"login": "root", "password": PASSWORD})["Location"] == "/"
    assert browser.get("/admin/login/", {"next": address})["Location"] == "/admin/"


def test_who_does_nothing_is_signed_out(bob: User, clock: Any) -> None:
    browser = signed_in("bob")
    clock.shift(timedelta(minutes=29))
    assert is_in(browser)
    clock.shift(timedelta(minutes=1))
    answer = browser.get("/faxes/inbox/")
    assert answer["Location"] == "/accounts/login/?next=/faxes/inbox/"
    assert not Session.objects.exists() and not UserSession.objects.exists()
    entry = LogEntry.objects.get(action="session.end")
    assert (entry.object_name, entry.data["why"]) == ("Bob", "idle")


def test_who_does_something_stays(bob: User, clock: Any) -> None:
    browser = signed_in("bob")
    for _ in range(4):
        clock.shift(timedelta(minutes=25))
        assert browser.get("/faxes/inbox/", headers={AHEAD: "navigate"}).status_code == 200
    for _ in range(4):
        clock.shift(timedelta(minutes=25))
        assert browser.post("/accounts/me/here/", headers={AHEAD: "cors"}).status_code == 200


def test_a_page_that_an_older_browser_opens_is_an_act(bob: User, clock: Any) -> None:
    browser = signed_in("bob")
    for _ in range(4):
        clock.shift(timedelta(minutes=25))
        headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        assert browser.get("/faxes/inbox/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/faxes/unread/?seen=0", {"HX-Request": "true", AHEAD: "cors"}),
        ("/faxes/inbox/", {"HX-Request": "true"}),
        ("/accounts/me/here/", {AHEAD: "cors"}),
        ("/faxes/inbox/", {AHEAD: "no-cors"}),
        ("/accounts/me/here/", {"Accept": "*/*"}),
        ("/faxes/inbox/", {"Accept": "image/webp,image/png,*/*;q=0.8"}),
    ],
)
def test_what_a_page_fetches_by_itself_keeps_no_session_alive(
    bob: User, clock: Any, path: str, headers: dict[str, str]
) -> None:
    browser = signed_in("bob")
    for _ in range(6):
        clock.shift(timedelta(minutes=4, seconds=50))
        assert browser.get(path, headers=headers).status_code in (200, 204)
    clock.shift(timedelta(minutes=2))
    answer = browser.get(path, headers=headers)
    assert "HX-Refresh" in answer.headers or answer.status_code == 302


def test_a_form_that_is_sent_too_late_changes_nothing(bob: User, clock: Any) -> None:
    browser = signed_in("bob")
    clock.shift(timedelta(minutes=31))
    browser.post("/accounts/me/profile/", {"first_name": "Robert"})
    bob.refresh_from_db()
    assert bob.first_name == "Bob"


def test_after_a_working_day_everybody_logs_in_anew(bob: User, clock: Any) -> None:
    browser = signed_in("bob")
    for _ in range(35):
        clock.shift(timedelta(minutes=20))
        assert browser.get("/accounts/me/").status_code == 200
    clock.shift(timedelta(minutes=20))
    assert browser.get("/accounts/me/").status_code == 302
    assert LogEntry.objects.get(action="session.end").data["why"] == "a day old"


def test_the_page_knows_how_long_is_left(bob: User, clock: Any, settings: Settings) -> None:
    browser = signed_in("bob")
    assert 'data-left="1800"' in browser.get("/accounts/me/").content.decode()
    clock.shift(timedelta(minutes=20))
    assert browser.get("/accounts/me/here/", headers={AHEAD: "cors"}).json() == {"left": 600}
    assert browser.post("/accounts/me/here/").json() == {"left": 1800}
    settings.SESSION_SECONDS = 1500
    assert browser.post("/accounts/me/here/").json() == {"left": 300}


def test_acting_is_written_down_once_a_minute(bob: User, clock: Any, django_assert_max_num_queries: Any) -> None:
    browser = signed_in("bob")
    clock.shift(timedelta(seconds=59))
    before = Session.objects.get().session_data
    browser.get("/accounts/me/")
    assert Session.objects.get().session_data == before
    clock.shift(timedelta(seconds=1))
    browser.get("/accounts/me/")
    assert Session.objects.get().session_data != before


def test_sessions_are_listed_and_ended_from_elsewhere(bob: User) -> None:
    office = signed_in("bob", **{"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537"})
    phone = signed_in("bob", **{"User-Agent": "Mozilla/5.0 (iPhone) <script>alert(1)</script> Safari/604"})
    page = office.get("/accounts/sessions/").content.decode()
    assert "Chrome on Windows" in page and "Safari on iPhone" in page and "<script>alert" not in page
    assert page.count("127.0.0.1") == 2
    office.post("/accounts/sessions/")
    assert is_in(office) and not is_in(phone)
    assert LogEntry.objects.get(action="session.end").data == {"why": "by hand", "count": 1}


def test_nobody_sees_the_sessions_of_others(bob: User, vera: User) -> None:
    signed_in("vera", **{"User-Agent": "Mozilla/5.0 (iPad) Safari/604"})
    assert "iPad" not in signed_in("bob").get("/accounts/sessions/").content.decode()


def test_a_new_password_ends_the_others(bob: User) -> None:
    here, elsewhere = signed_in("bob"), signed_in("bob")
    form = {"oldpassword": PASSWORD, "password1": "tulip-anchor-42-moss", "password2": "tulip-anchor-42-moss"}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert is_in(here) and not is_in(elsewhere)
    assert LogEntry.objects.filter(action="user.change_password").count() == 1


def test_a_closed_account_is_out_with_the_next_request(bob: User) -> None:
    browser = signed_in("bob")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert not is_in(browser)


def test_a_session_from_before_counts_from_now(bob: User, logged_in: Callable[[User], Client], clock: Any) -> None:
    browser = logged_in(bob)
    session = browser.session
    del session["seen"], session["since"]
    session.save()
    assert browser.get("/faxes/inbox/").status_code == 200
    clock.shift(timedelta(minutes=30))
    assert browser.get("/faxes/inbox/").status_code == 302
