"""Where an invitation's e-mail has not arrived, the team's page says so beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from notifications.steps import mail as step
from tests.notifications.sink import Sink
from tests.sheets import text_of
from tests.telnyx_api.scripted import closed_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(alice: User, logged_in: Callable[[User], Client]) -> Client:
    client = logged_in(alice)
    client.post("/teams/front-desk/invite/", {"email": "dana@clinic.example", "role": "member"})
    return client


def members(manager: Client) -> str:
    step.drain()
    return text_of(manager.get("/teams/front-desk/"))


def test_one_that_has_left_says_nothing(manager: Client, sink: Sink) -> None:
    assert "Its e-mail" not in members(manager) and len(sink.got) == 1


def test_one_that_was_refused_says_so(manager: Client, sink: Sink) -> None:
    sink.refusals = ["550 5.1.1 no such person"]
    assert "Its e-mail: Not sent. The mail server refused it: 550 5.1.1 no such person" in members(manager)


def test_one_that_may_have_left_says_so(manager: Client, sink: Sink) -> None:
    sink.breaks = 1
    assert "Its e-mail: Perhaps sent. The mail server broke off" in members(manager)


def test_one_that_waits_for_the_mail_server_says_so(manager: Client, sink: Sink, settings: Settings) -> None:
    settings.EMAIL_PORT = closed_port()
    assert "Its e-mail: Waiting. The mail server could not be reached" in members(manager)
