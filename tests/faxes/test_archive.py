"""A received fax's pages come home once, whole, however the way there goes wrong."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from django.db import connection
from django.db.models import Count
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

import webhooks.steps
from accounts.models import Team
from applications.models import PhoneNumber
from documents.errors import Code
from faxes.models import Document, Fax
from faxes.states import Media
from faxes.steps import archive
from telnyx_sandbox.server import Server
from tests import builders, papers
from tests.stores import use
from tests.telnyx_api.scripted import Reply, serving
from tests.threads import at_once
from tests.webhooks.telnyx import event
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)

Deliver = Callable[[], list[int]]


@pytest.fixture
def arrive(sandbox: Server, line: PhoneNumber, deliver: Deliver) -> Callable[..., Fax]:
    """A function that lets a fax arrive at our number, up to the last event; its pages are not fetched yet."""

    def arrived(**what: Any) -> Fax:
        sandbox.sandbox.receive(to=line.phone_number, **what)
        sandbox.sandbox.advance(60)
        assert set(deliver()) == {200}
        webhooks.steps.drain()
        return Fax.objects.received().latest("created_at")

    return arrived


def stored_files(settings: Settings) -> list[Path]:
    """The files of faxes, less the pictures of their pages, which can be drawn anew."""
    root = Path(settings.MEDIA_ROOT)
    return [path for path in root.rglob("*") if path.is_file() and path.relative_to(root).parts[0] != "pages"]


def due_again(fax: Fax) -> Fax:
    """Archive once more, as if the time had come, for the lease of a worker that died, too."""
    now = timezone.now()
    Fax.objects.filter(pk=fax.pk).exclude(leased_until=None).update(leased_until=now - timedelta(seconds=1))
    archive.recover_abandoned()
    Fax.objects.filter(pk=fax.pk, media=Media.WAITING).update(due_at=now)
    archive.drain()
    fax.refresh_from_db()
    return fax


def is_whole(fax: Fax) -> bool:
    """Is the fax archived with a document of its own whose file is there and unchanged?"""
    if fax.media != Media.ARCHIVED or fax.document is None:
        return False
    with fax.document.file.open("rb") as stored:
        return hashlib.sha256(stored.read()).hexdigest() == fax.document.sha256


def test_a_received_fax_is_archived_as_it_came(arrive: Callable[..., Fax], sandbox: Server, team: Team) -> None:
    fax = arrive(pages=3)
    assert (fax.media, fax.document, fax.team) == (Media.WAITING, None, team)
    assert archive.drain() == 1
    fax.refresh_from_db()
    assert is_whole(fax) and fax.document is not None
    (truth,) = sandbox.sandbox.faxes()
    assert (fax.document.sha256, fax.document.pages, fax.document.kind) == (truth["file"], 3, "received")
    assert (fax.problem, fax.due_at, fax.owner, fax.leased_until) == ({}, None, None, None)
    noted = fax.events.get(kind="archived").data
    assert 0 <= noted.pop("seconds") < 60
    assert noted == {"pages": 3, "bytes": fax.document.bytes}
    assert archive.drain() == 0


@contextmanager
def served(settings: Settings, *replies: Reply) -> Iterator[str]:
    """A link to a server that gives these replies, one after the other."""
    with serving(*replies) as server:
        settings.PRIVATE_HOSTS_ALLOWED = [*settings.PRIVATE_HOSTS_ALLOWED, f"127.0.0.1:{server.server_port}"]
        yield f"http://127.0.0.1:{server.server_port}/received/1.pdf"


def waiting(team: Team, link: str, **columns: Any) -> Fax:
    return builders.inbound(
        team, status="received", media=Media.WAITING, media_url=link, due_at=timezone.now(), **columns
    )


def test_a_tiff_is_archived_as_well(settings: Settings, team: Team) -> None:
    with served(settings, Reply(content=papers.fax_tiff(2))) as link:
        fax = due_again(waiting(team, link, page_count=2))
    assert is_whole(fax) and fax.document is not None
    assert (fax.document.pages, fax.document.content_type) == (2, "application/pdf")


@pytest.mark.parametrize("paper", [lambda: papers.text_pdf(351), lambda: papers.many_frames_tiff(351)])
def test_more_pages_than_can_be_sent_may_come_in(settings: Settings, team: Team, paper: Callable[[], bytes]) -> None:
    with served(settings, Reply(content=paper())) as link:
        fax = due_again(waiting(team, link))
    assert is_whole(fax) and fax.document is not None
    assert fax.document.pages == 351


def test_another_number_of_pages_than_announced_is_noted(settings: Settings, team: Team) -> None:
    with served(settings, Reply(content=papers.text_pdf(2))) as link:
        fax = due_again(waiting(team, link, page_count=5))
    assert is_whole(fax)
    noted = fax.events.get(kind="archived").data
    assert (noted["pages"], noted["announced"]) == (2, 5)


def test_an_expired_link_is_renewed(arrive: Callable[..., Fax], sandbox: Server) -> None:
    fax = arrive(pages=1)
    sandbox.sandbox.advance(3600)
    archive.drain()
    fax.refresh_from_db()
    assert is_whole(fax)
    asked = [f"{logged.method} {logged.path} {logged.status}" for logged in sandbox.sandbox.requests]
    assert asked[-4:] == [
        f"GET /_media/{fax.telnyx_id}.pdf 403",
        f"POST /v2/faxes/{fax.telnyx_id}/actions/refresh 200",
        f"GET /v2/faxes/{fax.telnyx_id} 200",
        f"GET /_media/{fax.telnyx_id}.pdf 200",
    ]


@pytest.mark.parametrize("link", ["", "not a link", "['https://x.example/1.pdf']"])
def test_a_link_that_is_none_is_asked_for(arrive: Callable[..., Fax], link: str) -> None:
    fax = arrive(pages=1)
    # Nothing says that a refresh moves updated_at, so the record may look older than what we have.
    Fax.objects.update(media_url=link, remote_at=timezone.now() + timedelta(days=1))
    assert is_whole(due_again(fax))


def test_what_cannot_be_refreshed_may_have_a_good_link_all_the_same(
    arrive: Callable[..., Fax], sandbox: Server
) -> None:
    fax = arrive(pages=1)
    Fax.objects.update(media_url="")
    sandbox.sandbox.faults.add(method="POST", path="/v2/faxes/*", action="status", status=422)
    assert is_whole(due_again(fax))


def test_a_new_link_that_comes_by_webhook_is_tried_at_once(
    settings: Settings, team: Team, wakes: list[tuple[str, float]]
) -> None:
    in_hours = timezone.now() + timedelta(hours=4)
    fax = waiting(team, "not a link", tries=12)
    Fax.objects.update(due_at=in_hours)
    assert archive.drain() == 0
    with served(settings, Reply(content=papers.text_pdf(1))) as link:
        facts = {"direction": "inbound", "status": "received", "media_url": link}
        Delivery.objects.record(event("fax.received", fax_id=fax.telnyx_id, **facts))
        with TestCase.captureOnCommitCallbacks(execute=True):
            webhooks.steps.drain()
        assert ("archive", 0) in wakes
        assert archive.drain() == 1
    fax.refresh_from_db()
    assert is_whole(fax)


def nothing_is_kept(fax: Fax, settings: Settings) -> bool:
    return fax.document is None and not Document.objects.exists() and not stored_files(settings)


TROUBLES = [
    ({"action": "garbage"}, "unsupported"),
    ({"action": "truncate"}, "broke_off"),
    ({"action": "empty"}, "empty"),
    ({"action": "reset"}, "unreachable"),
    ({"action": "redirect", "headers": {"Location": "http://127.0.0.1:1/"}}, "redirect"),
    ({"action": "status", "status": 500}, "server"),
    ({"action": "status", "status": 429}, "server"),
    ({"action": "status", "status": 404}, "link_dead"),
]


@pytest.mark.parametrize(("fault", "code"), TROUBLES)
def test_trouble_on_the_way_is_said_and_tried_again(
    arrive: Callable[..., Fax], sandbox: Server, settings: Settings, fault: dict[str, Any], code: str
) -> None:
    fax = arrive(pages=1)
    sandbox.sandbox.faults.add(method="GET", path="/_media/*", times=None, **fault)
    for tries in (1, 2):
        due_again(fax)
        assert (fax.media, fax.problem["code"], fax.tries, fax.owner) == (Media.WAITING, code, tries, None)
        assert fax.due_at is not None
        assert timedelta(seconds=tries) < fax.due_at - timezone.now() <= timedelta(seconds=2 * tries)
        assert nothing_is_kept(fax, settings)
    # The second time said nothing new.
    assert [event.data for event in fax.events.filter(kind="media_failed")] == [fax.problem]
    sandbox.sandbox.faults.clear()
    due_again(fax)
    assert is_whole(fax) and fax.problem == {}


FILES = [
    (papers.encrypted_pdf, "encrypted"),
    (papers.broken_pdf, "broken"),
    (papers.truncated_pdf, "broken"),
    (papers.html_renamed, "unsupported"),
    (papers.zip_renamed, "unsupported"),
    (papers.photo_jpeg, "unsupported"),
    (papers.huge_dimension_png, "bomb"),
    (papers.many_frames_tiff, "too_many_pages"),
]


@pytest.mark.parametrize(("paper", "code"), FILES)
def test_a_file_that_is_no_fax_is_not_kept(
    settings: Settings, team: Team, paper: Callable[[], bytes], code: str
) -> None:
    with served(settings, Reply(content=paper())) as link:
        fax = due_again(waiting(team, link))
    assert (fax.media, fax.problem["code"]) == (Media.WAITING, code)
    assert fax.problem["detail"] == archive.FAULTS[code]
    assert nothing_is_kept(fax, settings)


def test_every_fault_of_a_document_has_its_sentence() -> None:
    assert set(archive.FAULTS) == set(get_args(Code))


def test_sixty_megabytes_are_not_fetched(settings: Settings, team: Team) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n%PDF-1.7"
    with served(settings, Reply(raw=head, hang=True)) as link:
        fax = due_again(waiting(team, link))
    assert fax.problem["code"] == "too_large"
    assert nothing_is_kept(fax, settings)


def test_a_link_to_a_private_address_is_not_followed(settings: Settings, team: Team) -> None:
    with serving() as server:
        fax = due_again(waiting(team, f"http://127.0.0.1:{server.server_port}/"))
        assert (server.asked, server.sockets) == ([], [])
    assert fax.problem["code"] == "private_address"


@pytest.mark.parametrize("key", ["", "KEYwrong_one"])
def test_a_dead_link_without_telnyx_waits(settings: Settings, sandbox: Server, team: Team, key: str) -> None:
    settings.TELNYX_API_KEY = key
    fax = due_again(waiting(team, ""))
    assert (fax.media, fax.problem["code"]) == (Media.WAITING, "no_new_link")


def test_a_trouble_that_is_told_in_new_words_each_time_is_noted_once(
    settings: Settings, sandbox: Server, team: Team
) -> None:
    """Telnyx gives each of its refusals a number."""
    fax = waiting(team, "")
    for number in ("1", "2"):
        sandbox.sandbox.faults.add(method="GET", path="/v2/faxes/*", action="status", status=403)
        sandbox.sandbox.faults.add(method="POST", path="/v2/faxes/*", action="status", status=403)
        due_again(fax)
        Fax.objects.update(problem=fax.problem | {"detail": f"Refused (request id {number})."})
    assert fax.events.filter(kind="media_failed").count() == 1


def test_pauses_grow_to_hours(team: Team) -> None:
    fax = waiting(team, "http://127.0.0.1:1/")
    pauses = []
    for tries in (0, 4, 10, 40):
        Fax.objects.update(tries=tries)
        due_again(fax)
        assert fax.due_at is not None
        pauses.append(round((fax.due_at - timezone.now()).total_seconds()))
    assert pauses == [2, 32, 2048, 4 * 3600]


def test_after_seven_days_the_pages_are_missing(settings: Settings, team: Team) -> None:
    fax = waiting(team, "http://127.0.0.1:1/", heard_at=timezone.now() - timedelta(days=7, minutes=-1))
    assert due_again(fax).media == Media.WAITING
    Fax.objects.update(heard_at=timezone.now() - timedelta(days=7, minutes=1))
    due_again(fax)
    assert (fax.media, fax.due_at, fax.owner, fax.document) == (Media.MISSING, None, None, None)
    assert fax.events.get(kind="media_missing").data == fax.problem
    assert fax.problem["title"] == "The pages are missing"
    assert archive.drain() == 0


def test_telnyx_counts_its_seven_days_from_the_call(settings: Settings, team: Team) -> None:
    fax = waiting(team, "http://127.0.0.1:1/", created_at=timezone.now() - timedelta(days=6, hours=23))
    assert due_again(fax).media == Media.WAITING
    Fax.objects.update(created_at=timezone.now() - timedelta(days=7, minutes=1), heard_at=timezone.now() - DAY)
    assert due_again(fax).media == Media.MISSING


def test_the_last_try_may_succeed(settings: Settings, team: Team) -> None:
    with served(settings, Reply(content=papers.text_pdf(1))) as link:
        fax = due_again(waiting(team, link, heard_at=timezone.now() - timedelta(days=8)))
    assert is_whole(fax)


def test_a_storage_that_is_away_or_full_is_waited_for(settings: Settings, team: Team, tmp_path: Path) -> None:
    good, broken = settings.MEDIA_ROOT, tmp_path / "not a folder"
    broken.touch()
    page = Reply(content=papers.text_pdf(1))
    with served(settings, page, page) as link:
        fax = waiting(team, link)
        settings.MEDIA_ROOT = str(broken)
        due_again(fax)
        assert (fax.media, fax.problem["code"]) == (Media.WAITING, "storage")
        assert fax.problem["detail"].startswith("The pages could not be stored here: ")
        assert not Document.objects.exclude(stored_at=None).exists()
        settings.MEDIA_ROOT = good
        with TestCase.captureOnCommitCallbacks(execute=True):
            assert is_whole(due_again(fax))
    # What the first try could not even take back is gone by now.
    assert Document.objects.count() == 1 == len(stored_files(settings))


def test_a_worker_that_was_overtaken_leaves_nothing_behind(settings: Settings, team: Team) -> None:
    """Its lease ran out while it stored the pages, and the next one is at it."""

    def overtaken(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and "faxes_document" in sql:
            Fax.objects.update(owner=uuid.uuid4())
        return execute(sql, params, many, context)

    with served(settings, Reply(content=papers.text_pdf(1))) as link:
        fax = waiting(team, link)
        with connection.execute_wrapper(overtaken), TestCase.captureOnCommitCallbacks(execute=True):
            archive.drain()
    fax.refresh_from_db()
    assert fax.media == Media.WAITING and fax.owner is not None
    assert nothing_is_kept(fax, settings)
    assert not fax.events.exists()


@pytest.mark.django_db(transaction=True)
def test_one_that_was_overtaken_while_the_storage_went_away_holds_up_no_other(settings: Settings, team: Team) -> None:
    """It can neither record what it stored nor take it back."""

    def overtaken(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("UPDATE") and '"stored_at"' in sql:
            Fax.objects.filter(pk=fax.pk).update(owner=uuid.uuid4())
            use(settings, url="s3://key:secret@127.0.0.1:1/bucket?timeout=1")
        return execute(sql, params, many, context)

    with served(settings, Reply(content=papers.text_pdf(1))) as link:
        fax = waiting(team, link)
        with connection.execute_wrapper(overtaken):
            assert archive.drain() == 1
    fax.refresh_from_db()
    assert fax.media == Media.WAITING and not fax.events.exists()
    # Its row is still there, so the purge finds the file.
    assert Document.objects.get().stored_at is None


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches SIGKILL; the database forgets what was not committed."""


class Fate:
    """Kills the worker before or after its n-th call to the database."""

    def __init__(self, at: int, *, before: bool) -> None:
        self.at, self.before, self.calls = at, before, 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.calls += 1
        if self.before and self.calls == self.at:
            raise Killed
        result = execute(sql, params, many, context)
        if not self.before and self.calls == self.at:
            raise Killed
        return result


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_worker_killed_anywhere_leaves_no_half_state(settings: Settings, team: Team, before: bool) -> None:
    page = Reply(content=papers.text_pdf(1))
    deaths = 0
    with served(settings, *[page] * 200) as link:
        for at in range(1, 60):
            fax = waiting(team, link)
            fate = Fate(at, before=before)
            try:
                with connection.execute_wrapper(fate):
                    archive.archive_next()
            except Killed:
                deaths += 1
            fax.refresh_from_db()
            assert is_whole(fax) or (fax.media, fax.document) == (Media.WAITING, None), f"after a kill at call {at}"
            assert is_whole(due_again(fax)), f"after a kill at call {at}"
            assert fax.events.filter(kind="archived").count() == 1
            if fate.calls < at:
                break
    assert deaths == at - 1 >= 8
    assert not Document.objects.annotate(uses=Count("faxes")).filter(uses__gt=1).exists()


@pytest.mark.django_db(transaction=True)
def test_several_workers_archive_each_fax_once(settings: Settings, team: Team) -> None:
    page = Reply(content=papers.text_pdf(1))
    with served(settings, *[page] * 9) as link:
        for _ in range(6):
            waiting(team, link)
        assert sum(at_once(archive.drain, archive.drain, archive.drain)) == 6
    assert list(Fax.objects.values_list("media", flat=True)) == [Media.ARCHIVED] * 6
    assert Document.objects.count() == 6
    assert len(stored_files(settings)) == 6
