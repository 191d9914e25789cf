"""The one place where the portal's settings become a Telnyx client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from telnyx_api import Client


@contextmanager
def client() -> Iterator[Client]:
    """A client for the configured account, closed at the end. Settings are read at call time, never at import."""
    with Client(api_key=settings.TELNYX_API_KEY, base_url=settings.TELNYX_API_BASE) as telnyx:
        yield telnyx
