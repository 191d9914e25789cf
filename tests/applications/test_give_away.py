"""An application goes to another team after a question that says all that goes with it, and never otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import LogEntry, Membership, Role, Team, User
from applications.models import FaxApplication, PhoneNumber
from applications.services import (
    assign_number,
    change_receiving,
    give_application,
    give_number,
    seen_of,
    update_application,
)
from telnyx_sandbox.server import Server
from tests import builders
from tests.processes import wait_for
from tests.threads import at_once, somebody_waits

pytestmark = pytest.mark.django_db

SECOND = "+13125790016"


def address(application: FaxApplication) -> str:
    return f"/applications/{application.pk}/team/"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def desk(team: Team) -> FaxApplication:
    """With a number that follows it, and another that has a team of its own."""
    application = builders.application(team, application_name="Desk line")
    builders.number(None, connection_id=str(application.telnyx_id))
    builders.number(team, SECOND, connection_id=str(application.telnyx_id))
    return application


def following() -> PhoneNumber:
    return PhoneNumber.objects.get(phone_number=builders.OURS)


def seen(client: Client, application: FaxApplication, heir: Team | None) -> str:
    """What the question's page would have sent back."""
    page = client.get(address(application), {"to": str(heir.pk) if heir else ""})
    return str(page.context["question"].seen)


def test_the_question_says_what_goes_and_what_stays_and_changes_nothing(
    roots: Client, desk: FaxApplication, team: Team, other_team: Team, bob: User, vera: User, charlie: User
) -> None:
    Team.objects.filter(pk=team.pk).update(default_number=builders.OURS)
    change_receiving(by=None, number=following(), changes={"default_assignee": bob, "notify": [vera]})
    LogEntry.objects.all()._raw_delete("default")
    page = roots.get(address(desk), {"to": str(other_team.pk)})
    assert page.context["question"].title == "Give Desk line to Records?"
    assert page.context["question"].sentences == [
        "Faxes through it come in for Records, unless their number has a team of its own. So far they come in for "
        "Front desk.",
        "1 number has no team of its own, and goes with it: +1 312 579 0015.",
        "1 number has a team of its own, and stays there: +1 312 579 0016 (Front desk).",
        "Every fax that is here, or on its way, stays with Front desk.",
        "At Telnyx nothing changes: its webhook URL and all its other fields stay as they are.",
        "1 person of Records sees its faxes. Managed by Charlie.",
        "2 people of Front desk see no new ones any more.",
        "Bob looks after faxes to +1 312 579 0015, and cannot any more: new ones are for whoever comes first.",
        "Of new faxes to +1 312 579 0015, not told any more: Vera.",
        "New faxes of Front desk begin with +1 312 579 0015, and will begin with another of its numbers.",
    ]
    desk.refresh_from_db()
    assert (desk.team, following().owner, LogEntry.objects.count()) == (team, team, 0)


def test_it_goes_with_its_numbers_once_that_is_confirmed(
    roots: Client, root: User, desk: FaxApplication, team: Team, other_team: Team
) -> None:
    fax = builders.inbound(team, connection_id=desk.telnyx_id)
    data = {"to": str(other_team.pk), "seen": seen(roots, desk, other_team)}
    response = roots.post(address(desk), data, follow=True)
    assert response.redirect_chain == [(f"/applications/{desk.pk}/", 302)]
    assert "Desk line belongs to Records now." in text(response)
    owners = {str(number): number.owner for number in PhoneNumber.objects.all()}
    assert owners == {builders.OURS: other_team, SECOND: team}
    fax.refresh_from_db()
    assert fax.team == team
    entries = LogEntry.objects.filter(action="application.assign", actor_id=str(root.pk))
    assert {entry.chain for entry in entries} == {str(team.pk), str(other_team.pk)}
    assert {(entry.data["before"], entry.data["after"]) for entry in entries} == {("Front desk", "Records")}


def test_what_was_found_by_the_faxes_of_the_team_before_does_not_go_with_it(
    roots: Client, desk: FaxApplication, other_team: Team, charlie: User, logged_in: Callable[[User], Client]
) -> None:
    found = {"code": "destinations", "state": "warn", "title": "We send to Kiribati", "why": "They may not be called."}
    FaxApplication.objects.filter(pk=desk.pk).update(findings=[found], checked_at=timezone.now())
    assert "Kiribati" in text(roots.get(f"/applications/{desk.pk}/"))
    roots.post(address(desk), {"to": str(other_team.pk), "seen": seen(roots, desk, other_team)})
    page = logged_in(charlie).get(f"/applications/{desk.pk}/")
    assert page.status_code == 200 and "Kiribati" not in text(page)
    assert "not checked yet" in text(page)


def test_it_is_left_without_a_team_and_given_to_one(roots: Client, desk: FaxApplication, team: Team) -> None:
    page = roots.get(address(desk), {"to": ""})
    assert page.context["question"].title == "Leave Desk line without a team?"
    assert page.context["question"].button == "Leave it without a team"
    assert "Only administrators see its faxes." in page.context["question"].sentences
    assert "belongs to no team now" in text(
        roots.post(address(desk), {"to": "", "seen": page.context["question"].seen}, follow=True)
    )
    question = roots.get(address(desk), {"to": str(team.pk)}).context["question"]
    assert (
        question.sentences[0] == "Faxes through it come in for Front desk, unless their number has a team of its own."
    )
    assert "Every fax that is here, or on its way, stays without a team." in question.sentences
    assert "is so already" in text(roots.post(address(desk), {"to": ""}, follow=True))


def test_long_lists_are_told_by_their_count(roots: Client, team: Team, other_team: Team) -> None:
    desk = builders.application(team)
    for last in range(30, 50):
        builders.number(None, f"+131257900{last}", connection_id=str(desk.telnyx_id))
    page = text(roots.get(address(desk), {"to": str(other_team.pk)}))
    assert "20 numbers have no team of their own, and go with it:" in page and "and 12 more." in page
    assert "No people of Records see its faxes. Nobody but administrators manages it." in page


def move_it(desk: FaxApplication, other_team: Team) -> None:
    FaxApplication.objects.filter(pk=desk.pk).update(team=other_team)


def add_a_number(desk: FaxApplication, other_team: Team) -> None:
    builders.number(None, "+13125790017", connection_id=str(desk.telnyx_id))


def give_the_number(desk: FaxApplication, other_team: Team) -> None:
    assign_number(by=None, number=following(), team=other_team)


@pytest.mark.parametrize("change", [move_it, add_a_number, give_the_number])
def test_an_old_page_moves_nothing_and_asks_anew(
    roots: Client, desk: FaxApplication, team: Team, other_team: Team, change: Callable[..., None]
) -> None:
    third = Team.objects.create(name="Billing", slug="billing")
    data = {"to": str(third.pk), "seen": seen(roots, desk, third)}
    change(desk, other_team)
    page = roots.post(address(desk), data)
    assert "Look at it again, then decide." in text(page)
    assert FaxApplication.objects.get(pk=desk.pk).team != third
    data["seen"] = page.context["question"].seen
    assert roots.post(address(desk), data).status_code == 302
    assert FaxApplication.objects.get(pk=desk.pk).team == third


def test_without_its_question_nothing_is_given(
    roots: Client, desk: FaxApplication, team: Team, other_team: Team
) -> None:
    assert "Look at it again" in text(roots.post(address(desk), {"to": str(other_team.pk)}))
    desk.refresh_from_db()
    assert desk.team == team


@pytest.mark.parametrize("wanted", ["no-uuid", "\x00", "00000000-0000-0000-0000-000000000000"])
def test_only_teams_that_exist_are_taken(roots: Client, desk: FaxApplication, wanted: str) -> None:
    response = roots.post(address(desk), {"to": wanted}, follow=True)
    assert "notice-error" in text(response)
    assert FaxApplication.objects.get(pk=desk.pk).team == desk.team


def test_only_administrators_are_offered_and_do_it(
    alices: Client, roots: Client, alice: User, desk: FaxApplication, other_team: Team
) -> None:
    Membership.objects.create(user=alice, team=other_team, role=Role.MANAGER)
    assert 'id="give-to"' not in text(alices.get(desk.get_absolute_url()))
    assert "Records</option>" in text(roots.get(desk.get_absolute_url()))
    with pytest.raises(PermissionDenied):
        give_application(by=alice, application=desk, team=other_team, seen=seen_of(desk))


def test_a_number_that_moves_says_who_and_which_defaults_are_left_behind(
    roots: Client, desk: FaxApplication, bob: User, other_team: Team
) -> None:
    change_receiving(by=None, number=following(), changes={"default_assignee": bob, "notify": [bob]})
    page = text(roots.get(f"/applications/numbers/{following().pk}/team/?to={other_team.pk}"))
    assert "No people of Records see its faxes." in page
    assert "Bob looks after faxes to +1 312 579 0015, and cannot any more" in page and "not told any more: Bob" in page


def says(act: Callable[[], object]) -> bool:
    """Was it done, or refused?"""
    try:
        act()
    except (ValidationError, PermissionDenied):
        return False
    return True


@pytest.mark.django_db(transaction=True)
def test_two_who_give_it_away_on_the_same_page_are_told_apart(
    desk: FaxApplication, root: User, other_team: Team
) -> None:
    third, shown = Team.objects.create(name="Billing", slug="billing"), seen_of(desk)

    def give(heir: Team) -> None:
        give_application(by=root, application=FaxApplication.objects.get(pk=desk.pk), team=heir, seen=shown)

    assert sorted(at_once(*(partial(says, partial(give, heir)) for heir in (other_team, third)))) == [False, True]
    entries = LogEntry.objects.filter(action="application.assign")
    assert {entry.data["before"] for entry in entries} == {"Front desk"} and entries.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round", range(5))
def test_no_number_slips_along_that_the_question_did_not_name(
    desk: FaxApplication, root: User, alice: User, team: Team, other_team: Team, round: int
) -> None:
    """Alice leaves a number to its application at the moment in which that goes to a team that is not hers: whoever is
    second is refused."""
    shown, number = seen_of(desk), PhoneNumber.objects.get(phone_number=SECOND)
    done = at_once(
        partial(says, partial(give_application, by=root, application=desk, team=other_team, seen=shown)),
        partial(says, partial(give_number, by=alice, number=number, team=None, seen=str(team.pk))),
    )
    assert sorted(done) == [False, True]
    assert PhoneNumber.objects.get(pk=number.pk).owner == team


@pytest.mark.django_db(transaction=True)
def test_an_edit_at_the_same_time_does_not_bring_it_back(
    desk: FaxApplication, root: User, alice: User, other_team: Team
) -> None:
    shown = seen_of(desk)

    def save() -> None:
        update_application(by=alice, application=desk, changes={"delete_once_archived": True})

    done = at_once(
        partial(says, partial(give_application, by=root, application=desk, team=other_team, seen=shown)),
        partial(says, save),
    )
    assert done[0]
    desk.refresh_from_db()
    assert (desk.team, desk.delete_once_archived) == (other_team, done[1])


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time.")
def test_who_saves_while_it_is_given_away_gives_nothing_away(
    sandbox: Server, front_desk: FaxApplication, root: User, alice: User, other_team: Team
) -> None:
    """Her change is under way at Telnyx when it goes to another team. It is kept, and told to whose it is now."""
    sandbox.sandbox.faults.add(method="PATCH", path="*", action="delay", seconds=1)

    def save() -> None:
        try:
            update_application(by=alice, application=front_desk, changes={"tags": ["mine"]})
        finally:
            connections.close_all()

    beside = threading.Thread(target=save)
    beside.start()
    wait_for(lambda: not sandbox.sandbox.faults.as_json(), what="Telnyx to be asked")
    with transaction.atomic():
        give_application(by=root, application=front_desk, team=other_team, seen=seen_of(front_desk))
        wait_for(somebody_waits, what="the change to wait for the application")
    beside.join()
    front_desk.refresh_from_db()
    assert (front_desk.team, front_desk.tags) == (other_team, ["mine"])
    [hers] = LogEntry.objects.filter(actor_id=str(alice.pk))
    assert (hers.action, hers.chain) == ("application.update", str(other_team.pk))
