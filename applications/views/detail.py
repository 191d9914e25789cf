"""The page of one fax application: how it stands, what uses it, and what Telnyx says of it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.guards import for_people
from accounts.models import Role, User
from applications.drift import drift_of
from applications.fields import LABELS, in_words, leads_here, odd_value, our_door, tags_of
from applications.models import FaxApplication, PhoneNumber
from applications.number_forms import HeirForm
from applications.profiles import name_of
from applications.services import refresh_application
from applications.troubles import UNREADABLE, sentence_of
from applications.views.guards import fetch
from telnyx_api import TelnyxError

GROUPS: dict[str, tuple[str, ...]] = {
    "Sending and receiving": ("active", "outbound_voice_profile_id", "fax_email_recipient", "tags"),
    "Where Telnyx reports": ("webhook_event_url", "webhook_event_failover_url", "webhook_timeout_secs"),
    "Calls": (
        "inbound_channel_limit",
        "outbound_channel_limit",
        "inbound_sip_subdomain",
        "inbound_sip_subdomain_receive_settings",
        "anchorsite_override",
    ),
}
# What it means that a field is empty.
EMPTY = {
    "outbound_voice_profile_id": "none: it can receive, but not send",
    "webhook_event_failover_url": "none",
    "webhook_timeout_secs": "left to Telnyx",
    "inbound_channel_limit": "none of its own",
    "outbound_channel_limit": "none of its own",
    "inbound_sip_subdomain": "none",
    "fax_email_recipient": "none that was set here; Telnyx never shows it",
    "tags": "none",
}


@require_safe
@for_people
def detail(request: HttpRequest, user: User, application_id: UUID) -> HttpResponse:
    application = fetch(user, application_id)
    context = attached(user, application) | {
        "application": application,
        "about_team": application.team,
        "differences": drift_of(application),
        "groups": {title: [_fact(application, column) for column in columns] for title, columns in GROUPS.items()},
        "give": HeirForm(application=application) if access.is_admin(user) else None,
        "raw": json.dumps(application.raw, indent=2, ensure_ascii=False),
    }
    return render(request, "applications/application_detail.html", context)


@require_POST
@for_people
def refresh(request: HttpRequest, user: User, application_id: UUID) -> HttpResponse:
    application = fetch(user, application_id)
    try:
        there = refresh_application(application=application)
    except (TelnyxError, ValueError) as error:
        messages.error(request, sentence_of(error, unclear=UNREADABLE))
    else:
        if there:
            messages.success(request, "This is what Telnyx says now.")
        else:
            messages.warning(request, "Telnyx has this application no more.")
    return redirect("applications:detail", application.pk)


def attached(user: User, application: FaxApplication) -> dict[str, Any]:
    """The numbers that feed the application: those the user may know by themselves, all others by their count."""
    numbers = list(PhoneNumber.objects.attached_to(application).select_related("team"))
    seen = [number for number in numbers if access.may(user, number.team or application.team, at_least=Role.VIEWER)]
    return {"numbers": seen, "others": len(numbers) - len(seen)}


def _fact(application: FaxApplication, column: str) -> tuple[str, str, str]:
    """A field's name, its value for people, and what is to be noted about it."""
    value = getattr(application, column)
    if column == "outbound_voice_profile_id" and value:
        said = name_of(value)
    else:
        said = ", ".join(tags_of(value)) if column == "tags" else in_words(column, value)
    note = ""
    if column == "webhook_event_url" and value and our_door():
        note = "this portal" if leads_here(value) else "not this portal"
    said = said or odd_value(application, column)
    return LABELS[column], said or EMPTY.get(column, "Telnyx has not said"), note
