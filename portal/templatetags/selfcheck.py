"""The self-check on pages of other parts, which know nothing of it."""

from __future__ import annotations

from typing import Any

from django import template

from applications.models import FaxApplication
from portal.selfcheck.panel import panel_of, pill_of

register = template.Library()


@register.inclusion_tag("portal/_check.html")
def selfcheck(application: FaxApplication) -> dict[str, Any]:
    """The last self-check, with what can be done about it. For managers of the application's team."""
    return panel_of(application)


@register.inclusion_tag("portal/_check_pill.html")
def check_pill(application: FaxApplication) -> dict[str, Any]:
    """One word for a list, by the worst line."""
    return {"pill": pill_of(application)}
