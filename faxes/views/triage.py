"""What people do with a received fax: one POST for each deed.

Without script each leads back to where it came from; a page's script gets the parts that changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect, replace_url

from accounts import access
from accounts.guards import is_fragment
from accounts.models import Role, Team, User
from faxes import looks, reading, services, triage
from faxes.listing import Filters, neighbours
from faxes.models import Fax
from faxes.views import inbox
from faxes.views.answers import INCOMPLETE, in_inbox, name_of, person_of, refused, to_login
from faxes.views.pane import fetch, inbox_url, list_of, own_url
from faxes.views.told import Told, tell


@dataclass(frozen=True)
class Done:
    """What was done, as a sentence; by which act it can be taken back; and where that leaves the person: with the
    fax, or else with the next one of the list, or with none."""

    said: str
    undo: str = ""
    goes_on: bool = False
    closes: bool = False
    leads_to: str = ""


Deed = Callable[[HttpRequest, User, Fax], Done]


def _deed(act: Deed, at_least: Role = Role.MEMBER) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """A POST that does something with a fax. A stranger gets 404, and 403 whose role does not reach."""

    @wraps(act)
    def checked(request: HttpRequest, fax_id: UUID) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_login(request, reverse("faxes:detail", args=[fax_id]))
        user = request.user
        fax = get_object_or_404(
            Fax.objects.visible_to(user).select_related("team", "correspondent", "assigned_to"), pk=fax_id
        )
        access.require(user, fax.team, at_least=at_least)
        filters = list_of(user, request.POST.get("list", ""))
        try:
            done = act(request, user, fax)
        except ValidationError as error:
            return refused(request, filters, fax, " ".join(error.messages))
        if done.leads_to:
            return HttpResponseClientRedirect(done.leads_to) if is_fragment(request) else redirect(done.leads_to)
        return _after(request, user, fax, filters, done)

    return never_cache(require_POST(checked))


def _after(request: HttpRequest, user: User, fax: Fax, filters: Filters, done: Done) -> HttpResponse:
    told = Told(done.said, done.undo, (str(fax.pk),) if done.undo else ())
    following = _following(user, fax, filters, request.POST.get("way", "")) if done.goes_on else None
    stays = not done.goes_on and not done.closes
    if not is_fragment(request):
        return _redirected(request, fax, filters, told, following, stays=stays)
    if stays:
        return inbox.changed(request, filters, around=fetch(user, fax.pk), told=told)
    if following is not None:
        looks.opened(user, following)
        reading.mark_read(user, [following])
        told = Told(f"{told.said} Next: {name_of(following)}.", told.undo, told.faxes)
    response = inbox.changed(request, filters, pane=following, told=told)
    return replace_url(response, inbox_url(filters, following.pk if following else None))


def _redirected(
    request: HttpRequest, fax: Fax, filters: Filters, told: Told, following: Fax | None, *, stays: bool
) -> HttpResponse:
    """To where the form stood: the inbox, or the page of a fax."""
    shown = fax if stays or fax.is_outbound else following
    if fax.is_outbound:
        messages.success(request, told.said)
    else:
        tell(request, told)
    if in_inbox(request) or shown is None:
        return redirect(inbox_url(filters, shown.pk if shown else None))
    return redirect(own_url(filters, shown.pk))


def _following(user: User, fax: Fax, filters: Filters, way: str) -> Fax | None:
    """The fax after this one, the way in which somebody goes through the list. At its end there is none: what they have
    passed by was left there on purpose. Who has not gone any way yet gets the older one, else the newer one."""
    beside = neighbours(fax, filters)
    ways = {"older": beside.next, "newer": beside.previous}
    fax_id = ways.get(way, beside.next or beside.previous)
    return fetch(user, fax_id) if fax_id else None


# One fax


@_deed
def handle(request: HttpRequest, user: User, fax: Fax) -> Done:
    triage.handle(by=user, faxes=[fax])
    return Done(f"Done: {name_of(fax)}.", undo="reopen", goes_on=True)


@_deed
def reopen(request: HttpRequest, user: User, fax: Fax) -> Done:
    triage.reopen(by=user, faxes=[fax])
    return Done(f"Open again: {name_of(fax)}.")


@_deed
def assign(request: HttpRequest, user: User, fax: Fax) -> Done:
    person = person_of(request, user)
    triage.assign(by=user, faxes=[fax], to=person)
    return Done(f"Given to {'you' if person == user else person}." if person else "Given to nobody.")


@_deed
def note(request: HttpRequest, user: User, fax: Fax) -> Done:
    triage.note(by=user, fax=fax, text=request.POST.get("text", ""))
    return Done("The note is added.")


@_deed
def tag(request: HttpRequest, user: User, fax: Fax) -> Done:
    name = request.POST.get("name", "")
    triage.tag(by=user, faxes=[fax], name=name)
    return Done(f"Tagged “{name.strip()}”.")


@_deed
def untag(request: HttpRequest, user: User, fax: Fax) -> Done:
    name = request.POST.get("name", "")
    triage.untag(by=user, faxes=[fax], name=name)
    return Done(f"The tag “{name.strip()}” is removed.")


@_deed
def rotate(request: HttpRequest, user: User, fax: Fax) -> Done:
    page = _number(request, "page")
    triage.rotate(by=user, fax=fax, page=page, degrees=_number(request, "degrees"))
    return Done(f"Page {page} is turned.")


@_deed
def trash(request: HttpRequest, user: User, fax: Fax) -> Done:
    triage.trash(by=user, faxes=[fax])
    return Done(f"Put into the bin: {name_of(fax)}.", undo="restore", goes_on=True)


@_deed
def restore(request: HttpRequest, user: User, fax: Fax) -> Done:
    triage.restore(by=user, faxes=[fax])
    return Done(f"Out of the bin: {name_of(fax)}.")


@_deed
def hold(request: HttpRequest, user: User, fax: Fax) -> Done:
    triage.hold(by=user, faxes=[fax])
    return Done("On legal hold: nothing of this fax is deleted.")


@_deed
def release(request: HttpRequest, user: User, fax: Fax) -> Done:
    triage.release(by=user, faxes=[fax])
    return Done("The legal hold has ended.")


@_deed
def forward(request: HttpRequest, user: User, fax: Fax) -> Done:
    batch = triage.forward(by=user, fax=fax)
    return Done("Its pages are on a new sheet.", leads_to=reverse("faxes:new", query={"draft": str(batch.pk)}))


@_deed
def route(request: HttpRequest, user: User, fax: Fax) -> Done:
    if not access.is_admin(user):
        raise PermissionDenied
    team = Team.objects.filter(slug=request.POST.get("team", "")).first()
    if team is None:
        raise ValidationError("Choose the team that this fax is for.")
    services.route_fax(by=user, fax=fax, team=team)
    return Done(f"Given to {team}.")


@_deed
def fetch_again(request: HttpRequest, user: User, fax: Fax) -> Done:
    services.fetch_again(by=user, fax=fax)
    return Done("The pages are asked for once more.")


def _unread(request: HttpRequest, user: User, fax: Fax) -> Done:
    reading.mark_unread(user, [fax])
    return Done(f"Unread again: {name_of(fax)}.", closes=True)


def _read(request: HttpRequest, user: User, fax: Fax) -> Done:
    reading.mark_read(user, [fax])
    return Done(f"Read: {name_of(fax)}.")


# What somebody has read is their own affair: those who may only look have it, too.
unread = _deed(_unread, at_least=Role.VIEWER)
read = _deed(_read, at_least=Role.VIEWER)


def _number(request: HttpRequest, key: str) -> int:
    word = request.POST.get(key, "")
    if not re.fullmatch(r"-?[0-9]{1,4}", word):
        raise ValidationError(INCOMPLETE)
    return int(word)
