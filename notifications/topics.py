"""Which lines of a fax's timeline people can be told of."""

from __future__ import annotations

from enum import Enum

from faxes.models import Fax, FaxEvent


class Topic(Enum):
    """The value is the name of the wish for it."""

    RECEIVED = "received"
    DELIVERED = "delivered"
    FAILED = "failed"
    ASSIGNED = "assigned"

    def about(self, event: FaxEvent) -> str:
        """What it is told about once: of a fax its end, but each time that it is given to somebody."""
        return str(event.pk if self is Topic.ASSIGNED else event.fax_id)


KINDS = ("status:received", "routed", "status:delivered", "status:failed", "rejected", "assigned")


def topic_of(event: FaxEvent) -> Topic | None:
    """What a line is about; None where it is nothing to write of."""
    fax = event.fax
    if event.kind == "assigned":
        given = event.data.get("to_id") and not event.data.get("own")
        return Topic.ASSIGNED if given else None
    if not fax.is_outbound:
        return _of_received(event)
    if event.kind in ("status:failed", "rejected"):
        # Whom Telnyx stopped as asked has not failed.
        return None if fax.cancel == Fax.Cancel.ACCEPTED else Topic.FAILED
    return Topic.DELIVERED if event.kind == "status:delivered" else None


def _of_received(event: FaxEvent) -> Topic | None:
    if event.kind == "status:failed":
        return Topic.FAILED
    # Given to a team later, it comes in for them only then.
    return Topic.RECEIVED if event.kind in ("status:received", "routed") else None
