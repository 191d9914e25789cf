"""A listing of Telnyx's that knows whether it was complete. Only a complete one is evidence of what is *not* there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from telnyx_api.paging import walk_pages
from telnyx_api.payloads import Named, Page

Item = TypeVar("Item", bound=Named)


class Listing(Generic[Item]):
    """Iterate it once, or its pages; then ask `is_complete`: as many different items as Telnyx says there are, each
    with an id.

    `page` fetches the page of a number. `totals` are how many Telnyx said there are, page by page; None where it did
    not. Raises TelnyxError while iterating.
    """

    def __init__(self, page: Callable[[int], Page[Item]]) -> None:
        self._page = page
        self.totals: list[int | None] = []
        self.ids: set[str | None] = set()

    def __iter__(self) -> Iterator[Item]:
        return (item for items in self.pages() for item in items)

    def pages(self) -> Iterator[list[Item]]:
        """The items of each page that no page before it had."""
        for items in walk_pages(self._counted, lambda item: item.id):
            self.ids.update(item.id for item in items)
            yield items

    @property
    def is_complete(self) -> bool:
        return None not in self.ids and set(self.totals) == {len(self.ids)}

    @property
    def shortage(self) -> str:
        """What the list lacks, as a sentence; empty where Telnyx does not say that anything is missing."""
        if None in self.ids:
            return "Telnyx lists some without an id."
        counted = self.totals[-1] if self.totals else None
        return f"Telnyx counts {counted} and lists {len(self.ids)}." if (counted or 0) > len(self.ids) else ""

    def _counted(self, number: int) -> Page[Item]:
        page = self._page(number)
        self.totals.append(page.total_results)
        return page
