"""Whose fax is it? The number's team, else the application's, else nobody's: then administrators route it."""

from __future__ import annotations

from django.db.models import F

from accounts.access import belongs
from accounts.models import Role, Team, User
from applications.models import FaxApplication, PhoneNumber
from contacts.models import Correspondent
from faxes.models import Fax


def route(fax: Fax, *, connection_id: str, team: Team | None = None) -> None:
    """Give a fax that was not composed here to the team it belongs to, and tie it to the team's correspondent."""
    number = _known(fax.our_number)
    fax.team = team or _owner(number, connection_id)
    fax.correspondent = correspondent_of(fax)
    if not fax.is_outbound and number is not None:
        fax.assigned_to = _assignee(number, fax.team)
    fax.save(update_fields=["team", "correspondent", "assigned_to"])


def _known(number: str) -> PhoneNumber | None:
    numbers = PhoneNumber.objects.select_related("team", "default_assignee").filter(phone_number=number)
    return numbers.order_by(F("gone_at").desc(nulls_first=True)).first()


def _assignee(number: PhoneNumber, team: Team | None) -> User | None:
    """Whoever looks after faxes to the number, as long as they are on the team."""
    person = number.default_assignee
    return person if team and person and belongs(person, team, at_least=Role.MEMBER) else None


def _owner(number: PhoneNumber | None, connection_id: str) -> Team | None:
    if number is not None and (owner := number.owner):
        return owner
    application = FaxApplication.objects.select_related("team").filter(telnyx_id=connection_id).first()
    return application.team if application else None


def correspondent_of(fax: Fax) -> Correspondent | None:
    if fax.team is None or not fax.other_number:
        return None
    return Correspondent.objects.get_or_create(team=fax.team, number=fax.other_number)[0]
