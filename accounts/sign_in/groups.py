"""Which group of single sign-on gives a seat in which team.

    OIDC_GROUPS=fax-desk = front-desk:member; fax-leads = front-desk:manager; CN=Auditors,DC=example = records:viewer

A group and a team by its address, with an equals sign between them; a colon and the role; semicolons between the lines.
The last equals sign counts, as names of groups may hold some. Several groups may lead to one team: the highest role
holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.conf import settings

from accounts.access import RANK
from accounts.models import Membership, Role, Team, User
from accounts.services import remove_member, set_member

log = structlog.get_logger()


@dataclass(frozen=True)
class Line:
    group: str
    slug: str
    role: Role


def parse(text: str) -> list[Line]:
    """The lines of OIDC_GROUPS. Raises ValueError with a sentence for one that cannot be read."""
    return [_line(part.strip()) for part in text.split(";") if part.strip()]


def _line(text: str) -> Line:
    group, equals, seat = text.rpartition("=")
    slug, colon, role = (part.strip() for part in seat.rpartition(":"))
    if not (equals and colon and group.strip() and slug):
        raise ValueError(f"“{text}” is not of the form group = team:role.")
    if role not in RANK:
        raise ValueError(f"“{role}” is no role: it is one of {', '.join(RANK)}.")
    return Line(group.strip(), slug, Role(role))


def wanted(groups: Iterable[str]) -> dict[Team, Role]:
    """The seats that these groups give. A team that does not exist gives none, and the log says so."""
    held = set(groups)
    lines = [line for line in parse(settings.OIDC_GROUPS) if line.group in held]
    teams = {team.slug: team for team in Team.objects.filter(slug__in={line.slug for line in lines})}
    seats: dict[Team, Role] = {}
    for line in lines:
        team = teams.get(line.slug)
        if team is None:
            log.warning("OIDC_GROUPS names no team of ours", team=line.slug)
        elif team not in seats or RANK[line.role] > RANK[seats[team]]:
            seats[team] = line.role
    return seats


def apply(user: User, groups: Iterable[str]) -> None:
    """Give the person the seats of their groups, and take away what groups gave that they are not in any more.

    A seat that was given by hand stays as it is: whoever gave it takes it away. Without OIDC_GROUPS, all are by hand.
    """
    if not settings.OIDC_GROUPS:
        return
    seats = wanted(groups)
    now = {seat.team: seat for seat in Membership.objects.filter(user=user).select_related("team")}
    # In the order of the log's chains, which are locked one after the other where this is one transaction.
    for team in sorted({*now, *seats}, key=lambda team: str(team.pk)):
        _seat(user, team, now.get(team), seats.get(team))


def _seat(user: User, team: Team, now: Membership | None, role: Role | None) -> None:
    if now is not None and now.source == Membership.Source.HAND:
        return
    if role is None:
        remove_member(by=None, team=team, user=user)
    elif now is None or now.role != role:
        set_member(by=None, team=team, user=user, role=role, source=Membership.Source.GROUPS)
