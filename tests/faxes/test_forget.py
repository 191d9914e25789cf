"""Deleted at Telnyx once archived, where the application asks for it: never before the copy here is proven good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

import webhooks.steps
from accounts.models import LogEntry
from applications.models import FaxApplication, PhoneNumber
from faxes.models import Document, Fax
from faxes.states import Media
from faxes.steps import archive, forget
from faxes.wording import state_of
from sync.services import sync_recent
from telnyx_sandbox.server import Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def arrive(sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]) -> Callable[..., Fax]:
    """A function that lets a fax arrive and archives it. Its application asks to delete what is archived."""
    FaxApplication.objects.update(delete_once_archived=True)

    def arrived(**what: Any) -> Fax:
        sandbox.sandbox.receive(to=line.phone_number, **what)
        sandbox.sandbox.advance(60)
        deliver()
        webhooks.steps.drain()
        archive.drain()
        return Fax.objects.latest("created_at")

    return arrived


def at_telnyx(sandbox: Server) -> list[str]:
    return [row["id"] for row in sandbox.sandbox.faxes()]


def deletions(sandbox: Server) -> list[int]:
    return [asked.status for asked in sandbox.sandbox.requests if asked.method == "DELETE"]


def once_more(fax: Fax) -> Fax:
    """As if the time had come, for the lease of a worker that died, too."""
    now = timezone.now()
    Fax.objects.filter(pk=fax.pk).exclude(due_at=None).update(due_at=now)
    Fax.objects.filter(pk=fax.pk).exclude(leased_until=None).update(leased_until=now - timedelta(seconds=1))
    forget.drain()
    fax.refresh_from_db()
    return fax


def file_of(document: Document | None) -> Path:
    assert document is not None
    return Path(document.file.path)


def test_an_archived_fax_is_deleted_at_telnyx(
    arrive: Callable[..., Fax], sandbox: Server, wakes: list[tuple[str, float]]
) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        fax = arrive(pages=2)
    assert ("forget", 0) in wakes and fax.due_at is not None
    assert forget.drain() == 1
    assert at_telnyx(sandbox) == []
    fax = Fax.objects.get()
    assert fax.gone_at is not None and fax.due_at is None
    assert (fax.owner, fax.leased_until, fax.tries) == (None, None, 0)
    assert (fax.status, state_of(fax).word, state_of(fax).tone) == ("received", "received", "good")
    assert [event.kind for event in fax.events.all()][-2:] == ["archived", "deleted_at_telnyx"]
    entry = LogEntry.objects.get(action="fax.delete_at_telnyx")
    assert (entry.object_id, entry.actor_id, entry.data) == (str(fax.pk), "", {"telnyx_id": fax.telnyx_id})
    assert forget.drain() == 0
    # It stays what it is when Telnyx lists it no more.
    assert not sync_recent().error
    fax.refresh_from_db()
    assert (fax.status, fax.media, fax.events.filter(kind="gone").count()) == ("received", Media.ARCHIVED, 0)


def test_without_that_wish_nothing_is_deleted(arrive: Callable[..., Fax], sandbox: Server) -> None:
    FaxApplication.objects.update(delete_once_archived=False)
    fax = arrive(pages=1)
    assert (fax.media, fax.due_at, forget.drain()) == (Media.ARCHIVED, None, 0)
    assert deletions(sandbox) == [] and at_telnyx(sandbox) == [fax.telnyx_id]


def test_another_number_of_pages_than_announced_stays_at_telnyx(arrive: Callable[..., Fax]) -> None:
    fax = arrive(pages=1)
    Fax.objects.update(media=Media.WAITING, document=None, due_at=timezone.now(), page_count=4)
    archive.drain()
    fax.refresh_from_db()
    assert (fax.media, fax.due_at) == (Media.ARCHIVED, None)
    assert fax.events.filter(kind="archived").latest("at").data["announced"] == 4


def test_the_number_of_pages_may_be_announced_later(arrive: Callable[..., Fax], sandbox: Server) -> None:
    fax = arrive(pages=1)
    assert fax.due_at is not None
    Fax.objects.update(page_count=4)
    fax = once_more(fax)
    assert deletions(sandbox) == [] and (fax.gone_at, fax.due_at) == (None, None)


def test_a_copy_that_is_not_what_came_is_no_copy(arrive: Callable[..., Fax], sandbox: Server) -> None:
    fax = arrive(pages=1)
    path = file_of(fax.document)
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    once_more(fax)
    assert deletions(sandbox) == [] and at_telnyx(sandbox) == [fax.telnyx_id]
    assert (fax.gone_at, fax.due_at) == (None, None)
    assert fax.events.filter(kind="kept_at_telnyx").count() == 1


def test_a_copy_that_cannot_be_read_is_waited_for(arrive: Callable[..., Fax], sandbox: Server) -> None:
    fax = arrive(pages=1)
    path = file_of(fax.document)
    away = path.rename(path.with_name("away"))
    for tries in (1, 2):
        once_more(fax)
        assert fax.due_at is not None and (fax.tries, fax.owner) == (tries, None)
        assert timedelta(seconds=tries) < fax.due_at - timezone.now() <= timedelta(seconds=2 * tries)
    assert deletions(sandbox) == []
    away.rename(path)
    assert once_more(fax).gone_at is not None


def test_the_original_is_what_is_compared(arrive: Callable[..., Fax], sandbox: Server) -> None:
    fax = arrive(pages=1)
    Fax.objects.update(original=fax.document)
    assert once_more(fax).gone_at is not None


@pytest.mark.parametrize("fault", [{"action": "status", "status": 500}, {"action": "reset"}])
def test_telnyx_may_be_away(arrive: Callable[..., Fax], sandbox: Server, fault: dict[str, Any]) -> None:
    fax = arrive(pages=1)
    sandbox.sandbox.faults.add(method="DELETE", path="/v2/faxes/*", times=None, **fault)
    once_more(fax)
    assert (fax.gone_at, fax.tries) == (None, 1) and fax.due_at is not None
    sandbox.sandbox.faults.clear()
    assert once_more(fax).gone_at is not None


def test_without_a_key_it_waits(arrive: Callable[..., Fax], settings: Settings) -> None:
    fax = arrive(pages=1)
    settings.TELNYX_API_KEY = ""
    once_more(fax)
    assert fax.gone_at is None and fax.due_at is not None


def test_what_telnyx_does_not_have_any_more_is_deleted(arrive: Callable[..., Fax], sandbox: Server) -> None:
    """As after a kill between the deletion and its record."""
    fax = arrive(pages=1)
    sandbox.sandbox.faults.add(method="DELETE", path="/v2/faxes/*", action="status", status=404)
    assert once_more(fax).gone_at is not None


def test_legal_hold_keeps_it_there_too(arrive: Callable[..., Fax], sandbox: Server) -> None:
    fax = arrive(pages=1)
    Fax.objects.update(legal_hold=True)
    once_more(fax)
    assert deletions(sandbox) == [] and fax.gone_at is None
    Fax.objects.update(legal_hold=False)
    assert once_more(fax).gone_at is not None


def test_a_hold_that_comes_while_the_copy_is_read_is_in_time(arrive: Callable[..., Fax], sandbox: Server) -> None:
    fax = arrive(pages=1)

    def held(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and "faxes_document" in sql:
            Fax.objects.filter(legal_hold=False).update(legal_hold=True)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(held):
        once_more(fax)
    assert deletions(sandbox) == []
    assert (fax.gone_at, fax.owner, fax.leased_until) == (None, None, None) and fax.due_at is not None


def test_pages_that_are_no_longer_kept_prove_nothing(arrive: Callable[..., Fax], sandbox: Server) -> None:
    fax = arrive(pages=1)
    Document.objects.update(purged_at=timezone.now())
    once_more(fax)
    assert (fax.gone_at, fax.due_at, deletions(sandbox)) == (None, None, [])
