"""The inbox's list as it is shown: its rows, what its heading counts, and the chips of its filters."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from applications.models import FaxApplication, PhoneNumber
from contacts.numbers import format_number
from faxes import triage
from faxes.listing import NOBODY, Filters, Page, Show, count_of, page_of
from faxes.models import Fax
from faxes.pictures import turn_of
from faxes.reading import MOST, unread_count, unread_of
from faxes.views.pane import list_query
from faxes.wording import State, state_of

# What somebody sees who looks at what came in. Elsewhere the heading counts what is listed.
UNREAD_MATTERS = (Show.OPEN, Show.UNREAD, Show.ALL)


@dataclass(frozen=True)
class Row:
    """A fax as the inbox shows it."""

    id: UUID
    name: str
    far: str
    line: str
    team: str
    pages: int | None
    picture: str
    state: State
    is_unread: bool
    is_handled: bool
    is_held: bool
    assignee: str
    initials: str
    tags: tuple[str, ...]
    at: datetime

    @property
    def version(self) -> str:
        return _digest(self)

    @property
    def trouble(self) -> str:
        """The word for a state that is not the usual one."""
        return "" if self.state.tone == "good" else self.state.word

    @property
    def place(self) -> str:
        """Where it came in, for those who have several teams or numbers."""
        return " · ".join(filter(None, [self.team, f"to {self.line}" if self.line else ""]))

    @property
    def has_words(self) -> bool:
        return bool(self.trouble or self.place or self.tags or self.is_handled or self.is_held)


@dataclass(frozen=True)
class Chip:
    """A filter in force, and the query string without it."""

    name: str
    without: str


def list_of_rows(filters: Filters) -> dict[str, Any]:
    """Everything the list shows, and a version of it by which a page knows whether it shows it already."""
    # A fax that is being recorded at this moment may carry an earlier time than the page that does not show it yet.
    moment = timezone.now() - BEING_RECORDED
    page = page_of(filters)
    unread = unread_count(filters.user)
    lines = list(PhoneNumber.objects.visible_to(filters.user).order_by("label", "phone_number"))
    rows = _rows(page, {line.phone_number: line.label for line in lines})
    listed = {
        "rows": rows,
        "unread": unread,
        "count": _count(filters, unread) if rows else "",
        "may_read_all": bool(rows and unread) and _counts_unread(filters),
        "older": page.older,
        "newer": page.newer,
        "is_done": not rows and _is_done(filters),
    }
    return listed | {
        "version": _digest(listed),
        "seen_at": moment.isoformat(),
        "filters": filters,
        "list_query": list_query(filters),
        "poll": filters.query(open="", seen=""),
        "lines": lines,
    }


def bar_of(filters: Filters, *, more: str) -> dict[str, Any]:
    """What is chosen to narrow the list; and what one can choose from, where that is wanted or something of it is
    chosen: nobody waits for a choice that stays folded away."""
    used = sum(bool(filters.words.get(word)) for word in MORE)
    chips = _chips(filters)
    bar = {"chips": chips, "more_used": used, "more": more, "sifted": bool(chips or more or filters.words.get("show"))}
    return bar | choices_of(filters) if more or used else bar


def choices_of(filters: Filters) -> dict[str, Any]:
    """The teams, people, tags and applications to choose from."""
    teams = [filters.team] if filters.team else filters.teams
    people = User.objects.filter(memberships__team__in=teams, is_active=True).distinct()
    return {
        "filters": filters,
        "has_choices": True,
        "teams": filters.teams if len(filters.teams) > 1 else [],
        "applications": FaxApplication.objects.visible_to(filters.user).filter(gone_at=None),
        "people": sorted(people, key=lambda one: str(one).casefold()),
        "tag_names": sorted({tag.name for tag in triage.tags_of(teams)}, key=str.casefold),
    }


BEING_RECORDED = timedelta(seconds=5)
MOST_COUNTED = 100
# The filters that are folded away.
MORE = ("team", "application", "assignee", "since", "until", "tag")


def _chips(filters: Filters) -> list[Chip]:
    names = {
        "q": f"“{filters.search}”",
        "team": str(filters.team or ""),
        "number": format_number(filters.number.phone_number) if filters.number else "",
        "application": str(filters.application or ""),
        "assignee": _assignee(filters),
        "since": f"since {filters.since}",
        "until": f"until {filters.until}",
        "tag": f"tag: {filters.tag}",
    }
    return [Chip(name, filters.query(**{word: ""})) for word, name in names.items() if filters.words.get(word)]


def _assignee(filters: Filters) -> str:
    if filters.assignee == NOBODY:
        return "given to nobody"
    return "given to me" if filters.assignee == filters.user else f"given to {filters.assignee}"


def _count(filters: Filters, unread: int) -> str:
    """“7 unread” of the whole inbox; of a list that somebody narrowed, how many it has. Counting ends somewhere."""
    if _counts_unread(filters):
        return "" if not unread else f"{MOST - 1}+ unread" if unread >= MOST else f"{unread} unread"
    count = count_of(filters, most=MOST_COUNTED)
    return f"{count} fax" if count.number == 1 else f"{count} faxes"


def _counts_unread(filters: Filters) -> bool:
    return filters.show in UNREAD_MATTERS and not _chips(filters)


def _is_done(filters: Filters) -> bool:
    """Is there nothing left to do, where something has been done?"""
    if filters.narrow or filters.show is not Show.OPEN:
        return False
    everything = Filters(filters.user, filters.box, filters.teams, Show.ALL)
    return bool(page_of(everything, size=1).faxes)


def _rows(page: Page, labels: Mapping[str, str]) -> list[Row]:
    filters = page.filters
    unread = unread_of(filters.user, page.faxes) if page.faxes else set[UUID]()
    return [_row(fax, labels, unread, several=len(filters.teams) > 1) for fax in page.faxes]


def _row(fax: Fax, labels: Mapping[str, str], unread: Collection[UUID], *, several: bool) -> Row:
    far = format_number(fax.from_number)
    name = fax.correspondent.name if fax.correspondent else ""
    ours = labels.get(fax.to_number) or format_number(fax.to_number)
    team = fax.team.name if fax.team else "no team yet"
    who = fax.assigned_to
    return Row(
        id=fax.pk,
        name=name or far or "Unknown number",
        far=far if name else "",
        line=ours if len(labels) > 1 else "",
        team=team if several else "",
        pages=fax.document.pages if fax.document else fax.page_count,
        picture=_picture(fax),
        state=state_of(fax),
        is_unread=fax.pk in unread,
        is_handled=fax.handled_at is not None,
        is_held=fax.legal_hold,
        assignee=str(who or ""),
        initials=who.initials if who else "",
        tags=tuple(tag.name for tag in fax.tags.all()),
        at=fax.created_at,
    )


def _picture(fax: Fax) -> str:
    """The query of its small picture, which sets apart a page that was turned; empty where there is none."""
    if fax.document is None or not fax.document.is_here:
        return ""
    turned = turn_of(fax, 1)
    return f"w=88&turned={turned}" if turned else "w=88"


def _digest(shown: object) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
