"""What happened while nobody was at home is found, however long that was; and one spoilt record hides no other."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team
from applications.mirror import apply_application, apply_number
from applications.models import FaxApplication, PhoneNumber
from faxes.mirror import Report, Verdict, apply_remote
from faxes.models import Fax, FaxEvent
from sync.models import SyncRun
from sync.services import sync_recent
from telnyx_api import Fax as FaxPayload
from telnyx_api import FaxApplication as ApplicationPayload
from telnyx_api import PhoneNumber as NumberPayload
from telnyx_sandbox.server import Server


def begin_of(run: SyncRun) -> datetime:
    assert run.window_start is not None
    return run.window_start


def test_a_run_reaches_back_to_the_last_complete_one(sandbox: Server, db: None) -> None:
    five_days_ago = timezone.now() - timedelta(days=5)
    complete = SyncRun.objects.create(
        started_at=five_days_ago, finished_at=five_days_ago, window_start=five_days_ago - timedelta(days=2)
    )
    SyncRun.objects.create(window_start=five_days_ago, finished_at=timezone.now(), error="Nobody answered.")
    SyncRun.objects.create(window_start=five_days_ago, kind=SyncRun.Kind.FULL)
    run = sync_recent()
    assert run.is_complete and begin_of(run) < complete.started_at
    assert begin_of(sync_recent()) > timezone.now() - timedelta(days=3)


def test_the_first_run_reaches_back_as_far_as_telnyx_keeps_pages(sandbox: Server, db: None) -> None:
    assert begin_of(sync_recent()) < timezone.now() - timedelta(days=7)


def test_without_a_usable_key_the_run_says_so(sandbox: Server, settings: Settings, db: None) -> None:
    settings.TELNYX_API_KEY = ""
    run = sync_recent()
    assert "API key" in run.error and run.finished_at is not None


@pytest.mark.parametrize("path", ["/v2/fax_applications", "/v2/phone_numbers"])
def test_faxes_come_in_where_another_list_is_refused(sandbox: Server, line: PhoneNumber, path: str) -> None:
    sandbox.sandbox.receive(to=line.phone_number, from_="+17735550188")
    sandbox.sandbox.faults.add(method="GET", path=path, action="status", status=403, times=None)
    run = sync_recent()
    assert run.error and not run.is_complete and Fax.objects.get().team == line.team


def nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = [value]
    return value


SPOILT = ["\x00", "\ud800", "x" * 500, nested(900), 10**400, float("inf"), {"\x00": "\ud800"}, "9999-12-31T23:59:59Z"]


@pytest.mark.parametrize("value", SPOILT, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("key", ["client_state", "status", "raw_only", "media_name", "from", "created_at", "id"])
def test_no_fax_breaks_a_write(team: Team, key: str, value: object) -> None:
    said = {"id": str(uuid.uuid4()), "direction": "inbound", "from": "+1", "to": "+2", "status": "received"}
    payload = FaxPayload({**said, key: value})
    for _ in range(2):
        verdict, _ = apply_remote(Report.of_fax(payload, source=FaxEvent.Source.SYNC))
    assert verdict in (Verdict.APPLIED, Verdict.UNUSABLE)
    assert Fax.objects.count() == (verdict is Verdict.APPLIED)


@pytest.mark.parametrize("value", SPOILT, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("key", ["id", "application_name", "phone_number", "tags", "raw_only"])
def test_no_application_and_no_number_breaks_a_write(db: None, key: str, value: object) -> None:
    said = {"id": str(uuid.uuid4()), key: value}
    apply_application(ApplicationPayload(said))
    apply_number(NumberPayload(said))
    assert FaxApplication.objects.count() == PhoneNumber.objects.count() <= 1
