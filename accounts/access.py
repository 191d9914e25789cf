"""Every rule of who may see and do what. Views and services ask here and never compare roles themselves.

A stranger gets 404 because what is fetched *through the user* does not exist for them; a member whose role does not
reach gets 403 from `require()`; administrators are superusers and act in every team.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet

from accounts.models import Membership, Role, Team, User

AnyUser = User | AnonymousUser

RANK = {Role.VIEWER: 1, Role.MEMBER: 2, Role.MANAGER: 3}


def is_admin(user: AnyUser) -> bool:
    """Administrators see every team, unrouted faxes, the sync pages and the admin."""
    return user.is_active and user.is_superuser


def team_ids(user: AnyUser, *, at_least: Role = Role.VIEWER) -> list[UUID]:
    """The ids of the teams in which the user holds this role or a higher one. Asked anew on every call, so that a
    removed membership ends with the next request."""
    if not user.is_active:
        return []
    if user.is_superuser:
        return list(Team.objects.values_list("id", flat=True))
    roles = [role for role, rank in RANK.items() if rank >= RANK[at_least]]
    return list(Membership.objects.filter(user_id=user.pk, role__in=roles).values_list("team_id", flat=True))


def teams(user: AnyUser) -> QuerySet[Team]:
    """The teams of which the user sees what there is, in whatever role: those of `team_ids()`, in one query."""
    if not user.is_active:
        return Team.objects.none()
    seen = Q() if user.is_superuser else Q(memberships__user=user.pk, memberships__role__in=list(RANK))
    return Team.objects.filter(seen)


def scope(user: AnyUser, *, field: str = "team") -> dict[str, Any]:
    """Filter arguments that keep only rows of the user's teams; for administrators every row, unrouted ones too."""
    return {} if is_admin(user) else {f"{field}__in": team_ids(user)}


def may(user: AnyUser, team: Team | None, *, at_least: Role) -> bool:
    """Does the user hold this role in the team? Without a team (unrouted) only an administrator does."""
    if is_admin(user):
        return True
    return team is not None and team.pk in team_ids(user, at_least=at_least)


def belongs(user: User, team: Team | None, *, at_least: Role) -> bool:
    """Is this person really on the team, with this role or a higher one? Administrators are not, by that alone."""
    roles = [role for role, rank in RANK.items() if rank >= RANK[at_least]]
    return user.is_active and Membership.objects.filter(user=user, team=team, role__in=roles).exists()


def people(team: Team, *, at_least: Role) -> QuerySet[User]:
    """Who is really on the team, with this role or a higher one: those of whom `belongs()` is true."""
    roles = [role for role, rank in RANK.items() if rank >= RANK[at_least]]
    return User.objects.filter(is_active=True, memberships__team=team, memberships__role__in=roles)


def require(user: AnyUser, team: Team | None, *, at_least: Role) -> None:
    """Raise PermissionDenied (403) unless `may()`. Fetch the object through the user first: that gives the 404."""
    if not may(user, team, at_least=at_least):
        raise PermissionDenied


def require_somewhere(user: AnyUser, *, at_least: Role) -> None:
    """Raise PermissionDenied (403) for somebody who holds this role in no team at all."""
    if not is_admin(user) and not team_ids(user, at_least=at_least):
        raise PermissionDenied
