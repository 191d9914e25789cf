"""What the page of a fax offers by e-mail."""

from __future__ import annotations

import uuid
from typing import Any

from django import template
from django.template.context import Context

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
