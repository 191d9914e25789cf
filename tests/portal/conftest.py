from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings


@pytest.fixture
def open_door(live_server: Any, settings: Settings) -> str:
    """The address of our door, which really answers under PUBLIC_URL. Ask for it before the sandbox, whose
    applications know it then."""
    settings.PUBLIC_URL = live_server.url
    return f"{live_server.url}/webhooks/telnyx"
