"""The admin's door: administrators only, as it shows every team, and by the house's own log-in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from accounts import access
from accounts.guards import prove_first


class PortalAdminSite(UnfoldAdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return access.is_admin(request.user)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """What is changed here is somebody's key, seat or policy, so who changes it has just proven who they are.

        Its forms take passwords, and its views read their address from the request: none of them goes on by itself.
        """

        @wraps(view)
        def proven(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            changes = request.method == "POST" and view != self.logout
            if changes and request.user.is_authenticated:
                return prove_first(request, request.user, goes_on=False) or view(request, *args, **kwargs)
            return view(request, *args, **kwargs)

        checked: Callable[..., HttpResponse] = super().admin_view(proven, cacheable)
        return checked

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """To our own log-in: the admin's knows neither its rate limits nor a second factor."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """To our own page: the admin's counts no wrong guesses, leaves nothing on record and sends no word."""
        return redirect("account_change_password")

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Not offered on any page of ours; every list has its own."""
        raise Http404
