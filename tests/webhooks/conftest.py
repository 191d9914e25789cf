from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from faxportal.queue import wake_step
from tests.webhooks.telnyx import Telnyx
from wake import on_wake


@pytest.fixture
def telnyx(settings: Settings) -> Telnyx:
    """Somebody whose key we trust."""
    telnyx = Telnyx()
    settings.TELNYX_PUBLIC_KEY = telnyx.public_key
    return telnyx


@pytest.fixture
def wakes() -> Iterator[list[tuple[str, float]]]:
    """Every wake of the test, in order, in place of the queue's tasks."""
    seen: list[tuple[str, float]] = []
    on_wake(lambda name, after: seen.append((name, after)))
    yield seen
    on_wake(wake_step)
