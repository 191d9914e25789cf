"""Several threads at one database at the same moment, as several workers would be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, connections

T = TypeVar("T")


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Run each call in a thread of its own, all starting together; what they return, in the order of the calls.

    The threads see what has been committed, so use it in tests with `django_db(transaction=True)`.
    """
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        gate.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def somebody_waits() -> bool:
    """Does a session of PostgreSQL wait for a row that another one has locked?"""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        # Else a transaction sees the first answer again and again.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(waits)
        return bool(cursor.fetchone()[0])
