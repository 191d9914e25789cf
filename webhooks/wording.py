"""How a delivery reads to a person: how it stands, and how long each part of its way took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from faxes.wording import BAD, GOOD, PLAIN, WAIT, State, seconds
from webhooks.models import Delivery

# What is known of a delivery as soon as its row is there: nothing else was let in.
ACCEPTED = "signature accepted"

SOON = "It is taken up within seconds, as long as the worker runs."
STATES = {
    Delivery.State.PENDING: State("waiting", WAIT, SOON),
    Delivery.State.DONE: State("applied", GOOD, "What it tells is part of its fax."),
    Delivery.State.IGNORED: State("nothing to do", PLAIN, ""),
    Delivery.State.FAILED: State("needs a person", BAD, ""),
}


@dataclass(frozen=True)
class Lag:
    """From what happened at Telnyx to its arrival here, and from there to the end of our work on it. Each is empty
    where it is not known."""

    arrived: str
    applied: str
    # The event arrived before it happened, by Telnyx's clock and ours.
    is_ahead: bool = False
    # The work on it goes on.
    is_open: bool = False


def state_of(delivery: Delivery) -> State:
    """Its word, its tone and a sentence. A state that we do not know is shown as it is."""
    known = STATES.get(Delivery.State(delivery.state)) if delivery.state in Delivery.State else None
    state = known or State(delivery.state or "no state", PLAIN, "")
    return State(state.word, state.tone, delivery.outcome or state.sentence)


def lag_of(delivery: Delivery) -> Lag:
    arrived = _between(delivery.occurred_at, delivery.received_at)
    is_ahead, is_open = arrived is not None and arrived < 0, delivery.state == Delivery.State.PENDING
    applied = None if is_open else _between(delivery.received_at, delivery.processed_at)
    return Lag(span(arrived), span(applied), is_ahead, is_open)


def span(count: float | None) -> str:
    """“40 ms”, “1.2 s”, “34 s”, “2 min 5 s”: as exact as one wants to know it, whatever its sign."""
    if count is None:
        return ""
    count = abs(count)
    if count < 0.0995:
        return f"{count * 1000:.0f} ms"
    return f"{count:.1f} s" if count < 9.95 else seconds(round(count))


def times(count: int) -> str:
    """“once”, “twice”, “3 times”."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _between(begin: datetime | None, end: datetime | None) -> float | None:
    return (end - begin).total_seconds() if begin and end else None
