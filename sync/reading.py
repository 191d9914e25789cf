"""Read Telnyx's list of faxes slice by slice. It touches no table, so that a thread may do it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from sync.slices import SETTLED, Plan, Slice
from telnyx_api import BadAnswer, Client, Fax, NoAnswer, NotSent, Page, ServerError, TelnyxError
from telnyx_api.listing import Listing

# So many faxes are worked on at once: each statement and each transaction has its price.
HANDFUL = 1000
# What may be wrong with one page and right with the next.
PASSING = (NotSent, NoAnswer, ServerError, BadAnswer)


@dataclass(frozen=True)
class Leaf:
    """The faxes of some pages; `expected` is how many there are in all, as far as that is known. By our clock, none of
    its slice was asked for before `asked_at`."""

    faxes: Sequence[Fax]
    expected: int | None
    asked_at: datetime


@dataclass(frozen=True)
class End:
    """A slice has been listed. `is_proof`: what is not in `ids` is not at Telnyx. `trouble` says what is missing, or is
    empty. `cursor` is where to go on."""

    piece: Slice
    ids: set[str]
    is_proof: bool
    trouble: str
    cursor: dict[str, Any]
    expected: int | None


def clock(telnyx: Client) -> datetime:
    """What time it is at Telnyx, as far as its answers tell."""
    return timezone.now() - timedelta(seconds=telnyx.clock_skew or 0.0)


class Reader:
    """Iterate it once for the pages of all slices that the plan still has, each slice followed by its end.

    A slice of which Telnyx lists less than it counts is listed once more. One that cannot be read is passed over; two
    in a row raise the TelnyxError, as does whatever no other page would change.
    """

    def __init__(self, telnyx: Client, plan: Plan) -> None:
        self._telnyx, self._plan = telnyx, plan
        self._piece = Slice(None, None)

    def __iter__(self) -> Iterator[Leaf | End]:
        failed = False
        while not self._plan.over:
            self._piece = self._plan.next(clock(self._telnyx))
            try:
                yield from self._slice()
                failed = False
            except PASSING as error:
                if failed or self._plan.whole:
                    raise
                failed = True
                self._piece = self._plan.pass_over(self._piece)
                yield self._end(set(), f"The faxes {self._piece} could not be read. {error}")

    def _slice(self) -> Iterator[Leaf | End]:
        begun, asked_at = clock(self._telnyx), timezone.now()
        first = self._first_page()
        listing = self._listing(first)
        inside = yield from self._leaves(listing, asked_at)
        if _shortage(listing, self._piece):
            listing = self._listing()
            inside = yield from self._leaves(listing, asked_at)
        ids = {name for name in listing.ids if name is not None}
        trouble = _shortage(listing, self._piece)
        if self._plan.whole:
            # What came in since is listed, or not.
            self._piece = Slice(None, begun - SETTLED)
        self._plan.passed(self._piece, len(ids))
        yield self._end(ids, trouble, is_proof=listing.is_complete and inside and self._piece.before is not None)

    def _end(self, ids: set[str], trouble: str, *, is_proof: bool = False) -> End:
        return End(self._piece, ids, is_proof, trouble, self._plan.cursor(), self._plan.expected)

    def _first_page(self) -> Page[Fax]:
        """The first page of the slice, which is made narrower until it is no longer too large."""
        before: int | None = None
        while True:
            first = self._page(1)
            if self._plan.whole:
                return first
            total = first.total_results
            if self._is_unheeded(first, unchanged=total is not None and total == before):
                self._plan.whole = True
                self._piece = Slice(None, None)
                continue
            if self._piece.since == self._plan.bottom:
                self._plan.left = total
            if total is None or not self._plan.is_too_large(total):
                return first
            if not self._plan.narrow(self._piece, total, self._ends(first, total)):
                return first
            narrower = self._plan.next(clock(self._telnyx))
            if narrower == self._piece:
                return first
            self._piece, before = narrower, total

    def _is_unheeded(self, page: Page[Fax], *, unchanged: bool) -> bool:
        """Does Telnyx list what does not belong into the slice, or as much of any slice?"""
        times = [fax.created_at for fax in page.data if fax.created_at is not None]
        return not all(map(self._piece.holds, times)) or (unchanged and not times)

    def _ends(self, first: Page[Fax], total: int) -> list[datetime | None]:
        """When the faxes at either end of the list were made."""
        if self._piece.since is not None or not first.data:
            return []
        last = self._page(first.total_pages or -(-total // len(first.data)))
        return [fax.created_at for page in (first, last) for fax in page.data]

    def _leaves(self, listing: Listing[Fax], asked_at: datetime) -> Generator[Leaf, None, bool]:
        """Was each of them made at a time at which it belongs here?"""
        inside = True
        for faxes in _handfuls(listing.pages()):
            inside = inside and all(self._piece.holds(fax.created_at) for fax in faxes)
            yield Leaf(faxes, self._plan.expected, asked_at)
        return inside

    def _listing(self, first: Page[Fax] | None = None) -> Listing[Fax]:
        return Listing(lambda number: first if first is not None and number == 1 else self._page(number))

    def _page(self, number: int) -> Page[Fax]:
        piece = self._piece
        return self._telnyx.faxes_page(number=number, created_gte=piece.since, created_lt=piece.before)


def _handfuls(pages: Iterator[list[Fax]]) -> Iterator[list[Fax]]:
    """What the pages bring, in lists of about HANDFUL. Where a page raises, what came before it is not lost."""
    held: list[Fax] = []
    try:
        for page in pages:
            held += page
            if len(held) >= HANDFUL:
                yield held
                held = []
    except TelnyxError:
        if held:
            yield held
        raise
    if held:
        yield held


def _shortage(listing: Listing[Fax], piece: Slice) -> str:
    """What Telnyx counts and does not list, in words. Where it does not count, nothing is known to be missing."""
    totals = [total for total in listing.totals if total is not None]
    if None in listing.ids:
        return f"Among the faxes {piece}, Telnyx lists some without an id."
    # While it is listed, an open slice grows.
    if not totals or set(totals) == {len(listing.ids)} or (piece.before is None and len(listing.ids) >= totals[0]):
        return ""
    return f"Of the faxes {piece}, Telnyx counts {totals[-1]} and lists {len(listing.ids)}."
