"""Connections that end at a moment, however slowly the other side says what it has to say.

A time-out is about each wait alone: a server that sends a byte in time, again and again, keeps its client for ever.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


@contextmanager
def cut_off(adapters: Iterable[HTTPAdapter], seconds: float) -> Iterator[None]:
    """Within the block every new connection of the adapters ends after so many seconds from now: whoever waits for the
    other side finds that it has hung up."""
    watch = _Watch()
    for adapter in adapters:
        adapter.poolmanager.pool_classes_by_scheme = _pools(watch)
    timer = threading.Timer(seconds, watch.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        watch.close()


class _Watch:
    """Twins of the sockets in use: a socket that becomes a TLS one is another object afterwards, its twin stays."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._twins: list[socket.socket] = []
        self._is_over = False

    def add(self, connected: socket.socket) -> socket.socket:
        with self._lock:
            if not self._is_over:
                self._twins.append(connected.dup())
                return connected
        connected.close()
        raise TimeoutError("The deadline passed while the connection was made.")

    def cut(self) -> None:
        with self._lock:
            self._is_over = True
            for twin in self._twins:
                # The other side may have hung up already.
                with suppress(OSError):
                    twin.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            for twin in self._twins:
                twin.close()


def _pools(watch: _Watch) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return watch.add(super()._new_conn())

    class Sealed(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return watch.add(super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SealedPool(HTTPSConnectionPool):
        ConnectionCls = Sealed

    return {"http": PlainPool, "https": SealedPool}
