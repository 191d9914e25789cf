"""Downloads in parts, to look at, as they came, by way of the proxy; and what is said when there is nothing to give."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from faxes import files
from faxes.models import Document, Fax
from faxes.storage.base import StorageError
from faxes.storage.encrypted import EncryptedStorage
from faxes.storage.sealing import CHUNK, HEADER_BYTES, BrokenSeal
from tests import builders
from tests.log import deeds
from tests.stores import KEY, s3_server, use

pytestmark = pytest.mark.django_db

LogIn = Callable[[User], Client]
PAGES = b"%PDF-1.4 " + os.urandom(150_000)
SIZE = len(PAGES)


@pytest.fixture(params=[[], [KEY]], ids=["plain", "sealed"])
def storage(request: pytest.FixtureRequest, settings: Settings) -> EncryptedStorage:
    return use(settings, keys=request.param)


@pytest.fixture
def fax(storage: EncryptedStorage, team: Team) -> Fax:
    return builders.inbound(team, status="received", media="archived", document=document_of(PAGES))


@pytest.fixture
def client(logged_in: LogIn, vera: User) -> Client:
    return logged_in(vera)


def document_of(content: bytes, **columns: Any) -> Document:
    return builders.document(content, kind=Document.Kind.RECEIVED, **columns)


def ask(client: Client, fax: Fax, query: str = "", method: str = "get", **headers: str) -> Any:
    """The answer, read to its end as `body`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer: Any = getattr(client, method)(f"{reverse('faxes:file', args=[fax.pk])}{query}", headers=named)
    answer.body = b"".join(answer)
    return answer


def downloads() -> int:
    return LogEntry.objects.filter(action="fax.download").count()


def test_the_whole_file_says_that_parts_can_be_had(client: Client, fax: Fax) -> None:
    answer = ask(client, fax)
    assert (answer.status_code, answer.body) == (200, PAGES)
    assert (answer["Accept-Ranges"], answer["Content-Length"]) == ("bytes", str(SIZE))
    assert fax.document is not None and answer["ETag"] == f'"{fax.document.sha256}"'


PARTS = {
    "bytes=0-0": (0, 1),
    "bytes=0-99": (0, 100),
    f"bytes={CHUNK - 1}-{CHUNK}": (CHUNK - 1, CHUNK + 1),
    "bytes=100000-": (100_000, SIZE),
    "bytes=-100": (SIZE - 100, SIZE),
    f"bytes=-{SIZE + 5}": (0, SIZE),
    f"bytes=5-{SIZE + 5}": (5, SIZE),
    f"bytes={SIZE - 1}-": (SIZE - 1, SIZE),
}


@pytest.mark.parametrize(("asked", "part"), PARTS.items(), ids=list(PARTS))
def test_a_part_is_given_alone(client: Client, fax: Fax, asked: str, part: tuple[int, int]) -> None:
    start, stop = part
    answer = ask(client, fax, range=asked)
    assert (answer.status_code, answer.body) == (206, PAGES[start:stop])
    assert answer["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer["Content-Length"] == str(stop - start)


@pytest.mark.parametrize(
    "asked", [f"bytes={SIZE}-", f"bytes={SIZE + 9}-{SIZE + 10}", "bytes=-0", "bytes=" + "9" * 18 + "-"]
)
def test_a_part_beyond_the_end_is_refused_with_the_size(client: Client, fax: Fax, asked: str) -> None:
    answer = ask(client, fax, range=asked)
    assert (answer.status_code, answer.body, answer["Content-Range"]) == (416, b"", f"bytes */{SIZE}")
    assert downloads() == 0


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=-",
        "bytes=9-5",
        "bytes=1-2,5-6",
        "pages=1-2",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=١-٢",
        "bytes=" + "9" * 40 + "-",
    ],
)
def test_what_cannot_be_understood_gives_the_whole(client: Client, fax: Fax, asked: str) -> None:
    answer = ask(client, fax, range=asked)
    assert (answer.status_code, answer.body) == (200, PAGES)


def test_a_part_is_given_only_of_the_file_whose_parts_one_has(client: Client, fax: Fax) -> None:
    same = ask(client, fax)["ETag"]
    assert ask(client, fax, range="bytes=0-9", if_range=same).status_code == 206
    for other in ('"another"', f"W/{same}", "Sat, 21 Nov 2026 00:00:00 GMT"):
        answer = ask(client, fax, range="bytes=0-9", if_range=other)
        assert (answer.status_code, answer.body) == (200, PAGES)


def test_the_head_is_that_of_the_file_and_no_download(client: Client, fax: Fax) -> None:
    answer = ask(client, fax, method="head", range="bytes=0-9")
    assert (answer.status_code, answer.body, answer["Content-Length"]) == (200, b"", str(SIZE))
    assert downloads() == 0


def test_the_parts_of_one_download_are_one_line_on_record(client: Client, fax: Fax) -> None:
    ask(client, fax, range="bytes=0-9")
    ask(client, fax, range="bytes=10-19")
    ask(client, fax, range="bytes=20-")
    assert downloads() == 1
    ask(client, fax)
    assert downloads() == 2


def test_nobody_gets_around_the_record_by_leaving_out_the_beginning(
    client: Client, fax: Fax, logged_in: LogIn, bob: User
) -> None:
    ask(client, fax, range="bytes=1-")
    assert downloads() == 1
    ask(logged_in(bob), fax, range="bytes=1-")
    assert downloads() == 2
    cache.clear()
    ask(client, fax, range="bytes=1-")
    assert downloads() == 3


def test_the_file_as_it_came(client: Client, fax: Fax) -> None:
    original = document_of(b"II*\0 a fax")
    name = files.name_of(original).replace(".pdf", ".tiff")
    with original.file.open() as file:
        files.storage_of(original).save(name, file)
    Document.objects.filter(pk=original.pk).update(content_type="image/tiff", file=name)
    Fax.objects.update(original=original)
    answer = ask(client, fax, "?original=1&inline=1")
    assert (answer.body, answer["Content-Type"]) == (b"II*\0 a fax", "image/tiff")
    # Only a PDF is shown in the browser.
    assert answer["Content-Disposition"].startswith("attachment;") and '.tiff"' in answer["Content-Disposition"]
    assert deeds().get().data == {"sha256": original.sha256}
    assert ask(client, fax).body == PAGES


def test_without_an_original_the_document_is_what_came(client: Client, fax: Fax) -> None:
    assert ask(client, fax, "?original=1").body == PAGES


def test_a_file_to_look_at_may_do_nothing(client: Client, fax: Fax) -> None:
    answer = ask(client, fax, "?inline=1")
    assert answer["Content-Disposition"].startswith("inline;")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert (answer["X-Content-Type-Options"], answer["X-Frame-Options"]) == ("nosniff", "DENY")
    assert "no-store" in answer["Cache-Control"] and downloads() == 1


def test_a_file_to_print_is_on_record_as_that(client: Client, fax: Fax) -> None:
    assert f"/faxes/{fax.pk}/file/?print=1" in client.get(f"/faxes/{fax.pk}/").content.decode()
    answer = ask(client, fax, "?print=1")
    assert answer["Content-Disposition"].startswith("inline;") and answer["Content-Type"] == "application/pdf"
    # A browser's own reader fetches the rest in parts, of the same look.
    ask(client, fax, "?print=1", range="bytes=10-")
    (entry,) = LogEntry.objects.exclude(action__in=["fax.view", "session.login"])
    assert (entry.action, entry.object_id, downloads()) == ("fax.print", str(fax.pk), 0)


def test_of_pages_that_were_deleted_it_is_said(client: Client, fax: Fax) -> None:
    Document.objects.update(purged_at=timezone.now())
    answer = ask(client, fax)
    assert answer.status_code == 404 and b"These pages were deleted" in answer.body
    Document.objects.update(purged_at=None, stored_at=None)
    assert ask(client, fax).status_code == 404
    assert downloads() == 0


def path_of(fax: Fax, storage: EncryptedStorage) -> Path:
    assert fax.document is not None
    return Path(storage.inner.path(files.name_of(fax.document)))


def test_a_file_that_is_cut_short_is_not_given_as_if_it_were_whole(
    client: Client, fax: Fax, storage: EncryptedStorage
) -> None:
    path = path_of(fax, storage)
    path.write_bytes(path.read_bytes()[:100])
    assert ask(client, fax, range="bytes=120000-").status_code == 503
    assert ask(client, fax, method="head").status_code == 503
    assert downloads() == 0


def test_a_spoilt_file_is_not_given(settings: Settings, client: Client, team: Team) -> None:
    storage = use(settings, keys=[KEY])
    fax = builders.inbound(team, document=document_of(PAGES))
    path, stored = path_of(fax, storage), path_of(fax, storage).read_bytes()
    path.write_bytes(stored[:HEADER_BYTES] + bytes([stored[HEADER_BYTES] ^ 1]) + stored[HEADER_BYTES + 1 :])
    answer = ask(client, fax)
    assert answer.status_code == 503 and b"cannot be given at the moment" in answer.body
    # Further on, the answer breaks off where the file does.
    path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    with pytest.raises(BrokenSeal):
        ask(client, fax)


def test_a_plain_file_that_ends_too_early_breaks_off(settings: Settings, client: Client, team: Team) -> None:
    fax = builders.inbound(team, document=document_of(PAGES))
    path_of(fax, use(settings)).write_bytes(PAGES[:-1])
    with pytest.raises(StorageError, match="not as long"):
        ask(client, fax)


def test_a_storage_that_is_away_is_said_so(settings: Settings, client: Client, fax: Fax) -> None:
    use(settings, url="s3://key:secret@127.0.0.1:1/bucket?timeout=1")
    answer = ask(client, fax)
    assert answer.status_code == 503 and b"secret" not in answer.body
    assert downloads() == 0


def test_files_come_from_s3_by_parts_too(settings: Settings, client: Client, team: Team) -> None:
    with s3_server() as place:
        use(settings, url=f"s3://{place}", keys=[KEY])
        settings.X_ACCEL_REDIRECT = "/protected/"
        fax = builders.inbound(team, document=document_of(PAGES))
        assert ask(client, fax).body == PAGES
        assert ask(client, fax, range="bytes=65530-65540").body == PAGES[65_530:65_541]


def test_the_proxy_sends_a_plain_file_itself(settings: Settings, client: Client, team: Team) -> None:
    settings.X_ACCEL_REDIRECT = "/protected/"
    fax = builders.inbound(team, document=document_of(PAGES))
    assert fax.document is not None
    answer = ask(client, fax, "?inline=1")
    assert (answer.status_code, answer.body) == (200, b"")
    assert answer["X-Accel-Redirect"] == f"/protected/{fax.document.file.name}"
    assert answer["Content-Type"] == "application/pdf" and answer["Content-Disposition"].startswith("inline;")
    assert "sandbox" in answer["Content-Security-Policy"] and downloads() == 1
    fax.document.file.storage.delete(str(fax.document.file.name))
    assert ask(client, fax).status_code == 404 and downloads() == 1


def test_a_sealed_file_is_never_left_to_the_proxy(settings: Settings, client: Client, team: Team) -> None:
    settings.X_ACCEL_REDIRECT = "/protected/"
    use(settings, keys=[KEY])
    fax = builders.inbound(team, document=document_of(PAGES))
    answer = ask(client, fax)
    assert answer.body == PAGES and not answer.has_header("X-Accel-Redirect")


def test_a_plain_file_among_sealed_ones_is_given_only_as_it_was_stored(
    settings: Settings, client: Client, team: Team
) -> None:
    """It may be of the time before there were keys, or somebody may have put it there."""
    settings.X_ACCEL_REDIRECT = "/protected/"
    fax = builders.inbound(team, document=document_of(PAGES))
    path = path_of(fax, use(settings, keys=[KEY]))
    assert ask(client, fax).body == PAGES
    assert ask(client, fax, range="bytes=5-9").body == PAGES[5:10]
    path.write_bytes(PAGES[:-1] + b"!")
    for asked in ({}, {"range": "bytes=5-9"}):
        answer = ask(client, fax, **asked)
        assert answer.status_code == 503 and not answer.has_header("X-Accel-Redirect")
