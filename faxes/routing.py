"""Whose is a fax? The number's team, else the application's, else nobody's: then administrators route it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import F

from accounts.access import seats
from accounts.models import Role, Team
from applications.models import FaxApplication, PhoneNumber
from contacts.models import Correspondent
from faxes import rows
from faxes.models import Fax


def route(fax: Fax, *, connection_id: str, team: Team | None = None) -> None:
    """Give a fax that was not composed here to the team it belongs to, and tie it to the team's correspondent."""
    House([fax.our_number], [connection_id]).settle(fax, connection_id=connection_id, team=team)
    tie([fax])
    fax.save(update_fields=["team", "correspondent", "assigned_to"])


class House:
    """Whose the lines are and who looks after them: read once, however many faxes came over them."""

    def __init__(self, numbers: Collection[str], connections: Collection[str]) -> None:
        self._numbers = {number.phone_number: number for number in _known(numbers)}
        attached = {number.connection_id for number in self._numbers.values()}
        named = FaxApplication.objects.filter(telnyx_id__in={*connections, *attached} - {""})
        self._teams = dict(named.values_list("telnyx_id", "team_id"))
        people = {number.default_assignee_id for number in self._numbers.values()} - {None}
        self._seats = seats(people, at_least=Role.MEMBER) if people else set()

    def settle(self, fax: Fax, *, connection_id: str, team: Team | None = None) -> None:
        """Set the team of the fax and, of a received one, who it is for. Nothing is stored."""
        number = self._numbers.get(fax.our_number)
        fax.team_id = team.pk if team else self._owner(number, connection_id)
        if not fax.is_outbound and number is not None:
            # Whoever looks after faxes to the number, as long as they are on the team.
            seat = (number.default_assignee_id, fax.team_id)
            fax.assigned_to_id = seat[0] if seat in self._seats else None

    def _owner(self, number: PhoneNumber | None, connection_id: str) -> UUID | None:
        """The number's own team, else that of its application, else that of the fax's."""
        if number is not None and (owner := number.team_id or self._teams.get(number.connection_id)):
            return owner
        return self._teams.get(connection_id)


def _known(numbers: Collection[str]) -> list[PhoneNumber]:
    """A number that was bought back has two rows: the living one comes last."""
    return list(PhoneNumber.objects.filter(phone_number__in=set(numbers)).order_by(F("gone_at").asc(nulls_last=True)))


def tie(faxes: Iterable[Fax]) -> None:
    """Point each fax to the correspondent of its team, made where there is none yet. The faxes are not stored."""
    ends = [(fax, (fax.team_id, fax.other_number)) for fax in faxes]
    wanted = {(team_id, number) for _, (team_id, number) in ends if team_id and number}
    known = _correspondents(wanted)
    if missing := sorted(wanted - known.keys()):
        # In the order that all keep to, so that nobody waits for somebody who waits for them.
        ids = rows.new_ids(len(missing))
        made = [Correspondent(id=next(ids), team_id=team_id, number=number) for team_id, number in missing]
        if rows.insert(made, ("id", "team", "number"), unless=("team", "number")) == len(made):
            known |= {(each.team_id, each.number): each.pk for each in made}
        else:
            # Somebody else has made some of them meanwhile.
            known = _correspondents(wanted)
    for fax, end in ends:
        fax.correspondent_id = known.get(end)


def _correspondents(ends: Collection[tuple[UUID, str]]) -> dict[tuple[UUID | None, str], UUID]:
    teams = {rows.as_kept(team_id): team_id for team_id, _ in ends}
    found = rows.among(Correspondent, ("team", "number"), [*ends], ("team", "number", "id"))
    return {(teams[team], number): _uuid(pk) for team, number, pk in found}


def _uuid(kept: UUID | str) -> UUID:
    return kept if isinstance(kept, UUID) else UUID(kept)
