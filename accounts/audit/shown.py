"""Entries as a page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accounts.audit.listing import PORTAL, Filters
from accounts.audit.record import HOUSE
from accounts.audit.wording import Change, Sentence, changes_of, rest_of, sentence_of, thing_of
from accounts.models import LogEntry


@dataclass(frozen=True)
class Row:
    """An entry, in words. `chain` is whose it is, by name; `person` and `about` narrow the log to who and to what."""

    entry: LogEntry
    sentence: Sentence
    changes: Sequence[Change]
    rest: Sequence[tuple[str, str]]
    chain: str
    thing: str
    person: str
    about: str


def rows_of(filters: Filters, entries: Iterable[LogEntry]) -> list[Row]:
    names = names_of(filters)
    return [
        Row(
            entry,
            sentence_of(entry),
            changes_of(entry),
            rest_of(entry),
            chain=names.get(entry.chain, entry.chain),
            thing=thing_of(entry),
            person=filters.query(person=entry.actor_id or PORTAL),
            about=filters.query(about=entry.object_id),
        )
        for entry in entries
    ]


def names_of(filters: Filters) -> dict[str, str]:
    """What the chains that the person reads are called."""
    return {str(team.pk): team.name for team in filters.teams} | {HOUSE: "The house"}
