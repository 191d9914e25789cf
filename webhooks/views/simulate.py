"""A form that lets a test fax arrive, where a sandbox stands in Telnyx's place. Elsewhere there is no such page."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.guards import for_people
from accounts.models import Role, User
from contacts.numbers import format_number
from faxes.sandbox import sandbox_url
from webhooks.forms import SimulateForm
from webhooks.simulating import simulate as let_arrive


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def simulate(request: HttpRequest, user: User) -> HttpResponse:
    if not sandbox_url():
        raise Http404
    access.require_somewhere(user, at_least=Role.MANAGER)
    form = SimulateForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        wish = dict(form.cleaned_data)
        try:
            telnyx_id = let_arrive(by=user, **wish)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _where_it_shows(request, wish, telnyx_id)
    return render(request, "webhooks/simulate.html", {"form": form, "sandbox_url": sandbox_url()})


def _where_it_shows(request: HttpRequest, wish: dict[str, object], telnyx_id: str) -> HttpResponse:
    said = f"A fax from {format_number(str(wish['sender']))} is coming in."
    if wish["flavour"] == "listed":
        messages.info(request, f"{said} No webhook tells of it: it stands here after the next sync.")
        return redirect("faxes:inbox")
    messages.info(request, f"{said} What Telnyx tells of it appears here within seconds.")
    return redirect(f"{reverse('webhooks:console')}?q={telnyx_id}")
