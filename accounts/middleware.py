"""What stands between a log-in and the pages: time, the person's zone, and a second factor where one is asked for.

Requests without a session, such as webhooks, pass without a look at the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from accounts import audit
from accounts.guards import is_fragment
from accounts.models import User
from accounts.sign_in.local import SEEN, SINCE, by_provider_alone, is_fresh, lacks_second_factor

Answer = Callable[[HttpRequest], HttpResponseBase]

# Not each act is written down.
GRAIN_SECONDS = 60


def person_of(request: HttpRequest) -> User | None:
    """Who asks, if somebody does. Without a cookie nobody does, and nothing is read to find out."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
        return None
    return request.user


def acts(request: HttpRequest) -> bool:
    """Does a person do something here, or a page by itself?

    Opening a page and sending a form are acts. What an open page fetches for itself is none, or a page that looks for
    news would keep a session alive over night. Browsers say which it is: https://www.w3.org/TR/fetch-metadata/
    Older ones ask for a page as text/html, and for all else as something else or anything.
    """
    mode = request.headers.get("Sec-Fetch-Mode")
    opens = mode == "navigate" if mode else "text/html" in request.headers.get("Accept", "text/html")
    return request.method == "POST" or (opens and not is_fragment(request))


def seconds_left(request: HttpRequest) -> float:
    """How long this session lasts if nobody does anything any more."""
    now = time.time()
    since, seen = request.session.get(SINCE, now), request.session.get(SEEN, now)
    ends: float = min(seen + settings.IDLE_SECONDS, since + settings.SESSION_SECONDS)
    return ends - now


def begin(request: HttpRequest) -> None:
    """A session counts from the log-in."""
    request.session[SINCE] = request.session[SEEN] = time.time()


class IdleMiddleware:
    """Ends the session of who has not done anything for a while, and everybody's after a working day."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if (person := person_of(request)) is not None:
            if SEEN not in request.session:
                begin(request)
            if seconds_left(request) <= 0:
                end(request, person)
            elif acts(request):
                note_act(request)
        return self.get_response(request)


def note_act(request: HttpRequest) -> None:
    now = time.time()
    if now - request.session[SEEN] < min(GRAIN_SECONDS, settings.IDLE_SECONDS / 10):
        return
    request.session[SEEN] = now
    UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=timezone.now())


def end(request: HttpRequest, person: User) -> None:
    """Nobody is logged in any more, in this very request."""
    is_idle = request.session[SEEN] + settings.IDLE_SECONDS <= time.time()
    with transaction.atomic():
        UserSession.objects.filter(session_key=request.session.session_key).delete()
        request.session.flush()
        data = {"why": "idle" if is_idle else "a day old"}
        audit.record(audit.Entry("session.end", by=person, on=person, data=data))
    request.user = AnonymousUser()


class ZoneMiddleware:
    """Times are said in the zone that a person has chosen, also without a script."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        person = person_of(request)
        with timezone.override(zone_of(person) if person else None):
            return self.get_response(request)


def zone_of(person: User) -> ZoneInfo | None:
    """Their zone; None where they chose none, or one that this machine does not know any more."""
    try:
        return ZoneInfo(person.time_zone) if person.time_zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError of what is a folder, such as “America”
        return None


# What one may do before the second factor is there: set one up, prove who one is, or leave.
BEFORE_SECOND_FACTOR = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "account_logout",
    "account_login",
    "oidc_login",
    "oidc_callback",
    "accounts:here",
    "healthz",
    "readyz",
    "for_telnyx",
}


# What changes or shows the keys to an account. allauth asks for a password or a code first, and nothing of those who
# have neither.
KEYS = {
    "account_email",
    "account_set_password",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_deactivate_totp",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_generate_recovery_codes",
    "socialaccount_connections",
}


class SecondFactorMiddleware:
    """Whoever needs a second factor and has none sets one up before seeing anything else, from the next request on.
    Who has nothing but single sign-on proves there who they are before the keys to their account change."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        person = person_of(request)
        # Also for the pages that are open to them: they stand alone, as the rail would tell of faxes.
        held = person is not None and lacks_second_factor(request, person)
        request.held = held  # type: ignore[attr-defined]
        if held:
            # What somebody sent before they had to prove who they are would go on past this door.
            request.session.pop(STATE_SESSION_KEY, None)
        name = request.resolver_match.view_name if request.resolver_match else ""
        if person is not None and name in KEYS and by_provider_alone(person) and not is_fresh(request):
            return redirect(reverse("oidc_login", query={"next": request.path}))
        if not held or name in BEFORE_SECOND_FACTOR:
            return None
        return HttpResponseClientRedirect("/accounts/2fa/") if is_fragment(request) else redirect("mfa_index")
