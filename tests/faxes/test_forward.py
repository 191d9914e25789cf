"""Forwarding by fax: a new sheet with the pages of a fax, turned as people turned them."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from PIL import Image, ImageChops
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from documents import DocumentError, inspect, merge, render_page, turn_pages
from faxes import triage
from faxes.files import local_path
from faxes.models import Batch, Document, Fax
from faxes.story import line_of
from tests import builders, papers

pytestmark = pytest.mark.django_db


def received(team: Team | None, content: bytes = papers.text_pdf(), pages: int = 3, **columns: object) -> Fax:
    document = builders.document(content, pages=pages, kind=Document.Kind.RECEIVED)
    return builders.inbound(team, document=document, **columns)


def picture(path: Path, page: int, turn: int = 0) -> Image.Image:
    """As pages are shown on the screen."""
    with Image.open(io.BytesIO(render_page(path, page, width=300, turn=turn))) as image:
        return image.convert("L")


def as_faxed(document: Document, folder: Path) -> Path:
    """The document as it is put together for sending."""
    with local_path(document) as path:
        merge([(path, document.name)], folder / "faxed.pdf")
    return folder / "faxed.pdf"


def is_like(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures show the same, but for the softness of their edges."""
    other = other.resize(one.size)
    small = (one.resize((32, 32), Image.Resampling.BOX), other.resize((32, 32), Image.Resampling.BOX))
    difference = ImageChops.difference(*small)
    return not any(difference.histogram()[40:])


def test_the_pages_come_onto_a_new_sheet_of_the_person(team: Team, bob: User) -> None:
    fax = received(team)
    batch = triage.forward(by=bob, fax=fax)
    document = batch.documents.get()
    assert (batch.created_by, batch.sent_at) == (bob, None)
    assert (document.kind, document.name, document.pages) == ("upload", "fax from +1 773 555 0188.pdf", 3)
    assert document.is_here and document.position == 1
    assert fax.document and document.file.name != fax.document.file.name
    event = fax.events.get()
    assert (line_of(event).text, event.data) == ("Pages put on a new fax by Bob", {"batch": str(batch.pk)})
    assert LogEntry.objects.get(object_id=str(fax.pk)).action == "fax.forward"


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_pages_leave_as_they_were_turned_on_the_screen(degrees: int, team: Team, bob: User, tmp_path: Path) -> None:
    fax = received(team)
    assert fax.document
    triage.rotate(by=bob, fax=fax, page=2, degrees=degrees)
    document = triage.forward(by=bob, fax=fax).documents.get()
    faxed = as_faxed(document, tmp_path)
    with local_path(fax.document) as source:
        shown = [picture(source, 1), picture(source, 2, turn=degrees), picture(source, 3)]
        as_it_came = picture(source, 2)
    left = [picture(faxed, page) for page in (1, 2, 3)]
    assert all(map(is_like, shown, left))
    assert not is_like(as_it_came, left[1])
    # Clockwise: Pillow turns the other way round.
    assert is_like(as_it_came.rotate(-degrees, expand=True), left[1])


def test_a_page_that_came_on_its_side_is_turned_from_there(tmp_path: Path) -> None:
    upright, once, twice = tmp_path / "upright.pdf", tmp_path / "once.pdf", tmp_path / "twice.pdf"
    upright.write_bytes(papers.text_pdf())
    turn_pages(upright, once, {1: 90}, name="a.pdf")
    turn_pages(once, twice, {1: 270, 9: 90}, name="a.pdf")
    assert is_like(picture(upright, 1), picture(twice, 1))
    assert inspect(twice, name="a.pdf").pages == 3


def test_the_copy_outlives_the_fax(team: Team, bob: User, tmp_path: Path) -> None:
    fax = received(team)
    assert fax.document
    document = triage.forward(by=bob, fax=fax).documents.get()
    fax.document.file.storage.delete(str(fax.document.file.name))
    assert inspect(as_faxed(document, tmp_path), name="a.pdf").pages == 3


def test_a_sent_fax_is_forwarded_by_the_number_it_went_to(team: Team, bob: User) -> None:
    fax = builders.outbound(team, document=builders.document(papers.text_pdf(), pages=3))
    assert triage.forward(by=bob, fax=fax).documents.get().name == "fax to +1 773 555 0188.pdf"


def test_compose_opens_the_sheet(team: Team, bob: User, logged_in: Callable[[User], Client]) -> None:
    builders.number(team)
    batch = triage.forward(by=bob, fax=received(team))
    page = logged_in(bob).get("/faxes/new/", {"draft": str(batch.pk)})
    assert "fax from +1 773 555 0188.pdf" in page.content.decode()


def test_each_time_is_a_sheet_of_its_own(team: Team, bob: User) -> None:
    fax = received(team)
    assert triage.forward(by=bob, fax=fax) != triage.forward(by=bob, fax=fax)
    assert Batch.objects.count() == 2


def test_strangers_and_viewers_forward_nothing(team: Team, vera: User, charlie: User, alice: User, root: User) -> None:
    fax, unrouted = received(team), received(None)
    for by, theirs in ((vera, fax), (charlie, fax), (alice, unrouted)):
        with pytest.raises(PermissionDenied):
            triage.forward(by=by, fax=theirs)
    assert not Batch.objects.exists() and Document.objects.count() == 2
    assert triage.forward(by=root, fax=unrouted)


def test_pages_that_are_not_here_are_not_forwarded(team: Team, bob: User) -> None:
    none, purged, lost = builders.inbound(team), received(team), received(team)
    assert lost.document and purged.document
    Document.objects.filter(pk=purged.document.pk).update(purged_at=timezone.now())
    lost.document.file.storage.delete(str(lost.document.file.name))
    for fax, why in ((none, "not here yet"), (purged, "no longer kept"), (lost, "cannot be read or stored")):
        with pytest.raises(ValidationError, match=why):
            triage.forward(by=bob, fax=fax)
        assert not fax.events.exists()
    assert not Batch.objects.exists()


def test_what_is_in_the_bin_or_damaged_is_not_forwarded(team: Team, bob: User) -> None:
    trashed, damaged = received(team, trashed_at=timezone.now()), received(team, papers.broken_pdf())
    with pytest.raises(ValidationError, match="is in the bin. Put it back first"):
        triage.forward(by=bob, fax=trashed)
    with pytest.raises(ValidationError, match="“fax from .1 773 555 0188.pdf” is damaged"):
        triage.forward(by=bob, fax=damaged)
    assert not Batch.objects.exists() and Document.objects.count() == 2


def test_a_full_disk_is_said_and_leaves_nothing(team: Team, bob: User, settings: Settings, tmp_path: Path) -> None:
    fax = received(team)
    assert fax.document
    folder = Path(settings.MEDIA_ROOT, "upload")
    # Where the folder of uploads belongs there is a file, so nothing can be stored.
    folder.write_bytes(b"")
    with pytest.raises(ValidationError, match="cannot be read or stored at the moment"):
        triage.forward(by=bob, fax=fax)
    assert not Batch.objects.exists() and not Document.objects.filter(kind="upload", stored_at__isnull=False).exists()


@pytest.mark.parametrize("paper", [papers.broken_pdf, papers.encrypted_pdf, papers.html_renamed, papers.empty])
def test_what_is_no_readable_pdf_cannot_be_turned(paper: papers.Maker) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in.pdf"), Path(folder, "out.pdf")
        source.write_bytes(paper())
        with pytest.raises(DocumentError):
            turn_pages(source, out, {1: 90}, name="in.pdf")
        assert not out.exists()
