"""What people do with many faxes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_htmx.http import replace_url

from accounts import access
from accounts.guards import is_fragment
from accounts.models import Role, User
from faxes import looks, reading, triage
from faxes.listing import Filters
from faxes.models import Fax
from faxes.views import inbox
from faxes.views.answers import INCOMPLETE, name_of, person_of, refused, to_login
from faxes.views.pane import fetch, inbox_url, list_of, own_url
from faxes.views.told import Told, tell


@dataclass(frozen=True)
class Many:
    """What is done with many faxes at once: how it is said, by which act it is taken back, and who may."""

    act: Callable[[HttpRequest, User, list[Fax]], object]
    said: Callable[[HttpRequest, User], str]
    undo: str = ""
    at_least: Role = Role.MEMBER


def _assign_many(request: HttpRequest, user: User, faxes: list[Fax]) -> object:
    return triage.assign(by=user, faxes=faxes, to=person_of(request, user))


def _given(request: HttpRequest, user: User) -> str:
    person = person_of(request, user)
    return f"given to {'you' if person == user else person}" if person else "given to nobody"


MANY = {
    "handle": Many(lambda _, user, faxes: triage.handle(by=user, faxes=faxes), lambda *_: "done", undo="reopen"),
    "reopen": Many(lambda _, user, faxes: triage.reopen(by=user, faxes=faxes), lambda *_: "open again"),
    "trash": Many(
        lambda _, user, faxes: triage.trash(by=user, faxes=faxes), lambda *_: "put into the bin", undo="restore"
    ),
    "restore": Many(lambda _, user, faxes: triage.restore(by=user, faxes=faxes), lambda *_: "out of the bin"),
    "assign": Many(_assign_many, _given),
    "tag": Many(
        lambda request, user, faxes: triage.tag(by=user, faxes=faxes, name=request.POST.get("name", "")),
        lambda request, _: f"tagged “{request.POST.get('name', '').strip()}”",
    ),
    "read": Many(
        lambda _, user, faxes: reading.mark_read(user, faxes), lambda *_: "marked as read", at_least=Role.VIEWER
    ),
    "unread": Many(
        lambda _, user, faxes: reading.mark_unread(user, faxes), lambda *_: "marked as unread", at_least=Role.VIEWER
    ),
}


@never_cache
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """One deed on the chosen faxes: all of them or none. Undoing is one, too, and opens what it brings back."""
    if not request.user.is_authenticated:
        return to_login(request, reverse("faxes:inbox"))
    user = request.user
    filters = list_of(user, request.POST.get("list", ""))
    many = MANY.get(request.POST.get("act", ""))
    try:
        faxes = _chosen(request, user)
        if many is None:
            raise ValidationError("Choose what to do with the faxes.")
        for team in {fax.team for fax in faxes}:
            access.require(user, team, at_least=many.at_least)
        many.act(request, user, faxes)
    except ValidationError as error:
        return refused(request, filters, None, " ".join(error.messages))
    said = f"{_how_many(faxes)} {many.said(request, user)}."
    told = Told(said, many.undo, tuple(str(fax.pk) for fax in faxes) if many.undo else ())
    return _after_many(request, user, filters, faxes, told)


def _after_many(request: HttpRequest, user: User, filters: Filters, faxes: list[Fax], told: Told) -> HttpResponse:
    """The list anew. A fax that was put away is open no more, and one that was brought back is open again."""
    open_id = inbox.open_id(request)
    if "undo" in request.POST and len(faxes) == 1:
        open_id = faxes[0].pk
    elif told.undo and open_id in [fax.pk for fax in faxes]:
        open_id = None
    if not is_fragment(request):
        tell(request, told)
        if open_id and "at" in request.POST:
            return redirect(own_url(filters, open_id))
        return redirect(inbox_url(filters, open_id))
    pane = fetch(user, open_id) if open_id else None
    stays = pane is not None and "undo" not in request.POST
    if pane is not None and not stays:
        looks.opened(user, pane)
    response = inbox.changed(request, filters, pane=None if stays else pane, around=pane if stays else None, told=told)
    return replace_url(response, inbox_url(filters, open_id))


def _chosen(request: HttpRequest, user: User) -> list[Fax]:
    """Raises ValidationError for none at all, and Http404 where one of them is not the user's."""
    wanted = {_uuid(text) for text in request.POST.getlist("fax")}
    if not wanted:
        raise ValidationError("Choose one fax or more first.")
    if len(wanted) > triage.MOST_AT_ONCE:
        raise ValidationError(f"Choose at most {triage.MOST_AT_ONCE} faxes at once.")
    faxes = Fax.objects.visible_to(user).received().select_related("team", "correspondent", "assigned_to")
    found = list(faxes.filter(pk__in=wanted))
    if len(found) < len(wanted):
        raise Http404
    return found


def _how_many(faxes: Sequence[Fax]) -> str:
    return f"{name_of(faxes[0])}:" if len(faxes) == 1 else f"{len(faxes)} faxes"


@never_cache
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Let all that was there when the page was made count as read. What has come since stays unread."""
    if not request.user.is_authenticated:
        return to_login(request, reverse("faxes:inbox"))
    user = request.user
    filters = list_of(user, request.POST.get("list", ""))
    until = _moment(request.POST.get("until", ""))
    if until is None:
        return refused(request, filters, None, INCOMPLETE)
    reading.mark_all_read(user, team=filters.team, until=until)
    told = Told("All faxes are marked as read.")
    if not is_fragment(request):
        tell(request, told)
        return redirect(inbox_url(filters))
    open_id = inbox.open_id(request)
    return inbox.changed(request, filters, around=fetch(user, open_id) if open_id else None, told=told)


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return timezone.make_aware(moment) if moment and timezone.is_naive(moment) else moment


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
