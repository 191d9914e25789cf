"""What the deeds on faxes have in common: what their forms say, and what they answer."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRefresh

from accounts import access
from accounts.guards import is_fragment
from accounts.models import User
from contacts.numbers import format_number
from faxes.listing import Filters
from faxes.models import Fax
from faxes.views.pane import inbox_url, own_url
from faxes.views.told import Told

INCOMPLETE = "This form was not complete. Load the page anew, and try once more."


def to_login(request: HttpRequest, address: str) -> HttpResponse:
    """Back to a page, and not to this address, which answers to POST alone."""
    return HttpResponseClientRefresh() if is_fragment(request) else redirect_to_login(address)


def refused(request: HttpRequest, filters: Filters, fax: Fax | None, said: str) -> HttpResponse:
    """What a person can mend, said where they are looking."""
    if is_fragment(request):
        return render(request, "faxes/_inbox_refused.html", {"told": Told(said, is_bad=True)})
    messages.error(request, said)
    if fax is None:
        return redirect(inbox_url(filters))
    return redirect(inbox_url(filters, fax.pk) if in_inbox(request) else own_url(filters, fax.pk))


def in_inbox(request: HttpRequest) -> bool:
    return "list" in request.POST and "at" not in request.POST


def name_of(fax: Fax) -> str:
    name = fax.correspondent.name if fax.correspondent else ""
    return name or format_number(fax.other_number) or "unknown number"


def person_of(request: HttpRequest, user: User) -> User | None:
    """Whom the form names: somebody on a team of the user, or nobody. The service checks that they fit each fax."""
    word = request.POST.get("to", "")
    if word in ("", "nobody"):
        return None
    if word == "me":
        return user
    people = User.objects.filter(memberships__team__in=access.team_ids(user)).distinct()
    person = people.filter(pk=int(word)).first() if word.isascii() and word.isdigit() and len(word) < 18 else None
    if person is None:
        raise ValidationError("Choose somebody of the team.")
    return person
