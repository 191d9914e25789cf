"""`verify_archive` finds what is missing, altered or nobody's, one line each, and leaves the rest alone."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from faxes import files, shelf, verify
from faxes.models import Document
from tests import builders
from tests.stores import KEY, OTHER_KEY, put, use

pytestmark = pytest.mark.django_db

PAGES = b"%PDF-1.4 some pages"


def lines(*options: str, fails: bool = True) -> list[str]:
    """What the command says, without the summary."""
    out = io.StringIO()
    if fails:
        with pytest.raises(CommandError):
            call_command("verify_archive", *options, stdout=out)
    else:
        call_command("verify_archive", *options, stdout=out)
    return out.getvalue().splitlines()[:-1]


def path_of(document: Document) -> Path:
    return Path(files.storage_of(document).inner.path(files.name_of(document)))  # type: ignore[attr-defined]


@pytest.mark.parametrize("keys", [[], [KEY]], ids=["plain", "sealed"])
def test_a_whole_archive_passes(settings: Settings, keys: list[str]) -> None:
    use(settings, keys=keys)
    for number in range(3):
        shelf.keep(builders.document(PAGES + b"%d" % number), "1-88.png", b"picture")
    out = io.StringIO()
    call_command("verify_archive", stdout=out)
    found = "missing: 0, altered: 0, unreadable: 0, orphaned: 0, unfinished: 0"
    assert out.getvalue() == f"Documents: 3, files: 6, {found}.\n"


def test_an_empty_archive_passes() -> None:
    assert lines(fails=False) == []


def test_a_missing_file_is_named() -> None:
    document = builders.document(PAGES)
    builders.document(PAGES)
    path_of(document).unlink()
    assert lines() == [f"missing  {document.pk}  {document.file.name}  the file is not there"]


def test_another_size_is_found_without_reading_and_other_bytes_by_reading() -> None:
    longer, other = builders.document(PAGES), builders.document(PAGES)
    path_of(longer).write_bytes(PAGES + b"!")
    path_of(other).write_bytes(PAGES[::-1])
    size = f"altered  {longer.pk}  {longer.file.name}  20 bytes instead of 19"
    assert lines("--quick") == [size]
    assert sorted(lines()) == sorted([size, f"altered  {other.pk}  {other.file.name}  the SHA-256 is another one"])


def test_a_broken_seal_and_an_unknown_key_are_found(settings: Settings) -> None:
    use(settings, keys=[KEY])
    broken = builders.document(PAGES)
    stored = bytearray(path_of(broken).read_bytes())
    stored[-1] ^= 1
    path_of(broken).write_bytes(stored)
    [line] = lines()
    assert line.startswith(f"altered  {broken.pk}") and line.endswith("is damaged: it was cut off or changed.")
    use(settings, keys=[OTHER_KEY])
    [line] = lines()
    assert "which is not in MEDIA_ENCRYPTION_KEYS" in line and KEY not in line


def test_a_file_that_cannot_be_read_is_told_from_a_changed_one() -> None:
    document = builders.document(PAGES)
    path_of(document).unlink()
    path_of(document).symlink_to(path_of(document))
    [line] = lines()
    assert line == f"unreadable  {document.pk}  {document.file.name}  Too many levels of symbolic links"


def test_files_without_a_row_are_orphans() -> None:
    document = builders.document(PAGES)
    storage = files.storage_of(document)
    gone = builders.document(PAGES)
    Document.objects.filter(pk=gone.pk).delete()
    for name in ("stray.txt", f"received/ab/{document.pk}.old.pdf", f"pages/{gone.pk}/1-88.png"):
        put(storage, b"x", name)  # type: ignore[arg-type]
    assert sorted(lines()) == sorted(
        [
            f"orphaned  {gone.file.name}  no document has it",
            f"orphaned  pages/{gone.pk}/1-88.png  no document has it",
            f"orphaned  received/ab/{document.pk}.old.pdf  its document has another file",
            "orphaned  stray.txt  no document has it",
        ]
    )


def test_pictures_of_pages_that_were_deleted_are_orphans() -> None:
    document = builders.document(PAGES)
    files.remove(document)
    Document.objects.update(file="")
    put(files.storage_of(document), b"x", f"pages/{document.pk}/1-88.png")  # type: ignore[arg-type]
    assert lines() == [f"orphaned  pages/{document.pk}/1-88.png  picture of a page that was deleted"]


def test_a_purged_document_is_not_missed() -> None:
    files.remove(builders.document(PAGES))
    assert lines(fails=False) == []


def test_what_nobody_finished_is_told_and_is_no_error() -> None:
    now = timezone.now()
    old = builders.document(PAGES, stored_at=None, created_at=now - timedelta(hours=2))
    builders.document(PAGES, stored_at=None, created_at=now - timedelta(minutes=30))
    written_off = builders.document(PAGES, purged_at=now)
    assert lines(fails=False) == [
        f"unfinished  {written_off.file.name}  written off, and not deleted yet",
        f"unfinished  {old.pk}  {old.file.name}  never stored in full",
    ]


def test_a_storage_that_is_away_stops_the_check(settings: Settings) -> None:
    builders.document(PAGES)
    use(settings, url="s3://key:secret@127.0.0.1:1/bucket?timeout=1")
    with pytest.raises(CommandError, match="The check stopped early. The storage did not answer"):
        call_command("verify_archive", stdout=io.StringIO())


def test_what_is_deleted_while_it_is_looked_at_is_not_reported() -> None:
    """The files have been listed, the documents read: now one is discarded, another one purged."""
    discarded, purged = builders.document(PAGES), builders.document(PAGES)
    findings = verify.verify(verify.Tally(), quick=False)
    stray = files.storage_of(discarded)
    put(stray, b"x", "stray.txt")  # type: ignore[arg-type]
    assert next(findings).name == "stray.txt"
    for document in (discarded, purged):
        files.remove(document)
    Document.objects.filter(pk=discarded.pk).delete()
    assert list(findings) == []


def test_the_number_of_queries_does_not_grow_with_the_files(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(30):
        builders.document(PAGES)
    with django_assert_num_queries(3):
        assert lines(fails=False) == []
