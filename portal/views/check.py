"""The self-check of one fax application, and what it offers to mend.

Without script each leads back to the application's page; a page's script gets the part that changed, or loads the page
anew where more than that has.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts.guards import is_fragment
from accounts.models import User
from applications.fields import values_of
from applications.models import FaxApplication
from applications.troubles import sentence_of
from applications.views.guards import fetch
from portal import selfcheck
from portal.selfcheck.panel import panel_of, summary_of
from telnyx_api import TelnyxError


class Told(NamedTuple):
    """A sentence on the page, in the tone of a message."""

    text: str
    level: int = messages.SUCCESS

    @property
    def tone(self) -> str:
        return "success" if self.level == messages.SUCCESS else "bad"


Act = Callable[[HttpRequest, User, FaxApplication], Told | None]


def _for_managers(act: Act) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """What managers of the application's team may ask for. After a log-in they find themselves on its page."""

    @wraps(act)
    def checked(request: HttpRequest, application_id: UUID) -> HttpResponse:
        page = reverse("applications:detail", args=[application_id])
        if not request.user.is_authenticated:
            return HttpResponseClientRefresh() if is_fragment(request) else redirect_to_login(page)
        before = fetch(request.user, application_id)
        told = act(request, request.user, before)
        after = fetch(request.user, application_id)
        is_old = not _looks_alike(before, after)
        # A page that checks by itself must not be loaded anew under somebody's hands: their click would be lost.
        if is_fragment(request) and (request.method != "POST" or not is_old):
            context = panel_of(after) | {"told": told, "summary": summary_of(after), "page_is_old": is_old}
            return render(request, "portal/_check_changed.html", context)
        if told:
            messages.add_message(request, told.level, told.text)
        return HttpResponseClientRefresh() if is_fragment(request) else redirect(f"{page}#check")

    return never_cache(checked)


def _looks_alike(before: FaxApplication, after: FaxApplication) -> bool:
    """Does the rest of the page still show what is so?"""
    return values_of(before) == values_of(after) and before.gone_at == after.gone_at


@require_http_methods(["GET", "HEAD", "POST"])
@_for_managers
def check(request: HttpRequest, user: User, application: FaxApplication) -> None:
    """The last self-check; with `now` a new one, unless the last is of this hour; by POST a new one in any case."""
    if request.method == "POST" or ("now" in request.GET and not selfcheck.is_fresh(application)):
        selfcheck.check_application(application=application)


@require_POST
@_for_managers
def mend(request: HttpRequest, user: User, application: FaxApplication) -> Told:
    """Do what the self-check offered, and check again."""
    name, value = request.POST.get("mend", ""), request.POST.get("value", "")
    try:
        line = selfcheck.mend(by=user, application=application, name=name, value=value)
    except ValidationError as error:
        told = Told(" ".join(error.messages), messages.ERROR)
    except (TelnyxError, ValueError) as error:
        told = Told(sentence_of(error), messages.ERROR)
    else:
        told = Told(f"Done at Telnyx: “{line.offer}”.")
    selfcheck.check_application(application=application)
    return told
