"""What pages of numbers tell of their faxes. Numbers know no faxes, so their pages ask here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django import template

from accounts.access import AnyUser
from applications.models import PhoneNumber
from faxes.lines import LastFaxes, last_faxes

register = template.Library()


@register.simple_tag(name="last_faxes")
def _last_faxes(user: AnyUser, numbers: Iterable[PhoneNumber]) -> dict[UUID, LastFaxes]:
    """`{% last_faxes user numbers as last %}`, once above the rows; then `{{ last|of:number }}`."""
    return last_faxes(user, numbers)


@register.filter
def of(last: Mapping[UUID, LastFaxes], number: PhoneNumber) -> LastFaxes | None:
    return last.get(number.pk)
