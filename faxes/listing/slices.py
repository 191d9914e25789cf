"""Slices: how a list is read from the indexes.

A slice is a query that the database answers by walking one index in the order of the list, from where the page begins,
for one page and no further. A list of several teams is one slice for each. A slice says which index it means: what else
it asks is put so that no index can serve it, because a planner that knows no figures (SQLite's) or averages only would
rather sort all faxes of a team.

What a search finds and what is unread has no index in the order of the list. It is gathered first, up to a bound, and a
few faxes are put in order here. Where they are more than that, a walk meets enough of them soon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import NamedTuple, cast
from uuid import UUID

from django.db.models import Q
from django.db.models.expressions import RawSQL

from accounts.models import User
from faxes.listing.filters import INBOX, Filters, Show
from faxes.listing.narrowing import narrowed, of_teams, sent_nowhere, teams_of
from faxes.listing.search import FEW, Kind, kinds_of
from faxes.models import Fax, FaxQuerySet

# SQLite takes 500 slices in one query. With more teams than this the list of all faxes is walked instead.
MOST_TEAMS = 200
# Which equal columns begin the index that is meant.
BY_TEAM = ("team_id", "direction", "status")
BY_NUMBER = ("direction", "to_number")
BY_ASSIGNEE = ("assigned_to_id",)
BY_OPEN_ASSIGNEE = ("assigned_to_id", "direction")
BY_TEAM_ALONE = ("team_id",)
BY_NOTHING = ()
UNDER_WAY = (Show.GOING, Show.UNCERTAIN)
FINDS = "finds"


@dataclass(frozen=True)
class Place:
    """Where in a list a fax is, or was."""

    at: datetime
    id: UUID

    @classmethod
    def of(cls, fax: Fax, show: Show) -> Place | None:
        """None in the bin, for a fax that is not there any more."""
        at = fax.trashed_at if show is Show.BIN else fax.created_at
        return cls(at, fax.pk) if at else None


@dataclass(frozen=True)
class Walk:
    """From where, in which direction and how far each slice goes."""

    key: str
    place: Place | None
    newer: bool
    size: int

    @property
    def order(self) -> tuple[str, str]:
        return (self.key, "pk") if self.newer else (f"-{self.key}", "-pk")

    def beyond(self, faxes: FaxQuerySet) -> FaxQuerySet:
        """Those that come after the place."""
        if self.place is None:
            return faxes
        word, at = "gt" if self.newer else "lt", self.place.at
        further = Q((f"{self.key}__{word}", at)) | Q((f"pk__{word}", self.place.id))
        # “At most” stands alone beside the rest, so that the database begins in the middle of its index.
        return faxes.filter(further, **{f"{self.key}__{word}e": at})

    def slice_of(self, faxes: FaxQuerySet) -> FaxQuerySet:
        return self.beyond(faxes).order_by(*self.order)[: self.size]


def walked(filters: Filters, walk: Walk) -> FaxQuerySet:
    """The first faxes of the walk. Asked for with a limit of the walk's size or less."""
    return merged(_slices(filters, walk)).order_by(*walk.order)


def merged(slices: Sequence[FaxQuerySet]) -> FaxQuerySet:
    """What is in any of the slices, each fax once.

    Django makes no union of slices on SQLite, where a term of a union has no limit; but a table in FROM may.
    """
    if not slices:
        return Fax.objects.none()
    compiled = [faxes.values("pk").query.sql_with_params() for faxes in slices]
    sql = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS slice_{number}" for number, (sql, _) in enumerate(compiled))
    return Fax.objects.filter(pk__in=RawSQL(sql, [value for _, values in compiled for value in values]))


def _slices(filters: Filters, walk: Walk) -> list[FaxQuerySet]:
    finds = _finds(filters, walk)
    if finds.kinds is None:
        return [walk.slice_of(faxes) for faxes in _walkable(filters)]
    if finds.few is None:
        any_kind = reduce(or_, (kind.checked for kind in finds.kinds))
        return [walk.slice_of(faxes.filter(any_kind)) for faxes in _walkable(filters)]
    few = finds.few[: walk.size]
    return [walk.slice_of(Fax.objects.filter(pk__in=few))] if few else []


class _Finds(NamedTuple):
    """What is searched for, None where nothing is; and the faxes it finds, in the order of the walk. None for many."""

    kinds: Sequence[Kind] | None
    few: Sequence[UUID] | None


def _finds(filters: Filters, walk: Walk) -> _Finds:
    """The first page of a list and its count want the same, and ask once: the filters keep the answer."""
    if walk.place is not None:
        return _found(filters, walk)
    if FINDS not in filters.answers:
        filters.answers[FINDS] = _found(filters, walk)
    return cast(_Finds, filters.answers[FINDS])


def _found(filters: Filters, walk: Walk) -> _Finds:
    kinds = kinds_of(filters)
    return _Finds(kinds, None if kinds is None else _few(filters, kinds, walk))


def _few(filters: Filters, kinds: Sequence[Kind], walk: Walk) -> list[UUID] | None:
    """Those beyond the walk's place that are of any of the kinds; None where many are."""
    faxes = walk.beyond(narrowed(filters, BY_NOTHING).filter(of_teams(filters))).order_by()
    leading = [kind.leading for kind in kinds if kind.leading is not None]
    if len(leading) < len(kinds) or not teams_of(filters):
        return None
    gathered = merged([faxes.filter(condition)[: FEW + 1] for condition in leading])
    found = list(gathered.order_by().values_list(walk.key, "pk")[: FEW + 1])
    return None if len(found) > FEW else [pk for _, pk in sorted(found, reverse=not walk.newer)]


def _walkable(filters: Filters) -> list[FaxQuerySet]:
    """All the faxes of the list, in parts of which each can be walked in an index."""
    teams = teams_of(filters)
    if not teams:
        return []
    if filters.show is not Show.BIN:
        if filters.number and filters.box is INBOX:
            return [narrowed(filters, BY_NUMBER).filter(of_teams(filters))]
        if filters.show is Show.MINE or isinstance(filters.assignee, User):
            still_open = filters.show in (Show.MINE, Show.OPEN)
            faxes = narrowed(filters, BY_OPEN_ASSIGNEE if still_open else BY_ASSIGNEE)
            return [faxes.filter(of_teams(filters))]
    faxes = narrowed(filters, BY_TEAM_ALONE if filters.show in (Show.BIN, *UNDER_WAY) else BY_TEAM)
    if len(teams) > MOST_TEAMS:
        if filters.show not in UNDER_WAY:
            return [narrowed(filters, BY_NOTHING).filter(of_teams(filters))]
        # Of all faxes so few are under way that they can be put in order.
        nobodys = [faxes.filter(team=None)] if None in teams else []
        return [faxes.filter(team__in=[team for team in teams if team]), *nobodys]
    # What Telnyx refused has no status, and by that an index leads to it.
    ways = [{"status": "failed"}, {"status": ""}] if sent_nowhere(filters) else [{}]
    return [faxes.filter(team=team, **way) for team in teams for way in ways]
