"""Deleting an application: what uses it is said first, a lost answer is settled by looking, and the row stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import LogEntry, Team, User
from applications.mirror import apply_application
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application, assign_number, delete_application
from applications.telnyx import client
from sync.models import Gap
from sync.services import sync_recent
from telnyx_api import TelnyxError
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.pages import body, said
from tests.applications.telnyx import calls, remove_at_telnyx, while_telnyx_thinks

LogIn = Callable[[User], Client]


@pytest.fixture
def free(sandbox: Server, front_desk: FaxApplication) -> FaxApplication:
    """An application to which no number is attached any more."""
    store = sandbox.sandbox.world.store
    for number in store.objects("phone_number"):
        store.put_object("phone_number", number["id"], number | {"connection_id": None})
    PhoneNumber.objects.update(connection_id="")
    return front_desk


def is_there(sandbox: Server, application: FaxApplication) -> bool:
    return sandbox.sandbox.world.store.object("fax_application", str(application.telnyx_id)) is not None


def test_it_is_deleted_there_and_stays_here(sandbox: Server, free: FaxApplication, alice: User) -> None:
    delete_application(by=alice, application=free)
    free.refresh_from_db()
    assert not is_there(sandbox, free) and free.gone_at is not None and free.leased_until is None
    [entry] = LogEntry.objects.filter(action="application.delete")
    assert (entry.actor_name, entry.object_name, entry.data) == ("Alice", "Front desk", {"telnyx_id": free.telnyx_id})


def test_it_is_refused_while_numbers_are_attached(sandbox: Server, front_desk: FaxApplication, alice: User) -> None:
    with pytest.raises(ValidationError, match="Attach them elsewhere first"):
        delete_application(by=alice, application=front_desk)
    assert calls(sandbox, "DELETE") == 0


def test_who_lost_the_team_meanwhile_deletes_nothing(
    sandbox: Server, free: FaxApplication, alice: User, other_team: Team
) -> None:
    stale = FaxApplication.objects.select_related("team").get(pk=free.pk)
    assign_application(by=None, application=free, team=other_team)
    with pytest.raises(PermissionDenied):
        delete_application(by=alice, application=stale)
    free.refresh_from_db()
    assert (is_there(sandbox, free), free.gone_at, free.leased_until) == (True, None, None)


def test_an_older_word_does_not_bring_it_back(sandbox: Server, free: FaxApplication, alice: User) -> None:
    asked_at = timezone.now()
    with client() as telnyx:
        before = telnyx.get_fax_application(str(free.telnyx_id))
    delete_application(by=alice, application=free)
    apply_application(before, asked_at=asked_at)
    free.refresh_from_db()
    assert free.gone_at is not None
    # A newer one does: somebody may have taken it for gone by mistake.
    apply_application(before, asked_at=timezone.now())
    free.refresh_from_db()
    assert free.gone_at is None


@pytest.mark.django_db(transaction=True)
def test_a_page_that_a_sync_has_in_its_hands_does_not_bring_it_back(
    sandbox: Server, free: FaxApplication, alice: User
) -> None:
    def delete() -> None:
        delete_application(by=alice, application=free)

    while_telnyx_thinks(sandbox, "GET", "/v2/fax_applications", sync_recent, delete, after=True)
    free.refresh_from_db()
    assert free.gone_at is not None
    assert not sync_recent().error
    assert not Gap.objects.filter(what="application").exists(), "Nobody has lost what we deleted ourselves."


@pytest.mark.django_db(transaction=True)
def test_a_sync_before_the_answer_does_not_take_it_for_lost(sandbox: Server, free: FaxApplication, alice: User) -> None:
    def delete() -> None:
        delete_application(by=alice, application=free)

    while_telnyx_thinks(sandbox, "DELETE", "/v2/fax_applications/*", delete, sync_recent, after=True)
    free.refresh_from_db()
    assert free.gone_at is not None and LogEntry.objects.filter(action="application.delete").count() == 1
    assert not Gap.objects.filter(what="application").exists(), "Nobody has lost what we deleted ourselves."


@pytest.mark.parametrize("status", [400, 409])
def test_numbers_that_only_telnyx_knows_of_are_said_too(
    sandbox: Server, front_desk: FaxApplication, alice: User, status: int
) -> None:
    PhoneNumber.objects.update(connection_id="")
    if status == 409:
        sandbox.sandbox.faults.add(method="DELETE", path="*", action="status", status=409)
    with pytest.raises(ValidationError, match="Telnyx says that numbers still use"):
        delete_application(by=alice, application=front_desk)
    front_desk.refresh_from_db()
    assert is_there(sandbox, front_desk) and front_desk.gone_at is None


LOST: list[dict[str, Any]] = [
    {"action": "reset"},
    {"action": "hang", "seconds": 0.2},
    {"action": "status", "status": 500},
    {"action": "garbage"},
    {"action": "redirect"},
]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault["action"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("after", [True, False], ids=["done", "not done"])
def test_a_lost_answer_is_settled_by_looking(
    sandbox: Server, free: FaxApplication, alice: User, fault: dict[str, Any], times: int, after: bool
) -> None:
    sandbox.sandbox.faults.add(method="DELETE", path="*", times=times, after=after, **fault)
    try:
        delete_application(by=alice, application=free)
    except TelnyxError as error:
        assert not error.outcome_known or error.retryable
    free.refresh_from_db()
    assert (free.gone_at is not None) == (not is_there(sandbox, free))
    assert LogEntry.objects.filter(action="application.delete").exists() == (free.gone_at is not None)
    if after:
        assert free.gone_at is not None


def test_a_success_that_cannot_be_looked_at_is_believed(sandbox: Server, free: FaxApplication, alice: User) -> None:
    sandbox.sandbox.faults.add(method="GET", path="*", action="status", status=500, times=None)
    delete_application(by=alice, application=free)
    free.refresh_from_db()
    assert free.gone_at is not None


def test_somebody_who_was_faster_is_no_error(sandbox: Server, free: FaxApplication, alice: User) -> None:
    remove_at_telnyx(sandbox, free.telnyx_id)
    delete_application(by=alice, application=free)
    free.refresh_from_db()
    assert free.gone_at is not None


def test_what_is_gone_is_not_deleted_twice(sandbox: Server, free: FaxApplication, alice: User) -> None:
    delete_application(by=alice, application=free)
    free.refresh_from_db()
    with pytest.raises(ValidationError, match="nothing to delete"):
        delete_application(by=alice, application=free)


def test_nobody_deletes_while_somebody_saves(sandbox: Server, free: FaxApplication, alice: User) -> None:
    FaxApplication.objects.filter(pk=free.pk).update(leased_until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(ValidationError, match="at this moment"):
        delete_application(by=alice, application=free)


def test_only_managers_delete(sandbox: Server, free: FaxApplication, bob: User, charlie: User) -> None:
    for by in (bob, charlie):
        with pytest.raises(PermissionDenied):
            delete_application(by=by, application=free)


def test_the_page_says_what_uses_it_and_names_nothing_of_other_teams(
    sandbox: Server, front_desk: FaxApplication, team: Team, other_team: Team, alice: User, logged_in: LogIn
) -> None:
    first, second = PhoneNumber.objects.attached_to(front_desk).order_by("phone_number")
    assign_number(by=None, number=second, team=other_team)
    builders.inbound(team, connection_id=front_desk.telnyx_id, to_number=first.phone_number)
    builders.inbound(team, connection_id=front_desk.telnyx_id, created_at=timezone.now() - timedelta(days=40))
    builders.inbound(other_team, connection_id=front_desk.telnyx_id, to_number=second.phone_number)
    builders.accepted(team, connection_id=front_desk.telnyx_id, poll_at=timezone.now())
    page = body(logged_in(alice).get(f"/applications/{front_desk.pk}/delete/"))
    assert "+1 312 579 0015" in page and "Records" not in page
    assert "579 0016" not in page and second.phone_number not in page
    assert "1 number of other teams" in page and "ask an administrator" in page
    assert "Faxes: 1 under way at this moment" in page and "Faxes: 1 received and 1 sent in the last 30 days" in page
    assert "Delete it at Telnyx" not in page


def test_it_asks_once_and_leads_back_to_the_list(
    sandbox: Server, free: FaxApplication, alice: User, logged_in: LogIn
) -> None:
    alices = logged_in(alice)
    address = f"/applications/{free.pk}/delete/"
    page = body(alices.get(address))
    assert "Delete it at Telnyx" in page and "No number is attached." in page and is_there(sandbox, free)
    response = alices.post(address, follow=True)
    assert response.redirect_chain == [("/applications/", 302)]
    assert said(response) == ["“Front desk” is deleted at Telnyx. Its faxes stay here."]
    page = body(alices.get(f"/applications/{free.pk}/"))
    assert "gone at Telnyx" in page and "Delete" not in page
    assert "nothing to delete" in body(alices.post(address)).lower()


def test_what_goes_wrong_is_said_on_the_page(
    sandbox: Server, free: FaxApplication, alice: User, logged_in: LogIn
) -> None:
    alices = logged_in(alice)
    address = f"/applications/{free.pk}/delete/"
    sandbox.sandbox.faults.add(method="DELETE", path="*", action="status", status=503, times=2)
    assert "what is deleted twice is deleted" in body(alices.post(address))
    sandbox.sandbox.faults.add(method="DELETE", path="*", action="status", status=401)
    assert "does not accept this portal" in body(alices.post(address))
    assert is_there(sandbox, free)
