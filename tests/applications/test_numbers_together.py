"""Several people at one number at the same moment, while the sync goes on: everybody keeps what they wrote."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import LogEntry, Membership, Role, Team, User
from applications.mirror import apply_number
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_number, attach_number, change_receiving, give_number, keep_theirs
from applications.written import note_written
from telnyx_api import PhoneNumber as NumberPayload
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.test_drift_settling import columns, seals
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def attach(*, by: User, number: PhoneNumber, application: FaxApplication) -> None:
    attach_number(by=by, number=number, application=application)


def told(number: PhoneNumber, **said: Any) -> None:
    """Telnyx's word about the number, as a sync brings it."""
    assert apply_number(NumberPayload({"id": number.telnyx_id, **said}))


def test_people_and_a_sync_change_different_things_and_lose_nothing(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, team: Team, alice: User, bob: User
) -> None:
    Membership.objects.filter(user=bob).update(role=Role.MANAGER)
    done = threading.Event()

    def sync() -> None:
        while not done.is_set():
            told(number, status="active")

    def people() -> None:
        try:
            at_once(
                lambda: change_receiving(by=alice, number=number, changes={"label": "Lab"}),
                lambda: change_receiving(by=bob, number=number, changes={"default_assignee": bob}),
                lambda: change_receiving(by=bob, number=number, changes={"notify": [alice]}),
                lambda: assign_number(by=alice, number=number, team=team),
                lambda: attach(by=alice, number=number, application=records),
            )
        finally:
            done.set()

    at_once(sync, people)
    row = PhoneNumber.objects.get(pk=number.pk)
    assert (row.label, row.default_assignee, list(row.notify.all()), row.team) == ("Lab", bob, [alice], team)
    assert (row.connection_id, row.status) == (records.telnyx_id, "active")
    assert row.written["connection_id"]["value"] == records.telnyx_id
    assert LogEntry.objects.filter(action="number.set_receiving").count() == 3


def test_two_who_attach_it_elsewhere_on_the_same_page_are_told_apart(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, front_desk: FaxApplication, alice: User
) -> None:
    """Whoever comes second has seen something that is no more. Together or one after the other, Telnyx, the mirror and
    what we remember agree in the end."""
    seen = number.connection_id

    def attach(application: FaxApplication) -> str:
        try:
            return attach_number(by=alice, number=number, application=application, seen=seen).connection_id
        except ValidationError:
            return "told"

    at_once(lambda: attach(records), lambda: attach(records))
    assert attach(front_desk) == "told"
    row = PhoneNumber.objects.get(pk=number.pk)
    there = sandbox.sandbox.world.store.object("phone_number", str(number.telnyx_id))
    assert there is not None
    assert row.connection_id == there["connection_id"] == records.telnyx_id
    assert columns(row) == []


def test_two_who_keep_theirs_settle_it_once(team: Team, alice: User, bob: User) -> None:
    Membership.objects.filter(user=bob).update(role=Role.MANAGER)
    number = builders.number(team)
    told(number, connection_id="77")
    note_written(number, {"connection_id": "11"}, alice)
    shown = seals(number)

    def keep(by: User) -> bool:
        try:
            return bool(keep_theirs(by=by, row=number, seals=shown))
        except ValidationError:
            return False

    assert sorted(at_once(lambda: keep(alice), lambda: keep(bob))) == [False, True]
    assert columns(number) == []
    assert LogEntry.objects.filter(action="number.keep_theirs").count() == 1


def test_what_is_written_meanwhile_is_not_overwritten(team: Team, alice: User) -> None:
    application = builders.application(team)
    fields = ["application_name", "active", "webhook_timeout_secs", "tags"]
    rows = [FaxApplication.objects.get(pk=application.pk) for _ in fields]

    def note(row: FaxApplication, field: str) -> None:
        note_written(row, {field: None}, alice)

    at_once(*(partial(note, row, field) for row, field in zip(rows, fields, strict=True)))
    assert set(FaxApplication.objects.get().written) == set(fields)


def test_two_who_give_it_away_on_the_same_page_are_told_apart(
    team: Team, other_team: Team, alice: User, root: User
) -> None:
    third = Team.objects.create(name="Billing", slug="billing")
    number = builders.number(team)

    def give(heir: Team) -> bool:
        try:
            give_number(by=root, number=PhoneNumber.objects.get(pk=number.pk), team=heir, seen=str(team.pk))
        except ValidationError:
            return False
        return True

    assert sorted(at_once(lambda: give(other_team), lambda: give(third))) == [False, True]
    moves = LogEntry.objects.filter(action="number.assign")
    assert {entry.data["before"] for entry in moves} == {"Front desk"} and moves.count() == 2
    # It is not alice's to give any more.
    with pytest.raises(PermissionDenied):
        give_number(by=alice, number=number, team=team, seen=str(PhoneNumber.objects.get().team_id))
