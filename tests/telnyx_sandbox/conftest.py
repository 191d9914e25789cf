from collections.abc import Iterator

import pytest
from telnyx import Telnyx

from telnyx_sandbox.server import Server, running
from tests.telnyx_sandbox.helpers import HOOK


@pytest.fixture
def server(capfd: pytest.CaptureFixture[str]) -> Iterator[Server]:
    """A sandbox whose time stands still until it is advanced, and that hands its webhooks over unsent."""
    with running(webhook_url=HOOK, auto=False, deliver=[]) as running_server:
        yield running_server
    assert "Traceback" not in capfd.readouterr().err


@pytest.fixture(scope="session")
def _client() -> Iterator[Telnyx]:
    with Telnyx(api_key="KEY", max_retries=0) as client:
        yield client


@pytest.fixture
def sdk(server: Server, _client: Telnyx) -> Telnyx:
    """The official SDK, which repeats nothing by itself here."""
    return _client.with_options(base_url=server.url)
