"""What a search or a tag finds, each kind of find as a condition on faxes.

Faxes are many, correspondents, notes and tags few: only these are searched, and no index of words is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q

from accounts import access
from accounts.models import Team
from contacts.models import Correspondent
from contacts.numbers import parse_number
from faxes.listing.filters import Filters, Show
from faxes.models import Fax, Note, Tag

MOST_CORRESPONDENTS = 500
# As people type numbers. Fewer than three digits are in nearly all of them.
NUMBER = re.compile(r"[\d\s()+./-]+")
FEWEST_DIGITS = 3
FAX_TAG = Fax.tags.through
# What is shown of these is rare, and in no order.
RARE = (Show.UNREAD, Show.MISSING)


@dataclass(frozen=True)
class Kind:
    """The same condition twice: as an index leads to what fulfils it, and as it is looked up for a fax at hand."""

    leading: Q
    checked: Q

    def and_also(self, *others: Kind) -> Kind:
        """Led to by this kind, and checked for the others."""
        for other in others:
            self = Kind(self.leading & other.checked, self.checked & other.checked)
        return self


def kinds_of(filters: Filters) -> list[Kind] | None:
    """Of which kinds the listed faxes are, each of at least one. None where the list is of no kind, but of all."""
    tags = [_having(filters.tags)] if filters.tags else []
    if filters.search:
        digits = digits_of(filters.search)
        found = [*_corresponding(filters, digits), *_noted(filters), *_tagged(filters), *_unrouted(filters, digits)]
        return [kind.and_also(*tags) for kind in found]
    if tags or filters.show in RARE:
        return tags or [Kind(Q(), Q())]
    return None


def _having(tags: Sequence[Tag]) -> Kind:
    having = FAX_TAG.objects.filter(tag__in=tags)
    return Kind(Q(pk__in=having.values("fax")), Q(Exists(having.filter(fax=OuterRef("pk")))))


def digits_of(search: str) -> list[str]:
    """The digits of a number, or of a part of one, as stored numbers may hold them. None for any other text."""
    digits = "".join(filter(str.isdecimal, search))
    if not NUMBER.fullmatch(search) or len(digits) < FEWEST_DIGITS:
        return []
    try:
        return [digits, parse_number(search).lstrip("+")]
    except ValidationError:
        return [digits]


def _corresponding(filters: Filters, digits: Sequence[str]) -> Iterator[Kind]:
    named = Q(name__icontains=filters.search)
    known = Correspondent.objects.filter(_any_number("number", digits) | named, **_scope(filters))
    if ids := list(known.values_list("pk", flat=True)[:MOST_CORRESPONDENTS]):
        yield Kind(Q(correspondent__in=ids), Q(plain_correspondent_id__in=ids))


def _noted(filters: Filters) -> Iterator[Kind]:
    notes = Note.objects.filter(text__icontains=filters.search)
    yield Kind(Q(pk__in=notes.values("fax")), Q(Exists(notes.filter(fax=OuterRef("pk")))))


def _tagged(filters: Filters) -> Iterator[Kind]:
    if tags := list(Tag.objects.filter(name__icontains=filters.search, **_scope(filters))):
        yield _having(tags)


def _unrouted(filters: Filters, digits: Sequence[str]) -> Iterator[Kind]:
    """Faxes of no team have no correspondent. They are few, and administrators route them."""
    if digits and not filters.team and access.is_admin(filters.user):
        numbers = _any_number("from_number", digits)
        yield Kind(Q(numbers, team=None), Q(numbers, plain_team_id=None))


def _any_number(column: str, digits: Sequence[str]) -> Q:
    numbers = Q()
    for part in digits:
        numbers |= Q(**{f"{column}__contains": part})
    return numbers


def _scope(filters: Filters) -> dict[str, Sequence[Team]]:
    return {"team__in": [filters.team] if filters.team else filters.teams}
