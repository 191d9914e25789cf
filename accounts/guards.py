"""What stands before a view: only people who are logged in pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from accounts.sign_in.local import by_provider_alone, is_fresh

P = ParamSpec("P")
Wanted = Callable[Concatenate[HttpRequest, User, P], HttpResponseBase]


def is_fragment(request: HttpRequest) -> bool:
    """Does a page that is already open ask for a part of itself?"""
    return bool(cast(HtmxDetails, getattr(request, "htmx", False)))


def for_people(
    view: Callable[Concatenate[HttpRequest, User, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Only for people who are logged in; the view gets the person. No shared browser keeps what it shows.

    A fragment whose session has ended has its page load anew, so that the log-in does not appear inside the page.
    """

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, request.user, *args, **kwargs)
        return HttpResponseClientRefresh() if is_fragment(request) else redirect_to_login(request.get_full_path())

    return never_cache(checked)


def fresh(view: Wanted[P]) -> Wanted[P]:
    """For changes of members, keys and policies, and of who sees which faxes: looking takes no proof, a POST does.
    Stands inside of `for_people`."""

    @wraps(view)
    def checked(request: HttpRequest, user: User, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        elsewhere = prove_first(request, user) if request.method == "POST" else None
        return elsewhere or view(request, user, *args, **kwargs)

    return checked


def prove_first(request: HttpRequest, user: User, *, goes_on: bool = True) -> HttpResponse | None:
    """None for who has proven within ten minutes who they are, by logging in or since; others are sent to do so, by
    what is returned or raised, and a form that they sent goes on after it. A part of a page has the whole page go.

    What goes on waits in the session: a form that holds a secret must not, and leads back to its page.
    """
    if is_fresh(request):
        return None
    if is_fragment(request):
        here = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
        return HttpResponseClientRedirect(reverse("account_reauthenticate", query={"next": here}))
    # The way to the provider and back forgets what was sent.
    elsewhere = by_provider_alone(user)
    if request.method == "POST" and (elsewhere or not goes_on):
        came_from = urlsplit(request.headers.get("Referer", "")).path or "/"
        return redirect(reverse("oidc_login" if elsewhere else "account_reauthenticate", query={"next": came_from}))
    raise ReauthenticationRequired
