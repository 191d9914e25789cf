"""Telnyx's own record of a fax: looked at anew by members, deleted by managers, and never the only good copy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

import webhooks.steps
from accounts.models import LogEntry, User
from applications.models import FaxApplication, PhoneNumber
from faxes.models import Document, Fax, FaxEvent
from faxes.states import Media
from faxes.steps import archive, forget
from sync.models import Gap
from sync.services import sync_recent
from telnyx_sandbox.server import Server
from tests import builders

pytestmark = pytest.mark.django_db

LoggedIn = Callable[[User], Client]


@pytest.fixture
def received(sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]) -> Fax:
    """A fax that came in and whose pages are safe here."""
    sandbox.sandbox.receive(to=line.phone_number, pages=2)
    sandbox.sandbox.advance(60)
    deliver()
    webhooks.steps.drain()
    archive.drain()
    return Fax.objects.get()


def press(client: Client, fax: Fax, what: str) -> str:
    """Press a button of the fax's page. What the page then says."""
    page = client.post(f"/faxes/{fax.pk}/{what}/", follow=True)
    assert page.redirect_chain[-1][0] == f"/faxes/{fax.pk}/"
    return str(page.content.decode())


def delete(client: Client, fax: Fax) -> str:
    return press(client, fax, "delete-at-telnyx")


def copies(sandbox: Server) -> list[str]:
    return [row["id"] for row in sandbox.sandbox.faxes()]


def test_a_manager_deletes_the_copy_at_telnyx_and_ours_stays(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn
) -> None:
    client = logged_in(alice)
    assert "Delete Telnyx's copy" in client.get(f"/faxes/{received.pk}/").content.decode()
    page = delete(client, received)
    assert copies(sandbox) == []
    assert "copy is deleted" in page and "Deleted at Telnyx by Alice" in page
    assert "delete-at-telnyx" not in page
    received.refresh_from_db()
    assert received.gone_at is not None and received.media == Media.ARCHIVED and received.due_at is None
    assert client.get(f"/faxes/{received.pk}/file/").status_code == 200
    entry = LogEntry.objects.get(action="fax.delete_at_telnyx")
    assert (entry.actor_name, entry.data) == ("Alice", {"telnyx_id": received.telnyx_id})


def test_no_sync_calls_it_lost_or_brings_it_back(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn
) -> None:
    delete(logged_in(alice), received)
    sync_recent()
    assert Fax.objects.count() == 1 and not Gap.objects.filter(fax=received).exists()
    assert not received.events.filter(kind="gone").exists()


def test_deleting_twice_is_told_and_logged_once(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn
) -> None:
    client = logged_in(alice)
    delete(client, received)
    assert "no copy of this fax any more" in delete(client, received)
    assert LogEntry.objects.filter(action="fax.delete_at_telnyx").count() == 1


def test_the_worker_that_would_delete_it_anyway_logs_nothing_more(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn
) -> None:
    FaxApplication.objects.update(delete_once_archived=True)
    Fax.objects.update(due_at=timezone.now())
    delete(logged_in(alice), received)
    assert forget.drain() == 0
    assert LogEntry.objects.filter(action="fax.delete_at_telnyx").count() == 1


def test_a_lost_answer_is_mended_by_asking_once_more(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn
) -> None:
    sandbox.sandbox.faults.add(method="DELETE", path="/v2/faxes/*", action="status", status=401)
    client = logged_in(alice)
    assert "Telnyx could not be asked" in delete(client, received)
    received.refresh_from_db()
    assert received.gone_at is None
    sandbox.sandbox.faults.add(method="DELETE", path="/v2/faxes/*", action="reset", after=True)
    assert "copy is deleted" in delete(client, received)


def test_who_asked_is_on_record_whoever_learns_of_the_end_first(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn
) -> None:
    sandbox.sandbox.faults.add(method="DELETE", path="/v2/faxes/*", action="hang", seconds=0, after=True)
    sandbox.sandbox.faults.add(method="DELETE", path="/v2/faxes/*", action="status", status=500, times=None)
    assert "Telnyx could not be asked" in delete(logged_in(alice), received)
    entry = LogEntry.objects.get(action="fax.ask_to_delete_at_telnyx")
    assert (entry.actor_name, entry.object_id) == ("Alice", str(received.pk))
    assert received.events.get(kind="deletion_asked").by == alice
    Fax.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert sync_recent().counts["faxes_gone"] == 1
    line = received.events.get(kind="deleted_at_telnyx")
    assert (line.by, line.source) == (alice, FaxEvent.Source.PERSON)
    assert not received.events.filter(kind="gone").exists() and not Gap.objects.exists()


def test_what_telnyx_refused_to_delete_is_nobodys_wish_any_more(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn
) -> None:
    sandbox.sandbox.faults.add(method="DELETE", path="/v2/faxes/*", action="status", status=403)
    delete(logged_in(alice), received)
    assert not received.events.filter(kind="deletion_asked").exists()
    assert LogEntry.objects.filter(action="fax.ask_to_delete_at_telnyx").exists()


def test_what_the_worker_was_deleting_is_not_called_lost_by_whoever_looks_meanwhile(
    sandbox: Server, received: Fax, bob: User, logged_in: LoggedIn
) -> None:
    Fax.objects.update(due_at=timezone.now())
    sandbox.sandbox.world.store.remove_fax(str(received.telnyx_id))
    press(logged_in(bob), received, "refresh")
    forget.drain()
    assert received.events.filter(kind="deleted_at_telnyx").count() == 1
    assert not received.events.filter(kind="gone").exists()
    assert LogEntry.objects.filter(action="fax.delete_at_telnyx").count() == 1


def test_a_sent_fax_is_deleted_there_once_it_has_ended(
    sandbox: Server, line: PhoneNumber, alice: User, logged_in: LoggedIn
) -> None:
    fax = builders.accepted(line.team, status="sending", from_number=line.phone_number)
    client = logged_in(alice)
    assert "has not ended yet" in delete(client, fax)
    Fax.objects.filter(pk=fax.pk).update(status="delivered")
    # Telnyx does not know it: its seven days were over.
    assert "copy is deleted" in delete(client, fax)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"legal_hold": True}, "on legal hold"),
        ({"media": Media.MISSING}, "pages of this fax are not here"),
        ({"page_count": 3}, "another number of pages"),
        ({"status": "receiving"}, "has not ended yet"),
        ({"telnyx_id": None}, "no copy of this fax"),
    ],
)
def test_the_only_good_copy_stays(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn, columns: dict[str, Any], said: str
) -> None:
    Fax.objects.update(**columns)
    assert said in delete(logged_in(alice), received)
    assert copies(sandbox) == [received.telnyx_id]


def test_a_file_that_is_not_what_came_keeps_telnyx_copy(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn
) -> None:
    assert received.document is not None
    Document.objects.update(sha256="0" * 64)
    assert "not the one that came" in delete(logged_in(alice), received)
    assert copies(sandbox) == [received.telnyx_id]


def test_a_storage_that_is_away_keeps_telnyx_copy(
    sandbox: Server, received: Fax, alice: User, logged_in: LoggedIn
) -> None:
    assert received.document is not None
    received.document.file.delete(save=False)
    assert "storage of the pages does not answer" in delete(logged_in(alice), received)
    assert copies(sandbox) == [received.telnyx_id]


def test_a_member_looks_again_but_deletes_nothing(
    sandbox: Server, received: Fax, bob: User, vera: User, logged_in: LoggedIn
) -> None:
    Fax.objects.update(status="receiving", remote_at=None)
    client = logged_in(bob)
    page = client.get(f"/faxes/{received.pk}/").content.decode()
    assert "Ask Telnyx again" in page and "delete-at-telnyx" not in page
    assert "Telnyx was asked just now" in press(client, received, "refresh")
    received.refresh_from_db()
    assert received.status == "received"
    assert client.post(f"/faxes/{received.pk}/delete-at-telnyx/").status_code == 403
    assert "Ask Telnyx again" not in logged_in(vera).get(f"/faxes/{received.pk}/").content.decode()


def test_a_fax_that_telnyx_has_no_more_is_said_to_stay_here(
    sandbox: Server, line: PhoneNumber, bob: User, logged_in: LoggedIn
) -> None:
    fax = builders.accepted(line.team, status="delivered")
    assert "Telnyx has this fax no more" in press(logged_in(bob), fax, "refresh")
    fax.refresh_from_db()
    assert fax.gone_at is not None


def test_a_fax_without_telnyx_id_cannot_be_asked_for(
    sandbox: Server, line: PhoneNumber, bob: User, logged_in: LoggedIn
) -> None:
    assert "no id yet" in press(logged_in(bob), builders.outbound(line.team), "refresh")
