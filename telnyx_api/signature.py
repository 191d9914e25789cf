"""Is this webhook from Telnyx? https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks"""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# Two reasons that can be our own fault, for a key or a clock that is wrong.
WRONG_TIME = "the timestamp is too old or in the future"
WRONG_SIGNATURE = "the signature does not match"


class SignatureError(Exception):
    """The webhook is not proven to be Telnyx's. `reason` is for the log; the sender learns nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def verify(*, public_key: str, signature: str, timestamp: str, body: bytes, now: float, tolerance: int = 300) -> None:
    """Return when `signature` is Telnyx's over `timestamp|body` (Ed25519) and within `tolerance` seconds of now.

    `public_key` and `signature` are base64, `timestamp` and `now` seconds since 1970. SignatureError otherwise, also
    when no public key is configured.
    """
    if not public_key:
        raise SignatureError("no public key is configured")
    # Twelve digits reach past the year 30000; longer ones only cost time.
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureError("the timestamp is missing or not a number")
    if abs(now - int(timestamp)) > tolerance:
        raise SignatureError(WRONG_TIME)
    key = _public_key(public_key)
    try:
        key.verify(_decoded(signature), timestamp.encode() + b"|" + body)
    except InvalidSignature:
        raise SignatureError(WRONG_SIGNATURE) from None


def is_public_key(text: str) -> bool:
    """Could this be a key that webhooks are verified with: base64 of 32 bytes?"""
    try:
        _public_key(text)
    except SignatureError:
        return False
    return True


def _public_key(public_key: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
    except ValueError:
        raise SignatureError("the configured public key is not an Ed25519 key in base64") from None


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except ValueError:
        raise SignatureError("the signature is missing or not base64") from None
