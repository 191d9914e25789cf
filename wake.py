"""The one way to say “there is work”. A leaf: it knows neither Django nor the queue, and everybody may import it.

The tables are the truth; a wake only makes the worker look sooner than its next sweep would. So a lost or doubled wake
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

Handler = Callable[[str, float], None]

_handler: Handler | None = None


def wake(name: str, *, after: float = 0) -> None:
    """Have the step of this name look for due rows, `after` seconds from now. Call it once the rows are committed."""
    if _handler is not None:
        _handler(name, after)


def on_wake(handler: Handler | None) -> None:
    """Register what a wake does; None makes wakes do nothing again."""
    global _handler
    _handler = handler
