"""A purge that is killed at any moment: the next one finishes, and nothing is left over."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from faxes import shelf
from faxes.models import Batch, Document, Fax, FaxEvent, Tombstone
from faxes.states import Media, Outbox
from faxes.steps import purge
from faxes.verify import Tally, verify
from tests import builders
from tests.processes import MEMORY

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

DAY = timedelta(days=1)


class Fate:
    """Counts the moments of this process, and kills it at the appointed one.

    They are before and after its database calls. Where neither the database nor a file has changed since the last one,
    whoever is killed leaves the same, and it is no other moment.
    """

    def __init__(self, at: int | None, folder: str) -> None:
        self.at, self.folder, self.moments = at, Path(folder), 0
        self.changed, self.files = True, self._files()

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self._moment()
        result = execute(sql, params, many, context)
        # SQLite is told of the beginning of a transaction, and so of the end of the last one; PostgreSQL of the locks.
        self.changed |= not sql.startswith("SELECT") or "FOR UPDATE" in sql
        self._moment()
        return result

    def _moment(self) -> None:
        files = self._files()
        if self.changed or files != self.files:
            self.changed, self.files = False, files
            self.moments += 1
            if self.moments == self.at:
                os.kill(os.getpid(), signal.SIGKILL)

    def _files(self) -> set[Path]:
        return set(self.folder.rglob("*"))


def purged_in_a_process(at: int, folder: str) -> bool:
    """Purge in a worker of its own that is to be killed. Did it live to the end?"""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            with connection.execute_wrapper(Fate(at, folder)):
                purge.drain()
        finally:
            # Never back into the tests, which this copy would go on with.
            os._exit(0)
    return os.WIFEXITED(os.waitpid(pid, 0)[1])


@pytest.fixture(autouse=True)
def _files_in_memory(settings: Settings) -> Iterator[None]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        settings.MEDIA_ROOT = folder
        yield


@pytest.fixture
def world(team: Team, bob: User, settings: Settings) -> Callable[[], None]:
    """A function that makes one of everything that is due, and one of what stays, in an empty house."""
    Team.objects.update(keep_media_days=90, keep_records_days=365)

    def fresh() -> None:
        for model in (Fax, Document, Batch, Tombstone):
            model.objects.all().delete()
        for path in Path(settings.MEDIA_ROOT).rglob("*.*"):
            path.unlink()
        # The model's own query set refuses.
        QuerySet(LogEntry).delete()
        now = timezone.now()
        received: dict[str, Any] = {"status": "received", "media": Media.ARCHIVED, "due_at": None}
        old, older = now - 91 * DAY, now - 366 * DAY
        shown, came = builders.document(), builders.document(kind=Document.Kind.RECEIVED)
        shelf.keep(shown, "1-88.png", b"a picture")
        builders.inbound(team, **received, document=shown, original=came, trashed_at=now - 31 * DAY, heard_at=old)
        builders.inbound(team, **received, document=builders.document(), heard_at=older)
        shared = builders.document()
        for to in ("+17735550101", "+17735550102"):
            builders.outbound(team, outbox=Outbox.REJECTED, document=shared, heard_at=old, to_number=to)
        sheet = Batch.objects.create(created_by=bob, created_at=now - 8 * DAY)
        builders.document(kind=Document.Kind.UPLOAD, batch=sheet, created_at=now - 8 * DAY)
        builders.document(created_at=now - 2 * DAY)
        builders.inbound(team, **received, document=builders.document(), heard_at=old, legal_hold=True)

    return fresh


def assert_all_is_done(settings: Settings) -> None:
    held = Fax.objects.get(legal_hold=True)
    shared = Document.objects.get(purged_at__isnull=False)
    assert set(Document.objects.all()) == {held.document, shared}
    assert set(shared.faxes.all()) | {held} == set(Fax.objects.all())
    assert held.document
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert files == [Path(settings.MEDIA_ROOT) / str(held.document.file.name)]
    assert list(verify(Tally(), quick=False)) == []
    told = [LogEntry.objects.filter(action=action).count() for action in ("fax.purge", "fax.purge_media")]
    assert (told, FaxEvent.objects.filter(kind="purged_media").count()) == ([2, 2], 2)
    assert Tombstone.objects.count() == 2


def test_a_purge_killed_anywhere_is_finished_by_the_next(world: Callable[[], None], settings: Settings) -> None:
    # The first one of a house also begins its log.
    world()
    purge.drain()
    world()
    fate = Fate(None, settings.MEDIA_ROOT)
    with connection.execute_wrapper(fate):
        purge.drain()
    assert_all_is_done(settings)
    assert fate.moments > 30, fate.moments
    for at in range(1, fate.moments + 1):
        world()
        assert not purged_in_a_process(at, settings.MEDIA_ROOT), "The worker outlived its kill."
        purge.drain()
        assert_all_is_done(settings)
