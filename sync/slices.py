"""Which slice of time to list next.

Telnyx documents neither the order of its list nor how large its pages may be, and rows move between pages while faxes
come in or are deleted. A slice of the past does not grow, so that it can be listed as a whole, and its ids fit into
memory. The walk goes from now into the past; how wide the slices are follows from how many faxes Telnyx counts in them.
https://developers.telnyx.com/api/programmable-fax/list-faxes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

# So many faxes make a good slice. Twice as many are too large a one.
AIM = 5000
# What is younger still changes from page to page.
SETTLED = timedelta(minutes=10)
NARROWEST = timedelta(seconds=1)
# A slice about which nothing is known.
BLIND = timedelta(days=1)
# From one slice to the next.
MOST_GROWTH = 8.0
# Nothing at Telnyx is older: below it there is one slice more.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# How far a time that is shown may lie outside of a slice that it is in.
PLAY = timedelta(minutes=1)
# What a plan's cursor holds beside the time.
TOLD = ("width", "left", "seen", "over", "whole", "aim")
# So many faxes are read at once, however little Telnyx lets us read.
LEAST_AIM = 10


@dataclass(frozen=True)
class Slice:
    """From `since` to before `before`, in whole seconds, as Telnyx shows them; None is open."""

    since: datetime | None
    before: datetime | None

    def holds(self, at: datetime | None) -> bool:
        """Does a fax belong here that was made at that time? True where that is not known."""
        if at is None:
            return True
        early = self.since is not None and at < self.since - PLAY
        return not early and not (self.before is not None and at > self.before + PLAY)

    def __str__(self) -> str:
        words = {"from": self.since, "to": self.before}
        return " ".join(f"{word} {at:%Y-%m-%d %H:%M:%S}" for word, at in words.items() if at) or "of all times"


def halved(cursor: Mapping[str, Any]) -> dict[str, Any]:
    """The cursor of the same walk in slices half as large. Who is never let to the end of one would begin it anew for
    ever."""
    width = {"width": cursor["width"] / 2} if cursor.get("width") else {}
    return {**cursor, **width, "aim": max(LEAST_AIM, cursor.get("aim", AIM) // 2)}


@dataclass
class Plan:
    """The walk: what is below `before` is still to be listed. `width` is that of the next slice, and `left` how many
    faxes are thought to be there, as far as either is known."""

    bottom: datetime | None
    before: datetime | None
    width: float | None = None
    left: int | None = None
    seen: int = 0
    over: bool = False
    # Telnyx does not heed filters by time, so that there is one slice only.
    whole: bool = False
    aim: int = AIM

    @classmethod
    def resumed(cls, bottom: datetime | None, cursor: Mapping[str, Any]) -> Self:
        """The walk down to `bottom` from where it stood, as `cursor()` told it; from now where that is empty."""
        before = cursor.get("before")
        told = {key: cursor[key] for key in TOLD if key in cursor}
        bottom = bottom and bottom.replace(microsecond=0)
        return cls(bottom, datetime.fromisoformat(before) if before else None, **told)

    def cursor(self) -> dict[str, Any]:
        before = self.before.isoformat() if self.before else None
        return {"before": before, **{key: getattr(self, key) for key in TOLD}}

    @property
    def expected(self) -> int | None:
        """How many faxes there are in all, as far as that is known."""
        return None if self.left is None else self.seen + self.left

    def next(self, now: datetime) -> Slice:
        """The slice to list next; `now` is Telnyx's."""
        if self.whole:
            return Slice(None, None)
        if self.before is None:
            young = (now - SETTLED).replace(microsecond=0)
            return Slice(max(filter(None, (young, self.bottom))), None)
        if self.width is None or self.before < EARLIEST or (self.left is not None and self.left <= 1.5 * self.aim):
            return Slice(self.bottom, self.before)
        return Slice(self._since(self.before), self.before)

    def is_too_large(self, total: int | None) -> bool:
        return total is not None and total > 2 * self.aim

    def narrow(self, piece: Slice, total: int, times: Iterable[datetime | None]) -> bool:
        """Make the next slice narrower than `piece`, of which Telnyx counts `total`. False where that cannot be.

        `times` are of some faxes in it, the first and the last ones of the list if possible."""
        if piece.before is None:
            return False
        since = piece.since or min((at for at in times if at is not None), default=None)
        if since is None or piece.before - since <= NARROWEST:
            return False
        if piece.since == self.bottom:
            self.left = total
        self.width = max((piece.before - since).total_seconds() * self.aim / total, NARROWEST.total_seconds())
        return self._since(piece.before) != piece.since

    def pass_over(self, piece: Slice) -> Slice:
        """`piece` cannot be read. What is left out of the walk: of a slice of any length, no more than its last day."""
        if piece.before is not None and self.width is None:
            self.width = BLIND.total_seconds()
            piece = Slice(self._since(piece.before), piece.before)
        self._go_below(piece)
        return piece

    def passed(self, piece: Slice, total: int) -> None:
        """`piece` has been listed, with `total` faxes in it."""
        self.seen += total
        self._go_below(piece)
        if piece.before is None:
            return
        if self.left is not None:
            self.left = max(0, self.left - total)
        if self.width is not None:
            growth = self.aim / total if total else MOST_GROWTH
            self.width *= max(1 / MOST_GROWTH, min(MOST_GROWTH, growth))

    def _go_below(self, piece: Slice) -> None:
        self.before = piece.since
        self.over = self.whole or piece.since == self.bottom

    def _since(self, before: datetime) -> datetime | None:
        assert self.width is not None
        try:
            since = (before - timedelta(seconds=self.width)).replace(microsecond=0)
        except OverflowError:
            return self.bottom
        since = min(since, before - NARROWEST)
        return max(since, self.bottom) if self.bottom else since
