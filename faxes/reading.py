"""What a user has not read yet: per user, and honest.

A fax is unread for a member of its team when it was received and is not in the bin, and either it is new to them:
nobody has handled it, we heard of it after the membership's `read_before`, and the user has no mark on it; or their
mark has no time: they want it unread, however old, and whoever handled it.
The reach of `read_before` keeps marks few, and counting walks only what came after it.

What counts is the membership, whatever its role. Administrators see every team, but have unread faxes only of teams
they are on: nobody reads the post of all of them. Marks of a team that somebody has left say nothing.

Whoever writes here holds the user's memberships locked, so that two windows of one person wait for each other; the
faxes come after them, and no transaction that has locked a fax calls this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import reduce
from math import ceil
from operator import or_
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.access import standing
from accounts.models import Membership, Team, User
from faxes.models import Fax, FaxQuerySet, ReadMark
from faxes.states import Direction

MOST = 100
# SQLite takes 500 parts in a union. With more teams than this, a part is of several.
MOST_PARTS = 200
# With more marks than this, a user's marks on faxes older than a day are done without, as far as that makes them fewer.
MANY_MARKS = 1000
LEFT_ALONE = timedelta(days=1)


def unread(user: User, *, team: Team | None = None) -> FaxQuerySet:
    """The user's unread faxes, in no order: a union, which can be sliced, counted and listed, but not filtered."""
    first, *others = _unread(user, team)
    return first.union(*others, all=True)


def unread_count(user: User, *, team: Team | None = None, most: int = MOST) -> int:
    """How many faxes the user has not read, at most `most`. Two queries."""
    return unread(user, team=team).values("pk")[:most].count()


def unread_of(user: User, faxes: Iterable[Fax]) -> set[UUID]:
    """Which of these faxes the user has not read. One query and that for the user's standing, for a page of a list."""
    kept = [fax for fax in faxes if fax.trashed_at is None]
    new, again = _unread_among(user, kept)
    return again | {fax.pk for fax in kept if fax.pk in new and fax.handled_at is None}


def mark_read(user: User, faxes: Collection[Fax]) -> None:
    """Say that the user has read these faxes. What was read before, and what is not theirs to read, stays as it is."""
    # In the bin, or handled, too: when it comes back, it has been read.
    if any(_unread_among(user, faxes)):
        with transaction.atomic():
            _lock(user)
            _mark(user, set.union(*_unread_among(user, faxes)), read_at=timezone.now())


def mark_unread(user: User, faxes: Collection[Fax]) -> None:
    """Let these faxes count as unread for the user, however old they are."""
    with transaction.atomic():
        _lock(user)
        read_before = _read_before(user)
        theirs = {fax.pk for fax in faxes if fax.team_id in read_before and not fax.is_outbound}
        _mark(user, theirs - unread_of(user, faxes), read_at=None)


def mark_all_read(user: User, *, team: Team | None = None, until: datetime) -> None:
    """Let everything that we had heard of by a moment count as read, in one team or in all.

    The moment is that of the page on which the user saw what there was: what came later stays unread.
    """
    until = min(until, timezone.now())
    with transaction.atomic():
        for membership in _lock(user, team):
            if until > membership.read_before:
                Membership.objects.filter(pk=membership.pk).update(read_before=until)
            _remove(_marks_until(membership, until))


def compact(*, now: datetime | None = None, most: int = MANY_MARKS) -> int:
    """Make many marks few: `read_before` moves up to a day ago, and what is still unread by then is marked so.

    Nobody's unread faxes change. What comes back is how many marks fewer there are.
    """
    until = (now or timezone.now()) - LEFT_ALONE
    return sum(_compacted(membership, until, most) for membership in _crowded(most))


def _unread(user: User, team: Team | None) -> list[FaxQuerySet]:
    """New faxes without a mark, team by team, and faxes of any age marked as unread. No fax is in two of them.

    Each of a team walks an index from that team's `read_before`: joined, databases read all that ever came in.
    """
    seats = [seat for seat in standing(user).seats if team is None or seat.team_id == team.pk]
    marks, faxes = ReadMark.objects.filter(user=user), Fax.objects.kept().order_by()
    unmarked = faxes.received().filter(~Exists(marks.filter(fax=OuterRef("pk"))), handled_at=None)
    since = [Q(team=seat.team_id, heard_at__gt=seat.read_before) for seat in seats]
    each = max(1, ceil(len(since) / MOST_PARTS))
    new = [unmarked.filter(reduce(or_, since[at : at + each])) for at in range(0, len(since), each)]
    # Only the marks lead to an index here.
    marked = faxes.alias(way=Coalesce("direction", "direction"), whose=Coalesce("team_id", "team_id"))
    again = marks.filter(read_at=None).values("fax")
    return [*new, marked.filter(pk__in=again, way=Direction.INBOUND, whose__in=[seat.team_id for seat in seats])]


def _unread_among(user: User, faxes: Iterable[Fax]) -> tuple[set[UUID], set[UUID]]:
    """Of faxes at hand, those in the bin and handled ones included: which are new to the user, and which they want
    unread."""
    read_before = _read_before(user)
    mine = {fax.pk: fax for fax in faxes if fax.team_id in read_before and not fax.is_outbound}
    marks = dict(ReadMark.objects.filter(user=user, fax__in=list(mine)).values_list("fax", "read_at"))
    new = {pk for pk, fax in mine.items() if fax.team_id and fax.heard_at > read_before[fax.team_id]}
    return new - marks.keys(), {pk for pk, read_at in marks.items() if read_at is None}


def _read_before(user: User) -> dict[UUID, datetime]:
    return {seat.team_id: seat.read_before for seat in standing(user).seats}


def _lock(user: User, team: Team | None = None) -> list[Membership]:
    """The user's memberships, locked until the transaction ends. All of them: the order of locks is then the same."""
    memberships = list(Membership.objects.select_for_update().filter(user=user).order_by("pk"))
    return [one for one in memberships if team is None or one.team_id == team.pk]


def _mark(user: User, ids: Collection[UUID], *, read_at: datetime | None) -> None:
    """Put a mark on each fax, in place of the one it has. They are locked, so that none is purged meanwhile."""
    there = Fax.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk")
    marks = [ReadMark(user=user, fax_id=pk, read_at=read_at) for pk in there.values_list("pk", flat=True)]
    ReadMark.objects.bulk_create(
        marks, update_conflicts=True, unique_fields=["user", "fax"], update_fields=["read_at"], batch_size=500
    )


def _marks_until(membership: Membership, until: datetime) -> QuerySet[ReadMark]:
    heard = Fax.objects.received().filter(team=membership.team_id, heard_at__lte=until)
    return ReadMark.objects.filter(user=membership.user_id, fax__in=heard.order_by().values("pk"))


def _remove(marks: QuerySet[ReadMark]) -> None:
    """Without those that a purge just deletes with their faxes: it comes to them in an order of its own, and the two
    would wait for each other."""
    free = marks.select_for_update(skip_locked=True).values_list("pk", flat=True)
    ReadMark.objects.filter(pk__in=list(free)).delete()


def _crowded(most: int) -> QuerySet[Membership]:
    """The memberships of users with many marks in all."""
    users = ReadMark.objects.order_by().values("user").annotate(marks=Count("pk")).filter(marks__gt=most)
    return Membership.objects.filter(user__in=users.values("user")).select_related("user").order_by("pk")


def _compacted(membership: Membership, until: datetime, most: int) -> int:
    user = membership.user
    with transaction.atomic():
        locked = next((one for one in _lock(user) if one.pk == membership.pk), None)
        if locked is None or locked.read_before >= until:
            return 0
        new = Fax.objects.received().filter(team=locked.team_id, heard_at__gt=locked.read_before, heard_at__lte=until)
        # Those in the bin too: they may come back. What somebody has handled is done with.
        unmarked = new.filter(~Exists(ReadMark.objects.filter(user=user, fax=OuterRef("pk"))), handled_at=None)
        left = dict(unmarked.order_by("heard_at").values_list("pk", "heard_at")[: most + 1])
        if len(left) > most:
            # No further than where that many would have to be marked as unread. The rest may have its turn tomorrow.
            until = max(left.values()) - timedelta(microseconds=1)
            left = {pk: heard_at for pk, heard_at in left.items() if heard_at <= until}
        read = _marks_until(locked, until).filter(read_at__isnull=False)
        fewer = read.count() - len(left)
        if fewer <= 0:
            return 0
        _mark(user, left, read_at=None)
        Membership.objects.filter(pk=locked.pk).update(read_before=max(until, locked.read_before))
        _remove(read)
    return fewer
