from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.webhooks.telnyx import Telnyx


@pytest.fixture
def telnyx(settings: Settings) -> Telnyx:
    """Somebody whose key we trust."""
    telnyx = Telnyx()
    settings.TELNYX_PUBLIC_KEY = telnyx.public_key
    return telnyx
