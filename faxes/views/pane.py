"""A received fax as it lies open: what stands around its pages, beside the inbox or on a page of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts import access
from accounts.models import Role, Team, User
from applications.models import PhoneNumber
from contacts.numbers import format_number
from faxes import triage
from faxes.listing import INBOX, Filters, neighbours
from faxes.models import Fax
from faxes.retention import IN_BIN


def fetch(user: User, fax_id: UUID) -> Fax:
    """A fax with all that an open one shows. Raises Http404."""
    faxes = Fax.objects.select_related("team", "correspondent", "document", "original", "assigned_to", "created_by")
    return get_object_or_404(faxes.visible_to(user), pk=fax_id)


def list_of(user: User, query: str) -> Filters:
    """The list that somebody came from, as its query string says. Raises Http404 as `Filters.of` does."""
    return Filters.of(QueryDict(query), user, INBOX)


def pane_of(user: User, fax: Fax, filters: Filters) -> dict[str, Any]:
    """What a received fax shows beyond what every fax does."""
    may_act = access.may(user, fax.team, at_least=Role.MEMBER)
    return {
        "filters": filters,
        "list_query": list_query(filters),
        "notes": list(fax.notes.select_related("by")),
        "tags": list(fax.tags.all()),
        "line": _line_of(user, fax),
        "rescued_in": _rescued_in(fax),
        "is_mine": fax.assigned_to_id == user.pk,
        "may_trash": access.may_delete(user, fax.team),
        "may_hold": access.may(user, fax.team, at_least=Role.MANAGER),
        "assignees": triage.assignees(fax.team) if may_act and fax.team else [],
        "team_tags": triage.tags_of([fax.team]) if may_act and fax.team else [],
        "teams_to_give": Team.objects.all() if fax.team is None else [],
        "leaves_bin_at": fax.trashed_at + IN_BIN if fax.trashed_at and not fax.legal_hold else None,
        "inbox_url": inbox_url(filters),
        "own_url": own_url(filters, fax.pk),
    }


def beside(fax: Fax, filters: Filters) -> dict[str, str]:
    """The pages of the faxes around it in the list."""
    found = neighbours(fax, filters)
    around = {"newer_url": found.previous, "older_url": found.next}
    return {name: own_url(filters, fax_id) for name, fax_id in around.items() if fax_id}


def list_query(filters: Filters) -> str:
    """Which list it is, and which page of it."""
    return filters.query(open="", seen="")


def inbox_url(filters: Filters, open_id: UUID | None = None) -> str:
    query = filters.query(open=str(open_id or ""), seen="")
    return reverse("faxes:inbox") + (f"?{query}" if query else "")


def own_url(filters: Filters, fax_id: UUID) -> str:
    """The page of its own of a fax in a list."""
    query = list_query(filters)
    return reverse("faxes:detail", args=[fax_id], query={"list": query} if query else None)


def _line_of(user: User, fax: Fax) -> str:
    """Our number by its label, else as people read it."""
    number = PhoneNumber.objects.visible_to(user).filter(phone_number=fax.to_number).first()
    return (number.label if number else "") or format_number(fax.to_number)


def _rescued_in(fax: Fax) -> str:
    """How long its pages took to get here, such as “1.4 s”; empty where they are not here, or took no race."""
    took = fax.events.filter(kind="archived").values_list("data__seconds", flat=True).first()
    return f"{took:g} s" if isinstance(took, int | float) and took < 60 else ""
