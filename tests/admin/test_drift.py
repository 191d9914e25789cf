"""Drift in the admin: found, shown side by side, and settled by the portal's own services."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import LogEntry, Team, User
from applications.models import FaxApplication, PhoneNumber
from applications.services import attach_number, refresh_application, refresh_number, update_application
from sync.services import sync_recent
from telnyx_sandbox.server import Server
from tests import builders
from tests.admin.pages import act, form, listing, shown
from tests.applications.telnyx import change_at_telnyx, truth


@pytest.fixture
def application(sandbox: Server, root: User) -> FaxApplication:
    """Written by root, and changed in Telnyx's own portal."""
    assert not sync_recent().error
    row = FaxApplication.objects.get(application_name="Front desk")
    row = update_application(by=root, application=row, changes={"application_name": "Ours", "webhook_timeout_secs": 9})
    change_at_telnyx(sandbox, row.telnyx_id, application_name="<b>Theirs</b>", webhook_timeout_secs=3)
    assert refresh_application(application=row)
    return row


@pytest.fixture
def number(sandbox: Server, application: FaxApplication, root: User) -> PhoneNumber:
    records = FaxApplication.objects.get(application_name="Records")
    number = PhoneNumber.objects.filter(connection_id=application.telnyx_id).earliest("phone_number")
    row = attach_number(by=root, number=number, application=records)
    store = sandbox.sandbox.world.store
    there = store.object("phone_number", str(row.telnyx_id))
    assert there is not None
    store.put_object("phone_number", str(row.telnyx_id), there | {"connection_id": application.telnyx_id})
    assert refresh_number(number=row)
    return row


def test_what_differs_is_found_and_told(office: Client, application: FaxApplication, number: PhoneNumber) -> None:
    assert shown(office, FaxApplication, drift="yes") == [application]
    assert shown(office, PhoneNumber, drift="yes") == [number]
    assert len(shown(office, PhoneNumber, drift="whatever")) == 4
    page = office.get(form(application)).content.decode()
    assert "Name: ours Ours, theirs &lt;b&gt;Theirs&lt;/b&gt;." in page and "ours 9 seconds, theirs 3 seconds" in page
    page = office.get(form(number)).content.decode()
    assert "Application: ours Records, theirs &lt;b&gt;Theirs" in page


def test_theirs_is_kept(office: Client, application: FaxApplication, number: PhoneNumber) -> None:
    assert act(office, "keep_theirs", application) == ["Kept as Telnyx has it: 1."]
    assert act(office, "keep_theirs", number) == ["Kept as Telnyx has it: 1."]
    assert shown(office, FaxApplication, drift="yes") == shown(office, PhoneNumber, drift="yes") == []
    entries = LogEntry.objects.filter(action__endswith=".keep_theirs").values_list("actor_name", flat=True)
    assert list(entries) == ["root", "root"]
    assert "Nothing differs" in act(office, "keep_theirs", application)[0]


def test_ours_is_restored(office: Client, sandbox: Server, application: FaxApplication, number: PhoneNumber) -> None:
    assert act(office, "restore_ours", application) == ["Restored at Telnyx: 1."]
    assert truth(sandbox, application)["application_name"] == "Ours"
    assert act(office, "restore_ours", number) == ["Restored at Telnyx: 1."]
    assert shown(office, FaxApplication, drift="yes") == shown(office, PhoneNumber, drift="yes") == []
    assert "Nothing differs" in act(office, "restore_ours", number)[0]


def test_what_telnyx_refuses_is_told(office: Client, sandbox: Server, application: FaxApplication) -> None:
    sandbox.sandbox.faults.add(method="PATCH", path="*", action="status", status=401)
    assert "Telnyx could not be asked" in act(office, "restore_ours", application)[0]
    assert shown(office, FaxApplication, drift="yes") == [application]


def test_a_number_leads_to_its_page_in_the_portal(office: Client, team: Team) -> None:
    attached, loose = builders.number(team), builders.number(team, "+13125790016", connection_id="voice-77")
    assert office.get(attached.get_absolute_url()).status_code == 200
    assert "View on site" in office.get(form(attached)).content.decode()
    assert "no fax application that we know" in office.get(form(loose)).content.decode()
    assert office.get(listing(PhoneNumber)).status_code == 200
