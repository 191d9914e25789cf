"""What the address of the console asks for. Every value is looked up through the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from accounts import access
from accounts.models import Role, Team, User
from faxes.listing.address import Address, query_of
from faxes.listing.keyset import Place

# What says where in the list somebody is, and not which list it is.
PLACE = ("before", "seen")


@dataclass(frozen=True)
class Filters:
    """A checked wish. `teams` are all that the user manages; `problems` says what made no sense and was left out."""

    user: User
    teams: Sequence[Team]
    team: Team | None = None
    state: str = ""
    event_type: str = ""
    search: str = ""
    since: date | None = None
    until: date | None = None
    before: Place | None = None
    problems: Sequence[str] = ()
    # The address's words that made sense, as they were.
    words: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, get: QueryDict | MultiValueDict[str, str], user: User) -> Self:
        """Raises Http404 for a team that the user does not manage, and for a place that is none."""
        address = Address(get)
        managed = set(access.team_ids(user, at_least=Role.MANAGER))
        teams = [team for team in access.teams(user) if team.pk in managed]
        since, until = address.days()
        before = address.word("before")
        return cls(
            user=user,
            teams=teams,
            team=address.team(teams),
            state=address.word("state"),
            event_type=address.word("type"),
            search=address.word("q"),
            since=since,
            until=until,
            before=Place.parse(before) if before else None,
            problems=address.problems,
            words=address.words,
        )

    @property
    def narrow(self) -> bool:
        """Is anything asked for beyond what the bare address of the list shows?"""
        return bool(self.words.keys() - set(PLACE))

    def query(self, **changes: str) -> str:
        """The query string of these filters with changes; an empty value takes its word out."""
        return query_of(self.words, changes, place=PLACE)
