"""A number goes to another application: asked of Telnyx once, seen through where its answer is lost, and logged."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Membership, Role, Team, User
from applications.drift import drift_of
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application, assign_number, attach_number
from applications.written import written_value
from sync.services import sync_recent
from telnyx_api import RateLimited, TelnyxError
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.telnyx import while_telnyx_thinks
from tests.contract.operations import mistakes
from tests.contract.recorder import Recorder
from tests.telnyx_api.scripted import Reply, serving


def truth(sandbox: Server, number: PhoneNumber) -> dict[str, Any]:
    found = sandbox.sandbox.world.store.object("phone_number", str(number.telnyx_id))
    assert found is not None
    return found


def change_at_telnyx(sandbox: Server, number: PhoneNumber, **fields: Any) -> None:
    store = sandbox.sandbox.world.store
    store.put_object("phone_number", str(number.telnyx_id), truth(sandbox, number) | fields)


def spoil(sandbox: Server, method: str, number: PhoneNumber, **fault: Any) -> None:
    sandbox.sandbox.faults.add(method=method, path=f"/v2/phone_numbers/{number.telnyx_id}", **fault)


def patches(sandbox: Server) -> int:
    return sum(logged.method == "PATCH" for logged in sandbox.sandbox.requests)


def test_a_number_is_attached_to_another_application(
    recorder: Recorder, sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    row = attach_number(by=alice, number=number, application=records, seen=number.connection_id)
    assert row.connection_id == truth(sandbox, number)["connection_id"] == records.telnyx_id
    assert row == PhoneNumber.objects.get(connection_id=records.telnyx_id, pk=number.pk)
    [patch] = [asked for asked in recorder.asked if asked.method == "PATCH"]
    assert patch.document == {"connection_id": records.telnyx_id}
    assert [mistake for asked in recorder.asked for mistake in mistakes(asked)] == []
    written = written_value(row, "connection_id")
    assert written is not None
    assert (written.value, written.by) == (records.telnyx_id, "Alice")
    entry = LogEntry.objects.get(action="number.attach")
    assert (entry.actor_name, entry.data) == ("Alice", {"before": "Front desk", "after": "Records"})


def test_a_number_is_taken_off(
    recorder: Recorder, sandbox: Server, number: PhoneNumber, team: Team, alice: User
) -> None:
    assign_number(by=None, number=number, team=team)
    row = attach_number(by=alice, number=number, application=None)
    assert (row.connection_id, truth(sandbox, number)["connection_id"]) == ("", None)
    [patch] = [asked for asked in recorder.asked if asked.method == "PATCH"]
    assert patch.document == {"connection_id": ""}
    assert list(mistakes(patch)) == []
    assert LogEntry.objects.get(action="number.attach").data == {"before": "Front desk", "after": ""}


def test_both_teams_have_a_move_between_them_in_their_logs(
    number: PhoneNumber, records: FaxApplication, other_team: Team, alice: User
) -> None:
    assign_application(by=None, application=records, team=other_team)
    Membership.objects.create(user=alice, team=other_team, role=Role.MANAGER)
    row = attach_number(by=alice, number=number, application=records)
    assert row.owner == other_team
    chains = LogEntry.objects.filter(action="number.attach").values_list("chain", flat=True)
    assert {*chains} == {str(other_team.pk), str(Team.objects.get(slug="front-desk").pk)}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, None])
def test_only_who_manages_both_teams_moves_it_between_them(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, other_team: Team, alice: User, role: Role | None
) -> None:
    assign_application(by=None, application=records, team=other_team)
    if role:
        Membership.objects.create(user=alice, team=other_team, role=role)
    with pytest.raises(PermissionDenied):
        attach_number(by=alice, number=number, application=records)
    assert patches(sandbox) == 0


@pytest.mark.parametrize("name", ["bob", "vera", "charlie"])
def test_nobody_else_moves_it(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, name: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(PermissionDenied):
        attach_number(by=request.getfixturevalue(name), number=number, application=records)
    assert patches(sandbox) == 0


def test_a_manager_does_not_leave_a_number_to_nobody(sandbox: Server, number: PhoneNumber, alice: User) -> None:
    with pytest.raises(ValidationError, match="team of its own first"):
        attach_number(by=alice, number=number, application=None)
    assert patches(sandbox) == 0


def test_an_administrator_may(number: PhoneNumber, root: User) -> None:
    row = attach_number(by=root, number=number, application=None)
    assert (row.connection_id, row.owner) == ("", None)


def test_who_decided_on_an_old_page_is_told(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    with pytest.raises(ValidationError, match="elsewhere meanwhile"):
        attach_number(by=alice, number=number, application=records, seen="")
    assert patches(sandbox) == 0


def test_what_is_gone_cannot_be_attached(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    FaxApplication.objects.filter(pk=records.pk).update(gone_at=timezone.now())
    records.refresh_from_db()
    with pytest.raises(ValidationError, match="“Records” no more"):
        attach_number(by=alice, number=number, application=records)
    PhoneNumber.objects.filter(pk=number.pk).update(gone_at=timezone.now())
    with pytest.raises(ValidationError, match="this number no more"):
        attach_number(by=alice, number=number, application=records)
    assert patches(sandbox) == 0


def test_a_number_that_telnyx_does_not_know_is_marked_gone(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    sandbox.sandbox.world.store.remove_object("phone_number", str(number.telnyx_id))
    with pytest.raises(ValidationError, match="this number no more"):
        attach_number(by=alice, number=number, application=records)
    assert PhoneNumber.objects.get(pk=number.pk).gone_at is not None
    assert not LogEntry.objects.filter(action="number.attach").exists()


def test_a_404_for_the_application_is_not_one_for_the_number(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    spoil(sandbox, "PATCH", number, action="status", status=404)
    with pytest.raises(ValidationError, match="does not know this application"):
        attach_number(by=alice, number=number, application=records)
    assert PhoneNumber.objects.get(pk=number.pk).gone_at is None


def test_telnyx_refuses_in_its_own_words(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    sandbox.sandbox.world.store.remove_object("fax_application", str(records.telnyx_id))
    with pytest.raises(TelnyxError, match="not the id of a fax application"):
        attach_number(by=alice, number=number, application=records)
    after = PhoneNumber.objects.get(pk=number.pk)
    assert (after.connection_id, after.written) == (number.connection_id, {})


@pytest.mark.parametrize("action", ["reset", "garbage", "truncate", "empty", "half", "redirect", "status"])
def test_a_lost_answer_is_settled_by_looking(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User, action: str
) -> None:
    spoil(sandbox, "PATCH", number, action=action, after=True, status=502)
    row = attach_number(by=alice, number=number, application=records)
    assert row.connection_id == records.telnyx_id
    assert patches(sandbox) == 1
    assert LogEntry.objects.filter(action="number.attach").count() == 1


@pytest.mark.parametrize("action", ["reset", "garbage", "status"])
def test_a_change_that_did_not_arrive_changes_nothing_here(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User, action: str
) -> None:
    spoil(sandbox, "PATCH", number, action=action, status=503)
    with pytest.raises(ValidationError, match="does not show the change"):
        attach_number(by=alice, number=number, application=records)
    assert patches(sandbox) == 1
    after = PhoneNumber.objects.get(pk=number.pk)
    assert (after.connection_id, after.written) == (number.connection_id, {})
    assert not LogEntry.objects.filter(action="number.attach").exists()


def test_an_answer_that_is_lost_for_good_is_told_as_such(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    spoil(sandbox, "PATCH", number, action="reset", after=True)
    spoil(sandbox, "GET", number, action="delay", seconds=0)
    spoil(sandbox, "GET", number, action="redirect", times=None)
    with pytest.raises(TelnyxError) as lost:
        attach_number(by=alice, number=number, application=records)
    assert not lost.value.outcome_known
    after = PhoneNumber.objects.get(pk=number.pk)
    assert (after.connection_id, after.written) == (number.connection_id, {})


def test_too_many_requests_are_told(sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User) -> None:
    spoil(sandbox, "PATCH", number, action="status", status=429)
    with pytest.raises(RateLimited):
        attach_number(by=alice, number=number, application=records)
    assert patches(sandbox) == 1


def test_without_a_key_nothing_is_asked(
    settings: Settings, sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    settings.TELNYX_API_KEY = ""
    with pytest.raises(ValueError, match="API key"):
        attach_number(by=alice, number=number, application=records)
    assert patches(sandbox) == 0


def test_who_was_faster_in_telnyx_own_portal_is_not_overruled(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    change_at_telnyx(sandbox, number, connection_id=None)
    with pytest.raises(ValidationError, match="elsewhere meanwhile"):
        attach_number(by=alice, number=number, application=records, seen=number.connection_id)
    assert (patches(sandbox), PhoneNumber.objects.get(pk=number.pk).connection_id) == (0, "")


def test_what_is_another_teams_at_telnyx_by_now_is_not_pulled_away(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, other_team: Team, alice: User
) -> None:
    theirs = builders.application(other_team)
    change_at_telnyx(sandbox, number, connection_id=theirs.telnyx_id)
    with pytest.raises(PermissionDenied):
        attach_number(by=alice, number=number, application=records)
    assert (patches(sandbox), PhoneNumber.objects.get(pk=number.pk).owner) == (0, other_team)


def test_the_log_does_not_name_an_application_of_another_team(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, team: Team, other_team: Team, alice: User
) -> None:
    """The number has a team of its own, so that alice, who cannot see where it is, may attach it elsewhere."""
    assign_number(by=None, number=number, team=team)
    theirs = builders.application(other_team, application_name="Secret line")
    change_at_telnyx(sandbox, number, connection_id=theirs.telnyx_id)
    attach_number(by=alice, number=number, application=records)
    data = LogEntry.objects.get(action="number.attach").data
    assert data == {"before": theirs.telnyx_id, "after": "Records"}


def test_a_form_that_does_not_say_what_was_seen_has_seen_nothing(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, other_team: Team, alices: Client
) -> None:
    page = alices.post(f"/applications/numbers/{number.pk}/attach/", {"to": str(records.pk)})
    assert "elsewhere meanwhile" in page.content.decode() and patches(sandbox) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lost", ["number", "application"])
def test_who_loses_either_side_while_telnyx_is_asked_moves_nothing(
    sandbox: Server,
    number: PhoneNumber,
    records: FaxApplication,
    team: Team,
    other_team: Team,
    alice: User,
    lost: str,
) -> None:
    assign_number(by=None, number=number, team=team)

    def move() -> None:
        with pytest.raises(PermissionDenied):
            attach_number(by=alice, number=number, application=records, seen=number.connection_id)

    def give_away() -> None:
        if lost == "number":
            assign_number(by=None, number=PhoneNumber.objects.get(pk=number.pk), team=other_team)
        else:
            assign_application(by=None, application=FaxApplication.objects.get(pk=records.pk), team=other_team)

    while_telnyx_thinks(sandbox, "GET", f"/v2/phone_numbers/{number.telnyx_id}", move, give_away)
    assert patches(sandbox) == 0


@pytest.mark.django_db(transaction=True)
def test_a_team_of_its_own_that_is_taken_from_it_meanwhile_is_missed(
    sandbox: Server, number: PhoneNumber, team: Team, alice: User
) -> None:
    assign_number(by=None, number=number, team=team)

    def take_off() -> None:
        with pytest.raises(ValidationError, match="team of its own first"):
            attach_number(by=alice, number=number, application=None, seen=number.connection_id)

    def take_its_team() -> None:
        assign_number(by=None, number=PhoneNumber.objects.get(pk=number.pk), team=None)

    while_telnyx_thinks(sandbox, "GET", f"/v2/phone_numbers/{number.telnyx_id}", take_off, take_its_team)
    assert patches(sandbox) == 0


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"connection_id": "77"}, "77"),
        ({"connection_id": 77, "status": "haunted", "ghosts": [1]}, "77"),
        ({"connection_id": None}, ""),
        ({"connection_id": {"id": "77"}}, "{'id': '77'}"),
    ],
)
def test_the_answer_is_believed_whatever_was_asked(
    settings: Settings, number: PhoneNumber, records: FaxApplication, team: Team, alice: User, answer: Any, shown: str
) -> None:
    assign_number(by=None, number=number, team=team)
    now = {"id": number.telnyx_id, "connection_id": number.connection_id}
    with serving(Reply(document={"data": now}), Reply(document={"data": now | answer})) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        row = attach_number(by=alice, number=number, application=records)
    assert row.connection_id == shown
    assert [one.ours for one in drift_of(row)] == [records.telnyx_id]
    assert LogEntry.objects.get(action="number.attach").data["shown"] == shown


@pytest.mark.parametrize("answer", [{}, {"id": "of another number", "connection_id": "77"}, {"id": None}])
def test_an_answer_that_tells_nothing_has_the_number_looked_at(
    settings: Settings, number: PhoneNumber, records: FaxApplication, alice: User, answer: Any
) -> None:
    now = {"id": number.telnyx_id, "connection_id": number.connection_id}
    then = now | {"connection_id": records.telnyx_id}
    with serving(*(Reply(document={"data": said}) for said in (now, answer, then))) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        row = attach_number(by=alice, number=number, application=records)
        assert [asked.method for asked in telnyx.asked] == ["GET", "PATCH", "GET"]
    assert row.connection_id == records.telnyx_id
    assert PhoneNumber.objects.filter(telnyx_id="of another number").count() == 0


def test_our_columns_stay_what_they_are(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, team: Team, alice: User, bob: User
) -> None:
    """Whoever holds an old row in their hands saves none of it."""
    stale = PhoneNumber.objects.get(pk=number.pk)
    PhoneNumber.objects.filter(pk=number.pk).update(label="Front desk", default_assignee=bob, team=team)
    row = attach_number(by=alice, number=stale, application=records)
    assert (row.label, row.default_assignee, row.team) == ("Front desk", bob, team)


@pytest.mark.django_db(transaction=True)
def test_a_list_that_is_read_meanwhile_does_not_take_it_back(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, alice: User
) -> None:
    """Telnyx need not say when a number was changed: then only we know that its list is the older word."""
    change_at_telnyx(sandbox, number, updated_at=None)

    def attach() -> None:
        attach_number(by=alice, number=number, application=records)

    while_telnyx_thinks(sandbox, "GET", "/v2/phone_numbers", sync_recent, attach, after=True)
    row = PhoneNumber.objects.get(pk=number.pk)
    assert (row.connection_id, drift_of(row)) == (records.telnyx_id, [])
    change_at_telnyx(sandbox, number, connection_id="", updated_at=None)
    assert not sync_recent().error
    assert len(drift_of(PhoneNumber.objects.get(pk=number.pk))) == 1


@pytest.mark.django_db(transaction=True)
def test_who_attaches_it_while_telnyx_is_asked_is_not_overruled(
    sandbox: Server,
    number: PhoneNumber,
    front_desk: FaxApplication,
    records: FaxApplication,
    team: Team,
    alice: User,
) -> None:
    change_at_telnyx(sandbox, number, updated_at=None)
    third = builders.application(team)
    seen = number.connection_id

    def late() -> None:
        with pytest.raises(ValidationError, match="elsewhere meanwhile"):
            attach_number(by=alice, number=number, application=third, seen=seen)

    def quick() -> None:
        attach_number(by=alice, number=number, application=records, seen=seen)

    while_telnyx_thinks(sandbox, "GET", f"/v2/phone_numbers/{number.telnyx_id}", late, quick, after=True)
    assert patches(sandbox) == 1
    assert PhoneNumber.objects.get(pk=number.pk).connection_id == records.telnyx_id
