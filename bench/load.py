"""Clients that post signed webhooks as fast as they are answered, or at a given pace: bounded in number and in time."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import uuid
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.servers import SEED

KEY = Ed25519PrivateKey.from_private_bytes(base64.b64decode(SEED))
PUBLIC_KEY = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()


@dataclass
class Result:
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
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
    """Post every request once, by so many clients; `pace` is the rate per second of all of them together."""
    return asyncio.run(_run(port, requests, clients, pace))


async def _run(port: int, requests: list[bytes], clients: int, pace: float) -> Result:
    result = Result()
    todo = iter(enumerate(requests))
    began = time.perf_counter()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for index, request in todo:
            due = began + index / pace if pace else 0.0
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent = time.perf_counter()
            try:
                writer.write(request)
                status, keep = await _answer(reader)
            except (ConnectionError, asyncio.IncompleteReadError):
                # The server ended an idle connection just now. An event is safe to repeat.
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                status, keep = await _answer(reader)
            result.latencies.append(time.perf_counter() - sent)
            result.refused += status != 200
            if not keep:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(client() for _ in range(clients)))
    result.seconds = time.perf_counter() - began
    return result


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status, and whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1]), b"connection: close" not in head


def _request() -> bytes:
    payload = {"fax_id": str(uuid.uuid4()), "direction": "inbound", "from": "+17735550188", "to": "+13125790015"}
    data = {
        "event_type": "fax.receiving.started",
        "id": str(uuid.uuid4()),
        "occurred_at": "2026-11-20T12:00:00.000000Z",
        "payload": payload | {"connection_id": "2290457000000000011", "status": "receiving"},
        "record_type": "event",
    }
    body = json.dumps({"data": data, "meta": {"attempt": 1}}).encode()
    timestamp = str(int(time.time()))
    signature = base64.b64encode(KEY.sign(f"{timestamp}|".encode() + body)).decode()
    head = (
        "POST /webhooks/telnyx HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"telnyx-signature-ed25519: {signature}\r\ntelnyx-timestamp: {timestamp}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
