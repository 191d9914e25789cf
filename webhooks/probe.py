"""Does our door answer at our public address? We knock on it as Telnyx would, and it proves that it is ours.

The knock carries a nonce and a time, signed with a key made of SECRET_KEY, and is good for a minute. The door answers
204 with a signature over the knock, which no other server can make, and keeps nothing. Whoever overhears a knock and
repeats it gets the same words once more, and nothing else comes of it.

Only PUBLIC_URL is ever called, whatever address is asked about.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError

from applications.fields import door_at
from faxes.outward import Outward, host_and_port, is_loopback

HEADER = "Faxportal-Probe"
KNOCK, ANSWER = "webhooks.probe.knock", "webhooks.probe.answer"
# In seconds: for how long a knock is good, how long we wait, and how long Telnyx is known to wait.
GOOD_FOR, DEADLINE, PATIENCE = 60, 5.0, 2.0

OK, WARN, BAD, UNKNOWN = "ok", "warn", "bad", "unknown"


class Probed(NamedTuple):
    """What came of it: `state` is ok, warn, bad or unknown, `detail` says it in sentences."""

    state: str
    detail: str
    milliseconds: int | None = None


def answer_to(knock: str) -> str | None:
    """What the door says to a knock of ours; None where it is forged, or older than a minute."""
    try:
        signing.TimestampSigner(salt=KNOCK).unsign(knock, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    return _proof(knock)


def probe(url: str, *, deadline: float = DEADLINE) -> Probed:
    """Knock on our door at its public address `url`. Anybody else's address is not called."""
    if not settings.PUBLIC_URL:
        return Probed(UNKNOWN, "PUBLIC_URL is not set, so there is no address to try.")
    door = door_at(url)
    if door is None:
        return Probed(UNKNOWN, "This address is not ours, so it was not tried.")
    pair = host_and_port(door)
    knock = signing.TimestampSigner(salt=KNOCK).sign(secrets.token_urlsafe(16))
    own_machine = [pair] if is_loopback(urlsplit(door).hostname or "") else []
    began = time.monotonic()
    try:
        with (
            Outward(deadline, also=own_machine) as session,
            session.post(door, headers={HEADER: knock}, stream=True) as response,
        ):
            milliseconds = round((time.monotonic() - began) * 1000)
            return _judged(response, knock, milliseconds)
    except (requests.RequestException, HTTPError) as error:
        if time.monotonic() - began >= deadline:
            return Probed(BAD, f"No answer came from {pair} within {deadline:g} seconds.")
        return _unanswered(error, pair)


def _proof(knock: str) -> str:
    return salted_hmac(ANSWER, knock, algorithm="sha256").hexdigest()


def _judged(response: requests.Response, knock: str, milliseconds: int) -> Probed:
    said = response.headers.get(HEADER, "")
    if response.status_code != 204 or not constant_time_compare(said, _proof(knock)):
        return Probed(BAD, _refused(response), milliseconds)
    if milliseconds > PATIENCE * 1000:
        detail = f"Our door took {milliseconds / 1000:.1f} seconds to answer. Telnyx may give up after two."
        return Probed(WARN, detail, milliseconds)
    return Probed(OK, f"Our door answered in {milliseconds} ms.", milliseconds)


def _refused(response: requests.Response) -> str:
    """Why it was not our door that answered as it should."""
    status = response.status_code
    if 300 <= status < 400:
        to = response.headers.get("Location", "")[:200] or "somewhere else"
        return f"The address leads on to {to} ({status}). Telnyx follows no redirect there: its events are lost."
    match status:
        case 400:
            return "The portal refused the request (400). Is the host name of PUBLIC_URL in ALLOWED_HOSTS?"
        case 401 | 407:
            return f"A server in front asks for a log-in ({status}). Let /webhooks/telnyx through without one."
        case 403:
            return (
                "The door refused us (403). Either a server in front blocks it, or what answers there has another"
                " SECRET_KEY or another clock than this process."
            )
        case 404:
            return (
                "Nothing is at this address (404). Does PUBLIC_URL lead to this portal, and does the proxy pass it on?"
            )
        case 502 | 503 | 504:
            return f"The server in front answers, but the portal behind it does not ({status})."
    return f"Something else answers there ({status}). Does PUBLIC_URL lead to this portal?"


def _unanswered(error: Exception, pair: str) -> Probed:
    """Why nobody answered. Where we did not try, nothing is known."""
    layers = list(_layers(error))
    host = pair.rpartition(":")[0]
    if isinstance(error, InvalidIPAddress):
        detail = f"From here, {host} is a private address, so it was not tried. Allow {pair} in PRIVATE_HOSTS_ALLOWED."
        return Probed(UNKNOWN, detail)
    if any(isinstance(layer, socket.gaierror) for layer in layers):
        return Probed(BAD, f"The name {host} is not known: its DNS entry is missing, or cannot be read from here.")
    if isinstance(error, requests.exceptions.SSLError):
        return Probed(BAD, f"The certificate of {pair} is not good: {_of_certificate(layers)}")
    if any(isinstance(layer, ConnectionRefusedError) for layer in layers):
        return Probed(BAD, f"Nobody listens at {pair}.")
    return Probed(BAD, f"What answers at {pair} hung up, or does not speak HTTP ({type(error).__name__}).")


def _of_certificate(layers: list[BaseException]) -> str:
    """The words of OpenSSL or of who compared the names, as a sentence."""
    for layer in layers:
        if isinstance(layer, ssl.SSLCertVerificationError):
            return f"{layer.verify_message.rstrip('.')}."
    return f"{layers[-1]}".rstrip(".") + "."


def _layers(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
