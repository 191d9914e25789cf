"""The words of a fax's life: ours (the outbox), theirs (the status) and how they read to a person.

Telnyx's status is an open string: words we do not know are kept, ranked between the last open and the final ones, and
shown as they are. Source: https://developers.telnyx.com/api/programmable-fax/view-fax.
"""

from __future__ import annotations

from django.db.models import TextChoices


class Direction(TextChoices):
    INBOUND = "inbound", "Received"
    OUTBOUND = "outbound", "Sent"


class Outbox(TextChoices):
    """Our side of an outbound fax: what we have done, or not yet, to hand it to Telnyx. Empty for a fax that was not
    sent from here."""

    PREPARING = "preparing", "Preparing"
    READY = "ready", "Waiting for the line"
    SUBMITTING = "submitting", "Handing over to Telnyx"
    ACCEPTED = "accepted", "Accepted by Telnyx"
    REJECTED = "rejected", "Not sent"
    UNCERTAIN = "uncertain", "Not sure yet"
    CANCELLED = "cancelled", "Cancelled"


class Media(TextChoices):
    """Our side of a received fax: where its pages are. Empty while there is nothing to fetch."""

    WAITING = "waiting", "Fetching the pages"
    ARCHIVED = "archived", "Pages are safe here"
    MISSING = "missing", "Pages are missing"


OPEN_OUTBOX = (Outbox.PREPARING, Outbox.READY, Outbox.SUBMITTING, Outbox.UNCERTAIN)
ENDED_OUTBOX = (Outbox.REJECTED, Outbox.CANCELLED)

FINAL = frozenset({"delivered", "received", "failed"})

RANK = {
    "queued": 10,
    "initiated": 10,
    "media.processed": 20,
    "receiving": 20,
    "originated": 30,
    "media.processing": 30,
    "sending": 40,
    "sending.started": 40,
}
UNKNOWN_RANK = 50
FINAL_RANK = 100


def rank(status: str) -> int:
    """How far along a status is. An empty one is before everything."""
    if not status:
        return 0
    return FINAL_RANK if status in FINAL else RANK.get(status, UNKNOWN_RANK)


def is_final(status: str) -> bool:
    return status in FINAL


def settled_status(direction: str, status: str) -> str:
    """An inbound `delivered` means `received`: some of Telnyx's sources use one word, some the other."""
    return "received" if direction == Direction.INBOUND and status == "delivered" else status
