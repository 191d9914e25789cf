"""A person's rights are read once for a page, and anew for whatever changes something."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import access
from accounts.models import Membership, Role, Team, User


def test_within_one_look_the_roles_are_read_once(team: Team, bob: User) -> None:
    with CaptureQueriesContext(connection) as queries, access.asked_once():
        assert access.team_ids(bob) == access.team_ids(bob, at_least=Role.MEMBER) == [team.pk]
        assert not access.may(bob, team, at_least=Role.MANAGER)
        assert list(access.teams(bob)) == [team]
    assert len(queries) == 1


def test_outside_of_it_they_are_read_anew(team: Team, bob: User) -> None:
    assert access.team_ids(bob)
    bob.memberships.all().delete()
    assert access.team_ids(bob) == []


def test_what_one_look_has_read_does_not_outlive_it(team: Team, bob: User) -> None:
    with access.asked_once():
        assert access.team_ids(bob)
    Membership.objects.update(role=Role.VIEWER)
    with access.asked_once():
        assert access.team_ids(bob, at_least=Role.MEMBER) == []


def test_of_two_people_each_has_their_own(team: Team, bob: User, charlie: User, root: User) -> None:
    with access.asked_once():
        assert access.team_ids(bob) == [team.pk]
        assert access.team_ids(charlie) != access.team_ids(bob)
        assert set(access.team_ids(root)) == set(Team.objects.values_list("pk", flat=True))


def test_a_role_that_nobody_knows_opens_nothing(team: Team, bob: User) -> None:
    Membership.objects.filter(user=bob).update(role="owner")
    assert access.team_ids(bob) == []
    assert list(access.teams(bob)) == []


def test_a_page_asks_for_them_once(logged_in: Callable[[User], Client], bob: User) -> None:
    client = logged_in(bob)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/faxes/sent/").status_code == 200
    assert sum("accounts_membership" in query["sql"] for query in queries) == 1
