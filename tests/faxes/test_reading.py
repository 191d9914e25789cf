"""Unread is per user and honest: it counts what somebody on the team has not seen, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.services import remove_member
from faxes import reading, triage
from faxes.listing import Filters, page_of
from faxes.models import Fax, ReadMark
from tests import builders

pytestmark = pytest.mark.django_db


def old(team: Team | None, **columns: Any) -> Fax:
    """A fax of long before anybody joined."""
    return builders.inbound(team, heard_at=timezone.now() - timedelta(days=400), **columns)


def unread_of(user: User, team: Team | None = None) -> set[Any]:
    """The user's unread faxes, on which every way of asking must agree."""
    found = set(reading.unread(user, team=team).values_list("pk", flat=True))
    assert reading.unread_count(user, team=team) == min(len(found), reading.MOST)
    if team is None:
        assert reading.unread_of(user, Fax.objects.all()) == found
    return found


def test_a_new_fax_is_unread_for_each_on_the_team_until_they_read_it(team: Team, bob: User, vera: User) -> None:
    fax = builders.inbound(team)
    reading.mark_read(vera, [fax])
    assert unread_of(bob) == {fax.pk} and unread_of(vera) == set()


def test_what_came_before_somebody_joined_is_read(team: Team, bob: User) -> None:
    old(team)
    assert unread_of(bob) == set()


def test_a_fax_of_long_ago_that_was_only_found_now_is_unread(team: Team, bob: User) -> None:
    fax = builders.inbound(team, created_at=timezone.now() - timedelta(days=5))
    assert unread_of(bob) == {fax.pk}


def test_sent_faxes_and_those_in_the_bin_are_not_unread(team: Team, bob: User) -> None:
    builders.outbound(team)
    trashed = builders.inbound(team, trashed_at=timezone.now())
    assert unread_of(bob) == set()
    Fax.objects.filter(pk=trashed.pk).update(trashed_at=None)
    assert unread_of(bob) == {trashed.pk}


def test_what_was_read_in_the_bin_comes_back_read(team: Team, bob: User) -> None:
    trashed = builders.inbound(team, trashed_at=timezone.now())
    reading.mark_read(bob, [trashed])
    Fax.objects.update(trashed_at=None)
    assert unread_of(bob) == set()


def test_a_fax_marked_as_unread_is_so_however_old_until_it_is_read(team: Team, bob: User, vera: User) -> None:
    fax, read = old(team), builders.inbound(team)
    reading.mark_read(bob, [read])
    reading.mark_unread(bob, [fax, read])
    reading.mark_unread(bob, [fax])
    assert unread_of(bob) == {fax.pk, read.pk} and unread_of(vera) == {read.pk}
    reading.mark_read(bob, [fax, read])
    assert unread_of(bob) == set()


def test_strangers_have_no_unread_faxes_and_leave_no_marks(team: Team, charlie: User) -> None:
    fax = builders.inbound(team)
    reading.mark_read(charlie, [fax])
    reading.mark_unread(charlie, [fax])
    assert unread_of(charlie) == set() and not ReadMark.objects.exists()


def test_administrators_have_unread_faxes_of_the_teams_they_are_on(team: Team, other_team: Team, root: User) -> None:
    builders.inbound(None)
    builders.inbound(other_team)
    fax = builders.inbound(team)
    reading.mark_unread(root, [fax])
    assert unread_of(root) == set()
    Membership.objects.create(user=root, team=team, read_before=timezone.now() - timedelta(days=1))
    assert unread_of(root) == {fax.pk}


def test_marks_of_a_team_that_was_left_say_nothing(team: Team, bob: User, alice: User) -> None:
    fax = builders.inbound(team)
    reading.mark_read(bob, [fax])
    reading.mark_unread(bob, [fax])
    remove_member(by=alice, team=team, user=bob)
    assert unread_of(bob) == set()


def test_opening_what_was_read_writes_nothing(team: Team, bob: User) -> None:
    fax = old(team)
    with CaptureQueriesContext(connection) as queries:
        reading.mark_read(bob, [fax])
    assert len(queries) == 2 and not ReadMark.objects.exists()


def test_a_fax_deleted_meanwhile_is_no_error(team: Team, bob: User) -> None:
    fax, kept = builders.inbound(team), builders.inbound(team)
    Fax.objects.filter(pk=fax.pk).delete()
    reading.mark_read(bob, [fax, kept])
    reading.mark_unread(bob, [fax])
    assert ReadMark.objects.get().fax_id == kept.pk


def test_all_is_read_until_the_moment_that_was_shown(team: Team, bob: User, vera: User) -> None:
    seen, wanted, was_read = builders.inbound(team), old(team), builders.inbound(team)
    reading.mark_unread(bob, [wanted])
    reading.mark_read(bob, [was_read])
    shown = timezone.now()
    arrived = builders.inbound(team)
    reading.mark_all_read(bob, until=shown)
    assert unread_of(bob) == {arrived.pk} and not ReadMark.objects.exists()
    assert unread_of(vera) == {seen.pk, was_read.pk, arrived.pk}
    # A page of an hour ago brings nothing back.
    reading.mark_all_read(bob, until=shown - timedelta(hours=1))
    assert unread_of(bob) == {arrived.pk}


def test_nothing_is_read_before_it_comes(team: Team, bob: User) -> None:
    reading.mark_all_read(bob, until=timezone.now() + timedelta(days=1))
    fax = builders.inbound(team)
    assert unread_of(bob) == {fax.pk}


def test_teams_are_read_one_by_one(team: Team, other_team: Team, bob: User, alice: User) -> None:
    Membership.objects.create(user=bob, team=other_team)
    here, there = builders.inbound(team), builders.inbound(other_team)
    assert unread_of(bob) == {here.pk, there.pk}
    assert (unread_of(bob, team), unread_of(bob, other_team)) == ({here.pk}, {there.pk})
    assert unread_of(alice, other_team) == set()
    reading.mark_all_read(bob, team=team, until=timezone.now())
    assert unread_of(bob) == {there.pk}


def test_counting_stops_at_the_most_that_is_asked_for(team: Team, bob: User) -> None:
    faxes = [builders.inbound(team) for _ in range(4)] + [old(team) for _ in range(4)]
    reading.mark_unread(bob, faxes[4:])
    assert [reading.unread_count(bob, most=most) for most in (3, 6, 8, 100)] == [3, 6, 8, 8]


@pytest.mark.parametrize("teams", [1, 40])
def test_counting_takes_two_queries_and_so_does_a_page(teams: int, team: Team, bob: User) -> None:
    for number in range(1, teams):
        more = Team.objects.create(name=f"Team {number}", slug=f"team-{number}")
        Membership.objects.create(user=bob, team=more)
    faxes = [builders.inbound(one) for one in Team.objects.all()]
    with CaptureQueriesContext(connection) as counting:
        assert reading.unread_count(bob) == teams
    with CaptureQueriesContext(connection) as page:
        assert len(reading.unread_of(bob, faxes)) == teams
    assert (len(counting), len(page)) == (2, 2)


def test_somebody_may_be_on_hundreds_of_teams(bob: User) -> None:
    teams = Team.objects.bulk_create([Team(name=f"Team {number}", slug=f"team-{number}") for number in range(600)])
    Membership.objects.bulk_create([Membership(user=bob, team=team) for team in teams])
    faxes = [builders.inbound(team) for team in (teams[0], teams[1], teams[-1])]
    reading.mark_read(bob, faxes[:1])
    assert unread_of(bob) == {fax.pk for fax in faxes[1:]}
    assert set(page_of(Filters.of(QueryDict("show=unread"), bob)).faxes) == set(faxes[1:])


def test_what_a_colleague_has_handled_is_nobodys_news(team: Team, alice: User, bob: User) -> None:
    fax = builders.inbound(team)
    triage.handle(by=alice, faxes=[fax])
    fax.refresh_from_db()
    assert unread_of(bob) == set()
    reading.mark_unread(bob, [fax])
    assert unread_of(bob) == {fax.pk}


def test_a_handled_fax_that_is_opened_again_is_news_for_who_has_not_read_it(
    team: Team, alice: User, bob: User, vera: User
) -> None:
    fax = builders.inbound(team)
    triage.handle(by=alice, faxes=[fax])
    fax.refresh_from_db()
    reading.mark_read(vera, [fax])
    triage.reopen(by=alice, faxes=[fax])
    assert (unread_of(bob), unread_of(vera)) == ({fax.pk}, set())
