"""What pages offer by e-mail: that of a fax, and that of one's account."""

from __future__ import annotations

import uuid
from typing import Any

from django import template
from django.template.context import Context

from accounts import access
from notifications.recipients import numbers_of, wish_of
from notifications.services import may_mail

register = template.Library()


@register.inclusion_tag("notifications/_mail_fax.html", takes_context=True)
def mail_fax(context: Context) -> dict[str, Any]:
    """The form that e-mails a received fax, where the team's policy and one's role allow it. Its token is good once."""
    fax, user = context["fax"], context["user"]
    here = fax.document is not None and fax.document.is_here and fax.trashed_at is None
    offered = not fax.is_outbound and here and may_mail(user, fax)
    return {
        "fax": fax if offered else None,
        "domains": fax.team.mail_domains.split() if offered else [],
        "token": uuid.uuid4(),
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("notifications/_wishes.html", takes_context=True)
def wishes(context: Context) -> dict[str, Any]:
    """What one wants to be told of: a row for each team that one is on, as of others nobody is told."""
    user = context["user"]
    seated = [seat.team for seat in access.standing(user).seats]
    return {
        "user": user,
        "rows": [(team, wish_of(user, team)) for team in seated],
        "numbers": numbers_of(user, seated),
        "csrf_token": context.get("csrf_token"),
    }
