"""What differs is settled: Telnyx's word is taken, or ours is written once more, and nothing else is touched."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from applications.drift import drift_of
from applications.models import FaxApplication, PhoneNumber
from applications.services import (
    assign_application,
    assign_number,
    attach_number,
    keep_theirs,
    refresh_application,
    refresh_number,
    restore_ours,
    update_application,
)
from applications.written import Writable, written_value
from telnyx_api import TelnyxError
from telnyx_sandbox.server import Server
from tests.contract.operations import mistakes
from tests.contract.recorder import Recorder
from tests.telnyx_api.scripted import Reply, serving

CHANGED_THERE: dict[str, Any] = {
    "application_name": "Desk",
    "webhook_timeout_secs": 3,
    "tags": ["theirs"],
    "inbound": {"channel_limit": 1, "sip_subdomain": None, "sip_subdomain_receive_settings": "from_anyone"},
}


def truth(sandbox: Server, row: Writable) -> dict[str, Any]:
    kind = "fax_application" if isinstance(row, FaxApplication) else "phone_number"
    found = sandbox.sandbox.world.store.object(kind, str(row.telnyx_id))
    assert found is not None
    return found


def change_at_telnyx(sandbox: Server, row: Writable, **fields: Any) -> None:
    kind = "fax_application" if isinstance(row, FaxApplication) else "phone_number"
    sandbox.sandbox.world.store.put_object(kind, str(row.telnyx_id), truth(sandbox, row) | fields)


def seals(row: Writable, *columns: str) -> list[str]:
    fresh = type(row)._default_manager.get(pk=row.pk)
    assert isinstance(fresh, FaxApplication | PhoneNumber)
    return [one.seal for one in drift_of(fresh) if not columns or one.column in columns]


def columns(row: Writable) -> list[str]:
    fresh = type(row)._default_manager.get(pk=row.pk)
    assert isinstance(fresh, FaxApplication | PhoneNumber)
    return [one.column for one in drift_of(fresh)]


@pytest.fixture
def drifted(sandbox: Server, front_desk: FaxApplication, alice: User) -> FaxApplication:
    """Written by alice, then changed in Telnyx's own portal in four places."""
    ours = {
        "application_name": "Front desk",
        "webhook_timeout_secs": 25,
        "tags": ["ours"],
        "inbound_channel_limit": 9,
        "outbound_channel_limit": 7,
    }
    row = update_application(by=alice, application=front_desk, changes=ours)
    change_at_telnyx(sandbox, row, **CHANGED_THERE)
    assert refresh_application(application=row)
    assert columns(row) == ["application_name", "webhook_timeout_secs", "inbound_channel_limit", "tags"]
    return FaxApplication.objects.get(pk=row.pk)


@pytest.fixture
def moved(sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User) -> PhoneNumber:
    """Attached to the records' application by alice, and put back in Telnyx's own portal."""
    row = attach_number(by=alice, number=number, application=records)
    change_at_telnyx(sandbox, row, connection_id=number.connection_id)
    assert refresh_number(number=row)
    return PhoneNumber.objects.get(pk=row.pk)


def test_theirs_is_kept_in_one_field(sandbox: Server, drifted: FaxApplication, alice: User) -> None:
    before = truth(sandbox, drifted)
    [kept] = keep_theirs(by=alice, row=drifted, seals=seals(drifted, "webhook_timeout_secs"))
    assert (kept.ours, kept.theirs) == (25, 3)
    assert columns(drifted) == ["application_name", "inbound_channel_limit", "tags"]
    assert truth(sandbox, drifted) == before
    entry = LogEntry.objects.get(action="application.keep_theirs")
    assert (entry.actor_name, entry.data) == ("Alice", {"webhook_timeout_secs": {"ours": 25, "theirs": 3}})


def test_theirs_is_kept_in_all_of_them_and_is_ours_from_then_on(
    sandbox: Server, drifted: FaxApplication, root: User
) -> None:
    assert len(keep_theirs(by=root, row=drifted, seals=seals(drifted))) == 4
    assert columns(drifted) == []
    written = written_value(FaxApplication.objects.get(pk=drifted.pk), "application_name")
    assert written is not None
    assert (written.value, written.by) == ("Desk", "root")
    change_at_telnyx(sandbox, drifted, application_name="Front desk")
    refresh_application(application=drifted)
    assert columns(drifted) == ["application_name"]


@pytest.mark.parametrize(
    ("column", "sent"),
    [
        ("webhook_timeout_secs", {"webhook_timeout_secs": 25}),
        ("tags", {"tags": ["ours"]}),
        ("inbound_channel_limit", {"inbound": {"channel_limit": 9}}),
        ("application_name", {"application_name": "Front desk"}),
    ],
)
def test_ours_is_restored_in_one_field_and_in_no_other(
    recorder: Recorder, sandbox: Server, drifted: FaxApplication, alice: User, column: str, sent: dict[str, Any]
) -> None:
    """Telnyx demands a name and a webhook URL in every change: they are those that it has."""
    before = truth(sandbox, drifted)
    demanded = {"application_name": "Desk", "webhook_event_url": before["webhook_event_url"]}
    assert restore_ours(by=alice, row=drifted, seals=seals(drifted, column)) == []
    patch = [asked for asked in recorder.asked if asked.method == "PATCH"][-1]
    assert patch.document == demanded | sent
    assert list(mistakes(patch)) == []
    assert column not in columns(drifted) and len(columns(drifted)) == 3
    entry = LogEntry.objects.filter(action="application.update").latest("sequence")
    assert (entry.actor_name, list(entry.data["after"])) == ("Alice", [column])


def test_ours_is_restored_in_all_of_them_at_once(sandbox: Server, drifted: FaxApplication, alice: User) -> None:
    patches = [one.method for one in sandbox.sandbox.requests].count("PATCH")
    assert restore_ours(by=alice, row=drifted, seals=seals(drifted)) == []
    assert columns(drifted) == []
    there = truth(sandbox, drifted)
    assert (there["application_name"], there["webhook_timeout_secs"], there["tags"]) == ("Front desk", 25, ["ours"])
    assert there["inbound"]["channel_limit"] == 9
    assert [one.method for one in sandbox.sandbox.requests].count("PATCH") == patches + 1


def test_what_changed_since_it_was_shown_is_not_decided(sandbox: Server, drifted: FaxApplication, alice: User) -> None:
    shown = seals(drifted, "webhook_timeout_secs")
    change_at_telnyx(sandbox, drifted, webhook_timeout_secs=4)
    before = truth(sandbox, drifted)
    with pytest.raises(ValidationError, match="Webhook time-out"):
        restore_ours(by=alice, row=drifted, seals=shown)
    with pytest.raises(ValidationError, match="another one by now"):
        keep_theirs(by=alice, row=drifted, seals=shown)
    assert truth(sandbox, drifted) == before
    assert not LogEntry.objects.filter(action="application.keep_theirs").exists()


@pytest.mark.parametrize("wrong", [[], ["forged"], ["forged", "forged"]])
def test_seals_of_nothing_settle_nothing(drifted: FaxApplication, alice: User, wrong: list[str]) -> None:
    with pytest.raises(ValidationError):
        keep_theirs(by=alice, row=drifted, seals=wrong)
    with pytest.raises(ValidationError):
        restore_ours(by=alice, row=drifted, seals=[*seals(drifted, "tags"), *(wrong or ["forged"])])
    assert len(columns(drifted)) == 4


def test_pressing_twice_settles_once(drifted: FaxApplication, alice: User) -> None:
    shown = seals(drifted)
    keep_theirs(by=alice, row=drifted, seals=shown)
    with pytest.raises(ValidationError):
        keep_theirs(by=alice, row=drifted, seals=shown)
    assert LogEntry.objects.filter(action="application.keep_theirs").count() == 1


@pytest.mark.parametrize("name", ["bob", "vera", "charlie"])
def test_only_who_manages_it_settles(drifted: FaxApplication, name: str, request: pytest.FixtureRequest) -> None:
    somebody = request.getfixturevalue(name)
    for settle in (keep_theirs, restore_ours):
        with pytest.raises(PermissionDenied):
            settle(by=somebody, row=drifted, seals=seals(drifted))
    assert len(columns(drifted)) == 4


def test_a_refusal_changes_nothing_here(sandbox: Server, drifted: FaxApplication, alice: User) -> None:
    sandbox.sandbox.faults.add(method="PATCH", path="*", action="status", status=422)
    with pytest.raises(TelnyxError):
        restore_ours(by=alice, row=drifted, seals=seals(drifted))
    assert len(columns(drifted)) == 4


def test_what_telnyx_keeps_in_a_way_of_its_own_is_told(
    settings: Settings, sandbox: Server, drifted: FaxApplication, alice: User
) -> None:
    now = dict(truth(sandbox, drifted))
    del now["fax_email_recipient"]
    with serving(Reply(document={"data": now}), Reply(document={"data": now})) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        [left] = restore_ours(by=alice, row=drifted, seals=seals(drifted, "tags"))
    assert (left.column, left.ours, left.theirs) == ("tags", ["ours"], ["theirs"])


def test_a_number_keeps_where_it_is(moved: PhoneNumber, alice: User) -> None:
    [kept] = keep_theirs(by=alice, row=moved, seals=seals(moved))
    assert kept.label == "Application"
    assert columns(moved) == []
    assert LogEntry.objects.get(action="number.keep_theirs").actor_name == "Alice"


def test_a_number_goes_back_to_where_we_attached_it(
    sandbox: Server, moved: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    assert restore_ours(by=alice, row=moved, seals=seals(moved)) == []
    assert truth(sandbox, moved)["connection_id"] == records.telnyx_id
    assert columns(moved) == []
    assert LogEntry.objects.filter(action="number.attach").count() == 2


def test_a_number_is_taken_off_once_more(sandbox: Server, number: PhoneNumber, team: Team, alice: User) -> None:
    assign_number(by=None, number=number, team=team)
    row = attach_number(by=alice, number=number, application=None)
    change_at_telnyx(sandbox, row, connection_id=number.connection_id)
    refresh_number(number=row)
    assert restore_ours(by=alice, row=row, seals=seals(row)) == []
    assert truth(sandbox, row)["connection_id"] is None


def test_a_number_does_not_go_where_its_manager_has_no_say(
    sandbox: Server, moved: PhoneNumber, records: FaxApplication, other_team: Team, alice: User
) -> None:
    assign_application(by=None, application=records, team=other_team)
    with pytest.raises(ValidationError, match="do not manage"):
        restore_ours(by=alice, row=moved, seals=seals(moved))
    FaxApplication.objects.filter(pk=records.pk).delete()
    with pytest.raises(ValidationError, match="know the application no more"):
        restore_ours(by=alice, row=moved, seals=seals(moved))
    assert truth(sandbox, moved)["connection_id"] == moved.connection_id


def test_a_number_that_moved_on_at_telnyx_is_not_pulled_back(sandbox: Server, moved: PhoneNumber, alice: User) -> None:
    shown = seals(moved)
    change_at_telnyx(sandbox, moved, connection_id=None)
    with pytest.raises(ValidationError, match="elsewhere meanwhile"):
        restore_ours(by=alice, row=moved, seals=shown)
    assert truth(sandbox, moved)["connection_id"] is None
