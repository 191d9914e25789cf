"""Pages of any list that is ordered by a time, newest first, and by an id where times are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import Http404

from faxes.listing.address import found
from telnyx_api.reading import moment

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Place:
    """After which row a page begins. The row itself may be gone by then."""

    at: datetime
    id: UUID

    @classmethod
    def parse(cls, word: str) -> Self:
        """Raises Http404 for what `str()` has not written."""
        at, _, pk = word.partition("_")
        try:
            return cls(found(moment({"at": at}, "at")), UUID(pk))
        except ValueError as error:
            raise Http404 from error

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%dT%H:%M:%S.%fZ}_{self.id.hex}"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """`older` is where the next page begins; None at the end."""

    rows: Sequence[Row]
    older: Place | None = None


def page_of(rows: QuerySet[Row], key: str, *, before: Place | None, size: int) -> Page[Row]:
    """A page of these rows in the order of `key`, of which an index has to begin with what else is asked."""
    return first_page(list(beyond(rows.order_by(f"-{key}", "-pk"), key, before)[: size + 1]), key, size)


def first_page(rows: list[Row], key: str, size: int) -> Page[Row]:
    """Of these rows, one more than a page has where there is a next one."""
    last: Any = rows[size - 1] if len(rows) > size else None
    return Page(rows[:size], Place(getattr(last, key), last.pk) if last else None)


def beyond(rows: QuerySet[Row], key: str, place: Place | None) -> QuerySet[Row]:
    """Those that come after the place."""
    if place is None:
        return rows
    # “At most” stands alone beside the rest, so that the database begins in the middle of its index.
    further = Q((f"{key}__lt", place.at)) | Q(pk__lt=place.id)
    return rows.filter(further, **{f"{key}__lte": place.at})
