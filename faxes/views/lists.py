"""The list of sent faxes. Page and poll render the same rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.guards import for_people, is_fragment
from accounts.models import User
from applications.models import PhoneNumber
from contacts.numbers import format_number
from faxes.listing import SENT, Filters, page_of
from faxes.models import Fax
from faxes.wording import State, state_of

# In seconds: how often a list looks again while a fax on it is under way.
WHILE_OPEN = 4


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
class Listing:
    """What tells the two lists apart."""

    heading: str
    way: str
    empty: str


SENT_LIST = Listing("Sent", way="from", empty="faxes/_fax_sent_empty.html")


@require_safe
@for_people
def sent(request: HttpRequest, user: User) -> HttpResponse:
    return _list(request, SENT_LIST, Filters.of(request.GET, user, SENT))


def _list(request: HttpRequest, listing: Listing, filters: Filters) -> HttpResponse:
    page = page_of(filters)
    numbers = PhoneNumber.objects.visible_to(filters.user)
    labels = dict(numbers.exclude(label="").values_list("phone_number", "label"))
    rows = [row_of(fax, labels) for fax in page.faxes]
    version = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    if is_fragment(request) and request.GET.get("seen") == version:
        return HttpResponse(status=204)
    context = {
        "listing": listing,
        "rows": rows,
        "filters": filters,
        "about_team": filters.team,
        "teams": filters.teams if len(filters.teams) > 1 else [],
        "numbers": [] if rows or filters.narrow else [format_number(number.phone_number) for number in numbers],
        "every": _seconds_until_next_look(rows, filters, listing),
        "poll": filters.query(seen=version),
        "older": page.older,
        "newest": filters.query(before="", after=""),
    }
    return render(request, "faxes/_fax_rows.html" if is_fragment(request) else "faxes/fax_list.html", context)


def _seconds_until_next_look(rows: Sequence[Row], filters: Filters, listing: Listing) -> int | None:
    """None when nothing on this page of the list will change by itself."""
    if any(row.is_open for row in rows):
        return WHILE_OPEN
    return None


def row_of(fax: Fax, labels: Mapping[str, str], *, line_in_use: bool = False) -> Row:
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
        state=state_of(fax, line_in_use=line_in_use),
        is_open=not fax.is_over,
        at=fax.created_at,
    )
