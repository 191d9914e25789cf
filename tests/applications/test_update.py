"""Changing an application: asked of Telnyx once, seen through where its answer is lost, and logged as it came out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from applications.fields import values_of
from applications.models import FaxApplication
from applications.services import ChangedMeanwhile, assign_application, refresh_application, update_application
from applications.written import written_value
from telnyx_api import BadAnswer, Invalid, TelnyxError
from telnyx_sandbox.server import Server
from tests.applications.telnyx import calls, change_at_telnyx, remove_at_telnyx, truth, while_telnyx_thinks
from tests.contract.recorder import Recorder
from tests.telnyx_api.scripted import Reply, ok, serving
from tests.threads import at_once

CHANGES: dict[str, Any] = {
    "application_name": "Reception",
    "active": False,
    "anchorsite_override": "London, UK",
    "webhook_event_url": "https://fax.example/webhooks/telnyx",
    "webhook_event_failover_url": "https://b.example/hook",
    "webhook_timeout_secs": 0,
    "inbound_channel_limit": 3,
    "inbound_sip_subdomain": "reception",
    "inbound_sip_subdomain_receive_settings": "only_my_connections",
    "outbound_channel_limit": 4,
    "outbound_voice_profile_id": "",
    "tags": ["a", "b, c"],
    "fax_email_recipient": "desk@clinic.example",
}
# Those that have another place in Telnyx's JSON than their names say.
SENT: dict[str, dict[str, Any]] = {
    "inbound_channel_limit": {"inbound": {"channel_limit": 3}},
    "inbound_sip_subdomain": {"inbound": {"sip_subdomain": "reception"}},
    "inbound_sip_subdomain_receive_settings": {"inbound": {"sip_subdomain_receive_settings": "only_my_connections"}},
    "outbound_channel_limit": {"outbound": {"channel_limit": 4}},
    "outbound_voice_profile_id": {"outbound": {"outbound_voice_profile_id": ""}},
}
EMPTY: dict[str, Any] = {
    "webhook_event_failover_url": "",
    "webhook_timeout_secs": None,
    "inbound_channel_limit": None,
    "inbound_sip_subdomain": "",
    "outbound_channel_limit": None,
    "outbound_voice_profile_id": "",
    "tags": [],
    "fax_email_recipient": "",
}


@pytest.mark.parametrize("column", CHANGES)
def test_each_field_is_changed_alone(
    recorder: Recorder, sandbox: Server, front_desk: FaxApplication, alice: User, column: str
) -> None:
    row = update_application(by=alice, application=front_desk, changes={column: CHANGES[column]})
    assert getattr(row, column) == CHANGES[column]
    [patch] = [asked for asked in recorder.asked if asked.method == "PATCH"]
    demanded = {
        "application_name": front_desk.application_name,
        "webhook_event_url": front_desk.webhook_event_url,
    }
    assert patch.document == demanded | SENT.get(column, {column: CHANGES[column]})
    [entry] = LogEntry.objects.filter(action="application.update")
    assert (entry.data["after"], entry.actor_name) == ({column: CHANGES[column]}, "Alice")


def test_all_fields_are_set_and_taken_back(sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    row = update_application(by=alice, application=front_desk, changes=CHANGES)
    assert {column: getattr(row, column) for column in CHANGES} == CHANGES
    assert truth(sandbox, row)["fax_email_recipient"] == "desk@clinic.example"
    row = update_application(by=alice, application=row, changes=EMPTY)
    assert {column: getattr(row, column) for column in EMPTY} == EMPTY
    held = truth(sandbox, row)
    assert (held["fax_email_recipient"], held["tags"], held["webhook_timeout_secs"]) == (None, [], None)
    assert held["inbound"] == {
        "channel_limit": None,
        "sip_subdomain": None,
        "sip_subdomain_receive_settings": "only_my_connections",
    }
    assert held["outbound"] == {"channel_limit": None, "outbound_voice_profile_id": None}


def test_what_was_written_is_kept_beside_the_mirror(sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    row = update_application(by=alice, application=front_desk, changes={"webhook_timeout_secs": 20})
    assert set(row.written) == {"webhook_timeout_secs", "application_name", "webhook_event_url"}
    written = written_value(row, "webhook_timeout_secs")
    assert written and (written.value, written.by) == (20, "Alice")


def test_what_only_travels_along_settles_no_difference(
    sandbox: Server, front_desk: FaxApplication, alice: User
) -> None:
    update_application(by=alice, application=front_desk, changes={"application_name": "Ours"})
    change_at_telnyx(sandbox, front_desk.telnyx_id, application_name="Theirs")
    row = update_application(by=alice, application=front_desk, changes={"webhook_timeout_secs": 20})
    written = written_value(row, "application_name")
    assert row.application_name == truth(sandbox, row)["application_name"] == "Theirs"
    assert written and written.value == "Ours"


def test_ours_needs_no_telnyx(sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    sandbox.sandbox.faults.add(method="GET", path="*", action="reset", times=None)
    changes = {"delete_once_archived": True}
    row = update_application(by=alice, application=front_desk, changes=changes, shown=values_of(front_desk))
    assert row.delete_once_archived
    [entry] = LogEntry.objects.filter(action="application.update")
    assert entry.data == {"before": {"delete_once_archived": False}, "after": {"delete_once_archived": True}}


def test_a_member_changes_nothing(front_desk: FaxApplication, bob: User) -> None:
    with pytest.raises(PermissionDenied):
        update_application(by=bob, application=front_desk, changes={"delete_once_archived": True})


def test_nothing_is_overwritten_that_was_not_shown(sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    shown = values_of(front_desk)
    change_at_telnyx(sandbox, front_desk.telnyx_id, tags=["theirs"], active=False)
    with pytest.raises(ChangedMeanwhile) as refused:
        update_application(by=alice, application=front_desk, changes={"webhook_timeout_secs": 20}, shown=shown)
    assert set(refused.value.columns) == {"tags", "active"}
    assert "Active, Tags" in " ".join(refused.value.messages)
    assert calls(sandbox, "PATCH") == 0
    front_desk.refresh_from_db()
    assert (front_desk.tags, front_desk.webhook_timeout_secs) == (["theirs"], None)


def test_a_refusal_changes_nothing_and_names_its_field(
    sandbox: Server, front_desk: FaxApplication, alice: User
) -> None:
    changes = {"inbound_channel_limit": 0, "fax_email_recipient": "a@b.example", "delete_once_archived": True}
    before = values_of(front_desk)
    with pytest.raises(Invalid) as refused:
        update_application(by=alice, application=front_desk, changes=changes)
    assert [item.pointer for item in refused.value.pointers] == ["/inbound/channel_limit"]
    front_desk.refresh_from_db()
    assert (values_of(front_desk), front_desk.written, front_desk.leased_until) == (before, {}, None)
    assert not LogEntry.objects.filter(action="application.update").exists()


# What happens to the PATCH, and whether Telnyx has carried it out.
LOST: list[tuple[dict[str, Any], bool]] = [
    ({"action": "reset", "after": True}, True),
    ({"action": "reset"}, False),
    ({"action": "hang", "seconds": 0.2, "after": True}, True),
    ({"action": "hang", "seconds": 0.2}, False),
    ({"action": "status", "status": 500, "after": True}, True),
    ({"action": "status", "status": 503}, False),
    ({"action": "status", "status": 408, "after": True}, True),
    ({"action": "garbage", "after": True}, True),
    ({"action": "garbage"}, False),
    ({"action": "truncate", "after": True}, True),
    ({"action": "empty", "after": True}, True),
    ({"action": "redirect"}, False),
]


@pytest.mark.parametrize(("fault", "done"), LOST)
def test_a_lost_answer_is_settled_by_looking(
    sandbox: Server, front_desk: FaxApplication, alice: User, fault: dict[str, Any], done: bool
) -> None:
    sandbox.sandbox.faults.add(method="PATCH", path="*", **fault)
    changes = {"webhook_timeout_secs": 20, "delete_once_archived": True, "fax_email_recipient": "a@b.example"}
    if done:
        row = update_application(by=alice, application=front_desk, changes=changes)
        assert {column: getattr(row, column) for column in changes} == changes
    else:
        with pytest.raises(ValidationError, match="does not show your change"):
            update_application(by=alice, application=front_desk, changes=changes)
    front_desk.refresh_from_db()
    assert calls(sandbox, "PATCH") == 1
    assert (front_desk.webhook_timeout_secs == 20, front_desk.delete_once_archived) == (done, done)
    assert LogEntry.objects.filter(action="application.update").exists() == done
    assert ("webhook_timeout_secs" in front_desk.written, front_desk.leased_until) == (done, None)


def test_a_lost_answer_that_cannot_be_looked_for_changes_nothing_here(
    sandbox: Server, front_desk: FaxApplication, alice: User
) -> None:
    sandbox.sandbox.faults.add(method="PATCH", path="*", action="reset", after=True)
    sandbox.sandbox.faults.add(method="GET", path="*", action="delay", seconds=0)
    sandbox.sandbox.faults.add(method="GET", path="*", action="status", status=500, times=None)
    with pytest.raises(TelnyxError) as lost:
        update_application(by=alice, application=front_desk, changes={"delete_once_archived": True, "active": False})
    assert not lost.value.outcome_known
    front_desk.refresh_from_db()
    assert (front_desk.delete_once_archived, front_desk.active, front_desk.written) == (False, True, {})


def lose_for_good(sandbox: Server) -> None:
    """The next PATCH is carried out, its answer gets lost, and the look after it fails."""
    there = "/v2/fax_applications/*"
    sandbox.sandbox.faults.add(method="PATCH", path=there, action="reset", after=True)
    sandbox.sandbox.faults.add(method="GET", path=there, action="delay", seconds=0)
    sandbox.sandbox.faults.add(method="GET", path=there, action="status", times=None)


@pytest.mark.parametrize("meanwhile", ["nothing", "noted by a colleague"])
def test_what_was_lost_for_good_is_noted_and_logged_when_it_is_asked_for_again(
    sandbox: Server, front_desk: FaxApplication, alice: User, root: User, meanwhile: str
) -> None:
    shown = values_of(front_desk)
    changes: dict[str, Any] = {"webhook_timeout_secs": 20, "tags": ["b", "a"]}
    lose_for_good(sandbox)
    with pytest.raises(TelnyxError):
        update_application(by=alice, application=front_desk, changes=changes, shown=shown)
    assert truth(sandbox, front_desk)["webhook_timeout_secs"] == 20
    sandbox.sandbox.faults.clear()
    logged: dict[str, Any] = {"webhook_timeout_secs": None, "tags": []}
    if meanwhile != "nothing":
        update_application(by=root, application=front_desk, changes={"webhook_timeout_secs": 20})
        del logged["webhook_timeout_secs"]
    row = update_application(by=alice, application=front_desk, changes=changes, shown=shown)
    written = written_value(row, "webhook_timeout_secs")
    assert (row.webhook_timeout_secs, written and written.by) == (20, "Alice")
    entry = LogEntry.objects.get(action="application.update", actor_name="Alice")
    assert (entry.data["before"], entry.data["after"].keys()) == (logged, logged.keys())


def test_what_telnyx_never_shows_is_not_taken_for_done(
    sandbox: Server, front_desk: FaxApplication, alice: User
) -> None:
    sandbox.sandbox.faults.add(method="PATCH", path="*", action="reset", after=True)
    with pytest.raises(TelnyxError):
        update_application(by=alice, application=front_desk, changes={"fax_email_recipient": "a@b.example"})
    front_desk.refresh_from_db()
    assert front_desk.fax_email_recipient == ""


@pytest.mark.parametrize("column", ["application_name", "webhook_event_url"])
def test_what_telnyx_asks_for_is_asked_for_where_it_has_none(
    sandbox: Server, front_desk: FaxApplication, alice: User, column: str
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, **{column: None})
    with pytest.raises(ValidationError) as refused:
        update_application(by=alice, application=front_desk, changes={"active": False})
    assert list(refused.value.message_dict) == [column]


def test_a_name_longer_than_our_column_travels_whole(sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    url = f"https://fax.example/{'x' * 1500}"
    change_at_telnyx(sandbox, front_desk.telnyx_id, webhook_event_url=url)
    update_application(by=alice, application=front_desk, changes={"active": False})
    assert truth(sandbox, front_desk)["webhook_event_url"] == url


def test_what_telnyx_has_no_more_is_marked(sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    remove_at_telnyx(sandbox, front_desk.telnyx_id)
    with pytest.raises(ValidationError, match="no more"):
        update_application(by=alice, application=front_desk, changes={"active": False})
    front_desk.refresh_from_db()
    assert (front_desk.gone_at is not None, front_desk.leased_until) == (True, None)


def test_one_writes_at_a_time(sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    rows = FaxApplication.objects.filter(pk=front_desk.pk)
    rows.update(leased_until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(ValidationError, match="at this moment"):
        update_application(by=alice, application=front_desk, changes={"active": False})
    assert calls(sandbox, "PATCH") == 0
    # Whoever died while writing blocks nobody for long.
    rows.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert update_application(by=alice, application=front_desk, changes={"active": False}).active is False


def test_without_a_key_nothing_is_asked(
    sandbox: Server, settings: Settings, front_desk: FaxApplication, alice: User
) -> None:
    settings.TELNYX_API_KEY = ""
    with pytest.raises(ValueError, match="API key"):
        update_application(by=alice, application=front_desk, changes={"active": False})


def test_an_answer_about_another_application_is_none(
    sandbox: Server, settings: Settings, front_desk: FaxApplication, alice: User
) -> None:
    there = truth(sandbox, front_desk)
    with serving(ok(there | {"id": "77", "application_name": "Stranger"})) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        with pytest.raises(BadAnswer, match="another one"):
            update_application(by=alice, application=front_desk, changes={"active": False})
        assert [asked.method for asked in telnyx.asked] == ["GET"]
    assert not FaxApplication.objects.filter(telnyx_id="77").exists()


def test_an_answer_that_leaves_the_change_out_is_looked_behind(
    sandbox: Server, settings: Settings, front_desk: FaxApplication, alice: User
) -> None:
    there = truth(sandbox, front_desk)
    with serving(ok(there), ok({"id": there["id"]}), ok(there | {"active": False})) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        row = update_application(by=alice, application=front_desk, changes={"active": False})
        assert [asked.method for asked in telnyx.asked] == ["GET", "PATCH", "GET"]
    assert row.active is False


def test_tags_may_come_back_in_another_order(
    sandbox: Server, settings: Settings, front_desk: FaxApplication, alice: User
) -> None:
    there = truth(sandbox, front_desk)
    with serving(ok(there), Reply(status=502), ok(there | {"tags": ["a", "b"]})) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        row = update_application(by=alice, application=front_desk, changes={"tags": ["b", "a"]})
    assert row.tags == ["a", "b"]


def test_tags_in_another_order_are_nobodys_change(sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, tags=["a", "b"])
    refresh_application(application=front_desk)
    front_desk.refresh_from_db()
    shown = values_of(front_desk)
    change_at_telnyx(sandbox, front_desk.telnyx_id, tags=["b", "a"])
    update_application(by=alice, application=front_desk, changes={"webhook_timeout_secs": 20}, shown=shown)
    assert LogEntry.objects.get(action="application.update").data["after"] == {"webhook_timeout_secs": 20}


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_once_overwrite_nothing_of_each_other(
    sandbox: Server, front_desk: FaxApplication, alice: User, root: User
) -> None:
    shown = values_of(front_desk)
    sandbox.sandbox.faults.add(method="PATCH", path="*", action="delay", seconds=0.3, times=None)

    def save(by: User, **changes: Any) -> bool:
        try:
            update_application(by=by, application=front_desk, changes=changes, shown=shown)
        except ValidationError:
            return False
        return True

    done = at_once(lambda: save(alice, application_name="Reception"), lambda: save(root, webhook_timeout_secs=20))
    there = truth(sandbox, front_desk)
    # Whoever was second was told, and has undone nothing.
    assert sorted(done) == [False, True]
    assert (there["application_name"] == "Reception", there["webhook_timeout_secs"] == 20) == tuple(done)
    front_desk.refresh_from_db()
    assert (front_desk.application_name, front_desk.leased_until) == (there["application_name"], None)


def test_who_lost_the_team_meanwhile_saves_nothing(
    sandbox: Server, front_desk: FaxApplication, alice: User, other_team: Team
) -> None:
    stale = FaxApplication.objects.select_related("team").get(pk=front_desk.pk)
    assign_application(by=None, application=front_desk, team=other_team)
    with pytest.raises(PermissionDenied):
        update_application(by=alice, application=stale, changes={"active": False})
    assert calls(sandbox, "PATCH") == 0


@pytest.mark.django_db(transaction=True)
def test_who_loses_the_team_while_telnyx_is_asked_saves_nothing(
    sandbox: Server, front_desk: FaxApplication, alice: User, other_team: Team
) -> None:
    def save() -> None:
        with pytest.raises(PermissionDenied):
            update_application(by=alice, application=front_desk, changes={"active": False})

    def give_away() -> None:
        assign_application(by=None, application=FaxApplication.objects.get(pk=front_desk.pk), team=other_team)

    while_telnyx_thinks(sandbox, "GET", "/v2/fax_applications/*", save, give_away)
    assert (calls(sandbox, "PATCH"), truth(sandbox, front_desk)["active"]) == (0, True)
    # Nor does the lease outlive the refusal.
    front_desk.refresh_from_db()
    assert (front_desk.team, front_desk.leased_until) == (other_team, None)
