"""What one wants to be told by e-mail, and e-mailing a received fax."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.guards import for_people
from accounts.models import User
from faxes.models import Fax
from faxes.views.guards import fax_action
from notifications.recipients import numbers_of
from notifications.services import TOPICS, mail_fax, set_wish


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def mine(request: HttpRequest, user: User) -> HttpResponse:
    """Where e-mails lead: to their part of the page of one's account, whose form comes here."""
    if request.method == "POST":
        seated = [seat.team for seat in access.standing(user).seats]
        for team in seated:
            set_wish(by=user, team=team, **{name: f"{team.slug}:{name}" in request.POST for name in TOPICS})
        besides = "of the numbers you look after" if numbers_of(user, seated) else "of nothing else"
        messages.success(request, f"Saved. From now on you are told of that, and {besides}.")
    return redirect(f"{reverse('accounts:me')}#mails")


@fax_action
def mail(request: HttpRequest, user: User, fax: Fax) -> None:
    to = request.POST.get("to", "")
    try:
        token = UUID(request.POST.get("token", ""))
    except ValueError as error:
        raise ValidationError("This form was not complete. Load the page anew, and try once more.") from error
    if mail_fax(by=user, fax=fax, to=to, token=token):
        messages.success(request, f"The fax is on its way to {to.strip()}.")
    else:
        messages.info(request, "This has been e-mailed already. Nothing was sent twice.")
