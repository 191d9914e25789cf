"""What stands before a view of one fax: who asks, and what they may do to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import access
from accounts.models import Role, User
from faxes.models import Fax


def fax_action(act: Callable[[HttpRequest, User, Fax], Fax | None]) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """A POST that changes a fax and leads back to its page, or to that of the fax that `act` returns.

    A stranger gets 404, who may only look 403, and what a person can mend becomes a message on the page.
    """

    @wraps(act)
    def checked(request: HttpRequest, fax_id: UUID) -> HttpResponse:
        if not request.user.is_authenticated:
            # Back to the fax and not to this address, which answers to POST alone.
            return redirect_to_login(reverse("faxes:detail", args=[fax_id]))
        user = request.user
        fax = get_object_or_404(Fax.objects.visible_to(user), pk=fax_id)
        access.require(user, fax.team, at_least=Role.MEMBER)
        try:
            fax = act(request, user, fax) or fax
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return redirect("faxes:detail", fax.pk)

    return never_cache(require_POST(checked))
