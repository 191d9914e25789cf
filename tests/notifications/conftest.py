from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.notifications.sink import HOST, Sink, sinking


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    """A real mail server, as the portal's own."""
    with sinking() as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = HOST, sink.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield sink
