"""Telnyx as our door sees it: somebody with a key who signs bodies and posts them."""

from __future__ import annotations

import base64
import json
import time
import uuid
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

DOOR = "/webhooks/telnyx"
FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "telnyx"


class Telnyx:
    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.public_key = base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def headers(self, body: bytes, *, seconds_ago: float = 0) -> dict[str, str]:
        """https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks"""
        timestamp = str(int(time.time() - seconds_ago))
        signature = base64.b64encode(self.key.sign(f"{timestamp}|".encode() + body)).decode()
        return {"telnyx-timestamp": timestamp, "telnyx-signature-ed25519": signature}

    def post(self, body: bytes, *, to: str = DOOR, seconds_ago: float = 0) -> Any:
        """What a strict client such as Telnyx gets: no cookie, and CSRF checks as in production."""
        client = Client(enforce_csrf_checks=True)
        headers = self.headers(body, seconds_ago=seconds_ago)
        return client.post(to, body, content_type="application/json", headers=headers)


def event(event_type: str = "fax.queued", **payload: Any) -> bytes:
    """The body of a new event, in the shape of the fixtures."""
    data = {"event_type": event_type, "id": str(uuid.uuid4()), "occurred_at": "2026-11-20T12:00:00.500000Z"}
    return body_of(data | {"payload": payload, "record_type": "event"})


def body_of(data: Any, *, attempt: int = 1) -> bytes:
    return json.dumps({"data": data, "meta": {"attempt": attempt, "delivered_to": "https://x"}}).encode()


def recorded(name: str) -> bytes:
    """One of the events in tests/fixtures/telnyx."""
    return (FIXTURES / f"{name}.json").read_bytes()
