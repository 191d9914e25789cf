"""The page of one fax: its pages, how it stands, what happened, and what may be done about it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import access
from accounts.guards import for_people
from accounts.models import Role, User
from applications.models import FaxApplication
from contacts.numbers import format_number
from faxes import at_telnyx, looks, services
from faxes.models import Attempt, Fax, FaxEvent
from faxes.reading import mark_read
from faxes.states import Media, Outbox
from faxes.story import Line, line_of
from faxes.views.guards import fax_action
from faxes.views.pane import beside, fetch, list_of, pane_of
from faxes.views.told import told_to
from faxes.wording import clock_of, seconds, state_of
from telnyx_api import TelnyxError
from telnyx_api.reading import moment

WHILE_OPEN = 2


@dataclass(frozen=True)
class Happening:
    """A line of the timeline and when it happened."""

    at: datetime
    line: Line
    source: str


@require_safe
@for_people
def detail(request: HttpRequest, user: User, fax_id: UUID) -> HttpResponse:
    """The page. A received fax keeps in mind which list somebody came from, and opening it is reading it."""
    fax = fetch(user, fax_id)
    context = context_of(user, fax)
    looks.opened(user, fax)
    if not fax.is_outbound:
        mark_read(user, [fax])
        filters = list_of(user, request.GET.get("list", ""))
        context |= pane_of(user, fax, filters) | beside(fax, filters) | {"told": told_to(request)}
    return render(request, "faxes/fax_detail.html", context)


@require_safe
@for_people
def status(request: HttpRequest, user: User, fax_id: UUID) -> HttpResponse:
    """The parts of the page that change, for the poll; 204 when the page shows all of it already."""
    fax = fetch(user, fax_id)
    context = context_of(user, fax)
    if request.GET.get("seen") == context["version"]:
        return HttpResponse(status=204)
    looks.seen(user, fax)
    # The pages come along only where the open page has none yet: nobody loses their place while reading.
    context["with_pages"] = request.GET.get("pages") != str(context["pages"])
    if not fax.is_outbound:
        filters = list_of(user, request.GET.get("list", ""))
        context |= pane_of(user, fax, filters) | beside(fax, filters)
        context |= {"inbox": request.GET.get("at") == "inbox", "looked": True}
    return render(request, "faxes/_fax_changed.html", context)


@fax_action
def cancel(request: HttpRequest, user: User, fax: Fax) -> None:
    services.cancel(by=user, fax=fax)


@fax_action
def again(request: HttpRequest, user: User, fax: Fax) -> Fax:
    try:
        batch_id = uuid.UUID(request.POST.get("batch", ""))
    except ValueError as error:
        raise ValidationError("This form was not complete. Press “Send again” once more.") from error
    return services.send_again(by=user, fax=fax, batch_id=batch_id)


@fax_action
def not_sent(request: HttpRequest, user: User, fax: Fax) -> None:
    services.decide_not_sent(by=user, fax=fax)


@fax_action
def is_it(request: HttpRequest, user: User, fax: Fax) -> None:
    services.decide_sent(by=user, fax=fax, telnyx_id=request.POST.get("telnyx_id", ""))


@fax_action
def refresh(request: HttpRequest, user: User, fax: Fax) -> None:
    with telnyx_in_words():
        known = at_telnyx.look_again(by=user, fax=fax)
    messages.success(request, "Telnyx was asked just now." if known else "Telnyx has this fax no more. Here it stays.")


@fax_action
def delete_at_telnyx(request: HttpRequest, user: User, fax: Fax) -> None:
    with telnyx_in_words():
        at_telnyx.delete_at_telnyx(by=user, fax=fax)
    messages.success(request, "Telnyx's copy is deleted. What is here stays.")


@contextmanager
def telnyx_in_words() -> Iterator[None]:
    """What keeps us from asking Telnyx, as something that a person can wait for or mend."""
    try:
        yield
    except (TelnyxError, ValueError) as error:
        raise ValidationError(f"Telnyx could not be asked: {error} Try once more.") from error


def context_of(user: User, fax: Fax) -> dict[str, Any]:
    may_act = access.may(user, fax.team, at_least=Role.MEMBER)
    attempt = services.open_attempt(fax) if fax.outbox == Outbox.UNCERTAIN else None
    shown: dict[str, Any] = {
        "fax": fax,
        "state": state_of(fax),
        "far": format_number(fax.other_number),
        "story": _story(fax),
        "details": _details(fax),
        "raw": _raw(fax),
        "tries": _tries(user, fax),
        "pages": fax.document.pages if fax.document else 0,
        "may_act": may_act,
        "may_read_log": access.may(user, fax.team, at_least=Role.MANAGER),
        "may_cancel": may_act and services.can_cancel(fax),
        "may_send_again": may_act and services.can_send_again(fax),
        "may_settle": may_act and fax.got_nowhere and fax.trashed_at is None,
        "may_refresh": may_act and bool(fax.telnyx_id),
        "may_delete_there": access.may(user, fax.team, at_least=Role.MANAGER) and at_telnyx.can_delete(fax),
        "clocks": clock_of(fax, timezone.now()),
        "may_fetch": may_act and bool(fax.problem) and fax.media in (Media.WAITING, Media.MISSING),
        "candidates": _candidates(attempt) if attempt else [],
        "every": None if fax.is_over else WHILE_OPEN,
    }
    said = repr([value for name, value in shown.items() if name != "fax"])
    return shown | {
        "version": hashlib.sha256(said.encode()).hexdigest()[:16],
        "about_team": fax.team,
        "page_numbers": range(1, shown["pages"] + 1),
        # The one-use token of “Send again”.
        "batch": uuid.uuid4(),
    }


def _story(fax: Fax) -> list[Happening]:
    """The timeline in the order in which things happened, by Telnyx's clock where it was Telnyx that told."""
    events = fax.events.select_related("by")
    story = [Happening(event.occurred_at or event.at, line_of(event), _source(event)) for event in events]
    return sorted(story, key=lambda happening: happening.at)


def _source(event: FaxEvent) -> str:
    return FaxEvent.Source(event.source).label if event.source in FaxEvent.Source else event.source


def _tries(user: User, fax: Fax) -> list[tuple[Fax, str]]:
    """Every try to get these pages through, this one included, oldest first; empty when there was only one."""
    first = fax.retry_of_id or fax.pk
    tries = list(Fax.objects.visible_to(user).filter(Q(pk=first) | Q(retry_of=first)).order_by("attempt", "created_at"))
    return [(one, state_of(one).word) for one in tries] if len(tries) > 1 else []


def _candidates(attempt: Attempt) -> list[Mapping[str, Any]]:
    """Faxes at Telnyx that an uncertain one may be, with all that Telnyx told of them."""
    found = services.candidates(attempt).items()
    return [{"telnyx_id": telnyx_id, "made": moment(said, "created_at"), **said} for telnyx_id, said in found]


def _details(fax: Fax) -> list[tuple[str, str]]:
    """Facts by name; those that are not known are left out."""
    document = fax.document
    facts = [
        ("To", format_number(fax.to_number)),
        ("From", format_number(fax.from_number)),
        ("Team", fax.team.name if fax.team else "Not given to a team yet"),
        ("Sent by", str(fax.created_by or "")),
        ("Application", _application_name(fax)),
        ("Pages", str(document.pages if document else fax.page_count or "")),
        ("Size", filesizeformat(document.bytes) if document else ""),
        *_options(fax.options),
        ("Call", seconds(fax.call_duration_secs)),
        ("Telnyx id", fax.telnyx_id or ""),
        ("SHA-256", (fax.original or document).sha256 if document else ""),
    ]
    return [(name, fact) for name, fact in facts if fact]


def _application_name(fax: Fax) -> str:
    application = FaxApplication.objects.filter(telnyx_id=fax.connection_id).first() if fax.connection_id else None
    return str(application) if application else fax.connection_id


OPTIONS = {
    "quality": "Quality",
    "monochrome": "Black and white",
    "black_threshold": "Threshold",
    "from_display_name": "Shown as",
    "t38_enabled": "T.38",
}


def _options(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the sender chose, in words; a parameter we have no words for goes by its own name."""
    return [(OPTIONS.get(name, name), _plain(value)) for name, value in options.items()]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ")


def _raw(fax: Fax) -> str:
    """Telnyx's last words about the fax, for those who read such. Its links to the pages are left out: pages are shown
    by us, to those who may see them, and each download is on record."""
    plain = {key: value for key, value in fax.raw.items() if not isinstance(value, list | dict)}
    kept = {key: value for key, value in plain.items() if "webhook" in key or "://" not in str(value)}
    return json.dumps(kept, indent=2, ensure_ascii=False, sort_keys=True) if kept else ""
