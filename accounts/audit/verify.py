"""Is the log as it was written? Safe while the portal works, and a few rows in memory at a time.

Each chain is walked from its beginning: what an entry says must have its hash, and each hash must be what the next
entry remembers. That shows what was altered, removed, inserted or moved by somebody who did not write the rest anew.
The end is held against the chain's head and against every anchor, which lies outside of the database: so a tail that
was cut off shows, and a chain that was written anew from some entry on. Where anchors are missing that must be there,
that shows, too; and that somebody signed in of whom a log says nothing that begins only later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from uuid import UUID

from django.db import connection
from django.db.models import Func, QuerySet, TextField
from django.utils import timezone

from accounts.append_only import missing_triggers
from accounts.audit.anchors import Anchor, Unsigned
from accounts.audit.record import HOUSE, digest
from accounts.models import LogEntry, LogHead, User

BATCH = 1000
# They are written every hour. Whoever has none for so long has no worker, or somebody took them away.
ANCHORED_WITHIN = timedelta(days=2)
# A log-in goes on record right after the account says when it was.
A_MOMENT = timedelta(minutes=1)
# How far from its place an entry is recognised that was moved.
NEAR = 100
AFTER_ALL = UUID(int=2**128 - 1)


class Kind(StrEnum):
    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    MOVED = "moved"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    UNSIGNED = "unsigned"
    UNANCHORED = "unanchored"
    UNGUARDED = "unguarded"


@dataclass(frozen=True)
class Finding:
    """What is wrong, and with which entry of which chain, as far as it is about one."""

    kind: Kind
    detail: str
    chain: str = ""
    sequence: int | None = None
    at: datetime | None = None
    action: str = ""

    def said(self, whose: str) -> str:
        """As a line, with the chain by a name for people."""
        entry = f"entry {self.sequence}" if self.sequence is not None else ""
        when = f"{self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else ""
        return "  ".join(filter(None, [self.kind, whose, entry, when, self.action, self.detail]))


@dataclass
class Tally:
    """How many there were. `walked` is told now and then how far a chain has been walked."""

    chains: int = 0
    entries: int = 0
    anchors: int = 0
    walked: Callable[[str, int], object] = lambda chain, entries: None


@dataclass
class _Trail:
    """Where a walk is: its last entry, whether that was found to be wrong, and the hash of the one before it."""

    last: LogEntry | None = None
    is_wrong: bool = False
    before: str = ""

    @property
    def sequence(self) -> int:
        return self.last.sequence if self.last else 0

    @property
    def hash(self) -> str:
        return self.last.hash if self.last else ""


def verify(tally: Tally, anchors: Iterable[Anchor | Unsigned]) -> Iterator[Finding]:
    """What is wrong, one after the other."""
    for name in missing_triggers(connection):
        yield Finding(Kind.UNGUARDED, f"the database's trigger {name} is not there as it was made")
    yield from _misfits()
    for chain in _chains():
        tally.chains += 1
        yield from _walk(chain, tally)
    yield from _beginning()
    yield from _against(anchors, tally)


def _misfits() -> Iterator[Finding]:
    """SQLite keeps whatever is written into a column. Without place or chain, an entry is met on no walk."""
    if connection.vendor != "sqlite":
        return
    for column, kind in (("chain", "text"), ("sequence", "integer")):
        rows = LogEntry.objects.alias(kind=_type_of(column)).exclude(kind=kind)
        for chain, action, value in rows.values_list("chain", "action", column):
            whose = chain if isinstance(chain, str) else ""
            yield Finding(Kind.ALTERED, f"its {column} is {str(value)[:40]}", whose, action=str(action))


def _placed() -> QuerySet[LogEntry]:
    if connection.vendor != "sqlite":
        return LogEntry.objects.all()
    return LogEntry.objects.alias(a=_type_of("chain"), b=_type_of("sequence")).filter(a="text", b="integer")


def _type_of(column: str) -> Func:
    return Func(column, function="typeof", output_field=TextField())


def _beginning() -> Iterator[Finding]:
    """A log that was thrown away as a whole is followed by a new one, or by none."""
    came = User.objects.filter(last_login__isnull=False).order_by("last_login").first()
    if came is None or came.last_login is None:
        return
    if not LogEntry.objects.filter(chain=HOUSE, at__lt=came.last_login + A_MOMENT).exists():
        when = f"{came.last_login:%Y-%m-%d %H:%M} UTC"
        yield Finding(Kind.REMOVED, f"{came} signed in on {when}, and nothing that old is there", HOUSE)


def _chains() -> list[str]:
    """Those that have a head, and those that should."""
    chains = {chain for chain in LogHead.objects.values_list("chain", flat=True) if isinstance(chain, str)}
    there = _placed().order_by("chain").values_list("chain", flat=True)
    chain = there.first()
    while chain is not None:
        chains.add(chain)
        chain = there.filter(chain__gt=chain).first()
    return sorted(chains)


def _walk(chain: str, tally: Tally) -> Iterator[Finding]:
    trail = _Trail()
    while True:
        # First the head: what is added meanwhile is among the rows then, and they are walked until there are none.
        head = LogHead.objects.filter(chain=chain).first()
        rows = _rows(chain, trail.last)
        if not rows:
            yield from _end(chain, trail, head)
            return
        for row in rows:
            tally.entries += 1
            found = list(_step(trail, row))
            yield from found
            trail = _Trail(row, bool(found), trail.hash)
        tally.walked(chain, trail.sequence)


def _rows(chain: str, last: LogEntry | None) -> list[LogEntry]:
    """Those after the last one. Of several with the same number, which no whole table has, all come."""
    rows = _placed().filter(chain=chain).order_by("sequence", "pk")
    following = rows.filter(sequence__gt=last.sequence) if last else rows
    same = rows.filter(sequence=last.sequence, pk__gt=last.pk) if last else rows.none()
    try:
        return list(same[:BATCH]) or list(following[:BATCH])
    except ValueError:
        # SQLite keeps whatever is written into a column, such as a time that is none.
        return [_row(chain, *said) for said in following.values_list("sequence", "action", "hash")[:BATCH]]


def _row(chain: str, sequence: int, action: str, hash: str) -> LogEntry:
    """An entry among which are some that cannot be read: those come without their time, and are not whole then."""
    try:
        return LogEntry.objects.get(chain=chain, sequence=sequence)
    except (ValueError, LogEntry.MultipleObjectsReturned):
        return LogEntry(pk=AFTER_ALL, chain=chain, sequence=sequence, action=action, hash=hash)


def _step(trail: _Trail, row: LogEntry) -> Iterator[Finding]:
    if row.sequence < 1:
        yield _about(row, Kind.INSERTED, "the first entry has number 1")
    elif row.sequence == trail.sequence:
        yield _about(row, Kind.INSERTED, "another entry has this number, too")
    else:
        if row.sequence > trail.sequence + 1:
            yield _gap(trail, row)
        if not _is_whole(row):
            yield from _wrong(trail, row)
        elif row.sequence == trail.sequence + 1 and row.previous_hash != trail.hash and not trail.is_wrong:
            yield _unremembered(trail, row)


def _gap(trail: _Trail, row: LogEntry) -> Finding:
    first, last = trail.sequence + 1, row.sequence - 1
    missing = f"entry {first} is" if first == last else f"entries {first} to {last} are"
    return Finding(Kind.REMOVED, f"{missing} gone, {_after(trail.last)} and before {_place(row)}", row.chain)


def _is_whole(row: LogEntry) -> bool:
    try:
        return digest(row) == row.hash
    except (AttributeError, TypeError):  # no time, or bytes where text belongs
        return False


def _wrong(trail: _Trail, row: LogEntry) -> Iterator[Finding]:
    """An entry that does not say what its hash says: perhaps it would with another number."""
    number = row.sequence
    for row.sequence in range(max(1, number - NEAR), number + NEAR + 1):
        if _is_whole(row):
            written, row.sequence = row.sequence, number
            if trail.last and row.previous_hash == trail.before and not trail.is_wrong:
                yield _about(trail.last, Kind.INSERTED, "the next entry follows the one before it")
            yield _about(row, Kind.MOVED, f"it was written as entry {written}")
            return
    row.sequence = number
    yield _about(row, Kind.ALTERED, "it does not say what was written")


def _unremembered(trail: _Trail, row: LogEntry) -> Finding:
    """The entry is whole, and follows another one than that which stands before it."""
    if trail.last is None:
        return _about(row, Kind.REMOVED, "another entry was written before it")
    return _about(trail.last, Kind.ALTERED, "the next entry remembers another one in its place")


def _end(chain: str, trail: _Trail, head: LogHead | None) -> Iterator[Finding]:
    if head is None:
        yield Finding(Kind.TRUNCATED, f"the chain's head is gone; it ends {_after(trail.last)}", chain)
    elif not _is_number(head.sequence):
        yield Finding(Kind.ALTERED, f"the chain's head is no number; it ends {_after(trail.last)}", chain)
    elif head.sequence > trail.sequence:
        gone = f"entries {trail.sequence + 1} to {head.sequence} are gone, {_after(trail.last)}"
        yield Finding(Kind.TRUNCATED, gone, chain)
    elif trail.last and head.sequence < trail.sequence:
        yield _about(trail.last, Kind.INSERTED, f"the chain's head ends it with entry {head.sequence}")
    elif trail.last and head.hash != trail.hash and not trail.is_wrong:
        yield _about(trail.last, Kind.ALTERED, "the chain's head remembers another one in its place")


def _is_number(value: object) -> bool:
    return isinstance(value, int)


def _against(anchors: Iterable[Anchor | Unsigned], tally: Tally) -> Iterator[Finding]:
    """Of each chain the first anchored entry that is another one now, and the last one that is gone. Then the chains
    that have no anchor of late."""
    rewritten: dict[str, Finding] = {}
    gone: dict[str, Finding] = {}
    newest: dict[str, datetime] = {}
    for some in _batches(anchors):
        signed = [anchor for anchor in some if isinstance(anchor, Anchor)]
        tally.anchors += len(signed)
        yield from (_unsigned(line) for line in some if isinstance(line, Unsigned))
        hashes = _hashes(signed)
        for anchor in signed:
            newest[anchor.chain] = max(anchor.at, newest.get(anchor.chain, anchor.at))
            there = hashes.get((anchor.chain, anchor.sequence))
            if there is None:
                gone[anchor.chain] = _differs(anchor, Kind.TRUNCATED, "it was there when the chain was anchored")
            elif there != anchor.hash and anchor.chain not in rewritten:
                rewritten[anchor.chain] = _differs(anchor, Kind.REWRITTEN, "it was another when the chain was anchored")
    yield from [*rewritten.values(), *gone.values(), *_unanchored(newest)]


def _unanchored(newest: dict[str, datetime]) -> Iterator[Finding]:
    since = timezone.now() - ANCHORED_WITHIN
    for chain in _chains():
        last = newest.get(chain)
        if (last is None or last < since) and LogEntry.objects.filter(chain=chain, at__lt=since).exists():
            when = f"the newest anchor is of {last:%Y-%m-%d %H:%M} UTC" if last else "there is no anchor"
            yield Finding(Kind.UNANCHORED, f"{when}: what was cut off since would not be seen", chain)


def _batches(anchors: Iterable[Anchor | Unsigned]) -> Iterator[list[Anchor | Unsigned]]:
    rest = iter(anchors)
    while some := list(islice(rest, BATCH)):
        yield some


def _hashes(anchors: list[Anchor]) -> dict[tuple[str, int], str]:
    """Those of the entries that are there, by chain and number."""
    found: dict[tuple[str, int], str] = {}
    for chain in {anchor.chain for anchor in anchors}:
        numbers = {anchor.sequence for anchor in anchors if anchor.chain == chain}
        rows = LogEntry.objects.filter(chain=chain, sequence__in=numbers)
        found |= {(chain, sequence): hash for sequence, hash in rows.values_list("sequence", "hash")}
    return found


def _differs(anchor: Anchor, kind: Kind, said: str) -> Finding:
    return Finding(kind, f"{said}, on {anchor.at:%Y-%m-%d %H:%M} UTC", anchor.chain, anchor.sequence)


def _unsigned(line: Unsigned) -> Finding:
    return Finding(Kind.UNSIGNED, f"line {line.line} of the anchors is not signed with this portal's SECRET_KEY")


def _about(row: LogEntry, kind: Kind, detail: str) -> Finding:
    return Finding(kind, detail, row.chain, row.sequence, row.at, row.action)


def _place(row: LogEntry) -> str:
    return f"entry {row.sequence} of {row.at:%Y-%m-%d %H:%M:%S} UTC" if row.at else f"entry {row.sequence}"


def _after(row: LogEntry | None) -> str:
    return f"after {_place(row)}" if row else "at its beginning"
