"""A webhook is believed only with Telnyx's signature over its timestamp and its very bytes."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_api import SignatureError, is_public_key, verify

SEED = bytes(range(32))
SIGNER = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC_KEY = base64.b64encode(SIGNER.public_key().public_bytes_raw()).decode()
NOW = 1_773_045_000
BODY = b'{"data": {"event_type": "fax.received"}}'


def signature(timestamp: str = str(NOW), body: bytes = BODY) -> str:
    return base64.b64encode(SIGNER.sign(timestamp.encode() + b"|" + body)).decode()


def reason(
    *, key: str = PUBLIC_KEY, signed: str | None = None, timestamp: str = str(NOW), body: bytes = BODY, now: float = NOW
) -> str:
    """Why this webhook is refused; empty when it is believed."""
    try:
        verify(
            public_key=key,
            signature=signature() if signed is None else signed,
            timestamp=timestamp,
            body=body,
            now=now,
        )
    except SignatureError as error:
        return error.reason
    return ""


def test_what_telnyx_signed_is_believed() -> None:
    assert reason() == ""


def test_an_empty_body_can_be_signed() -> None:
    assert reason(body=b"", signed=signature(body=b"")) == ""


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY[:-1], BODY.replace(b"received", b"delivered")])
def test_a_changed_body_is_refused(body: bytes) -> None:
    assert reason(body=body) == "the signature does not match"


def test_a_changed_timestamp_is_refused() -> None:
    assert reason(timestamp=str(NOW + 1)) == "the signature does not match"


def test_the_timestamp_cannot_lend_digits_to_the_body() -> None:
    assert reason(timestamp=str(NOW)[:-1], body=str(NOW)[-1:].encode() + b"|" + BODY, now=NOW // 10) != ""


@pytest.mark.parametrize(("drift", "believed"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_only_a_fresh_timestamp_is_believed(drift: int, believed: bool) -> None:
    assert (reason(now=NOW + drift) == "") == believed


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1.5", " 1", "1_0", "١٢٣", "9" * 5000, f"{NOW}\n", f"+{NOW}"])
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    assert reason(timestamp=timestamp, signed=signature(timestamp)) == "the timestamp is missing or not a number"


def test_without_a_public_key_nothing_is_believed() -> None:
    assert reason(key="") == "no public key is configured"


@pytest.mark.parametrize("key", ["a", "AAAA", PUBLIC_KEY + "\n", PUBLIC_KEY[:-1], "ключ", "A" * 44])
def test_with_a_wrong_public_key_nothing_is_believed(key: str) -> None:
    assert reason(key=key) != ""


@pytest.mark.parametrize("signed", ["", "!", "AAAA", "подпись", "\x00"])
def test_what_is_no_signature_is_refused(signed: str) -> None:
    assert reason(signed=signed) != ""


def test_base64_is_taken_strictly() -> None:
    good = signature()
    for sloppy in (good + "\n", " " + good, good.rstrip("="), good[:40] + "\r\n" + good[40:], good + "AAAA"):
        assert reason(signed=sloppy) != ""


def test_another_signer_is_refused() -> None:
    forged = Ed25519PrivateKey.generate().sign(f"{NOW}|".encode() + BODY)
    assert reason(signed=base64.b64encode(forged).decode()) == "the signature does not match"


@settings(deadline=None)
@given(signed=st.text(), timestamp=st.text(), body=st.binary(), key=st.text())
def test_noise_is_refused_and_never_an_error(signed: str, timestamp: str, body: bytes, key: str) -> None:
    assert reason(key=key, signed=signed, timestamp=timestamp, body=body) != ""


@pytest.mark.parametrize(
    "text", ["", "not a key", "é", base64.b64encode(b"short").decode(), PUBLIC_KEY + "=", "x" * 9000]
)
def test_what_is_no_public_key(text: str) -> None:
    assert is_public_key(PUBLIC_KEY)
    assert not is_public_key(text)
