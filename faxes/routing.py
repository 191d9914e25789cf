"""Whose fax is it? The number's team, else the application's, else nobody's: then administrators route it."""

from __future__ import annotations

from django.db.models import F

from accounts.models import Team
from applications.models import FaxApplication, PhoneNumber
from contacts.models import Correspondent
from faxes.models import Fax


def route(fax: Fax, *, connection_id: str, team: Team | None = None) -> None:
    """Give a fax that was not composed here to the team it belongs to, and tie it to the team's correspondent."""
    fax.team = team or owner_of(fax.our_number, connection_id=connection_id)
    fax.correspondent = correspondent_of(fax)
    fax.save(update_fields=["team", "correspondent"])


def owner_of(number: str, *, connection_id: str) -> Team | None:
    numbers = PhoneNumber.objects.select_related("team").filter(phone_number=number)
    known = numbers.order_by(F("gone_at").desc(nulls_first=True)).first()
    if known is not None and (owner := known.owner):
        return owner
    application = FaxApplication.objects.select_related("team").filter(telnyx_id=connection_id).first()
    return application.team if application else None


def correspondent_of(fax: Fax) -> Correspondent | None:
    if fax.team is None or not fax.other_number:
        return None
    return Correspondent.objects.get_or_create(team=fax.team, number=fax.other_number)[0]
