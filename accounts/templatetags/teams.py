"""For the bar on top of what belongs to somebody else's team."""

from __future__ import annotations

from django import template

from accounts import access
from accounts.models import Team, User

register = template.Library()


@register.filter
def acts_as_admin(user: object, team: object) -> bool:
    """As `access.acts_as_admin()`; False on pages that are nobody's, or about no team."""
    return isinstance(user, User) and isinstance(team, Team) and access.acts_as_admin(user, team)
