"""Several threads at one database at the same moment, as several workers would be."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from django.db import connection, connections

T = TypeVar("T")


@contextmanager
def database_for_threads(folder: Path) -> Iterator[None]:
    """Threads see what the test has committed so far, and each other.

    SQLite in memory locks whole tables without waiting when threads share it, so they get a copy in a file, as in
    production; nothing they do comes back from it. Use it in tests with `django_db(transaction=True)`.
    """
    if connection.vendor != "sqlite":
        yield
        return
    file = folder / "copy.sqlite3"
    connection.ensure_connection()
    with closing(sqlite3.connect(file)) as copy:
        connection.connection.backup(copy)
    shared = connection.settings_dict
    name, shared["NAME"] = shared["NAME"], str(file)
    try:
        yield
    finally:
        shared["NAME"] = name


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Run each call in a thread of its own, all starting together; what they return, in the order of the calls."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        gate.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
