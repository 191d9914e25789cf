"""Fetch the next page while this one is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")

# Seconds between two words of a worker that waits.
OFTEN = 1.0


def ahead(items: Iterator[T], meanwhile: Callable[[], None]) -> Iterator[T]:
    """The items, each fetched by a thread while the one before it is worked on. `meanwhile` is called now and then
    while there is nothing to do but wait. Raises what the items raise; they must not touch the database."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="sync-ahead")
    try:
        coming: Future[T | None] = pool.submit(next, items, None)
        while (item := _waited(coming, meanwhile)) is not None:
            coming = pool.submit(next, items, None)
            yield item
    finally:
        # Whoever has had enough does not wait for an answer that nobody will read.
        pool.shutdown(wait=False, cancel_futures=True)


def _waited(coming: Future[T | None], meanwhile: Callable[[], None]) -> T | None:
    while not wait([coming], timeout=OFTEN).done:
        meanwhile()
    return coming.result()
