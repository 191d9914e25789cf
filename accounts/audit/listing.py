"""The log as it is read: what somebody may see of it, what they ask for, and a page of that.

An administrator reads every chain, a manager those of the teams they manage, and nobody else any. Newest first. However
long the log is, a page reads no more than it shows: one slice for each chain, each from an index of it, put together by
the database. What is looked for in names has no index, and is looked for in the last thirty days alone where nothing is
said of a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts import access
from accounts.append_only import AppendOnlyQuerySet
from accounts.audit.plain import one_line
from accounts.audit.record import HOUSE
from accounts.models import LogEntry, Role, Team, User

PAGE = 50
COUNTED = 1000
EXPORTED = 500
# SQLite takes 500 slices in one query. With more chains than this all entries are walked instead.
MOST_CHAINS = 200
LATELY = timedelta(days=30)
LONGEST = 100
PORTAL = "portal"
# What stands for the house where a team's address would stand; no team can have it.
OF_HOUSE = "(house)"
MOST_PEOPLE = 500
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
NUMBER = re.compile(r"[0-9+(). /-]*[0-9]{2}[0-9+(). /-]*")

Entries = AppendOnlyQuerySet[LogEntry]


@dataclass(frozen=True)
class Filters:
    """A checked wish. `problems` says what made no sense and was left out; `words` is what made some."""

    user: User
    teams: Sequence[Team]
    team: Team | None = None
    is_house: bool = False
    person: str = ""
    action: str = ""
    about: str = ""
    since: date | None = None
    until: date | None = None
    before: LogEntry | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()

    @classmethod
    def of(cls, get: QueryDict, user: User) -> Filters:
        """Raises Http404 for a team or an entry that the user does not see."""
        return _Parser(get, user).filters()

    @property
    def chains(self) -> list[str]:
        """Those that are read, one for each team and that of the house."""
        if self.team or self.is_house:
            return [str(self.team.pk) if self.team else HOUSE]
        return chains_of(self.user, self.teams)

    @property
    def is_of_all(self) -> bool:
        """Is every chain read?"""
        return access.is_admin(self.user) and not self.team and not self.is_house

    @property
    def looked_for_since(self) -> datetime | None:
        """From when on, and where nothing was said of it but a name, lately."""
        if self.since:
            return datetime.combine(self.since, time.min, UTC)
        return timezone.now() - LATELY if self.is_in_names else None

    @property
    def is_in_names(self) -> bool:
        return bool(self.about) and self.about_id is None

    @property
    def about_id(self) -> str | None:
        """The id of a thing, be it all that was typed or part of the address of its page."""
        found = ID.search(self.about)
        return found[0].lower() if found else None

    @property
    def narrow(self) -> bool:
        return bool(self.words)

    def query(self, **changes: str) -> str:
        """The query string of these filters with changes; an empty value takes its word out. Another wish begins on the
        first page."""
        words = {key: value for key, value in self.words.items() if key != "before"} | changes
        query = QueryDict(mutable=True)
        query.update({key: value for key, value in words.items() if value})
        return query.urlencode()


@dataclass(frozen=True)
class Page:
    entries: list[LogEntry]
    has_older: bool


def chains_of(user: User, teams: Sequence[Team]) -> list[str]:
    return [str(team.pk) for team in teams] + ([HOUSE] if access.is_admin(user) else [])


def readable_teams(user: User) -> list[Team]:
    """Whose chains the user reads, by name."""
    managed = set(access.team_ids(user, at_least=Role.MANAGER))
    return [team for team in access.teams(user) if team.pk in managed]


def page_of(filters: Filters, size: int = PAGE) -> Page:
    """The newest entries that the filters let through, or those after the filters' `before`."""
    entries = list(_walk(filters, size + 1))
    return Page(entries[:size], len(entries) > size)


def count_of(filters: Filters, most: int = COUNTED) -> str:
    """How many there are, such as “1,000+”: counting stops there."""
    sql, values = _union(_sliced(replace(filters, before=None), most + 1))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({sql} LIMIT {most + 1}) AS counted", values)
        (number,) = cursor.fetchone()
    return f"{most:,}+" if number > most else f"{number:,}"


def everything(filters: Filters) -> Iterator[LogEntry]:
    """All that the filters let through, newest first, few at a time in memory."""
    page = page_of(replace(filters, before=None), EXPORTED)
    yield from page.entries
    while page.has_older:
        page = page_of(replace(filters, before=page.entries[-1]), EXPORTED)
        yield from page.entries


def people_of(filters: Filters) -> list[User]:
    """Whom the log can be narrowed to, by name. Others are found by what they did."""
    people = User.objects.order_by("username")
    if not access.is_admin(filters.user):
        people = people.filter(memberships__team__in=[team.pk for team in filters.teams]).distinct()
    return sorted(people[:MOST_PEOPLE], key=lambda person: str(person).casefold())


def name_of(filters: Filters) -> str:
    """The person that the log is narrowed to, by the name that they go by in it."""
    if filters.person in ("", PORTAL):
        return filters.person
    named = LogEntry.objects.filter(chain__in=filters.chains, actor_id=filters.person)
    return named.order_by("-at").values_list("actor_name", flat=True).first() or filters.person


def _walk(filters: Filters, size: int) -> Entries:
    """The first entries of the list, so many at most."""
    slices = _sliced(filters, size)
    if len(slices) == 1:
        return slices[0]
    return LogEntry.objects.filter(pk__in=RawSQL(*_union(slices))).order_by("-at", "-id")[:size]


def _sliced(filters: Filters, size: int) -> list[Entries]:
    slices = [entries.order_by("-at", "-id")[:size] for entries in _slices(filters)]
    return slices or [LogEntry.objects.filter(chain="")[:size]]


def _union(slices: Sequence[Entries]) -> tuple[str, list[Any]]:
    """The ids of what is in the slices, as a statement and its values.

    Django makes no union of slices on SQLite, where a term of a union has no limit; but a table in FROM may.
    """
    compiled = [entries.values("pk").query.sql_with_params() for entries in slices]
    sql = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS slice_{number}" for number, (sql, _) in enumerate(compiled))
    return sql, [value for _, values in compiled for value in values]


def _slices(filters: Filters) -> list[Entries]:
    """Parts of the list of which each can be walked in an index."""
    entries, chains = _narrowed(filters), filters.chains
    if filters.about_id is not None or len(chains) > MOST_CHAINS:
        return [entries.filter(chain__in=chains)]
    if filters.is_of_all and not (filters.person or filters.action):
        return [entries]
    return [entries.filter(chain=chain) for chain in chains]


def _narrowed(filters: Filters) -> Entries:
    entries = LogEntry.objects.all()
    if filters.person:
        entries = entries.filter(actor_id="" if filters.person == PORTAL else filters.person)
    if filters.action:
        entries = entries.filter(action=filters.action)
    if filters.about_id is not None:
        entries = entries.filter(object_id=filters.about_id)
    elif filters.about:
        entries = entries.filter(object_name__icontains=_as_named(filters.about))
    if since := filters.looked_for_since:
        entries = entries.filter(at__gte=since)
    if filters.until:
        entries = entries.filter(at__lte=datetime.combine(filters.until, time.max, UTC))
    if place := filters.before:
        # “At most” stands alone beside the rest, so that the database begins in the middle of its index.
        entries = entries.filter(Q(at__lt=place.at) | Q(pk__lt=place.pk), at__lte=place.at)
    return entries


def _as_named(words: str) -> str:
    """Numbers stand in names in one piece, however people type them."""
    return re.sub(r"[^0-9+]", "", words) if NUMBER.fullmatch(words) else words


class _Parser:
    """One pass over an address."""

    def __init__(self, get: QueryDict, user: User) -> None:
        self.get, self.user = get, user
        self.teams = readable_teams(user)
        self.words: dict[str, str] = {}
        self.problems: list[str] = []

    def filters(self) -> Filters:
        team, is_house = self._team()
        since, until = self._day("since"), self._day("until")
        if since and until and since > until:
            self.problems.append(f"“To” ({until}) is before “from” ({since}), so it was left out.")
            self.words.pop("until")
            until = None
        wish: dict[str, Any] = {name: self._word(name) for name in ("person", "action", "about")}
        before = self._before()
        return Filters(
            self.user,
            self.teams,
            team=team,
            is_house=is_house,
            since=since,
            until=until,
            before=before,
            words=self.words,
            problems=self.problems,
            **wish,
        )

    def _word(self, key: str) -> str:
        word = one_line(str(self.get.get(key) or ""), LONGEST)
        if word:
            self.words[key] = word
        return word

    def _team(self) -> tuple[Team | None, bool]:
        slug = self._word("team")
        if not slug or (slug == OF_HOUSE and access.is_admin(self.user)):
            return None, bool(slug)
        for team in self.teams:
            if team.slug == slug:
                return team, False
        raise Http404

    def _day(self, key: str) -> date | None:
        word = self._word(key)
        try:
            return date.fromisoformat(word) if word else None
        except ValueError:
            self.problems.append(f"“{word}” is no day, so it was left out. Write it as 2026-01-31.")
            del self.words[key]
            return None

    def _before(self) -> LogEntry | None:
        word = self._word("before")
        if not word:
            return None
        try:
            entry_id = UUID(word)
        except ValueError as error:
            raise Http404 from error
        entries = LogEntry.objects.all()
        if not access.is_admin(self.user):
            entries = entries.filter(chain__in=chains_of(self.user, self.teams))
        return get_object_or_404(entries, pk=entry_id)
