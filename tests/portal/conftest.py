from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Team
from applications.models import FaxApplication
from applications.services import assign_application
from sync.services import sync_recent
from telnyx_sandbox.server import Server


@pytest.fixture
def front_desk(sandbox: Server, team: Team) -> FaxApplication:
    """An application of the sandbox with two numbers, mirrored by a real sync and given to the team."""
    assert not sync_recent().error
    application = FaxApplication.objects.get(application_name="Front desk")
    assign_application(by=None, application=application, team=team)
    return application


@pytest.fixture
def open_door(live_server: Any, settings: Settings) -> str:
    """The address of our door, which really answers under PUBLIC_URL. Ask for it before the sandbox, whose
    applications know it then."""
    settings.PUBLIC_URL = live_server.url
    return f"{live_server.url}/webhooks/telnyx"
