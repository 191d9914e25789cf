"""Clients that post signed webhooks as fast as they are answered, or at a given pace: bounded in number and in time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.webhooks.telnyx import Telnyx, event

TELNYX = Telnyx()
FAX = {"fax_id": "2c6a3b1e-3f0e-4f6b-9d0c-6a1d9b0e7f55", "direction": "inbound", "from": "+17735550188"}
GONE = (ConnectionError, asyncio.IncompleteReadError)


class Connection(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass
class Result:
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    # How many were answered with another status than 200.
    refused: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def p99(self) -> float:
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)]


def requests_for(count: int) -> list[bytes]:
    """So many different signed events, ready for the wire."""
    return [_request() for _ in range(count)]


def run(port: int, requests: list[bytes], *, clients: int, pace: float = 0.0) -> Result:
    """Post every request once, by so many clients; `pace` is the rate per second of all of them together.

    Raises ConnectionError or EOFError where nobody answers.
    """
    return asyncio.run(_run(port, requests, clients, pace))


async def _run(port: int, requests: list[bytes], clients: int, pace: float) -> Result:
    result = Result()
    todo = iter(enumerate(requests))
    began = time.perf_counter()

    async def client() -> None:
        connection = await _connect(port)
        for index, request in todo:
            due = began + index / pace if pace else 0.0
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asked = time.perf_counter()
            try:
                status, connection = await _ask(connection, request, port)
            except GONE:
                # The server has just ended a connection that was idle. An event may be repeated.
                status, connection = await _ask(await _connect(port), request, port)
            result.latencies.append(time.perf_counter() - asked)
            result.refused += status != 200
        connection.writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    result.seconds = time.perf_counter() - began
    return result


async def _connect(port: int) -> Connection:
    return Connection(*await asyncio.open_connection("127.0.0.1", port))


async def _ask(connection: Connection, request: bytes, port: int) -> tuple[int, Connection]:
    """The status of the answer, and the connection for the next request: a new one where the server closes this."""
    connection.writer.write(request)
    head = (await connection.reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    await connection.reader.readexactly(length)
    if b"connection: close" in head:
        connection.writer.close()
        connection = await _connect(port)
    return int(head.split(b" ", 2)[1]), connection


def _request() -> bytes:
    body = event("fax.receiving.started", to="+13125790015", status="receiving", **FAX)
    signature = "".join(f"{name}: {value}\r\n" for name, value in TELNYX.headers(body).items())
    head = (
        "POST /webhooks/telnyx HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{signature}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
