"""The audit log: for administrators all of it, for managers that of their teams, to read and to take away."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from accounts import access, audit
from accounts.audit import export
from accounts.audit.listing import OF_HOUSE, PORTAL, Filters, count_of, everything, name_of, page_of, people_of
from accounts.audit.shown import names_of, rows_of
from accounts.audit.wording import KNOWN, WORDS
from accounts.guards import for_people
from accounts.models import LogEntry, Role, Team, User
from faxes.models import Fax

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Chip:
    """A filter in force, and the query string without it."""

    name: str
    without: str


@require_safe
@for_people
def log(request: HttpRequest, user: User) -> HttpResponse:
    access.require_somewhere(user, at_least=Role.MANAGER)
    filters = Filters.of(request.GET, user)
    page = page_of(filters)
    person = name_of(filters)
    people = {str(one.pk): str(one) for one in people_of(filters)}
    if filters.person not in ("", PORTAL):
        people.setdefault(filters.person, person)
    context: dict[str, Any] = {
        "filters": filters,
        "about_team": filters.team,
        "rows": rows_of(filters, page.entries),
        "count": count_of(filters) if page.entries else "",
        "older": filters.query(before=str(page.entries[-1].pk)) if page.has_older else "",
        "newest": filters.query(),
        "chips": _chips(filters, person),
        "people": people,
        "actions": _actions(filters),
        "chains": _chains(filters),
        "open_faxes": _open_faxes(user, page.entries),
        "export": f"{reverse('portal:audit_export')}?{filters.query()}",
    }
    return render(request, "portal/audit.html", context)


@require_GET
@for_people
def log_export(request: HttpRequest, user: User) -> HttpResponseBase:
    """Everything that the filters let through, as a table. That somebody takes it along is an entry itself, in each
    chain of which something may be in it."""
    access.require_somewhere(user, at_least=Role.MANAGER)
    filters = Filters.of(request.GET, user)
    data = {name: word for name, word in filters.words.items() if name != "before"}
    for team in _read(filters):
        audit.record_alone(audit.Entry("audit.export", by=user, team=team, data=data))
    name = f"audit-{timezone.now():%Y-%m-%d}.csv"
    table = export.lines(everything(filters), names_of(filters))
    return StreamingHttpResponse(
        (line.encode() for line in _marked(table)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _read(filters: Filters) -> Iterable[Team | None]:
    """The teams whose chains are read; None is the house."""
    if filters.team or filters.is_house:
        return [filters.team]
    return [*filters.teams, None] if filters.is_of_all else filters.teams


def _marked(lines: Iterable[str]) -> Iterable[str]:
    """By that mark spreadsheets know UTF-8."""
    yield BYTE_ORDER_MARK
    yield from lines


def _chips(filters: Filters, person: str) -> list[Chip]:
    words = KNOWN.get(filters.action)
    names = {
        "about": "this thing alone" if filters.about_id else f"“{filters.about}”",
        "person": "nobody signed in" if filters.person == PORTAL else person,
        "action": words.label if words else filters.action,
        "team": "the house" if filters.is_house else str(filters.team or ""),
        "since": f"from {filters.since}",
        "until": f"to {filters.until}",
    }
    return [Chip(name, filters.query(**{word: ""})) for word, name in names.items() if filters.words.get(word)]


def _actions(filters: Filters) -> list[tuple[str, list[tuple[str, str]]]]:
    """What there is to choose from, in groups. What nobody has words for is offered where it is chosen."""
    groups = [(title, [(action, words.label) for action, words in some.items()]) for title, some in WORDS.items()]
    if filters.action and filters.action not in KNOWN:
        groups.append(("Other", [(filters.action, filters.action)]))
    return groups


def _chains(filters: Filters) -> list[tuple[str, str]]:
    """By what goes into the address. Nothing to choose from one."""
    chains = [(team.slug, team.name) for team in filters.teams]
    if access.is_admin(filters.user):
        chains.append((OF_HOUSE, "The house"))
    return chains if len(chains) > 1 else []


def _open_faxes(user: User, entries: Iterable[LogEntry]) -> set[str]:
    """The ids of faxes that can still be opened; others were deleted since."""
    ids = {entry.object_id for entry in entries if entry.object_type == "faxes.fax"}
    faxes = Fax.objects.visible_to(user).filter(pk__in=[uuid.UUID(one) for one in ids])
    return {str(pk) for pk in faxes.values_list("pk", flat=True)}
