"""Lists that come in pages."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from telnyx_api.errors import BadAnswer
from telnyx_api.payloads import Page
from telnyx_api.reading import mapping, whole

T = TypeVar("T")
# So many pages in a row that bring nothing new, though Telnyx says that more follow, are no list.
PATIENCE = 3
# 25 million faxes at the largest page.
MOST_PAGES = 100_000


def page_of(document: Mapping[str, Any], kind: Callable[[Mapping[str, Any]], T]) -> Page[T]:
    """The page in the answer `document`, whose `data` is a list. BadAnswer when an item of it is no object."""
    if not all(isinstance(raw, dict) for raw in document["data"]):
        raise BadAnswer("Telnyx listed something that is no object.")
    meta = mapping(document, "meta")
    return Page(
        data=tuple(kind(raw) for raw in document["data"]),
        page_number=whole(meta, "page_number"),
        page_size=whole(meta, "page_size"),
        total_pages=whole(meta, "total_pages"),
        total_results=whole(meta, "total_results"),
    )


def walk(page: Callable[[int], Page[T]], key: Callable[[T], str | None]) -> Iterator[T]:
    """Every item of every page, each `key` once. Otherwise as `walk_pages`."""
    return (item for items in walk_pages(page, key) for item in items)


def walk_pages(page: Callable[[int], Page[T]], key: Callable[[T], str | None]) -> Iterator[list[T]]:
    """The items of one page after the other, each `key` once, though they move to later pages while new ones come in.

    Counts the pages itself, up to the last that Telnyx names or, where it names none, until one brings nothing new.
    BadAnswer when the pages do not end. Remembers the keys, about 150 bytes an item.
    """
    seen: set[str] = set()
    idle = 0
    for number in range(1, MOST_PAGES + 1):
        current, known = page(number), len(seen)
        yield [item for item in current.data if _is_new(key(item), seen)]
        idle = 0 if len(seen) > known else idle + 1
        if idle if current.total_pages is None else number >= current.total_pages:
            return
        if idle == PATIENCE:
            break
    raise BadAnswer("The pages of the list do not end.")


def _is_new(name: str | None, seen: set[str]) -> bool:
    """What has no name is always new."""
    if name is None:
        return True
    is_new = name not in seen
    seen.add(name)
    return is_new
