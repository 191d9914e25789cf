"""The sandbox in Telnyx's place, where there is one: in development, on this machine. Nowhere else is it asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings

from faxes.outward import is_loopback


def sandbox_url() -> str:
    """Where it is, and where it has a page for people; empty where the portal speaks to Telnyx itself."""
    base = urlsplit(settings.TELNYX_API_BASE)
    return f"{base.scheme}://{base.netloc}" if settings.DEBUG and is_loopback(base.hostname or "") else ""


@contextmanager
def asking() -> Iterator[Callable[..., Any]]:
    """A function that asks the sandbox for something at a path of it, and returns what it made.

    It raises requests.RequestException: an HTTPError where the sandbox said no, with its answer.
    """
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {settings.TELNYX_API_KEY}"

        def ask(path: str, /, **wish: Any) -> Any:
            answer = session.post(f"{sandbox_url()}/{path}", json=wish, timeout=30)
            answer.raise_for_status()
            return answer.json()["data"]

        yield ask
