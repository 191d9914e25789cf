"""The bars on top of a page: the worker is silent, sending is paused, pages are missing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from django.utils import timezone
from django_htmx.middleware import HtmxDetails
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from faxes import gate
from faxportal.context import house
from sync.models import Heartbeat
from tests import builders


def notices(user: User | AnonymousUser, **headers: str) -> dict[str, Any]:
    request = RequestFactory().get("/", headers=headers)
    request.user = user
    request.session = SessionStore()
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    return {name: value() if callable(value) else value for name, value in house(request).items()}


def test_no_bars_when_all_is_well(alice: User) -> None:
    Heartbeat.beat("worker")
    told = notices(alice)
    assert not told["worker_stale"]
    assert not told["sending_paused"]


def test_a_silent_worker_is_told(alice: User) -> None:
    assert "worker" in notices(alice)["worker_stale"]
    Heartbeat.beat("worker", at=timezone.now() - timedelta(minutes=4))
    assert "worker" in notices(alice)["worker_stale"]


def test_a_shut_gate_is_told_with_its_reason(alice: User) -> None:
    gate.shut("The account has no funds.", wait=timedelta(minutes=1))
    assert notices(alice)["sending_paused"] == "The account has no funds."


def test_missing_pages_are_counted(alice: User, team: Team) -> None:
    assert notices(alice)["missing_media"] == 0
    builders.inbound(team, media="missing")
    builders.inbound(None, media="missing")
    assert notices(alice)["missing_media"] == 1


@pytest.mark.django_db
def test_strangers_and_fragments_cost_nothing(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert notices(AnonymousUser()) == {}
        assert notices(alice, **{"HX-Request": "true"}) == {}
