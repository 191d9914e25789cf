"""What all parts of a sandbox share: its memory, clock, keys and knobs."""

import base64
import hashlib
import hmac
import secrets
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from telnyx_sandbox import documents
from telnyx_sandbox.faults import Faults
from telnyx_sandbox.options import Options
from telnyx_sandbox.store import File, Store

Deliver = Callable[[str, Mapping[str, str], bytes, float], int]
"""Sends one webhook (URL, headers, body, time-out in seconds); says which status came back, 0 for no answer."""


class Signed(NamedTuple):
    """One webhook, ready to be posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class World:
    def __init__(self, *, state: str, api_key: str, signing_seed: bytes, clock: Callable[[], float], deliver: Deliver):
        self.store = Store(state)
        self.api_key = api_key
        self.signing_key = Ed25519PrivateKey.from_private_bytes(signing_seed)
        self.link_key = hashlib.sha256(b"links" + signing_seed).digest()
        self.user_id = str(uuid.uuid5(uuid.NAMESPACE_URL, "https://portal.telnyx.com/sandbox"))
        self.clock = clock
        self.deliver = deliver
        self.options = Options()
        self.faults = Faults()
        self.base_url = ""
        self.changed = threading.Event()
        self.stopping = threading.Event()
        self._ahead = 0.0
        self._fetched: Counter[str] = Counter()

    @property
    def public_key(self) -> str:
        """As Telnyx's portal shows it: base64 of the 32 raw bytes, 44 characters."""
        return base64.b64encode(self.signing_key.public_key().public_bytes_raw()).decode()

    def now(self) -> float:
        return self.clock() + self._ahead

    def move_to(self, moment: float) -> None:
        """Puts the time forward, never back."""
        self._ahead += max(0.0, moment - self.now())

    def scaled(self, seconds: float) -> float:
        """A waiting time at this sandbox's speed."""
        return seconds / self.options.speed

    def pause(self, seconds: float) -> None:
        """Holds the calling thread; ends early when the sandbox stops."""
        if seconds > 0:
            self.stopping.wait(seconds)

    def keep(self, content: bytes) -> File:
        """Stores a document once; the same content is not looked at twice."""
        known = self.store.file(documents.digest(content))
        if known:
            return known
        file = documents.inspect(content)
        self.store.add_file(file, content)
        return file

    def link(self, name: str) -> str:
        """A link to /_media/<name> that works for options.link_seconds."""
        expires = int(self.now()) + self.options.link_seconds
        return f"{self.base_url}/_media/{name}?expires={expires}&signature={self.link_signature(name, str(expires))}"

    def link_signature(self, name: str, expires: str) -> str:
        return hmac.new(self.link_key, f"{name}|{expires}".encode(), hashlib.sha256).hexdigest()

    def use_link(self, signature: str) -> bool:
        """Counts that a link is opened. False for one that has been opened as often as options.link_fetches allows."""
        with self.store.lock:
            self._fetched[signature] += 1
            return self._fetched[signature] <= self.options.link_fetches

    def application_of(self, phone_number: str) -> str | None:
        """The id of the application that receives on this number; "" for a number without one, None for strangers."""
        for number in self.store.objects("phone_number"):
            if number["phone_number"] == phone_number:
                return number["connection_id"] or ""
        return None


def new_id() -> str:
    """An id as applications and numbers have it: nineteen digits."""
    return str(10**18 + secrets.randbelow(9 * 10**18))
