"""A run in the hands of a worker: its lease, its cursor and its numbers.

Whatever is written to the run is written by its owner alone. A worker that was slower than its lease finds another
owner there, and stops.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from sync.models import SyncRun

LEASE = timedelta(minutes=2)
# Seconds between two writes that say nothing but “still at it”.
OFTEN = 2.0

# As many sentences about one part as people read.
MOST_TOLD = 3

# Counts of what was read. What has not come to its end is read once more, and is not to count twice.
READ = ("applications", "numbers", "faxes", "faxes_unchanged")

Watch = Callable[["Hand"], None]


class Partial(Exception):
    """A part came to its end, but not with everything; says what is missing."""


class Lost(Exception):
    """The lease has run out and another worker has taken the run up."""


class Hand:
    """The run `run`, as `claims.claim()` gave it. `watch` is called whenever something has moved."""

    def __init__(self, run: SyncRun, watch: Watch | None = None) -> None:
        self.run = run
        self.counts: Counter[str] = Counter(_counts_of(run))
        self.cursor: dict[str, Any] = run.cursor
        self._watch = watch
        self._kept_at = time.monotonic()

    @property
    def is_first_fill(self) -> bool:
        return self.run.is_baseline

    @property
    def done(self) -> list[str]:
        """The parts of the run that have come to an end, good or bad."""
        return list(self.cursor.get("done", []))

    @property
    def tries(self) -> int:
        """How often it was taken up since it last got any further."""
        return int(self.cursor.get("tries", 0))

    @property
    def errors(self) -> dict[str, str]:
        """What stopped parts of the run, in words, by part."""
        return dict(self.cursor.get("errors", {}))

    def trouble(self, sentence: str) -> None:
        """Remember what the part under way has to leave out."""
        told = self.cursor.get("troubles", [])
        if sentence not in told:
            self.cursor["troubles"] = [*told, sentence]

    def raise_troubles(self) -> None:
        """Raises Partial where there was any trouble. The first ones will do."""
        told = self.cursor.pop("troubles", [])
        if told:
            more = [f"There is more of that kind: {len(told)} troubles in all."] if len(told) > MOST_TOLD else []
            raise Partial(" ".join([*told[:MOST_TOLD], *more]))

    def remember(self, young: list[dict[str, Any]]) -> None:
        """Leave to a later run what cannot be told yet. Raises Lost."""
        if young:
            self.cursor["young"] = [*self.cursor.get("young", []), *young]
            self.save()

    def recall(self) -> list[dict[str, Any]]:
        """What cannot be told yet, out of the hand. Raises Lost."""
        young: list[dict[str, Any]] = self.cursor.pop("young", [])
        if young:
            self.save()
        return young

    def found(self, gaps: int) -> None:
        self.counts["gaps"] += gaps

    def end_part(self, name: str, error: str = "") -> None:
        """Remember that a part is over; `error` says what stopped it."""
        self.cursor["done"] = [*self.done, name]
        if error:
            self.cursor["errors"] = {**self.errors, name: error}
        self.get_further()

    def get_further(self) -> None:
        """Keep a cursor that has moved. Raises Lost."""
        self.cursor["tries"] = 0
        self.cursor["read"] = {name: self.counts[name] for name in READ if self.counts[name]}
        self.save()
        self._tell()

    def keep(self) -> None:
        """Renew the lease, if it is time. Raises Lost."""
        self._tell()
        if time.monotonic() - self._kept_at > OFTEN:
            self.save()

    def save(self) -> None:
        """Keep cursor and numbers, and renew the lease. Raises Lost."""
        self._write(cursor=self.cursor, counts=dict(self.counts), leased_until=timezone.now() + LEASE)
        self._kept_at = time.monotonic()

    def put_off(self, until: datetime) -> None:
        """Lay the run aside: it goes on at its cursor, with whatever worker. Raises Lost."""
        self.cursor["tries"] = 0
        self._write(cursor=self.cursor, counts=dict(self.counts), owner=None, leased_until=None, due_at=until)

    def finish(self, error: str) -> None:
        """The end; an `error` makes it a partial one. Raises Lost."""
        over = {"owner": None, "leased_until": None, "due_at": None, "finished_at": timezone.now()}
        self._write(cursor=self.cursor, counts=dict(self.counts), error=error, **over)

    def _tell(self) -> None:
        if self._watch is not None:
            self._watch(self)

    def _write(self, **columns: Any) -> None:
        mine = SyncRun.objects.filter(pk=self.run.pk, owner=self.run.owner, finished_at=None)
        if mine.update(**columns) != 1:
            raise Lost


def _counts_of(run: SyncRun) -> dict[str, int]:
    """What it has done so far, and what it had read when it last got further."""
    counts: dict[str, int] = run.counts
    read = run.cursor.get("read")
    return counts if read is None else {name: n for name, n in counts.items() if name not in READ} | read
