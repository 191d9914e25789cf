"""What the dashboard tells managers of their line: findings of self-checks, drift, and nobody else's."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team, User
from applications.models import FaxApplication, PhoneNumber
from portal.selfcheck import Finding, State
from sync.models import Heartbeat
from tests import builders
from tests.portal.test_home import MOST_QUERIES, fill


@pytest.fixture
def home(db: None, logged_in: Callable[[User], Client]) -> Callable[[User], str]:
    Heartbeat.beat("worker")
    Heartbeat.beat("telnyx")
    return lambda user: logged_in(user).get("/").content.decode()


def card(page: str) -> str:
    """The words of the card, empty where it is hidden."""
    begin = page.index('id="home-line"')
    markup = page[page.index(">", begin) + 1 : page.index('<div id="home-looks"')]
    hidden = "hidden" in page[begin : page.index(">", begin)]
    return "" if hidden else " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def checked(team: Team | None, *findings: Finding, **columns: Any) -> FaxApplication:
    kept = [finding.as_json() for finding in findings]
    return builders.application(team, findings=kept, checked_at=timezone.now(), **columns)


def bad(title: str, **more: Any) -> Finding:
    return Finding(title, State.BAD, title, "It matters.", **more)


def warn(title: str) -> Finding:
    return Finding(title, State.WARN, title, "It matters.")


def test_findings_are_told_to_who_manages_the_application(
    home: Callable[[User], str], team: Team, bob: User, vera: User, alice: User, charlie: User, root: User
) -> None:
    fine = Finding("active", State.OK, "It is active", "")
    unknown = Finding("profile", State.UNKNOWN, "Nobody knows", "")
    application = checked(team, fine, unknown, warn("There is no failover URL"), bad("It is <switched> off"))
    for user in (alice, root):
        page = home(user)
        assert card(page) == (
            "Needs the manager Front desk : It is <switched> off Front desk : There is no failover URL"
        )
        assert page.count(f'href="/applications/{application.pk}/#check"') == 2
        assert "2 to look after" in page
    for user in (bob, vera, charlie):
        assert card(home(user)) == "" and "to look after" not in home(user)


def test_what_is_wrong_everywhere_is_told_once(home: Callable[[User], str], team: Team, alice: User) -> None:
    for place in range(5):
        checked(team, bad("Our door is shut"), application_name=f"Line {place}")
    page = home(alice)
    assert card(page) == "Needs the manager Line 0, Line 1, Line 2, … : Our door is shut"
    assert "1 to look after" in page


def test_more_than_a_few_are_counted(home: Callable[[User], str], team: Team, alice: User) -> None:
    checked(team, *(warn(f"Matter {place}") for place in range(9)))
    assert "Matter 3" in card(home(alice)) and "Matter 4" not in card(home(alice))
    assert card(home(alice)).endswith("5 more") and "9 to look after" in home(alice)


def test_a_finding_may_end_in_a_time(home: Callable[[User], str], team: Team, alice: User) -> None:
    checked(team, bad("The last event came", at=datetime(2026, 11, 20, 12, tzinfo=UTC)))
    assert card(home(alice)).endswith("The last event came Nov 20, 12:00 UTC")


@pytest.mark.parametrize("kept", [None, {}, "nonsense", [1, None, {"state": "levitating"}, {"state": "bad"}]])
def test_findings_of_another_version_break_nothing(
    home: Callable[[User], str], team: Team, alice: User, kept: Any
) -> None:
    builders.application(team, findings=kept or [], checked_at=timezone.now())
    assert "<h1>" in home(alice)


def test_drift_is_told_to_who_manages_it(home: Callable[[User], str], team: Team, bob: User, alice: User) -> None:
    written = {"connection_id": {"value": "11"}}
    line = builders.number(team)
    PhoneNumber.objects.filter(pk=line.pk).update(written=written, raw={"connection_id": "12"}, connection_id="12")
    assert "Telnyx shows something else than was set here for 1 number" in card(home(alice))
    assert "1 to look after" in home(alice)
    assert card(home(bob)) == ""


@pytest.mark.parametrize("name", ["alice", "root"])
def test_it_costs_a_few_questions_however_much_is_wrong(
    logged_in: Callable[[User], Client], team: Team, bob: User, alice: User, root: User, name: str
) -> None:
    client = logged_in({"alice": alice, "root": root}[name])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/").status_code == 200
        return len(queries)

    def trouble(count: int) -> None:
        for place in range(count):
            checked(team, *(bad(f"Matter {place} {nr}") for nr in range(3)))
            line = builders.number(team, f"+1646555{place:04}", label=f"Line {place}")
            PhoneNumber.objects.filter(pk=line.pk).update(
                quiet_since=timezone.now(), written={"connection_id": {"value": "11"}}
            )

    fill(team, bob, 2)
    trouble(1)
    few = asked()
    trouble(12)
    assert asked() == few <= MOST_QUERIES
