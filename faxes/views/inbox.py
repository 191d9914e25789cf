"""The inbox: the list at the left, the fax that is open at the right.

Every address and every form of it works by itself. Asked by the page's script, the same addresses answer with the
parts that changed, each of which says by its id where it belongs.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from accounts.guards import for_people, is_fragment
from accounts.models import User
from faxes import looks
from faxes.listing import INBOX, Filters
from faxes.models import Fax
from faxes.reading import mark_read, unread_count
from faxes.sandbox import sandbox_url
from faxes.views.detail import context_of
from faxes.views.pane import fetch, inbox_url, pane_of
from faxes.views.rows import bar_of, choices_of, list_of_rows
from faxes.views.told import Told, told_to

CHANGED = "faxes/_inbox_changed.html"
CHOICES = {
    "filters": "faxes/_inbox_more.html",
    "people": "faxes/_inbox_people.html",
    "tags": "faxes/_inbox_tag_names.html",
}


@require_safe
@for_people
def inbox(request: HttpRequest, user: User) -> HttpResponse:
    """The page; for its script, the choices that were folded away, the fax that is to be opened, else the list, or 204
    where nothing has changed."""
    filters, more = Filters.of(request.GET, user, INBOX), request.GET.get("more", "")
    if is_fragment(request) and more:
        return render(request, CHOICES.get(more, CHOICES["filters"]), choices_of(filters))
    fax = _opened(request, user)
    if fax is not None:
        looks.opened(user, fax)
        mark_read(user, [fax])
    if is_fragment(request) and fax is not None:
        return with_address(request, changed(request, filters, pane=fax), inbox_url(filters, fax.pk))
    listed = list_of_rows(filters)
    if is_fragment(request):
        if request.GET.get("seen") == listed["version"]:
            return HttpResponse(status=204)
        return render(request, "faxes/_inbox_news.html", listed)
    context = listed | {"about_team": filters.team} | bar_of(filters, more=more) | open_fax(user, fax, filters)
    return render(request, "faxes/inbox.html", context | {"sandbox_url": sandbox_url(), "told": told_to(request)})


@require_safe
@for_people
def unread(request: HttpRequest, user: User) -> HttpResponse:
    """How many faxes the person has not read, for the entry of the rail; 204 where the page says so already."""
    count = unread_count(user)
    if request.GET.get("seen") == str(count):
        return HttpResponse(status=204)
    return render(request, "_unread_both.html", {"unread": count})


def open_fax(user: User, fax: Fax | None, filters: Filters) -> dict[str, Any]:
    """What the pane shows: the fax, or without one an invitation."""
    if fax is None:
        return {}
    return {"inbox": True, **context_of(user, fax), **pane_of(user, fax, filters)}


def changed(
    request: HttpRequest,
    filters: Filters,
    *,
    pane: Fax | None = None,
    around: Fax | None = None,
    told: Told | None = None,
) -> HttpResponse:
    """The list, and with it the whole pane; or only what is `around` the pages of the fax that stays open there, which
    is a look at it, too. Whoever opens a fax in the pane says so before. Raises NotRecorded."""
    assert request.user.is_authenticated
    if around is not None:
        looks.seen(request.user, around)
    context = list_of_rows(filters) | open_fax(request.user, pane or around, filters)
    return render(request, CHANGED, context | {"told": told, "whole_pane": around is None})


def with_address(request: HttpRequest, response: HttpResponse, address: str) -> HttpResponse:
    """The way back from a fax leads to the list, and not through each fax that was looked at before."""
    was_open = bool(open_id(request))
    return replace_url(response, address) if was_open else push_url(response, address)


def open_id(request: HttpRequest) -> UUID | None:
    """Which fax was open on the page that asks."""
    address = urlsplit(request.headers.get("HX-Current-URL", "")).query
    try:
        return UUID(parse_qs(address).get("open", [""])[0])
    except ValueError:
        return None


def _opened(request: HttpRequest, user: User) -> Fax | None:
    wanted = request.GET.get("open", "")
    if not wanted:
        return None
    try:
        fax = fetch(user, UUID(wanted))
    except ValueError as error:
        raise Http404 from error
    if fax.is_outbound:
        raise Http404
    return fax
