"""What is known of an attempt that nobody had a clear answer to, in words: what was seen, and what settled it, when.

See `faxes.outbox` and `sync.steps.settle` for what counts as evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from faxes.models import Attempt, FaxEvent
from telnyx_api.reading import moment

FOUND_BY = {
    FaxEvent.Source.WEBHOOK: "A webhook carried its mark.",
    FaxEvent.Source.SYNC: "A list of Telnyx's had it, with its mark.",
    FaxEvent.Source.ANSWER: "Telnyx's own record of it carries its mark.",
    FaxEvent.Source.PORTAL: "Telnyx fetched its pages by a link that nobody else had.",
}
WHY = {"worker_stopped": "The worker was stopped while it asked."}


@dataclass(frozen=True)
class Seen:
    """One piece of evidence and when it came to light, as far as that is known."""

    text: str
    at: datetime | None = None


def evidence_of(attempt: Attempt) -> list[Seen]:
    """All there is, in its order. The last piece of a settled attempt is what settled it."""
    known = attempt.evidence if isinstance(attempt.evidence, Mapping) else {}
    return [*_doubt(attempt, known), *_sightings(known), *_settlement(attempt, known)]


def found_by(source: object, by: str) -> str:
    """How a fax was found at Telnyx; empty for a way that nobody knows."""
    if source == FaxEvent.Source.PERSON:
        return f"{by or 'Somebody'} said which of the faxes there it is."
    return FOUND_BY.get(FaxEvent.Source(source), "") if source in FaxEvent.Source.values else ""


def absent_from(listings: object) -> str:
    """What was looked through without finding it; empty where nothing was."""
    count = len(listings) if isinstance(listings, list) else 0
    if not count:
        return ""
    return f"{'One complete list' if count == 1 else f'{count} complete lists'} of what went to this number lacked it."


def _doubt(attempt: Attempt, known: Mapping[str, Any]) -> Iterator[Seen]:
    why = str(known.get("why") or "")
    yield Seen(f"No clear answer. {WHY.get(why, why)}".strip(), attempt.doubted_at)


def _sightings(known: Mapping[str, Any]) -> Iterator[Seen]:
    if candidates := known.get("candidates"):
        faxes = "A fax was seen that may be it" if len(candidates) == 1 else f"{len(candidates)} faxes may be it"
        yield Seen(f"{faxes}: the numbers are the same, and the mark is left out.")
    for listing in known.get("listings", []):
        others = listing.get("faxes", 0)
        held = "held nothing" if not others else f"held {others} other fax{'' if others == 1 else 'es'}"
        yield Seen(f"A complete list of what went to the number {held}.", moment(listing, "begun"))
    if "fetched_at" in known:
        yield Seen(FOUND_BY[FaxEvent.Source.PORTAL], moment(known, "fetched_at"))


def _settlement(attempt: Attempt, known: Mapping[str, Any]) -> Iterator[Seen]:
    if attempt.state == Attempt.State.ACCEPTED and "fetched_at" not in known:
        said = found_by(known.get("by"), str(known.get("decided_by", ""))) or "It was found at Telnyx."
        yield Seen(said, attempt.settled_at)
    elif attempt.state in (Attempt.State.NOT_SENT, Attempt.State.REJECTED):
        # The word of a person, where that ended it.
        decided = str(known.get("detail") or "")
        absent = f"{absent_from(known.get('listings'))} It was never sent."
        yield Seen(decided or absent.strip(), attempt.settled_at)
