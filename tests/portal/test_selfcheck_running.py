"""A self-check is kept on the row, mends what it offered, and is run for all at night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from applications.drift import drift_of
from applications.models import FaxApplication, PhoneNumber
from applications.services import (
    ChangedMeanwhile,
    assign_application,
    attach_number,
    keep_theirs,
    refresh_application,
    update_application,
)
from portal import selfcheck
from portal.selfcheck import Finding, State
from telnyx_api import TelnyxError
from telnyx_sandbox.seeds import PROFILE_ID
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.telnyx import calls, change_at_telnyx, truth
from tests.portal.test_selfcheck_facts import change_profile
from tests.processes import wait_for
from tests.telnyx_api.scripted import Reply, closed_port, serving
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

NOBODYS = {"channel_limit": None, "outbound_voice_profile_id": None}


def checked(application: FaxApplication) -> dict[str, Finding]:
    """The lines that a check leaves on the row, by code."""
    selfcheck.check_application(application=application)
    application.refresh_from_db()
    return {finding.code: finding for finding in selfcheck.findings_of(application)}


def test_a_house_in_order_has_little_to_say(open_door: str, sandbox: Server, front_desk: FaxApplication) -> None:
    before = timezone.now()
    lines = checked(front_desk)
    assert front_desk.checked_at is not None and front_desk.checked_at > before
    troubles = {code: finding.state for code, finding in lines.items() if finding.state is not State.OK}
    assert troubles == {"failover": State.WARN, "accepted": State.UNKNOWN}
    assert selfcheck.worst(front_desk) is State.WARN
    assert lines["reachable"].why.startswith("Our door answered in")


def test_a_house_in_disorder(open_door: str, sandbox: Server, front_desk: FaxApplication, settings: Settings) -> None:
    change_at_telnyx(
        sandbox,
        front_desk.telnyx_id,
        webhook_event_url="https://elsewhere.example/hook",
        webhook_event_failover_url="https://elsewhere.example/hook",
        webhook_timeout_secs=0,
        active=False,
        outbound=NOBODYS,
    )
    settings.TELNYX_PUBLIC_KEY = "none"
    front_desk.refresh_from_db()
    lines = checked(front_desk)
    mends = {finding.mend: finding.value for finding in lines.values() if finding.mend}
    assert mends == {"activate": True, "webhook": open_door, "timeout": 10, "profile": PROFILE_ID}
    assert lines["key"].state is State.BAD and selfcheck.worst(front_desk) is State.BAD
    assert next(iter(selfcheck.findings_of(front_desk))).state is State.BAD


def test_every_mend_mends(
    open_door: str, sandbox: Server, front_desk: FaxApplication, alice: User, settings: Settings
) -> None:
    elsewhere = "https://elsewhere.example/hook"
    wrong = {"webhook_event_url": elsewhere, "webhook_timeout_secs": 0, "active": False, "outbound": NOBODYS}
    change_at_telnyx(sandbox, front_desk.telnyx_id, **wrong)
    offered = [finding for finding in checked(front_desk).values() if finding.mend]
    for finding in offered:
        selfcheck.mend(by=alice, application=front_desk, name=finding.mend, value=str(finding.value))
        after = checked(front_desk)[finding.code]
        assert (after.state, after.mend) == (State.OK, ""), finding
    there = truth(sandbox, front_desk)
    assert (there["webhook_event_url"], there["webhook_timeout_secs"], there["active"]) == (open_door, 10, True)
    assert there["outbound"]["outbound_voice_profile_id"] == PROFILE_ID
    assert calls(sandbox, "PATCH") == len(offered) == 4
    entries = LogEntry.objects.filter(action="application.update", actor_name="Alice")
    assert entries.count() == 4
    assert checked(front_desk)["drift"].state is State.OK


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activate", "False"),
        ("timeout", "11"),
        ("webhook", "https://evil.example/"),
        ("team", "x"),
        ("", ""),
        ("x", ""),
    ],
)
def test_only_what_was_offered_is_done(
    open_door: str, sandbox: Server, front_desk: FaxApplication, alice: User, name: str, value: str
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, webhook_event_url="https://x.example", active=False)
    checked(front_desk)
    with pytest.raises(ValidationError, match="looks otherwise"):
        selfcheck.mend(by=alice, application=front_desk, name=name, value=value)
    assert calls(sandbox, "PATCH") == 0


def test_a_mend_is_done_once(open_door: str, sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, active=False)
    checked(front_desk)
    selfcheck.mend(by=alice, application=front_desk, name="activate", value="True")
    checked(front_desk)
    with pytest.raises(ValidationError, match="looks otherwise"):
        selfcheck.mend(by=alice, application=front_desk, name="activate", value="True")
    assert calls(sandbox, "PATCH") == 1


def test_what_changed_at_telnyx_meanwhile_is_looked_at_again(
    open_door: str, sandbox: Server, front_desk: FaxApplication, alice: User
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, webhook_event_url="https://elsewhere.example/hook")
    checked(front_desk)
    change_at_telnyx(sandbox, front_desk.telnyx_id, webhook_event_url="https://third.example/hook")
    with pytest.raises(ChangedMeanwhile):
        selfcheck.mend(by=alice, application=front_desk, name="webhook", value=open_door)
    assert truth(sandbox, front_desk)["webhook_event_url"] == "https://third.example/hook"


def test_what_somebody_mended_another_way_is_not_overwritten(
    open_door: str, sandbox: Server, front_desk: FaxApplication, alice: User
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, webhook_timeout_secs=1)
    checked(front_desk)
    change_at_telnyx(sandbox, front_desk.telnyx_id, webhook_timeout_secs=25)
    refresh_application(application=front_desk)
    with pytest.raises(ChangedMeanwhile):
        selfcheck.mend(by=alice, application=front_desk, name="timeout", value="10")
    assert truth(sandbox, front_desk)["webhook_timeout_secs"] == 25


def test_an_address_of_ours_that_has_moved_is_not_written(
    open_door: str, sandbox: Server, front_desk: FaxApplication, alice: User, settings: Settings
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, webhook_event_url="https://elsewhere.example/hook")
    checked(front_desk)
    settings.PUBLIC_URL = "https://new.example.com"
    with pytest.raises(ValidationError, match="looks otherwise"):
        selfcheck.mend(by=alice, application=front_desk, name="webhook", value=open_door)


def test_who_does_not_manage_mends_nothing(
    open_door: str, sandbox: Server, front_desk: FaxApplication, bob: User
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, active=False)
    checked(front_desk)
    with pytest.raises(PermissionDenied):
        selfcheck.mend(by=bob, application=front_desk, name="activate", value="True")
    assert not truth(sandbox, front_desk)["active"]


def test_a_mend_that_telnyx_refuses_changes_nothing(
    open_door: str, sandbox: Server, front_desk: FaxApplication, alice: User
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, active=False)
    checked(front_desk)
    sandbox.sandbox.faults.add(method="PATCH", path="/v2/fax_applications/*", action="status", status=422)
    with pytest.raises(TelnyxError):
        selfcheck.mend(by=alice, application=front_desk, name="activate", value="True")
    front_desk.refresh_from_db()
    assert front_desk.active is False and not LogEntry.objects.filter(action="application.update").exists()


def test_strange_words_are_kept_as_they_can_be(open_door: str, sandbox: Server, front_desk: FaxApplication) -> None:
    change_at_telnyx(
        sandbox,
        front_desk.telnyx_id,
        active="perhaps",
        webhook_timeout_secs="soon",
        webhook_event_url="gopher://\ud800\x00" + "x" * 5000,
        outbound=[],
        tags={"a": 1},
    )
    change_profile(sandbox, name="\x00\ud800", enabled="maybe", whitelisted_destinations=["XX", 7, "Atlantis"])
    lines = checked(front_desk)
    assert (lines["active"].state, lines["profile"].state) == ("unknown", "unknown")
    assert len(lines["webhook"].title) < 300


def test_silence_is_a_finding_that_is_kept(open_door: str, front_desk: FaxApplication, settings: Settings) -> None:
    settings.TELNYX_API_BASE = f"http://127.0.0.1:{closed_port()}/v2"
    lines = checked(front_desk)
    assert lines["exists"].state is State.UNKNOWN and lines["webhook"].state is State.OK
    assert lines["reachable"].state is State.OK


def test_who_looked_earlier_does_not_overwrite_who_looked_later(sandbox: Server, front_desk: FaxApplication) -> None:
    """The first sees a profile that is off, and is held up on its way back; the second sees it on."""
    path = "/v2/outbound_voice_profiles/*"
    sandbox.sandbox.faults.add(method="GET", path=path, action="delay", seconds=1, after=True)
    change_profile(sandbox, enabled=False)

    def slow() -> None:
        selfcheck.check_application(application=front_desk)

    def quick() -> None:
        wait_for(lambda: not sandbox.sandbox.faults.as_json(), what="the answer that is held up")
        change_profile(sandbox, enabled=True)
        selfcheck.check_application(application=front_desk)

    at_once(slow, quick)
    front_desk.refresh_from_db()
    states = {finding.code: finding.state for finding in selfcheck.findings_of(front_desk)}
    assert states["profile"] is State.OK


def test_what_was_judged_for_one_team_is_not_kept_for_the_next(
    sandbox: Server, front_desk: FaxApplication, other_team: Team, settings: Settings
) -> None:
    """It is given away while the check knocks on our own door, which takes its time."""
    with serving(Reply(raw=b"", hang=True)) as door:
        settings.PUBLIC_URL = door.url.removesuffix("/v2")

        def give() -> None:
            assert door.has_been_asked(1)
            assign_application(by=None, application=front_desk, team=other_team)
            door.stopping.set()

        at_once(lambda: selfcheck.check_application(application=front_desk), give)
    front_desk.refresh_from_db()
    assert (front_desk.team, front_desk.findings, front_desk.checked_at) == (other_team, [], None)


def test_a_clock_that_was_ahead_does_not_stop_the_checks(team: Team) -> None:
    ahead = timezone.now() + timedelta(days=400)
    application = builders.application(team, checked_at=ahead)
    checked(application)
    assert application.checked_at is not None and application.checked_at < ahead


# At night


def test_every_night_all_are_checked(open_door: str, sandbox: Server, front_desk: FaxApplication) -> None:
    gone = builders.application(gone_at=timezone.now())
    unknown = builders.application(team=front_desk.team)
    assert selfcheck.check_all() == 3
    unknown.refresh_from_db()
    gone.refresh_from_db()
    assert (selfcheck.worst(unknown), gone.checked_at) == (State.BAD, None)
    assert FaxApplication.objects.filter(checked_at=None).get() == gone
    # What is gone by now is not looked at any more.
    assert selfcheck.check_all() == 2


def test_the_trouble_of_one_holds_up_no_other(open_door: str, sandbox: Server, front_desk: FaxApplication) -> None:
    sandbox.sandbox.faults.add(
        method="GET", path=f"/v2/fax_applications/{front_desk.telnyx_id}", action="reset", times=None
    )
    other = FaxApplication.objects.get(application_name="Records")
    assert selfcheck.check_all() == 2
    other.refresh_from_db()
    front_desk.refresh_from_db()
    assert selfcheck.findings_of(front_desk)[0].state in (State.WARN, State.UNKNOWN)
    assert {finding.code: finding.state for finding in selfcheck.findings_of(other)}["exists"] is State.OK


def test_a_night_without_time_leaves_the_rest_for_the_next(
    open_door: str, sandbox: Server, front_desk: FaxApplication
) -> None:
    other = FaxApplication.objects.get(application_name="Records")
    FaxApplication.objects.filter(pk=front_desk.pk).update(checked_at=timezone.now() - timedelta(days=1))
    assert selfcheck.check_all(within=0) == 0
    assert selfcheck.check_all(most=1) == 1
    other.refresh_from_db()
    assert other.checked_at is not None, "What was never checked comes first."


# What needs the manager


def test_complaints_are_those_of_whom_one_manages(
    team: Team, other_team: Team, alice: User, bob: User, charlie: User, root: User
) -> None:
    def kept(*states: str) -> list[dict[str, Any]]:
        return [Finding(f"c{place}", State(state), "t", "w").as_json() for place, state in enumerate(states)]

    mine = builders.application(team, findings=kept("ok", "warn", "unknown", "bad"), checked_at=timezone.now())
    theirs = builders.application(other_team, findings=kept("warn"), checked_at=timezone.now())
    builders.application(team, findings=kept("bad"))
    # Of what is gone nothing would ever get better.
    builders.application(team, findings=kept("bad"), checked_at=timezone.now(), gone_at=timezone.now())
    told = [(one.application, one.finding.state) for one in selfcheck.complaints(alice)]
    assert told == [(mine, "bad"), (mine, "warn")]
    assert selfcheck.complaints(bob) == []
    assert [one.application for one in selfcheck.complaints(charlie)] == [theirs]
    assert len(selfcheck.complaints(root)) == 3


def test_what_was_changed_since_is_checked_anew_and_complains_no_more_meanwhile(
    open_door: str, sandbox: Server, front_desk: FaxApplication, alice: User, logged_in: Callable[[User], Client]
) -> None:
    alices = logged_in(alice)
    change_at_telnyx(sandbox, front_desk.telnyx_id, active=False)
    checked(front_desk)
    page = f"/applications/{front_desk.pk}/"
    assert "is switched off" in [one.finding.title for one in selfcheck.complaints(alice)][0]
    assert "check/?now" not in alices.get(page).content.decode()
    update_application(by=alice, application=front_desk, changes={"active": True})
    assert selfcheck.complaints(alice) == []
    assert "check/?now" in alices.get(page).content.decode()
    alices.get(f"{page}check/?now", headers={"hx-request": "true"})
    assert "is switched off" not in alices.get(page).content.decode()


def test_a_check_that_looked_before_a_change_does_not_stand(
    sandbox: Server, front_desk: FaxApplication, alice: User, settings: Settings
) -> None:
    checked(front_desk)
    with serving(Reply(raw=b"", hang=True)) as door:
        settings.PUBLIC_URL = f"http://127.0.0.1:{door.server_port}"

        def change_while_it_knocks() -> None:
            assert door.has_been_asked(1)
            update_application(by=alice, application=front_desk, changes={"active": False})
            door.stopping.set()

        at_once(lambda: selfcheck.check_application(application=front_desk), change_while_it_knocks)
    front_desk.refresh_from_db()
    assert front_desk.checked_at is None
    assert checked(front_desk)["active"].state is State.BAD


def test_both_sides_of_a_number_that_moves_are_checked_anew(
    open_door: str, sandbox: Server, front_desk: FaxApplication, root: User
) -> None:
    records = FaxApplication.objects.get(application_name="Records")
    FaxApplication.objects.update(checked_at=timezone.now())
    number = PhoneNumber.objects.attached_to(front_desk).earliest("phone_number")
    attach_number(by=root, number=number, application=records)
    assert not FaxApplication.objects.exclude(checked_at=None).exists()


def test_theirs_that_is_kept_is_checked_anew(
    open_door: str, sandbox: Server, front_desk: FaxApplication, alice: User
) -> None:
    update_application(by=alice, application=front_desk, changes={"tags": ["ours"]})
    change_at_telnyx(sandbox, front_desk.telnyx_id, tags=["theirs"])
    assert checked(front_desk)["drift"].state is State.WARN
    keep_theirs(by=alice, row=front_desk, seals=[one.seal for one in drift_of(front_desk)])
    front_desk.refresh_from_db()
    assert front_desk.checked_at is None


def test_what_nobody_can_read_was_not_checked(team: Team) -> None:
    unreadable: list[Any] = [{}, "x", [1, {"state": "splendid"}], None]
    for kept in unreadable:
        assert selfcheck.findings_of(FaxApplication(findings=kept)) == []
        assert selfcheck.worst(FaxApplication(findings=kept)) is None
