"""A page of a list, however many faxes there are.

A list is made of *slices*: each walks one index from where the page begins, and stops after a page. The database puts
the slices together, in one query, and what is left after a second cut is fetched. Offsets and counts of everything are
nowhere, as they would read the whole list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from faxes.listing.filters import Filters, Show
from faxes.listing.slices import Place, Walk, merged, walked
from faxes.models import Fax, FaxQuerySet

PAGE = 50
COUNTED = 1000
# What no list shows can be large.
UNSEEN = ("raw", "client_state", "media_url")


@dataclass(frozen=True)
class Page:
    """Faxes in the order of the list, and whether there are more on either side of them."""

    filters: Filters
    faxes: list[Fax] = field(default_factory=list)
    has_older: bool = False
    has_newer: bool = False

    @property
    def older(self) -> str:
        """The query string of the next page, and an empty one on the last."""
        return self.filters.query(before=str(self.faxes[-1].pk)) if self.has_older else ""

    @property
    def newer(self) -> str:
        """The query string of the page before, and an empty one on the first."""
        return self.filters.query(after=str(self.faxes[0].pk)) if self.has_newer else ""


@dataclass(frozen=True)
class Count:
    """A number that is honest about where the counting stopped."""

    number: int
    is_more: bool

    def __bool__(self) -> bool:
        return self.number > 0

    def __str__(self) -> str:
        return f"{self.number}+" if self.is_more else str(self.number)


@dataclass(frozen=True)
class Neighbours:
    """The faxes before (newer) and after (older) a fax in its list."""

    previous: UUID | None
    next: UUID | None


def page_of(filters: Filters, size: int = PAGE) -> Page:
    """The page that begins after the filters' `before`, or ends before its `after`."""
    cursor, newer = filters.after or filters.before, filters.after is not None
    place = Place.of(cursor, filters.show) if cursor else None
    walk = _walk(filters, place, size + 1, newer=newer and place is not None)
    rows = _shown(walked(filters, walk)).select_related("assigned_to")
    faxes = list(rows.prefetch_related("tags")[: size + 1])
    more, faxes = len(faxes) > size, faxes[:size]
    if walk.newer:
        return Page(filters, faxes[::-1], has_older=bool(faxes), has_newer=more)
    return Page(filters, faxes, has_older=more, has_newer=bool(place and faxes))


def neighbours(fax: Fax, filters: Filters, page: Page | None = None) -> Neighbours:
    """Those of the place in the list where the fax is, or was before somebody handled it.

    A page of the same list on which the fax is not the first or last knows them already.
    """
    ids = [listed.pk for listed in page.faxes] if page else []
    at = ids.index(fax.pk) if fax.pk in ids else 0
    if 0 < at < len(ids) - 1:
        return Neighbours(ids[at - 1], ids[at + 1])
    place = Place.of(fax, filters.show)
    if place is None:
        return Neighbours(None, None)
    previous, following = (_walk(filters, place, 1, newer=newer) for newer in (True, False))
    return Neighbours(_first(filters, previous), _first(filters, following))


def count_of(filters: Filters, most: int = COUNTED) -> Count:
    """How many faxes the filters let through; counting stops after `most`."""
    number = some_of(filters, most + 1).count()
    return Count(min(number, most), number > most)


def some_of(filters: Filters, most: int) -> FaxQuerySet:
    """Faxes of the list, at most so many of the newest and in no order: to be counted, also within another question."""
    return walked(filters, _walk(filters, None, most, newer=False)).order_by()[:most]


def newest_of(lists: Sequence[Filters], size: int) -> FaxQuerySet:
    """The newest faxes of each list, so many of each at most, as lists show them: each once, the newest first."""
    walks = [walked(filters, _walk(filters, None, size, newer=False))[:size] for filters in lists]
    return _shown(merged(walks)).order_by("-created_at", "-pk")


def _shown(faxes: FaxQuerySet) -> FaxQuerySet:
    """With what every list shows of them."""
    return faxes.select_related("correspondent", "document", "team").defer(*UNSEEN)


def _walk(filters: Filters, place: Place | None, size: int, *, newer: bool) -> Walk:
    key = "trashed_at" if filters.show is Show.BIN else "created_at"
    return Walk(key, place, newer, size)


def _first(filters: Filters, walk: Walk) -> UUID | None:
    return walked(filters, walk).values_list("pk", flat=True).first()
