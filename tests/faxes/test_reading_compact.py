"""Many marks become few, and nobody's unread faxes change by that."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounts.models import Membership, Team, User
from faxes import reading, triage
from faxes.models import Fax, ReadMark
from tests import builders
from tests.faxes.test_reading import unread_of
from tests.threads import at_once

NOW = timezone.now()
DAY = timedelta(days=1)

# When a fax was heard of, in hours before now; whether it is in the bin; and each person's mark on it, if any.
MARKS = st.sampled_from(["none", "read", "unread"])
FAXES = st.lists(st.tuples(st.integers(0, 96), st.booleans(), MARKS, MARKS), max_size=14)


def marked(users: list[User], teams: list[Team], facts: list[tuple[int, bool, str, str]]) -> None:
    for number, (hours, trashed, *marks) in enumerate(facts):
        trashed_at = NOW if trashed else None
        heard_at = NOW - timedelta(hours=hours)
        fax = builders.inbound(teams[number % len(teams)], heard_at=heard_at, trashed_at=trashed_at)
        for user, mark in zip(users, marks, strict=True):
            if mark != "none":
                ReadMark.objects.create(user=user, fax=fax, read_at=NOW if mark == "read" else None)


def unread_by_each(*users: User) -> list[set[object]]:
    """As things stand, and as they would with everything out of the bin again."""
    found: list[set[object]] = [unread_of(user) for user in users]
    with transaction.atomic():
        Fax.objects.update(trashed_at=None)
        found += [unread_of(user) for user in users]
        transaction.set_rollback(True)
    return found


@pytest.mark.django_db
@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FAXES, st.integers(0, 96), st.integers(0, 4))
def test_compacting_changes_nobodys_unread_faxes(
    team: Team, other_team: Team, bob: User, vera: User, facts: list[tuple[int, bool, str, str]], hours: int, most: int
) -> None:
    with transaction.atomic():
        Membership.objects.get_or_create(user=bob, team=other_team)
        Membership.objects.update(read_before=NOW - timedelta(hours=hours))
        marked([bob, vera], [team, other_team], facts)
        before, marks = unread_by_each(bob, vera), ReadMark.objects.count()
        fewer = reading.compact(now=NOW, most=most)
        assert unread_by_each(bob, vera) == before
        assert ReadMark.objects.count() == marks - fewer <= marks
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_the_marks_of_a_diligent_reader_become_few(team: Team, bob: User) -> None:
    Membership.objects.update(read_before=NOW - 10 * DAY)
    faxes = [builders.inbound(team, heard_at=NOW - 3 * DAY) for _ in range(12)]
    today = builders.inbound(team, heard_at=NOW)
    left = faxes.pop()
    reading.mark_read(bob, [*faxes, today])
    assert reading.compact(now=NOW, most=10) == 10
    assert {mark.fax_id for mark in ReadMark.objects.all() if mark.read_at} == {today.pk}
    assert Membership.objects.get(user=bob).read_before == NOW - DAY
    assert unread_of(bob) == {left.pk}
    assert reading.compact(now=NOW, most=10) == 0


@pytest.mark.django_db
def test_only_as_far_as_it_makes_marks_fewer(team: Team, bob: User) -> None:
    Membership.objects.update(read_before=NOW - 10 * DAY)
    read = [builders.inbound(team, heard_at=NOW - 8 * DAY) for _ in range(5)]
    left = [builders.inbound(team, heard_at=NOW - 6 * DAY + hour * DAY / 24) for hour in range(9)]
    more = [builders.inbound(team, heard_at=NOW - 3 * DAY) for _ in range(3)]
    reading.mark_read(bob, read + more)
    assert reading.compact(now=NOW, most=2) == 3
    assert Membership.objects.get(user=bob).read_before == left[2].heard_at - timedelta(microseconds=1)
    assert unread_of(bob) == {fax.pk for fax in left}
    assert reading.compact(now=NOW, most=2) == 0


@pytest.mark.django_db(transaction=True)
def test_two_windows_at_once_and_the_night_shift_never_stumble(team: Team, bob: User, alice: User) -> None:
    Membership.objects.update(read_before=NOW - 10 * DAY)
    faxes = [builders.inbound(team, heard_at=NOW - 3 * DAY) for _ in range(20)]
    shown: datetime = NOW - 4 * DAY
    at_once(
        lambda: reading.mark_read(bob, faxes),
        lambda: reading.mark_read(bob, faxes[::-1]),
        lambda: reading.mark_all_read(bob, until=shown),
        lambda: reading.mark_unread(bob, faxes[10::-1]),
        lambda: triage.handle(by=bob, faxes=faxes[::-1]) and None,
        lambda: reading.compact(now=NOW, most=1) and None,
    )
    assert ReadMark.objects.count() <= 20
    reading.mark_read(bob, faxes)
    triage.reopen(by=bob, faxes=faxes)
    assert unread_of(bob) == set() and len(unread_of(alice)) == 20
