"""What stands before a view: only people who are logged in pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from accounts.models import User

P = ParamSpec("P")


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
