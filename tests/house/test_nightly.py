"""What the worker does once a day, and every quarter of an hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils.module_loading import import_string
from pytest_django import Settings

from accounts import audit
from accounts.audit.anchors import Anchor, read_anchors
from accounts.models import Team
from applications.models import PhoneNumber
from faxes.models import Fax
from faxportal.queue import NIGHT, NIGHTLY, anchor, nightly, watch_lines
from sync.models import Heartbeat, SyncRun
from tests import builders

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 17, tzinfo=UTC)
NIGHTTIME = NOON.replace(hour=NIGHT)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def trash(team: Team) -> None:
    old = datetime.now(UTC) - timedelta(days=40)
    builders.inbound(team, status="received", heard_at=old, trashed_at=old)


def test_what_is_done_at_night_exists() -> None:
    assert all(callable(import_string(path)) for path in NIGHTLY)


def test_the_first_worker_does_it_at_once_and_then_at_night(team: Team, clock: time_machine.Traveller) -> None:
    trash(team)
    nightly.call_local()
    assert not Fax.objects.exists()
    trash(team)
    clock.move_to(NOON + timedelta(hours=3))
    nightly.call_local()
    assert Fax.objects.exists()
    clock.move_to(NIGHTTIME + timedelta(days=1))
    nightly.call_local()
    assert not Fax.objects.exists()


def test_everything_at_telnyx_is_looked_at_each_night(clock: time_machine.Traveller) -> None:
    nightly.call_local()
    assert SyncRun.objects.get().kind == SyncRun.Kind.FULL


def test_what_fails_at_night_keeps_nothing_else_from_being_done(
    team: Team, clock: time_machine.Traveller, settings: Settings
) -> None:
    """One of the first meets a storage that is not there any more."""
    old = datetime.now(UTC) - timedelta(days=40)
    builders.inbound(team, status="received", document=builders.document(), heard_at=old, trashed_at=old)
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "faxes.storage.NoSuchStorage"}}
    nightly.call_local()
    assert SyncRun.objects.get().kind == SyncRun.Kind.FULL and Heartbeat.objects.filter(name="nightly").exists()


def test_that_something_failed_is_known_until_a_night_in_which_nothing_does(
    team: Team, clock: time_machine.Traveller, settings: Settings
) -> None:
    storages = settings.STORAGES
    builders.inbound(team, status="received", document=builders.document(), trashed_at=NOON - timedelta(days=40))
    settings.STORAGES = storages | {"default": {"BACKEND": "faxes.storage.NoSuchStorage"}}
    nightly.call_local()
    assert Heartbeat.is_fresh("nightly failure", within=timedelta(hours=1))
    settings.STORAGES = storages
    clock.move_to(NIGHTTIME + timedelta(days=1))
    nightly.call_local()
    assert Heartbeat.objects.filter(name="nightly").exists()
    assert not Heartbeat.objects.filter(name="nightly failure").exists()


def test_the_log_is_anchored_every_hour_whatever_a_night_is_like(team: Team, settings: Settings) -> None:
    audit.record_alone(audit.Entry("team.create", on=team, team=team))
    anchor.call_local()
    anchor.call_local()
    assert [kept.sequence for kept in read_anchors(Path(settings.AUDIT_ANCHOR)) if isinstance(kept, Anchor)] == [1, 1]
    settings.AUDIT_ANCHOR = "/proc/nowhere/anchor"
    anchor.call_local()


def test_a_night_that_was_missed_is_made_up_for(team: Team, clock: time_machine.Traveller) -> None:
    nightly.call_local()
    trash(team)
    clock.move_to(NOON + timedelta(hours=27))
    nightly.call_local()
    assert not Fax.objects.exists()


@pytest.mark.parametrize(("heard", "told"), [(timedelta(minutes=5), True), (timedelta(hours=1), False)])
def test_lines_are_watched_only_while_telnyx_is_heard(
    team: Team, clock: time_machine.Traveller, heard: timedelta, told: bool
) -> None:
    number = builders.number(team, usual=[5.0] * 168, learned_at=NOON)
    builders.inbound(team, created_at=NOON - timedelta(days=2))
    Heartbeat.beat("telnyx", at=NOON - heard)
    watch_lines.call_local()
    assert (PhoneNumber.objects.get(pk=number.pk).quiet_since is not None) == told
