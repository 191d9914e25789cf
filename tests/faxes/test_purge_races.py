"""A purge beside people, webhooks and another purge: who has the lock first is right; nothing is done twice."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Membership, Team, User
from faxes import reading, services, triage
from faxes.mirror import Report, Verdict, apply_remote
from faxes.models import Document, Fax, FaxEvent, ReadMark, Tombstone
from faxes.states import Media, Outbox
from faxes.steps import purge
from tests import builders
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def trashed(team: Team, **columns: object) -> Fax:
    at = timezone.now() - 31 * DAY
    document = builders.document(kind=Document.Kind.RECEIVED)
    common = {"status": "received", "media": Media.ARCHIVED, "document": document, "heard_at": at, "trashed_at": at}
    return builders.inbound(team, **{**common, **columns})


def files(settings: Settings) -> int:
    return sum(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*"))


def beside(change: Callable[[], object], then: Callable[[], object]) -> None:
    """Run `then` in another thread once `change` has been made, and before that is committed."""
    changed, errors = threading.Event(), []

    def run() -> None:
        changed.wait()
        try:
            then()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    with transaction.atomic():
        change()
        changed.set()
        # Long enough for the other to come to the lock, and for nothing else.
        thread.join(timeout=0.3)
        assert thread.is_alive()
    thread.join()
    assert errors == []


def test_a_hold_that_comes_first_wins(team: Team, alice: User, settings: Settings) -> None:
    fax = trashed(team)
    beside(lambda: triage.hold(by=alice, faxes=[fax]), then=purge.drain)
    assert Fax.objects.get().legal_hold and files(settings) == 1
    assert not Tombstone.objects.exists()


def test_a_fax_taken_out_of_the_bin_just_now_stays(team: Team, bob: User, settings: Settings) -> None:
    fax = trashed(team)
    beside(lambda: triage.restore(by=bob, faxes=[fax]), then=purge.drain)
    assert Fax.objects.get().trashed_at is None and files(settings) == 1


def test_pages_that_are_sent_again_just_now_stay(team: Team, bob: User, settings: Settings) -> None:
    builders.number(team)
    Team.objects.update(keep_media_days=1)
    team.refresh_from_db()
    at = timezone.now() - 2 * DAY
    fax = builders.outbound(team, outbox=Outbox.REJECTED, due_at=None, heard_at=at)
    beside(lambda: services.send_again(by=bob, fax=fax, batch_id=uuid.uuid4()), then=purge.drain)
    assert Fax.objects.get(outbox=Outbox.READY).document == fax.document
    assert Document.objects.get().is_here and files(settings) == 1


def test_an_event_about_a_fax_that_is_being_purged_does_not_bring_it_back(team: Team) -> None:
    fax = trashed(team)
    payload = {"direction": "inbound", "from": builders.THEIRS, "to": builders.OURS, "status": "received"}
    report = Report(str(fax.telnyx_id), payload, timezone.now(), FaxEvent.Source.WEBHOOK)
    verdicts = []
    beside(purge.drain, then=lambda: verdicts.append(apply_remote(report)))
    assert verdicts == [(Verdict.DELETED, None)]
    assert not Fax.objects.exists()


def test_two_purges_at_once_do_everything_once(team: Team, settings: Settings) -> None:
    Team.objects.update(keep_media_days=90)
    for _ in range(60):
        trashed(team)
        trashed(team, trashed_at=None, heard_at=timezone.now() - 91 * DAY)
    at_once(purge.drain, purge.drain)
    assert Fax.objects.count() == 60 and files(settings) == 0
    assert LogEntry.objects.filter(action="fax.purge").count() == 60
    assert LogEntry.objects.filter(action="fax.purge_media").count() == 60
    assert FaxEvent.objects.filter(kind="purged_media").count() == 60
    assert Document.objects.filter(file="").count() == Document.objects.count() == 60


def test_a_purge_is_over_soon_while_people_work(team: Team) -> None:
    """Each of its transactions is short: nobody waits behind the whole of it."""
    for _ in range(2 * purge.CHUNK):
        trashed(team)
    other = trashed(team, trashed_at=None)
    waited = []

    def work() -> None:
        for _ in range(10):
            begun = time.monotonic()
            Fax.objects.filter(pk=other.pk).update(problem={})
            waited.append(time.monotonic() - begun)

    at_once(lambda: purge.drain() and None, work)
    assert Fax.objects.count() == 1 and max(waited) < 5


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time.")
@pytest.mark.parametrize("first", [0, 1])
def test_whoever_has_read_all_does_not_wait_for_a_purge(team: Team, bob: User, first: int) -> None:
    """Both delete marks, in whatever order the database comes to them."""
    Membership.objects.update(read_before=timezone.now() - 2 * DAY)
    marks = [ReadMark.objects.create(user=bob, fax=builders.inbound(team)) for _ in range(2)]

    def read_all() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        reading.mark_all_read(bob, until=timezone.now())

    with transaction.atomic():
        # As a purge deletes them with their faxes.
        ReadMark.objects.filter(pk=marks[first].pk).delete()
        at_once(read_all)
        ReadMark.objects.filter(pk=marks[1 - first].pk).delete()
    assert not ReadMark.objects.exists() and reading.unread_count(bob) == 0
