"""A database of its own for processes that must not share one with anybody, and a way to look into it from outside."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.processes import ROOT, environment, finished


@contextmanager
def own_database(folder: Path, server: str = "") -> Iterator[str]:
    """The URL of a new database: a SQLite file in the folder, which has its tables already, or an empty one beside that
    of a PostgreSQL URL. The latter is dropped at the end."""
    if not server.startswith("postgres"):
        shutil.copyfile(with_tables(), folder / "own.sqlite3")
        yield f"sqlite:///{folder}/own.sqlite3"
        return
    name = f"faxportal_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def with_tables() -> Path:
    """A SQLite file as `migrate` makes it. Migrations take longer than most of what is tested with it, so that it is
    kept for as long as they and what they are written with do not change."""
    written = [*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "requirements.txt"]
    seen = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in written)).hexdigest()
    kept = Path(tempfile.gettempdir()) / f"faxportal-tables-{os.getuid()}-{seen[:16]}.sqlite3"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=kept.parent) as name:
            made = Path(name) / "made.sqlite3"
            env = environment(DEBUG="1", SECRET_KEY="k" * 50, DATABASE_URL=f"sqlite:///{made}", QUEUE_URL="memory://")
            outcome = finished("manage.py", "migrate", "--verbosity", "0", env=env, timeout=300)
            assert outcome.returncode == 0, outcome.stdout
            with closing(sqlite3.connect(made)) as file:
                # All of it into the one file that is kept.
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # Whoever is later than another puts the same in its place.
            made.rename(kept)
    return kept


def query(database_url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement, for either kind of database. What the statement changes is committed."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=20)) as file, file:
            # 500 MB: with little memory, a large INSERT reads each page of an index again and again.
            file.execute("PRAGMA cache_size = -500000")
            return file.execute(sql).fetchall()
    with psycopg.connect(database_url) as server:
        cursor = server.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []
