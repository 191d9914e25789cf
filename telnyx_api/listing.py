"""A listing of Telnyx's that knows whether it was complete. Only a complete one is evidence of what is *not* there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from telnyx_api.paging import walk
from telnyx_api.payloads import Page


class Named(Protocol):
    @property
    def id(self) -> str | None: ...


Item = TypeVar("Item", bound=Named)


class Listing(Generic[Item]):
    """Iterate it once; then ask `is_complete`: as many different items as Telnyx says there are, each with an id.

    `page` fetches the page of a number. Raises TelnyxError while iterating.
    """

    def __init__(self, page: Callable[[int], Page[Item]]) -> None:
        self._page = page
        self._totals: set[int | None] = set()
        self.ids: set[str | None] = set()

    def __iter__(self) -> Iterator[Item]:
        for item in walk(self._counted, lambda item: item.id):
            self.ids.add(item.id)
            yield item

    @property
    def is_complete(self) -> bool:
        return None not in self.ids and self._totals == {len(self.ids)}

    def _counted(self, number: int) -> Page[Item]:
        page = self._page(number)
        self._totals.add(page.total_results)
        return page
