"""The prepare step: one checked PDF out of what was dropped, or a clear end, and nothing lost on the way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team, User
from applications.models import PhoneNumber
from documents import UPLOAD_MAX, inspect
from faxes import services
from faxes.claims import claim
from faxes.files import local_path
from faxes.models import Batch, Document, Fax
from faxes.states import Outbox
from faxes.steps import prepare, submit
from telnyx_sandbox.server import Server
from tests import builders
from tests.papers import active_pdf, big_pdf, fax_tiff, photo_jpeg, text_pdf
from tests.stores import KEY, use


def composed(team: Team, by: User, *papers: bytes, to: tuple[str, ...] = (builders.THEIRS,)) -> Batch:
    """A sheet that was sent with these files."""
    number = builders.number(team)
    batch = Batch.objects.create(created_by=by)
    for position, content in enumerate(papers):
        builders.document(content, batch=batch, kind=Document.Kind.UPLOAD, position=position)
    return services.send(by=by, batch_id=batch.pk, number=number, recipients=to, options={})


def test_the_files_become_one_document_in_their_order(team: Team, bob: User) -> None:
    batch = composed(team, bob, text_pdf(pages=3), fax_tiff(pages=2), photo_jpeg())
    assert prepare.drain() == 1
    fax = batch.faxes.get()
    assert fax.outbox == Outbox.READY and fax.document is not None
    assert (fax.document.kind, fax.document.pages, fax.document.content_type) == ("outgoing", 6, "application/pdf")
    with local_path(fax.document) as path:
        found = inspect(path, name="fax.pdf")
    assert (found.pages, found.sha256, found.bytes) == (6, fax.document.sha256, fax.document.bytes)
    assert prepare.drain() == 0


def test_several_recipients_share_one_document(team: Team, bob: User) -> None:
    batch = composed(team, bob, text_pdf(pages=1), to=(builders.THEIRS, "+14155550100"))
    assert prepare.drain() == 2
    assert len({fax.document_id for fax in batch.faxes.all()}) == 1
    assert Document.objects.filter(kind=Document.Kind.OUTGOING).count() == 1


def test_nothing_active_leaves(team: Team, bob: User) -> None:
    batch = composed(team, bob, active_pdf())
    prepare.drain()
    document = batch.faxes.get().document
    assert document is not None
    with document.file.open("rb") as pages:
        content = pages.read()
    assert b"/JavaScript" not in content and b"/Launch" not in content and b"/EmbeddedFile" not in content


def test_a_document_that_broke_meanwhile_ends_the_fax_in_words(team: Team, bob: User) -> None:
    batch = composed(team, bob, b"this is no document")
    prepare.drain()
    fax = batch.faxes.get()
    assert (fax.outbox, fax.document) == (Outbox.REJECTED, None)
    assert "fax.pdf" in fax.problem["detail"] and fax.problem["code"]
    assert fax.events.filter(kind="rejected").exists()
    assert not services.can_send_again(fax)


def test_a_cancelled_fax_is_not_prepared(team: Team, bob: User) -> None:
    batch = composed(team, bob, text_pdf(pages=1))
    services.cancel(by=bob, fax=batch.faxes.get())
    assert prepare.drain() == 0
    assert not Document.objects.filter(kind=Document.Kind.OUTGOING).exists()


def test_a_storage_that_is_away_costs_time_only(team: Team, bob: User, settings: Settings, tmp_path: Path) -> None:
    batch = composed(team, bob, text_pdf(pages=1))
    (tmp_path / "full").write_text("no folder")
    there, settings.MEDIA_ROOT = settings.MEDIA_ROOT, str(tmp_path / "full")
    prepare.drain()
    fax = batch.faxes.get()
    assert (fax.outbox, fax.owner, fax.tries) == (Outbox.PREPARING, None, 0)
    assert fax.due_at is not None and fax.due_at > timezone.now()
    settings.MEDIA_ROOT = there
    Fax.objects.update(due_at=timezone.now())
    prepare.drain()
    fax.refresh_from_db()
    assert fax.outbox == Outbox.READY


def test_a_worker_that_died_leaves_its_fax_to_the_next(team: Team, bob: User) -> None:
    batch = composed(team, bob, text_pdf(pages=1))
    Fax.objects.update(owner=batch.pk, leased_until=timezone.now() + timedelta(minutes=1))
    assert prepare.drain() == 0
    Fax.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert prepare.drain() == 1


def test_a_document_that_kills_each_worker_ends_the_fax_in_words(team: Team, bob: User) -> None:
    batch = composed(team, bob, text_pdf(pages=1))
    for _ in range(prepare.MOST_DEATHS):
        dead = claim(Fax.objects.filter(outbox=Outbox.PREPARING), lease=prepare.LEASE, tries=F("tries") + 1)
        assert dead is not None
        Fax.objects.filter(pk=dead.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    prepare.drain()
    fax = batch.faxes.get()
    assert (fax.outbox, fax.document) == (Outbox.REJECTED, None)
    assert "broke off each time" in fax.problem["detail"]


def test_a_lost_file_ends_the_fax_after_half_an_hour(team: Team, bob: User) -> None:
    batch = composed(team, bob, text_pdf(pages=1))
    upload = batch.documents.get()
    upload.file.storage.delete(str(upload.file.name))
    prepare.drain()
    assert batch.faxes.get().outbox == Outbox.PREPARING
    Fax.objects.update(due_at=timezone.now(), created_at=timezone.now() - timedelta(minutes=31))
    prepare.drain()
    fax = batch.faxes.get()
    assert fax.outbox == Outbox.REJECTED and "no longer whole in the storage" in fax.problem["detail"]


def test_a_sealed_file_that_somebody_changed_ends_the_fax(team: Team, bob: User, settings: Settings) -> None:
    use(settings, keys=[KEY])
    batch = composed(team, bob, text_pdf(pages=1))
    file = Path(settings.MEDIA_ROOT, str(batch.documents.get().file.name))
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    Fax.objects.update(created_at=timezone.now() - timedelta(minutes=31))
    prepare.drain()
    assert batch.faxes.get().outbox == Outbox.REJECTED


def test_pages_that_are_lost_end_the_fax_when_they_do_not_come_back(line: PhoneNumber, team: Team) -> None:
    fax = builders.outbound(team, from_number=line.phone_number)
    assert fax.document is not None
    fax.document.file.storage.delete(str(fax.document.file.name))
    submit.drain()
    fax.refresh_from_db()
    assert (fax.outbox, fax.tries) == (Outbox.READY, 1)
    Fax.objects.update(due_at=timezone.now(), tries=submit.MOST_TRIES_FOR_LOST_PAGES)
    submit.drain()
    fax.refresh_from_db()
    assert fax.outbox == Outbox.REJECTED and "no longer whole in the storage" in fax.problem["detail"]
    assert not fax.line_held


def test_too_large_to_upload_and_no_address_to_fetch_it_from(team: Team, bob: User) -> None:
    batch = composed(team, bob, big_pdf(bytes=UPLOAD_MAX + 1_000_000))
    prepare.drain()
    fax = batch.faxes.get()
    assert fax.outbox == Outbox.REJECTED and "20 MB" in fax.problem["detail"]


def test_too_large_to_upload_is_fetched_by_telnyx_from_a_signed_link(
    sandbox: Server, line: object, team: Team, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://fax.example.org"
    large = builders.document(big_pdf(bytes=UPLOAD_MAX + 1_000_000))
    fax = builders.outbound(team, document=large)
    submit.drain()
    fax.refresh_from_db()
    [carrier] = sandbox.sandbox.faxes()
    assert fax.outbox == Outbox.ACCEPTED
    assert carrier["media_url"].startswith("https://fax.example.org/m/")
