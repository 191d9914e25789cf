from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Team, User
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application
from telnyx_sandbox.server import Server
from tests.contract.operations import mistakes
from tests.contract.recorder import Recorder, recording


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


@pytest.fixture
def alices(alice: User, logged_in: Callable[[User], Client]) -> Client:
    return logged_in(alice)


@pytest.fixture
def roots(root: User, logged_in: Callable[[User], Client]) -> Client:
    return logged_in(root)
