from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import Team
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application
from sync.services import sync_recent
from telnyx_sandbox.server import Server
from tests.contract.operations import mistakes
from tests.contract.recorder import Recorder, recording


@pytest.fixture
def front_desk(sandbox: Server, team: Team) -> FaxApplication:
    """An application of the sandbox with two numbers, mirrored by a real sync and given to the team."""
    assert not sync_recent().error
    application = FaxApplication.objects.get(application_name="Front desk")
    assign_application(by=None, application=application, team=team)
    return application


@pytest.fixture
def records(front_desk: FaxApplication, team: Team) -> FaxApplication:
    """The sandbox's other application, of the same team."""
    application = FaxApplication.objects.get(application_name="Records")
    assign_application(by=None, application=application, team=team)
    return application


@pytest.fixture
def number(front_desk: FaxApplication) -> PhoneNumber:
    """Attached to the front desk's application, and of its team by that."""
    return PhoneNumber.objects.filter(connection_id=front_desk.telnyx_id).earliest("phone_number")


@pytest.fixture
def recorder(settings: Settings, sandbox: Server) -> Iterator[Recorder]:
    """Everything the portal asks Telnyx from now on. At the end, each request is held against the description."""
    with recording(sandbox.url) as recorder:
        settings.TELNYX_API_BASE = recorder.url
        yield recorder
    assert [mistake for asked in recorder.asked for mistake in mistakes(asked)] == []
