"""The promise: what the sender has a confirmation for is in our inbox, whatever stood still or got lost meanwhile."""

from __future__ import annotations

import hashlib
import io
import resource
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pikepdf
import pytest
from django.core.management import call_command
from django.db import DataError, connection
from django.test import TestCase
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

import webhooks.steps
from accounts.models import Team, User
from applications.models import PhoneNumber
from faxes import services
from faxes.files import digest
from faxes.missing import count_missing
from faxes.models import Document, Fax
from faxes.reasons import OURS
from faxes.states import Media
from faxes.steps import archive
from faxes.story import Line, line_of
from faxes.wording import state_of
from sync.services import sync_recent
from telnyx_sandbox.server import Server
from tests import builders, papers
from tests.hostile import hostile_world
from tests.processes import free_port
from tests.stores import KEY, s3_server, use

pytestmark = pytest.mark.django_db

MANY = 50


def truth(sandbox: Server) -> dict[str, str]:
    """The SHA-256 of what came in, by Telnyx's id."""
    return {row["id"]: row["file"] for row in sandbox.sandbox.faxes()}


def kept() -> dict[str, str]:
    """The SHA-256 of what our storage holds for each archived fax, read back just now."""
    faxes = Fax.objects.filter(media=Media.ARCHIVED).select_related("document", "original")
    return {str(fax.telnyx_id): digest(shown)[0] for fax in faxes if (shown := fax.original or fax.document)}


def story_of(fax: Fax) -> list[Line]:
    return [line_of(event) for event in fax.events.order_by("at", "id")]


def test_fifty_faxes_whose_links_have_died_are_all_brought_home(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]
) -> None:
    """The worker stands still while they arrive, and ten seconds later every link is dead."""
    sandbox.sandbox.options.link_seconds = 10
    for number in range(MANY):
        sandbox.sandbox.receive(to=line.phone_number, from_=f"+1415555{number:04}", pages=1)
    sandbox.sandbox.advance(30)
    assert set(deliver()) == {200}
    sandbox.sandbox.advance(11)
    assert not Fax.objects.exists()

    webhooks.steps.drain()
    assert archive.drain() == MANY
    assert kept() == truth(sandbox) and len(kept()) == MANY

    asked = [(logged.method, logged.status) for logged in sandbox.sandbox.requests if "_media" in logged.path]
    assert asked.count(("GET", 403)) == asked.count(("GET", 200)) == MANY
    refreshed = [logged.path for logged in sandbox.sandbox.requests if logged.path.endswith("/actions/refresh")]
    assert len(set(refreshed)) == MANY
    for fax in Fax.objects.all():
        assert (state_of(fax).word, fax.team) == ("received", line.team)
        told = [said.text for said in story_of(fax)]
        assert told[-2:] == ["Received", "Pages copied here"] and told.count("Pages copied here") == 1
        assert "1 page, rescued " in story_of(fax)[-1].detail
    call_command("verify_archive")


def test_a_link_that_is_known_to_be_dead_is_not_even_tried(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]
) -> None:
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(3600)
    deliver()
    webhooks.steps.drain()
    Fax.objects.update(link_dies_at=timezone.now())
    archive.drain()
    assert kept() == truth(sandbox)
    asked = [logged.status for logged in sandbox.sandbox.requests if "_media" in logged.path]
    assert asked == [200]


def test_a_link_taken_for_dead_is_tried_all_the_same_when_telnyx_is_away(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]
) -> None:
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    Fax.objects.update(link_dies_at=timezone.now())
    sandbox.sandbox.faults.add(method="POST", path="/v2/faxes/*", action="status", status=503, times=None)
    archive.drain()
    assert kept() == truth(sandbox)


def test_when_every_webhook_is_lost_the_sync_finds_the_fax_and_its_pages(sandbox: Server, line: PhoneNumber) -> None:
    sandbox.sandbox.receive(to=line.phone_number, pages=2)
    sandbox.sandbox.advance(30)
    sandbox.sandbox.pending_events.clear()
    assert not sync_recent().error
    archive.drain()
    fax = Fax.objects.get()
    assert (fax.team, fax.status, fax.media) == (line.team, "received", Media.ARCHIVED)
    assert kept() == truth(sandbox)


HIDDEN = [{"media_url"}, {"media_url", "page_count"}, {"page_count", "created_at"}, {"direction"}]
HIDDEN += [{"direction", "media_url", "page_count", "connection_id", "from", "created_at", "updated_at"}]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_listing_that_leaves_out_fields_is_enough(sandbox: Server, line: PhoneNumber, hidden: set[str]) -> None:
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(30)
    sandbox.sandbox.options.omit_fields = hidden
    assert not sync_recent().error
    archive.drain()
    # Without a link anywhere Telnyx has yet to say where the pages are.
    sandbox.sandbox.options.omit_fields = set()
    again()
    assert kept() == truth(sandbox)


def test_a_fax_that_telnyx_has_no_more_says_so(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]
) -> None:
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    sandbox.sandbox.faults.add(method="GET", path="/_media/*", action="status", status=403, times=None)
    sandbox.sandbox.faults.add(method="POST", path="/v2/faxes/*", action="status", status=404, times=None)
    sandbox.sandbox.faults.add(method="GET", path="/v2/faxes/*", action="status", status=404, times=None)
    archive.drain()
    fax = Fax.objects.get()
    assert (fax.media, fax.problem["code"]) == (Media.WAITING, "gone") and fax.gone_at is not None
    assert "Telnyx has this fax no more" in state_of(fax).sentence
    # Should it have been a slip of Telnyx's, the pages are had all the same.
    sandbox.sandbox.faults.clear()
    again()
    assert kept() == truth(sandbox)


def again() -> Fax:
    """Archive once more, as if the time had come."""
    Fax.objects.filter(media=Media.WAITING).update(due_at=timezone.now())
    with TestCase.captureOnCommitCallbacks(execute=True):
        archive.drain()
    return Fax.objects.get()


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a disk that is nearly full, the system refuses to let any file grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_raises_the_alarm_and_leaves_no_half_file(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]], settings: Settings
) -> None:
    sandbox.sandbox.receive(to=line.phone_number, file=papers.big_pdf(12_000_000, 3))
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    # More than the tests' database needs.
    with files_of_at_most(8_000_000):
        archive.drain()
    fax = Fax.objects.get()
    assert (fax.media, fax.problem["code"], files(settings)) == (Media.WAITING, "storage", [])
    assert "could not be stored here: File too large." in state_of(fax).sentence
    assert (state_of(fax).who, "administrator" in state_of(fax).next) == (OURS, True)
    Fax.objects.update(heard_at=timezone.now() - timedelta(minutes=11), link_dies_at=timezone.now())
    assert count_missing() == 1
    again()
    assert kept() == truth(sandbox) and len(files(settings)) == 1
    assert count_missing() == 0


def test_a_disk_that_fills_up_under_the_storage_keeps_no_half_file(
    settings: Settings, sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]
) -> None:
    """The download has found its room, and the storage's own file is cut short: sealed, it is a little longer."""
    use(settings, keys=[KEY])
    pages = papers.big_pdf(12_000_000, 3)
    sandbox.sandbox.receive(to=line.phone_number, file=pages)
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    with files_of_at_most(len(pages) + 100):
        archive.drain()
    fax = Fax.objects.get()
    assert (fax.media, fax.problem["code"], files(settings)) == (Media.WAITING, "storage", [])
    assert not Document.objects.exists()
    again()
    assert kept() == truth(sandbox) and len(files(settings)) == 1


def files(settings: Settings) -> list[Path]:
    root = Path(settings.MEDIA_ROOT)
    return [path for path in root.rglob("*") if path.is_file() and path.relative_to(root).parts[0] != "pages"]


def test_an_s3_storage_may_be_away(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]], settings: Settings
) -> None:
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    use(settings, url=f"s3://testkey:test%2Fsecret@127.0.0.1:{free_port()}/faxes")
    archive.drain()
    fax = Fax.objects.get()
    assert (fax.media, fax.problem["code"], state_of(fax).who) == (Media.WAITING, "storage", OURS)
    assert fax.due_at is not None and fax.due_at - timezone.now() < timedelta(seconds=3)
    with s3_server() as place:
        use(settings, url=f"s3://{place}", keys=[KEY])
        again()
        assert kept() == truth(sandbox)
        assert Document.objects.count() == 1
        call_command("verify_archive")


def test_where_the_trouble_is_ours_the_pauses_stay_short(team: Team, settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "not a folder"
    broken.touch()
    settings.MEDIA_ROOT = str(broken)
    with hostile_world() as (server, _):
        settings.PRIVATE_HOSTS_ALLOWED = [server.host]
        builders.inbound(team, media=Media.WAITING, media_url=server.link("tiff"), due_at=timezone.now(), tries=50)
        archive.drain()
    fax = Fax.objects.get()
    assert fax.problem["code"] == "storage" and fax.due_at is not None
    assert timedelta(minutes=9) < fax.due_at - timezone.now() <= timedelta(minutes=10)


def test_a_file_that_kills_its_workers_comes_up_ever_more_rarely_and_is_told(team: Team) -> None:
    """As far as the tables know, a dead worker is a lease that ran out."""
    fax = builders.inbound(team, media=Media.WAITING, media_url="http://127.0.0.1:1/", due_at=timezone.now())
    waits = []
    for death in range(1, 7):
        Fax.objects.update(tries=death, owner=uuid.uuid4(), leased_until=timezone.now() - timedelta(seconds=1))
        assert archive.drain() == 0
        fax.refresh_from_db()
        assert (fax.owner, fax.leased_until, fax.problem["deaths"]) == (None, None, death) and fax.due_at
        waits.append(round((fax.due_at - timezone.now()).total_seconds() / 60))
    assert waits == [1, 2, 4, 8, 16, 32]
    # Only the first and the third death are news.
    assert [event.data["detail"] for event in fax.events.all()] == [
        "The worker was stopped while it copied the pages.",
        "3 workers in a row ended while they copied the pages.",
    ]
    assert fax.problem["detail"] == "6 workers in a row ended while they copied the pages."
    assert (state_of(fax).word, state_of(fax).who) == ("pages missing", OURS)
    # The next trouble is another one, and begins to count anew.
    again()
    fax.refresh_from_db()
    assert "deaths" not in fax.problem


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_recorded_of_one_fax_holds_up_no_other(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]
) -> None:
    for _ in range(3):
        sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    bad = Fax.objects.earliest("due_at")

    failed: list[str] = []

    def refuse_once(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and "faxes_document" in sql and not failed:
            failed.append(sql)
            raise DataError("This database takes no such thing.")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse_once):
        assert archive.drain() == 3
    bad.refresh_from_db()
    assert (bad.media, bad.problem["code"], bad.owner) == (Media.WAITING, "stumbled", None)
    assert Fax.objects.filter(media=Media.ARCHIVED).count() == 2
    with TestCase.captureOnCommitCallbacks(execute=True):
        Fax.objects.filter(pk=bad.pk).update(due_at=timezone.now())
        archive.drain()
    assert kept() == truth(sandbox)


def test_a_link_that_comes_while_the_old_one_is_tried_is_tried_at_once(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]
) -> None:
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    good = Fax.objects.get().media_url
    Fax.objects.update(media_url="http://127.0.0.1:1/dead.pdf", tries=20)
    told: list[str] = []

    def news(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        # The first thing that a worker says after its download.
        if 'FROM "faxes_document"' in sql and not told:
            told.append(good)
            Fax.objects.update(media_url=good)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(news):
        assert archive.drain() == 2
    assert told and kept() == truth(sandbox)


def test_the_seconds_are_told_from_when_the_pages_were_there(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]]
) -> None:
    """Not from the beginning of the call, which may take half an hour."""
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    fax = Fax.objects.get()
    Fax.objects.update(heard_at=timezone.now() - timedelta(hours=1))
    fax.events.filter(kind="status:received").update(at=timezone.now() - timedelta(seconds=2.3))
    archive.drain()
    seconds = fax.events.get(kind="archived").data["seconds"]
    assert 2.3 <= seconds < 10 and seconds == round(seconds, 1)


def test_a_tiff_is_shown_as_a_pdf_of_the_same_dots_and_kept_as_it_came(team: Team, settings: Settings) -> None:
    with hostile_world() as (server, _):
        settings.PRIVATE_HOSTS_ALLOWED = [server.host]
        link = server.link("tiff")
        builders.inbound(team, status="received", media=Media.WAITING, media_url=link, due_at=timezone.now())
        archive.drain()
    fax = Fax.objects.get()
    assert fax.document is not None and fax.original is not None
    assert (fax.document.kind, fax.document.content_type, fax.document.name) == (
        "preview",
        "application/pdf",
        "fax.pdf",
    )
    assert (fax.original.kind, fax.original.content_type, fax.original.name) == ("received", "image/tiff", "fax.tif")
    assert kept() == {fax.telnyx_id: hashlib.sha256(papers.fax_tiff(1)).hexdigest()}
    with pikepdf.open(fax.document.file.path) as pdf:
        (image,) = pdf.pages[0].get_images().values()
        dots = pikepdf.PdfImage(cast(pikepdf.Stream, image)).as_pil_image().convert("1")
    came = Image.open(io.BytesIO(papers.fax_tiff(1)))
    assert dots.size == came.size and dots.tobytes() == came.convert("1").tobytes()


def test_try_now_asks_for_a_new_link_first(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]], bob: User
) -> None:
    """The link lives by its own word, but what it led to was no fax."""
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    sandbox.sandbox.faults.add(method="GET", path="/_media/*", action="garbage")
    archive.drain()
    fax = Fax.objects.get()
    assert fax.problem["code"] == "unsupported"
    services.fetch_again(by=bob, fax=fax)
    before = len(sandbox.sandbox.requests)
    archive.drain()
    assert [f"{asked.method} {asked.path} {asked.status}" for asked in sandbox.sandbox.requests[before:]] == [
        f"POST /v2/faxes/{fax.telnyx_id}/actions/refresh 200",
        f"GET /v2/faxes/{fax.telnyx_id} 200",
        f"GET /_media/{fax.telnyx_id}.pdf 200",
    ]
    assert kept() == truth(sandbox)


def test_the_first_page_is_drawn_before_anybody_looks(
    sandbox: Server, line: PhoneNumber, deliver: Callable[[], list[int]], settings: Settings
) -> None:
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(30)
    deliver()
    webhooks.steps.drain()
    archive.drain()
    document = Fax.objects.get().document
    assert document is not None
    assert list(Path(settings.MEDIA_ROOT).glob(f"pages/**/*{document.pk}*/1-*.png"))
