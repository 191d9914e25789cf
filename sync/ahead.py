"""Fetch the next pages while these are written."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")

# Some take no time to fetch, such as the end of a list: the thread is not to wait after those.
SO_MANY = 2
# Seconds that whoever works keeps the interpreter to themselves: the thread needs it for a moment only, but for each
# piece of an answer. With Python's usual five milliseconds, pages come a tenth later.
TURN, USUAL_TURN = 0.0005, sys.getswitchinterval()
# Seconds between two words of a worker that waits.
OFTEN = 1.0


def ahead(items: Iterator[T], meanwhile: Callable[[], None]) -> Iterator[T]:
    """The items, fetched by a thread while those before them are worked on. `meanwhile` is called now and then
    while there is nothing to do but wait. Raises what the items raise; they must not touch the database."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="sync-ahead")
    sys.setswitchinterval(TURN)
    try:
        coming: deque[Future[T | None]] = deque(pool.submit(next, items, None) for _ in range(SO_MANY))
        while (item := _waited(coming.popleft(), meanwhile)) is not None:
            coming.append(pool.submit(next, items, None))
            yield item
    finally:
        # Whoever has had enough does not wait for an answer that nobody will read.
        pool.shutdown(wait=False, cancel_futures=True)
        # Of the whole process: where two runs fetch at once, the first that ends slows the other down, for no harm.
        sys.setswitchinterval(USUAL_TURN)


def _waited(coming: Future[T | None], meanwhile: Callable[[], None]) -> T | None:
    while not wait([coming], timeout=OFTEN).done:
        meanwhile()
    return coming.result()
