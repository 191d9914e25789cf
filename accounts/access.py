"""Every rule of who may see and do what. Views and services ask here and never compare roles themselves.

A stranger gets 404 because what is fetched *through the user* does not exist for them; a member whose role does not
reach gets 403 from `require()`; administrators are superusers and act in every team.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from accounts.models import Membership, Role, Team, User

AnyUser = User | AnonymousUser

RANK: dict[str, int] = {Role.VIEWER: 1, Role.MEMBER: 2, Role.MANAGER: 3}

_known: ContextVar[dict[int, Standing] | None] = ContextVar("known standings", default=None)


def is_admin(user: AnyUser) -> bool:
    """Administrators see every team, unrouted faxes, the sync pages and the admin."""
    return user.is_active and user.is_superuser


@dataclass(frozen=True)
class Standing:
    """Where a user stands: their seats, which are real memberships with their teams; the teams they see, by name; and
    their role in each, which of administrators is a manager's."""

    seats: Sequence[Membership]
    teams: Sequence[Team]
    roles: Mapping[UUID, str]


NOWHERE = Standing((), (), {})


@contextmanager
def asked_once() -> Iterator[None]:
    """Within this block each user's standing is read once and then holds, so that a page put together from many
    questions asks the database for it once. For a request that only looks; whoever changes something asks anew."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def standing(user: AnyUser) -> Standing:
    """Asked anew on every call but for `asked_once()`, so that a removed membership ends with the next request."""
    if not user.is_active or user.pk is None:
        return NOWHERE
    known = _known.get()
    if known is None:
        return _standing(user)
    if user.pk not in known:
        known[user.pk] = _standing(user)
    return known[user.pk]


def _standing(user: AnyUser) -> Standing:
    seats = list(Membership.objects.filter(user=user.pk).select_related("team").order_by("team__name"))
    if user.is_superuser:
        teams = list(Team.objects.all())
        return Standing(seats, teams, {team.pk: Role.MANAGER for team in teams})
    # A role that nobody knows any more opens nothing.
    seats = [seat for seat in seats if seat.role in RANK]
    return Standing(seats, [seat.team for seat in seats], {seat.team_id: seat.role for seat in seats})


def team_ids(user: AnyUser, *, at_least: Role = Role.VIEWER) -> list[UUID]:
    """The ids of the teams in which the user holds this role or a higher one."""
    return [team_id for team_id, role in standing(user).roles.items() if RANK[role] >= RANK[at_least]]


def teams(user: AnyUser) -> Sequence[Team]:
    """The teams of which the user sees what there is, in whatever role, by name."""
    return standing(user).teams


def team_at(user: AnyUser, slug: str) -> Team | None:
    """The team with this address, if the user sees it."""
    return next((team for team in teams(user) if team.slug == slug), None)


def acts_as_admin(user: AnyUser, team: Team | None) -> bool:
    """Does the user see what belongs to this team as an administrator alone, with no seat on it? Pages say so."""
    return is_admin(user) and team is not None and all(seat.team_id != team.pk for seat in standing(user).seats)


def scope(user: AnyUser, *, field: str = "team", at_least: Role = Role.VIEWER) -> dict[str, Any]:
    """Filter arguments that keep only rows of the user's teams; for administrators every row, unrouted ones too."""
    return {} if is_admin(user) else {f"{field}__in": team_ids(user, at_least=at_least)}


def may(user: AnyUser, team: Team | None, *, at_least: Role) -> bool:
    """Does the user hold this role in the team? Without a team (unrouted) only an administrator does."""
    if is_admin(user):
        return True
    return team is not None and team.pk in team_ids(user, at_least=at_least)


def may_delete(user: AnyUser, team: Team | None) -> bool:
    """May the user put the team's faxes into the bin? Its policy can leave that to managers."""
    managers_alone = team is not None and team.deleting_role == Role.MANAGER
    return may(user, team, at_least=Role.MANAGER if managers_alone else Role.MEMBER)


def belongs(user: User, team: Team | None, *, at_least: Role) -> bool:
    """Is this person really on the team, with this role or a higher one? Administrators are not, by that alone."""
    roles = [role for role, rank in RANK.items() if rank >= RANK[at_least]]
    return user.is_active and Membership.objects.filter(user=user, team=team, role__in=roles).exists()


def people(team: Team, *, at_least: Role) -> QuerySet[User]:
    """Who is really on the team, with this role or a higher one: those of whom `belongs()` is true."""
    roles = [role for role, rank in RANK.items() if rank >= RANK[at_least]]
    return User.objects.filter(is_active=True, memberships__team=team, memberships__role__in=roles)


def seats(people: Collection[Any], *, at_least: Role) -> set[tuple[Any, UUID | None]]:
    """Which of these people, by their ids, are really on which teams, by theirs: the pairs of which `belongs()` is
    true."""
    roles = [role for role, rank in RANK.items() if rank >= RANK[at_least]]
    rows = Membership.objects.filter(user__in=people, user__is_active=True, role__in=roles)
    return set(rows.values_list("user_id", "team_id"))


def require(user: AnyUser, team: Team | None, *, at_least: Role) -> None:
    """Raise PermissionDenied (403) unless `may()`. Fetch the object through the user first: that gives the 404."""
    if not may(user, team, at_least=at_least):
        raise PermissionDenied


def holds_somewhere(user: AnyUser, *, at_least: Role) -> bool:
    """Does the user hold this role in any team? Administrators do."""
    return is_admin(user) or bool(team_ids(user, at_least=at_least))


def require_somewhere(user: AnyUser, *, at_least: Role) -> None:
    """Raise PermissionDenied (403) unless `holds_somewhere()`."""
    if not holds_somewhere(user, at_least=at_least):
        raise PermissionDenied


def require_admin(user: AnyUser) -> None:
    """Raise PermissionDenied (403) unless `is_admin()`."""
    if not is_admin(user):
        raise PermissionDenied
