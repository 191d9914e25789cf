"""The token of an attempt: how a fax at Telnyx is recognised as ours when the answer to the send was lost.

It travels twice, as `client_state` (base64) and as `media_name`, because either may be missing from what comes back.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from typing import Any


def new_token() -> str:
    return uuid.uuid4().hex


def client_state(token: str) -> str:
    """The token as Telnyx wants it: base64 (https://developers.telnyx.com/api/programmable-fax/send-fax)."""
    return base64.b64encode(token.encode()).decode()


def token_of(payload: Mapping[str, Any]) -> str:
    """The token a payload about an outbound fax carries, or an empty string. It may still be nobody's."""
    if payload.get("direction") == "inbound":
        return ""
    return _decoded(payload.get("client_state")) or _plain(payload.get("media_name"))


def _decoded(state: Any) -> str:
    try:
        return _plain(base64.b64decode(state, validate=True).decode("ascii")) if isinstance(state, str) else ""
    except (binascii.Error, ValueError):
        return ""


def _plain(token: Any) -> str:
    """Only what has the shape of a token of ours goes into a query."""
    is_token = isinstance(token, str) and len(token) == 32 and token.isalnum() and token.isascii()
    return token if is_token else ""
