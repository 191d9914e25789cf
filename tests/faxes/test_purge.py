"""What is due goes for good, files and all; what is held, shared or still needed stays."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from faxes import shelf
from faxes.models import Batch, Document, Fax, FaxEvent, Note, ReadMark, Tag, Tombstone
from faxes.states import Media, Outbox
from faxes.steps import purge
from tests import builders

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
LONG_AGO = 400 * DAY


@pytest.fixture
def team(team: Team) -> Team:
    """A team that keeps pages for 90 days and records for a year."""
    Team.objects.filter(pk=team.pk).update(keep_media_days=90, keep_records_days=365)
    team.refresh_from_db()
    return team


def received(team: Team | None, *, age: timedelta, **columns: Any) -> Fax:
    """A fax that came so long ago, whole, with its pages here."""
    if "document" not in columns:
        columns["document"] = builders.document(kind=Document.Kind.RECEIVED)
    columns.setdefault("created_at", timezone.now() - age)
    columns.setdefault("heard_at", timezone.now() - age)
    return builders.inbound(team, status="received", media=Media.ARCHIVED, **columns)


def sent(team: Team | None, *, age: timedelta, **columns: Any) -> Fax:
    at = timezone.now() - age
    defaults = {"outbox": Outbox.ACCEPTED, "status": "delivered", "created_at": at, "heard_at": at, "due_at": None}
    return builders.outbound(team, **{**defaults, **columns})


def files(settings: Settings) -> list[str]:
    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def trashed(team: Team | None, *, for_days: float = 31, **columns: Any) -> Fax:
    return received(team, age=for_days * DAY, trashed_at=timezone.now() - for_days * DAY, **columns)


# The bin


def test_a_fax_leaves_the_bin_for_good_after_thirty_days(team: Team, bob: User, settings: Settings) -> None:
    original = builders.document(b"II*\0 a fax", kind=Document.Kind.RECEIVED)
    fax = trashed(team, original=original)
    assert fax.document
    shelf.keep(fax.document, "1-88.png", b"a picture")
    Note.objects.create(fax=fax, text="Look at page 2", by=bob)
    ReadMark.objects.create(fax=fax, user=bob)
    fax.tags.add(Tag.objects.create(team=team, name="referral"))
    FaxEvent.objects.create(fax=fax, kind="archived", source=FaxEvent.Source.PORTAL)
    assert len(files(settings)) == 3
    summary = purge.drain()
    assert files(settings) == []
    assert not Fax.objects.exists() and not Document.objects.exists()
    assert not any(model.objects.exists() for model in (Note, ReadMark, FaxEvent))
    assert (summary.bin, summary.files) == ({"Front desk": 1}, 2)
    assert Tag.objects.exists()


def test_the_audit_log_says_what_went(team: Team) -> None:
    fax = trashed(team)
    assert fax.document
    purge.drain()
    entry = LogEntry.objects.get(action="fax.purge")
    assert (entry.chain, entry.object_id, entry.actor_name) == (str(team.pk), str(fax.pk), "")
    said = {name: entry.data[name] for name in ("why", "direction", "from", "to", "pages", "sha256", "telnyx_id")}
    assert said == {
        "why": "bin",
        "direction": "inbound",
        "from": builders.THEIRS,
        "to": builders.OURS,
        "pages": 1,
        "sha256": [fax.document.sha256],
        "telnyx_id": fax.telnyx_id,
    }


@pytest.mark.parametrize(
    "columns",
    [
        {"for_days": 29.9},
        {"legal_hold": True},
        {"media": Media.WAITING},
        {"leased_until": timezone.now() + DAY},
    ],
    ids=["too soon", "held", "on its way", "in hand"],
)
def test_a_fax_stays_in_the_bin(team: Team, settings: Settings, columns: dict[str, Any]) -> None:
    media = columns.pop("media", Media.ARCHIVED)
    fax = trashed(team, **columns)
    Fax.objects.filter(pk=fax.pk).update(media=media)
    purge.drain()
    assert Fax.objects.exists() and len(files(settings)) == 1


@pytest.mark.parametrize("outbox", [Outbox.PREPARING, Outbox.READY, Outbox.SUBMITTING, Outbox.UNCERTAIN])
def test_a_fax_that_may_still_leave_is_not_purged(team: Team, outbox: str) -> None:
    sent(team, age=LONG_AGO, outbox=outbox, status="", trashed_at=timezone.now() - 60 * DAY)
    purge.drain()
    assert Fax.objects.exists()


def test_a_fax_that_never_came_to_an_end_goes_all_the_same(team: Team) -> None:
    builders.inbound(team, status="receiving", heard_at=timezone.now() - LONG_AGO)
    purge.drain()
    assert not Fax.objects.exists()


def test_an_unrouted_fax_leaves_the_bin_too(settings: Settings) -> None:
    trashed(None)
    assert purge.drain().bin == {"No team": 1}
    assert LogEntry.objects.get(action="fax.purge").chain == "house"


def test_later_tries_of_a_purged_fax_live_on(team: Team, settings: Settings) -> None:
    first = sent(team, age=40 * DAY, status="failed", trashed_at=timezone.now() - 31 * DAY)
    again = sent(team, age=DAY, retry_of=first, document=first.document, attempt=2)
    purge.drain()
    again.refresh_from_db()
    assert again.retry_of is None
    assert again.document and again.document.is_here and len(files(settings)) == 1


def test_a_full_bin_is_looked_through_once(team: Team) -> None:
    at = timezone.now() - 31 * DAY
    common = {"direction": "inbound", "status": "received", "team": team, "heard_at": at, "trashed_at": at}
    Fax.objects.bulk_create([Fax(telnyx_id=str(number), **common) for number in range(2 * purge.CHUNK + 1)])
    with CaptureQueriesContext(connection) as statements:
        purge.drain()
    assert not Fax.objects.exists()
    in_bin = 'SELECT "faxes_fax"."id" AS "pk" FROM "faxes_fax" WHERE (NOT "faxes_fax"."legal_hold"'
    assert sum(one["sql"].startswith(in_bin) for one in statements) == 2


# The team's policy


def test_pages_go_after_the_teams_days_and_the_record_stays(team: Team, settings: Settings) -> None:
    fax = received(team, age=91 * DAY)
    young = received(team, age=89 * DAY)
    assert fax.document and young.document
    summary = purge.drain()
    assert (summary.pages, summary.files) == ({"Front desk": 1}, 1)
    fax.refresh_from_db()
    document = fax.document
    assert document and document.purged_at and not document.file.name and not document.is_here
    assert (document.sha256, document.pages) == (young.document.sha256, 1)
    assert files(settings) == [young.document.file.name]
    line = fax.events.get()
    assert (line.kind, line.data, line.source) == ("purged_media", {"days": 90}, "portal")
    entry = LogEntry.objects.get(action="fax.purge_media")
    assert entry.data["sha256"] == [document.sha256]


def test_what_is_purged_already_is_not_purged_again(team: Team) -> None:
    received(team, age=91 * DAY)
    purge.drain()
    again = purge.drain()
    assert again.lines() == []
    assert FaxEvent.objects.count() == LogEntry.objects.filter(action="fax.purge_media").count() == 1


@pytest.mark.parametrize("how", [received, sent])
def test_records_go_after_the_teams_days(team: Team, settings: Settings, how: Any) -> None:
    how(team, age=366 * DAY)
    kept = how(team, age=364 * DAY)
    held = how(team, age=366 * DAY, legal_hold=True)
    summary = purge.drain()
    assert summary.records == {"Front desk": 1}
    assert set(Fax.objects.all()) == {kept, held}
    assert held.document and files(settings) == [held.document.file.name]


def test_a_team_without_a_policy_keeps_everything(other_team: Team, settings: Settings) -> None:
    received(other_team, age=10 * LONG_AGO)
    assert purge.drain().lines() == []
    assert len(files(settings)) == 1


def test_days_without_end_are_no_date_before_time_began(team: Team) -> None:
    Team.objects.update(keep_media_days=2_147_483_647, keep_records_days=2_147_483_647)
    received(team, age=LONG_AGO)
    assert purge.drain().lines() == []


def test_neither_telnyxs_clock_nor_a_clock_gone_wrong_deletes_anything(team: Team) -> None:
    received(team, age=DAY, created_at=timezone.now() - 20 * LONG_AGO)
    received(team, age=-LONG_AGO)
    assert purge.drain().lines() == []


@pytest.mark.parametrize(
    "last",
    [{"age": 10 * DAY}, {"age": 100 * DAY, "legal_hold": True}, {"age": 100 * DAY, "outbox": Outbox.UNCERTAIN}],
    ids=["young", "held", "not settled"],
)
def test_shared_pages_stay_until_they_are_due_for_all(team: Team, settings: Settings, last: dict[str, Any]) -> None:
    paper = builders.document()
    sent(team, age=100 * DAY, document=paper, to_number="+17735550101")
    fax = sent(team, document=paper, status="", **last)
    purge.drain()
    assert len(files(settings)) == 1
    at = timezone.now() - 100 * DAY
    Fax.objects.filter(pk=fax.pk).update(heard_at=at, legal_hold=False, outbox=Outbox.REJECTED)
    assert purge.drain().pages == {"Front desk": 2}
    assert files(settings) == []
    assert FaxEvent.objects.filter(kind="purged_media").count() == 2


def test_pages_stay_while_another_fax_of_the_sheet_is_being_made(team: Team, bob: User, settings: Settings) -> None:
    sheet = Batch.objects.create(created_by=bob, sent_at=timezone.now() - 100 * DAY)
    sent(team, age=100 * DAY, batch=sheet)
    builders.outbound(team, outbox=Outbox.PREPARING, batch=sheet, heard_at=timezone.now() - 100 * DAY)
    purge.drain()
    assert len(files(settings)) == 1


def test_a_fax_waits_until_telnyx_has_deleted_it(team: Team) -> None:
    Team.objects.update(keep_media_days=1, keep_records_days=2)
    fax = received(team, age=3 * DAY, due_at=timezone.now())
    purge.drain()
    assert Fax.objects.exists()
    Fax.objects.filter(pk=fax.pk).update(due_at=None)
    purge.drain()
    assert not Fax.objects.exists()


# Files that nobody needs


def upload(by: User, *, age: timedelta, file_age: timedelta | None = None, **columns: Any) -> Document:
    at = timezone.now() - age
    sheet = Batch.objects.create(created_by=by, created_at=at, **columns)
    written = timezone.now() - (age if file_age is None else file_age)
    return builders.document(kind=Document.Kind.UPLOAD, batch=sheet, position=1, created_at=written)


def test_files_on_a_sheet_that_nobody_sent_go_after_a_week(bob: User, settings: Settings) -> None:
    upload(bob, age=8 * DAY)
    young = upload(bob, age=6 * DAY)
    taken_up_again = upload(bob, age=8 * DAY, file_age=DAY)
    summary = purge.drain()
    assert summary.uploads == 1
    assert set(Document.objects.all()) == {young, taken_up_again} and len(files(settings)) == 2


def test_files_on_a_sheet_go_once_its_faxes_are_made(team: Team, bob: User, settings: Settings) -> None:
    document = upload(bob, age=2 * DAY, sent_at=timezone.now() - 2 * DAY)
    fax = builders.outbound(team, outbox=Outbox.PREPARING, batch=document.batch)
    purge.drain()
    assert len(files(settings)) == 1
    Fax.objects.filter(pk=fax.pk).update(outbox=Outbox.REJECTED, legal_hold=True)
    purge.drain()
    assert len(files(settings)) == 1
    Fax.objects.filter(pk=fax.pk).update(legal_hold=False)
    purge.drain()
    assert files(settings) == [] and not Document.objects.exists()
    assert Fax.objects.exists() and Batch.objects.exists()


def test_a_sheet_sent_just_now_keeps_its_files(team: Team, bob: User) -> None:
    upload(bob, age=20 * DAY, sent_at=timezone.now())
    assert purge.drain().lines() == []


def test_files_that_nobody_refers_to_go_after_a_day(team: Team, settings: Settings) -> None:
    builders.document(created_at=timezone.now() - 2 * DAY)
    builders.document(created_at=timezone.now() - 2 * DAY, stored_at=None)
    young = builders.document()
    used = builders.document(created_at=timezone.now() - LONG_AGO)
    original = builders.document(created_at=timezone.now() - LONG_AGO)
    received(team, age=DAY, document=used, original=original)
    summary = purge.drain()
    assert (summary.strays, summary.files) == (2, 2)
    assert set(Document.objects.all()) == {young, used, original} and len(files(settings)) == 3


# When things go wrong


def test_a_file_that_the_storage_does_not_delete_holds_up_no_other(team: Team, settings: Settings) -> None:
    stuck = trashed(team)
    trashed(team)
    assert stuck.document
    path = Path(settings.MEDIA_ROOT) / str(stuck.document.file.name)
    path.unlink()
    # A folder in its place is what no storage deletes as a file.
    (path / "in the way").mkdir(parents=True)
    summary = purge.drain()
    assert (summary.files, summary.failed) == (1, 1)
    assert not Fax.objects.exists()
    assert Document.objects.get().pk == stuck.document_id
    (path / "in the way").rmdir()
    path.rmdir()
    assert purge.drain().files == 1
    assert not Document.objects.exists()


def test_thousands_of_faxes_go_in_short_transactions(team: Team) -> None:
    old, count = timezone.now() - LONG_AGO, 2000
    common: dict[str, Any] = {"direction": "inbound", "team": team, "status": "received", "heard_at": old}
    Fax.objects.bulk_create([Fax(telnyx_id=f"f{n}", **common) for n in range(count)], batch_size=500)
    with CaptureQueriesContext(connection) as asked:
        assert purge.drain().records == {"Front desk": count}
    assert not Fax.objects.exists() and Tombstone.objects.count() == count
    transactions = [query["sql"] for query in asked if query["sql"].startswith("SAVEPOINT")]
    assert len(transactions) >= count / purge.CHUNK
    # However many there are, each transaction has as many statements.
    assert len(asked) < 30 * count / purge.CHUNK


# The command


def test_a_dry_run_lists_by_team_and_touches_nothing(team: Team, bob: User, settings: Settings) -> None:
    paper = builders.document()
    for digit in range(3):
        sent(team, age=100 * DAY, document=paper, to_number=f"+1773555010{digit}")
    trashed(team)
    received(team, age=366 * DAY)
    upload(bob, age=8 * DAY)
    builders.document(created_at=timezone.now() - 2 * DAY)
    before = files(settings)
    out = StringIO()
    call_command("purge", "--dry-run", stdout=out)
    assert out.getvalue().splitlines() == [
        "Front desk, from the bin: 1",
        "Front desk, past their team's time: 1",
        "Front desk, pages of faxes: 3",
        "Uploads no longer needed: 1",
        "Files nobody refers to: 1",
    ]
    assert files(settings) == before and not LogEntry.objects.exists() and not FaxEvent.objects.exists()
    said = purge.drain().lines()
    assert said[:5] == out.getvalue().splitlines() and files(settings) == []


def test_the_command_says_when_there_is_nothing_to_do(db: None) -> None:
    out = StringIO()
    call_command("purge", stdout=out)
    assert out.getvalue() == "Nothing is due.\n"


def test_the_command_fails_when_a_file_could_not_be_deleted(team: Team, settings: Settings) -> None:
    fax = trashed(team)
    assert fax.document
    path = Path(settings.MEDIA_ROOT) / str(fax.document.file.name)
    path.unlink()
    (path / "in the way").mkdir(parents=True)
    with pytest.raises(CommandError, match="run it again"):
        call_command("purge", stdout=StringIO())
