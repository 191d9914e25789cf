"""The one place where the portal's settings become a Telnyx client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

from django.conf import settings

from telnyx_api import BadAnswer, Client, FaxApplication


class Patience(TypedDict, total=False):
    attempts: int
    read_timeout: float


# For calls on which somebody waits in front of a browser.
WHILE_SOMEBODY_WAITS = Patience(attempts=2, read_timeout=15.0)


@contextmanager
def client(patience: Patience | None = None) -> Iterator[Client]:
    """A client for the configured account, closed at the end. Settings are read at call time, never at import.

    Raises ValueError where the settings make no client.
    """
    key, base = settings.TELNYX_API_KEY, settings.TELNYX_API_BASE
    with Client(api_key=key, base_url=base, **(patience or {})) as telnyx:
        yield telnyx


def fetch_application(telnyx: Client, telnyx_id: str) -> FaxApplication:
    """The application of this id as Telnyx has it. Raises TelnyxError, also for an answer about another one."""
    answer = telnyx.get_fax_application(telnyx_id)
    if answer.id != telnyx_id:
        raise BadAnswer("Telnyx answered a question about one application with another one.")
    return answer
