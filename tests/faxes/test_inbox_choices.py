"""What one may narrow the inbox by is fetched when it is unfolded, and the page asks the database little."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from faxes import triage
from tests import builders

INBOX = "/faxes/inbox/"
MOST_QUERIES = 12


def test_the_page_asks_little(logged_in: Callable[[User], Client], bob: User, team: Team) -> None:
    builders.number(team)
    for _ in range(3):
        builders.inbound(team, status="received")
    client = logged_in(bob)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(INBOX).status_code == 200
    assert len(queries) <= MOST_QUERIES


def test_choices_come_when_they_are_wanted(logged_in: Callable[[User], Client], bob: User, team: Team) -> None:
    triage.tag(by=bob, faxes=[builders.inbound(team)], name="urgent")
    client = logged_in(bob)
    assert 'name="assignee"' not in client.get(INBOX).content.decode()
    part = client.get(INBOX, {"more": 1}, headers={"HX-Request": "true"}).content.decode()
    assert 'name="assignee"' in part and ">urgent</option>" in part and "<html" not in part
    whole = client.get(INBOX, {"more": 1}).content.decode()
    assert 'name="assignee"' in whole and "<html" in whole


def test_a_choice_that_was_made_is_kept_by_the_next_search(
    logged_in: Callable[[User], Client], bob: User, team: Team
) -> None:
    page = logged_in(bob).get(INBOX, {"assignee": "me"}).content.decode()
    assert '<option value="me" selected' in " ".join(page.split())


def test_choices_are_those_of_ones_own_teams(
    logged_in: Callable[[User], Client], bob: User, charlie: User, team: Team, other_team: Team
) -> None:
    triage.tag(by=charlie, faxes=[builders.inbound(other_team)], name="secret")
    builders.application(other_team, application_name="Theirs")
    part = logged_in(bob).get(INBOX, {"more": 1}, headers={"HX-Request": "true"}).content.decode()
    assert "secret" not in part and "Theirs" not in part and "Charlie" not in part
