"""What a search or a tag finds, each kind of find as a condition on faxes.

Faxes are many, correspondents, notes and tags few: only these are searched, and no index of words is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Q

from accounts import access
from accounts.models import Membership, Team, User
from contacts.models import Correspondent
from contacts.numbers import parse_number
from faxes.listing.filters import Filters, Show
from faxes.listing.narrowing import is_in
from faxes.models import Fax, Note, ReadMark, Tag
from faxes.reading import unread

# So many rows are handed from one query to the next. Where there are more, a walk meets enough of them soon.
FEW = 200
# As people type numbers. Fewer than three digits are in nearly all of them.
NUMBER = re.compile(r"[\d\s()+./-]+")
FEWEST_DIGITS = 3
FAX_TAG = Fax.tags.through


@dataclass(frozen=True)
class Kind:
    """The same condition twice: as an index leads to what fulfils it (None where too much may), and as it is looked up
    for a fax at hand."""

    leading: Q | None
    checked: Q

    def and_also(self, others: Sequence[Kind]) -> Kind:
        """Led to by this kind, and checked for the others."""
        both = self
        for other in others:
            leading = None if both.leading is None else both.leading & other.checked
            both = Kind(leading, both.checked & other.checked)
        return both


def kinds_of(filters: Filters) -> list[Kind] | None:
    """Of which kinds the listed faxes are, each of at least one. None where the list is of no kind, but of all."""
    wanted = [_having(filters.tags)] if filters.tags else []
    wanted += [_unread(filters.user)] if filters.show is Show.UNREAD else []
    if filters.search:
        digits = digits_of(filters.search)
        found = [*_corresponding(filters, digits), *_noted(filters), *_tagged(filters), *_unrouted(filters, digits)]
        return [kind.and_also(wanted) for kind in found]
    if wanted:
        return [wanted[-1].and_also(wanted[:-1])]
    # What is missing is rare, too, and the list itself leads to it.
    return [Kind(Q(), Q())] if filters.show is Show.MISSING else None


def _unread(user: User) -> Kind:
    marks = ReadMark.objects.filter(user=user, fax=OuterRef("pk"))
    mine = Membership.objects.filter(user=user, team=OuterRef("team"))
    new = is_in(mine.filter(read_before__lt=OuterRef("heard_at"))) & ~is_in(marks) & Q(handled_at=None)
    again = is_in(mine) & is_in(marks.filter(read_at=None))
    ids = list(unread(user).values_list("pk", flat=True)[: FEW + 1])
    return Kind(_any_of("pk", ids), new | again)


def _having(tags: Sequence[Tag]) -> Kind:
    having = FAX_TAG.objects.filter(tag__in=tags)
    return Kind(Q(pk__in=having.values("fax")), is_in(having.filter(fax=OuterRef("pk"))))


def digits_of(search: str) -> list[str]:
    """The digits of a number, or of a part of one, as stored numbers may hold them. None for any other text."""
    # In any script's digits.
    digits = "".join(str(int(char)) for char in search if char.isdecimal())
    if not NUMBER.fullmatch(search) or len(digits) < FEWEST_DIGITS:
        return []
    try:
        return [digits, parse_number(search).lstrip("+")]
    except ValidationError:
        return [digits]


def _corresponding(filters: Filters, digits: Sequence[str]) -> Iterator[Kind]:
    named = _holding("name", filters.search)
    known = Correspondent.objects.filter(_any_number("number", digits) | named, **_scope(filters))
    ids = list(known.values_list("pk", flat=True)[: FEW + 1])
    if ids:
        checked = is_in(known.filter(pk=OuterRef("correspondent_id")))
        yield Kind(_any_of("correspondent", ids), checked)


def _noted(filters: Filters) -> Iterator[Kind]:
    notes = Note.objects.filter(_holding("text", filters.search))
    yield Kind(Q(pk__in=notes.values("fax")), is_in(notes.filter(fax=OuterRef("pk"))))


def _tagged(filters: Filters) -> Iterator[Kind]:
    if tags := list(Tag.objects.filter(_holding("name", filters.search), **_scope(filters))):
        yield _having(tags)


def _unrouted(filters: Filters, digits: Sequence[str]) -> Iterator[Kind]:
    """Faxes of no team have no correspondent. They are few, and administrators route them."""
    if digits and not filters.team and access.is_admin(filters.user):
        numbers = _any_number("from_number", digits)
        yield Kind(Q(numbers, team=None), Q(numbers, plain_team_id=None))


def _any_of(column: str, ids: Sequence[UUID]) -> Q | None:
    # A condition that nothing can fulfil would make no query at all, and what is put together from queries none either.
    return Q(**{f"{column}__in": ids or [UUID(int=0)]}) if len(ids) <= FEW else None


def _holding(column: str, text: str) -> Q:
    """Capitals or not, in any language: SQLite's LIKE takes “Ö” for “ö” only where it is told."""
    ways = Q()
    for way in {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}:
        ways |= Q(**{f"{column}__icontains": way})
    return ways


def _any_number(column: str, digits: Sequence[str]) -> Q:
    numbers = Q()
    for part in digits:
        numbers |= Q(**{f"{column}__contains": part})
    return numbers


def _scope(filters: Filters) -> dict[str, Sequence[Team]]:
    return {"team__in": [filters.team] if filters.team else filters.teams}
