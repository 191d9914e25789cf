"""Everything a sandbox remembers, in one SQLite file or in memory, behind one lock."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SCHEMA = """
CREATE TABLE objects (
    kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (kind, id)
);
CREATE TABLE files (
    sha256 TEXT PRIMARY KEY, content_type TEXT NOT NULL, pages INTEGER NOT NULL, content BLOB NOT NULL
);
CREATE TABLE faxes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL, accepted_at REAL NOT NULL,
    direction TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
    due_at REAL, shown TEXT NOT NULL, plan TEXT NOT NULL
);
CREATE INDEX faxes_created ON faxes (created_at, seq);
CREATE INDEX faxes_direction ON faxes (direction, created_at, seq);
CREATE INDEX faxes_sender ON faxes (sender, created_at, seq);
CREATE INDEX faxes_recipient ON faxes (recipient, created_at, seq);
CREATE INDEX faxes_due ON faxes (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event_type TEXT NOT NULL,
    status TEXT NOT NULL, started_at REAL, finished_at REAL, next_at REAL,
    event TEXT NOT NULL, attempts TEXT NOT NULL, urls TEXT NOT NULL, timeout REAL NOT NULL
);
CREATE INDEX deliveries_started ON deliveries (started_at);
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;
"""

FAX = "SELECT shown, accepted_at, due_at, plan FROM faxes"
DELIVERY = "SELECT id, event, urls, timeout, next_at, status, started_at, finished_at, attempts FROM deliveries"


@dataclass
class Plan:
    """What is going to happen to a fax, which the API never shows.

    `as_is` serves a TIFF as TIFF, `partial` leaves a failed inbound fax the pages that came, and `flavour` is the event
    that ends an inbound fax.
    """

    file: str = ""
    fails_in: str = ""
    failure_reason: str = ""
    slowness: float = 1.0
    webhooks: str = "once"
    hidden: list[str] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)
    cancelled: bool = False
    preview_format: str = ""
    as_is: bool = False
    partial: bool = False
    flavour: str = "fax.received"


@dataclass
class Fax:
    """`shown` is the object of the API, with its page count and duration; `due_at` is when its next step happens."""

    shown: dict[str, Any]
    accepted_at: float
    due_at: float | None
    plan: Plan = field(default_factory=Plan)

    @property
    def id(self) -> str:
        return str(self.shown["id"])

    @property
    def status(self) -> str:
        return str(self.shown["status"])


@dataclass
class Delivery:
    """One event on its way to a webhook. `attempts` is in order of time; next_at is None once it has ended."""

    id: str
    event: dict[str, Any]
    urls: list[str]
    timeout: float
    next_at: float | None
    status: str = "pending"
    started_at: float | None = None
    finished_at: float | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)


class File(NamedTuple):
    """`pages` is 0 where the content is no document that can be faxed."""

    sha256: str
    content_type: str
    pages: int


class Due(NamedTuple):
    at: float
    kind: str
    id: str


class Store:
    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self.is_new = self._db.execute("PRAGMA user_version").fetchone()[0] == 0
        if self.is_new:
            self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version=1; COMMIT;")

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside or nothing. Not to be nested, and no network inside: all others wait."""
        with self.lock, self._db:
            self._db.execute("BEGIN")
            yield

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    # Applications, numbers, voice profiles, media: few, kept as JSON and filtered by their endpoints.

    def objects(self, kind: str) -> list[dict[str, Any]]:
        rows = self._rows("SELECT json FROM objects WHERE kind=? ORDER BY rowid", [kind])
        return [json.loads(text) for (text,) in rows]

    def object(self, kind: str, key: str) -> dict[str, Any] | None:
        rows = self._rows("SELECT json FROM objects WHERE kind=? AND id=?", [kind, key])
        found: dict[str, Any] | None = json.loads(rows[0][0]) if rows else None
        return found

    def put_object(self, kind: str, key: str, content: dict[str, Any]) -> None:
        sql = "INSERT INTO objects VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json=excluded.json"
        self._rows(sql, [kind, key, json.dumps(content)])

    def remove_object(self, kind: str, key: str) -> None:
        self._rows("DELETE FROM objects WHERE kind=? AND id=?", [kind, key])

    # Documents, once each by their content.

    def file(self, sha256: str) -> File | None:
        rows = self._rows("SELECT sha256, content_type, pages FROM files WHERE sha256=?", [sha256])
        return File(*rows[0]) if rows else None

    def add_file(self, file: File, content: bytes) -> None:
        self._rows("INSERT INTO files VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", [*file, content])

    def content(self, sha256: str) -> bytes:
        return bytes(self._rows("SELECT content FROM files WHERE sha256=?", [sha256])[0][0])

    # Faxes.

    def fax(self, fax_id: str) -> Fax | None:
        rows = self._rows(f"{FAX} WHERE id=?", [fax_id])
        return _fax(rows[0]) if rows else None

    def add_faxes(self, faxes: Iterable[Fax]) -> None:
        """created_at is in whole seconds, as the API shows it: filters go by what is shown."""
        sql = (
            "INSERT INTO faxes (id, created_at, accepted_at, direction, sender, recipient, due_at, shown, plan)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        rows = ((fax.id, int(fax.accepted_at), fax.accepted_at, *_ends(fax), *_moving(fax)) for fax in faxes)
        with self.lock:
            self._db.executemany(sql, rows)

    def save_fax(self, fax: Fax) -> None:
        self._rows("UPDATE faxes SET due_at=?, shown=?, plan=? WHERE id=?", [*_moving(fax), fax.id])

    def remove_fax(self, fax_id: str) -> None:
        self._rows("DELETE FROM faxes WHERE id=?", [fax_id])

    def count_faxes(self, where: str, values: Sequence[Any]) -> int:
        return int(self._rows(f"SELECT COUNT(*) FROM faxes WHERE {where}", values)[0][0])

    def list_faxes(self, where: str, values: Sequence[Any], limit: int, offset: int) -> list[Fax]:
        """Newest first."""
        sql = f"{FAX} WHERE {where} ORDER BY created_at DESC, seq DESC LIMIT ? OFFSET ?"
        return [_fax(row) for row in self._rows(sql, [*values, limit, offset])]

    def list_shown(self, where: str, values: Sequence[Any], limit: int, offset: int) -> list[tuple[str, str]]:
        """Newest first: the JSON of each object, and that of the fields which its plan hides. As text, because most go
        out as they are."""
        sql = "SELECT shown, json_extract(plan, '$.hidden') FROM faxes"
        sql += f" WHERE {where} ORDER BY created_at DESC, seq DESC LIMIT ? OFFSET ?"
        return [(shown, hidden) for shown, hidden in self._rows(sql, [*values, limit, offset])]

    def all_faxes(self) -> list[Fax]:
        """In the order in which they were accepted."""
        return [_fax(row) for row in self._rows(f"{FAX} ORDER BY seq")]

    # Deliveries of webhooks.

    def add_delivery(self, delivery: Delivery) -> None:
        sql = (
            "INSERT INTO deliveries (id, event_type, event, urls, timeout, status, started_at, finished_at, next_at,"
            " attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        fixed = [delivery.id, delivery.event["event_type"], json.dumps(delivery.event), json.dumps(delivery.urls)]
        self._rows(sql, [*fixed, delivery.timeout, *_progress(delivery)])

    def save_delivery(self, delivery: Delivery) -> None:
        sql = "UPDATE deliveries SET status=?, started_at=?, finished_at=?, next_at=?, attempts=? WHERE id=?"
        self._rows(sql, [*_progress(delivery), delivery.id])

    def delivery(self, delivery_id: str) -> Delivery | None:
        return next(iter(self.list_deliveries("id=?", [delivery_id], 1, 0)), None)

    def count_deliveries(self, where: str, values: Sequence[Any]) -> int:
        return int(self._rows(f"SELECT COUNT(*) FROM deliveries WHERE {where}", values)[0][0])

    def list_deliveries(self, where: str, values: Sequence[Any], limit: int, offset: int) -> list[Delivery]:
        """Newest first."""
        sql = f"{DELIVERY} WHERE {where} ORDER BY seq DESC LIMIT ? OFFSET ?"
        return [_delivery(row) for row in self._rows(sql, [*values, limit, offset])]

    def all_deliveries(self) -> list[Delivery]:
        """In the order in which the events happened."""
        return [_delivery(row) for row in self._rows(f"{DELIVERY} ORDER BY seq")]

    def due(self, limit: int) -> list[Due]:
        """What happens next, soonest first; of equal times deliveries first, then older before newer."""
        sql = """
            SELECT at, kind, id FROM (
                SELECT * FROM (SELECT next_at AS at, 'delivery' AS kind, id, seq FROM deliveries
                    WHERE next_at IS NOT NULL ORDER BY next_at, seq LIMIT ?1)
                UNION ALL
                SELECT * FROM (SELECT due_at AS at, 'fax' AS kind, id, seq FROM faxes
                    WHERE due_at IS NOT NULL ORDER BY due_at, seq LIMIT ?1)
            ) ORDER BY at, kind, seq LIMIT ?1
        """
        return [Due(*row) for row in self._rows(sql, [limit])]


def _ends(fax: Fax) -> tuple[str, str, str]:
    return fax.shown["direction"], fax.shown["from"], fax.shown["to"]


def _moving(fax: Fax) -> tuple[float | None, str, str]:
    return fax.due_at, json.dumps(fax.shown), json.dumps(vars(fax.plan))


def _fax(row: tuple[Any, ...]) -> Fax:
    shown, accepted_at, due_at, plan = row
    return Fax(json.loads(shown), accepted_at, due_at, Plan(**json.loads(plan)))


def _progress(delivery: Delivery) -> tuple[Any, ...]:
    attempts = json.dumps(delivery.attempts)
    return delivery.status, delivery.started_at, delivery.finished_at, delivery.next_at, attempts


def _delivery(row: tuple[Any, ...]) -> Delivery:
    key, event, urls, timeout, next_at, status, started_at, finished_at, attempts = row
    times = (status, started_at, finished_at)
    return Delivery(key, json.loads(event), json.loads(urls), timeout, next_at, *times, json.loads(attempts))
