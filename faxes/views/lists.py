"""The lists of sent and received faxes. Page and poll render the same rows."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts import access
from accounts.models import Team, User
from applications.models import PhoneNumber
from contacts.models import Correspondent
from contacts.numbers import format_number
from faxes.models import Fax, FaxQuerySet
from faxes.views.guards import for_people, is_fragment
from faxes.wording import State, state_of

PAGE = 50
# In seconds: how often a list looks again while a fax on it is under way, and the newest received ones always.
WHILE_OPEN = 4
FOR_ARRIVALS = 15
MOST_CORRESPONDENTS = 500


@dataclass(frozen=True)
class Row:
    """A fax as a list shows it."""

    id: UUID
    name: str
    far: str
    ours: str
    team: str
    pages: int | None
    has_picture: bool
    state: State
    is_open: bool
    at: datetime


@dataclass(frozen=True)
class Filters:
    """What the address asks for: a team, words to search for, and the fax after which the page begins."""

    team: Team | None
    search: str
    before: Fax | None

    @property
    def narrow(self) -> bool:
        return bool(self.team or self.search or self.before)


@dataclass(frozen=True)
class Listing:
    """What tells the two lists apart."""

    heading: str
    way: str
    empty: str
    arrivals: int | None = None


SENT = Listing("Sent", way="from", empty="faxes/_fax_sent_empty.html")
INBOX = Listing("Received", way="to", empty="faxes/_fax_inbox_empty.html", arrivals=FOR_ARRIVALS)


@require_safe
@for_people
def sent(request: HttpRequest, user: User) -> HttpResponse:
    return _list(request, user, SENT, Fax.objects.sent())


@require_safe
@for_people
def inbox(request: HttpRequest, user: User) -> HttpResponse:
    return _list(request, user, INBOX, Fax.objects.received())


def _list(request: HttpRequest, user: User, listing: Listing, faxes: FaxQuerySet) -> HttpResponse:
    teams = list(Team.objects.filter(pk__in=access.team_ids(user)))
    filters = _filters(request, user, teams)
    found = list(_narrowed(faxes.visible_to(user), user, filters)[: PAGE + 1])
    page = found[:PAGE]
    numbers = PhoneNumber.objects.visible_to(user)
    labels = dict(numbers.exclude(label="").values_list("phone_number", "label"))
    rows = [_row(fax, labels) for fax in page]
    version = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    if is_fragment(request) and request.GET.get("seen") == version:
        return HttpResponse(status=204)
    context = {
        "listing": listing,
        "rows": rows,
        "filters": filters,
        "teams": teams if len(teams) > 1 else [],
        "numbers": [] if rows or filters.narrow else [format_number(number.phone_number) for number in numbers],
        "every": _seconds_until_next_look(rows, filters, listing),
        "poll": _query(request, seen=version),
        "older": _query(request, before=str(page[-1].pk)) if len(found) > PAGE else "",
        "newest": _query(request, before=""),
    }
    return render(request, "faxes/_fax_rows.html" if is_fragment(request) else "faxes/fax_list.html", context)


def _seconds_until_next_look(rows: Sequence[Row], filters: Filters, listing: Listing) -> int | None:
    """None when nothing on this page of the list will change by itself."""
    if any(row.is_open for row in rows):
        return WHILE_OPEN
    return None if filters.before else listing.arrivals


def _filters(request: HttpRequest, user: User, teams: Sequence[Team]) -> Filters:
    """Raises Http404 for a team or a fax that the user does not have."""
    slug, before = request.GET.get("team", ""), request.GET.get("before", "")
    team = next((team for team in teams if team.slug == slug), None)
    if slug and team is None:
        raise Http404
    search = "".join(filter(str.isprintable, request.GET.get("q", "").strip()))[:100]
    return Filters(team, search, _fax(user, before) if before else None)


def _fax(user: User, fax_id: str) -> Fax:
    try:
        return get_object_or_404(Fax.objects.visible_to(user), pk=uuid.UUID(fax_id))
    except ValueError as error:
        raise Http404 from error


def _narrowed(faxes: FaxQuerySet, user: User, filters: Filters) -> FaxQuerySet:
    if filters.team:
        faxes = faxes.filter(team=filters.team)
    if filters.search:
        faxes = faxes.filter(correspondent__in=_correspondents(user, filters.search))
    if filters.before:
        # “At most” stands alone beside the rest, so that the database begins in the middle of its index.
        at = filters.before.created_at
        faxes = faxes.filter(Q(created_at__lt=at) | Q(pk__lt=filters.before.pk), created_at__lte=at)
    # What is not shown in a list can be large.
    return faxes.select_related("correspondent", "document", "team").defer("raw", "client_state", "media_url")


def _correspondents(user: User, search: str) -> list[UUID]:
    """Whose name or number holds what was typed. Faxes are many and correspondents few, so only these are searched."""
    digits = "".join(filter(str.isdigit, search))
    named = Q(name__icontains=search)
    known = Correspondent.objects.filter(named | Q(number__contains=digits) if digits else named)
    return list(known.filter(**access.scope(user)).values_list("pk", flat=True)[:MOST_CORRESPONDENTS])


def _row(fax: Fax, labels: Mapping[str, str]) -> Row:
    far = format_number(fax.other_number)
    name = fax.correspondent.name if fax.correspondent else ""
    return Row(
        id=fax.pk,
        name=name or far or "Unknown number",
        far=far if name else "",
        ours=labels.get(fax.our_number) or format_number(fax.our_number),
        team=fax.team.name if fax.team else "no team yet",
        pages=fax.document.pages if fax.document else fax.page_count,
        has_picture=fax.document is not None,
        state=state_of(fax),
        is_open=not fax.is_over,
        at=fax.created_at,
    )


def _query(request: HttpRequest, **changes: str) -> str:
    """The address's query string with these values; an empty one takes its key out."""
    query = request.GET.copy()
    query.pop("seen", None)
    for key, value in changes.items():
        query[key] = value
        if not value:
            del query[key]
    return query.urlencode()
