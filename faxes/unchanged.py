"""See at a glance that a report says nothing new, as nearly all do in a listing that is read again and again.

It never says so of a report by which `mirror.take_in()` would change anything; of others it may.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from faxes.mirror import KEYS, Report
from faxes.rows import Kept, as_kept
from faxes.states import Direction, Outbox, is_final

# How the text of their columns is compared; their status has a rule of its own.
WORDS = [(key, Kept._fields.index(column)) for key, column in KEYS.items() if key != "status"]


def says_nothing_new(kept: Kept, report: Report, *, news_since: Any) -> bool:
    """Nothing of the row changes, and nothing follows from it. Of faxes heard of before `news_since`, a time as it is
    kept, the pages are not looked for any more. The send that the report may belong to is another matter."""
    return (
        kept.gone_at is None
        and report.status_word(kept.direction) in ("", kept.status)
        and _is_no_later(report.at, kept.remote_at)
        and _is_no_other(report.created_at, kept.created_at)
        and _is_at_rest(kept, news_since)
        and _has_all_of(kept, report.payload)
    )


def _is_no_later(told: datetime | None, known: Any) -> bool:
    return told is None or (known is not None and as_kept(told) <= known)


def _is_no_other(told: datetime | None, known: Any) -> bool:
    return told is None or as_kept(told) == known


def _is_at_rest(kept: Kept, news_since: Any) -> bool:
    """`outbox.follow()` has nothing to do: nobody has to ask for the end, or it is planned, no number is held, and the
    pages are looked for, or were."""
    if kept.line_held or kept.outbox not in ("", Outbox.ACCEPTED):
        return False
    ended = is_final(kept.status)
    if ended != (kept.poll_at is None):
        return False
    if kept.direction == Direction.OUTBOUND:
        return not ended or kept.due_at is None
    return not ended or bool(kept.media) or kept.heard_at <= news_since


def _has_all_of(kept: Kept, payload: Mapping[str, Any]) -> bool:
    """Every word of it is in the last payload, and in the columns."""
    for key, position in WORDS:
        if key in payload and not _is_same(payload[key], kept[position]):
            return False
    raw: dict[str, Any] = json.loads(kept.raw)
    return payload.items() <= raw.items()


def _is_same(told: Any, known: Any) -> bool:
    """A text or a number is kept as it was told. What is kept in another shape is not seen here."""
    if told is None:
        return known in ("", None)
    return type(told) in (str, int) and type(told) is type(known) and told == known
