"""A database of its own for processes that must not share one with anybody, and a way to look into it from outside."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg


@contextmanager
def own_database(folder: Path, server: str = "") -> Iterator[str]:
    """The URL of a new, empty database: a SQLite file in the folder, or one beside that of a PostgreSQL URL. The latter
    is dropped at the end."""
    if not server.startswith("postgres"):
        yield f"sqlite:///{folder}/own.sqlite3"
        return
    name = f"faxportal_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


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
