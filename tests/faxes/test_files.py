"""A document's row and file: stored together or not at all, copied here when needed, and gone when they should be."""

from __future__ import annotations

import gc
import hashlib
import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connections, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from documents import Inspected, inspect
from faxes import files
from faxes.copies import Copies
from faxes.models import Batch, Document
from faxes.shelf import keep
from faxes.storage.base import StorageError
from faxes.storage.encrypted import EncryptedStorage
from tests import papers
from tests.stores import KEY, put, s3_server, use
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.pdf"
    path.write_bytes(papers.text_pdf(2))
    return path


def inspected(path: Path) -> Inspected:
    return inspect(path, name="the file")


def stored(path: Path) -> Document:
    return files.store(path, inspected(path), kind=Document.Kind.RECEIVED, name="fax.pdf")


def all_files() -> list[str]:
    storage = storages["default"]
    assert isinstance(storage, EncryptedStorage)
    return list(storage.walk())


@pytest.mark.parametrize("keys", [[], [KEY]], ids=["plain", "sealed"])
def test_a_file_is_stored_under_our_id_and_known_by_its_sum(settings: Settings, source: Path, keys: list[str]) -> None:
    use(settings, keys=keys)
    document = stored(source)
    document.refresh_from_db()
    assert document.is_here and document.file.name == f"received/{document.pk.hex[:2]}/{document.pk}.pdf"
    assert files.digest(document) == (document.sha256, source.stat().st_size)
    assert all_files() == [document.file.name]


def test_a_storage_that_is_full_leaves_neither_file_nor_row(settings: Settings, source: Path, tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("")
    settings.MEDIA_ROOT = str(tmp_path / "no folder")
    with pytest.raises(OSError):
        stored(source)
    assert not Document.objects.exists()


def test_while_nobody_can_tell_whether_the_file_is_there_its_row_stays(settings: Settings, source: Path) -> None:
    use(settings, url="s3://key:secret@127.0.0.1:1/bucket?timeout=1")
    with pytest.raises(StorageError, match="did not answer"):
        stored(source)
    row = Document.objects.get()
    assert row.stored_at is None and row.file.name and not row.is_here


def test_a_source_that_is_lost_leaves_nothing(source: Path) -> None:
    about = inspected(source)
    source.unlink()
    with pytest.raises(FileNotFoundError):
        files.store(source, about, kind=Document.Kind.UPLOAD, name="fax.pdf")
    assert not Document.objects.exists() and all_files() == []


@pytest.mark.django_db(transaction=True)
def test_nothing_is_stored_inside_a_transaction_that_hides_the_row(source: Path) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        stored(source)
    assert all_files() == []


def test_what_is_discarded_leaves_its_sheet_at_once_and_goes_once_that_is_certain(
    source: Path, bob, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    sheet = Batch.objects.create(created_by=bob)
    document = files.store(source, inspected(source), kind=Document.Kind.UPLOAD, name="a", batch=sheet)
    keep(document, "1-88.png", b"picture")
    with django_capture_on_commit_callbacks() as callbacks:
        files.discard(document)
    assert not sheet.documents.exists() and len(all_files()) == 2
    for callback in callbacks:
        callback()
    assert all_files() == [] and not Document.objects.exists()


def test_what_is_removed_keeps_its_row(source: Path) -> None:
    document = stored(source)
    keep(document, "1-88.png", b"picture")
    files.remove(document)
    assert all_files() == []
    document.refresh_from_db()
    assert document.purged_at and not document.is_here and document.sha256
    first = document.purged_at
    files.remove(document)
    document.refresh_from_db()
    assert document.purged_at == first


def test_a_file_that_was_renamed_meanwhile_is_removed_too(source: Path) -> None:
    document = stored(source)
    storage = files.storage_of(document)
    with storage.open(files.name_of(document)) as file:
        Document.objects.update(file=storage.save("received/ab/sealed.pdf", file))
    storage.delete(files.name_of(document))
    files.remove(document)
    assert all_files() == []


def test_a_plain_file_of_this_machine_is_its_own_path(source: Path) -> None:
    document = stored(source)
    with files.local_path(document) as path:
        assert str(path) == document.file.path


def test_a_sealed_file_is_lent_as_a_copy_for_our_eyes_only(settings: Settings, source: Path) -> None:
    use(settings, keys=[KEY])
    document = stored(source)
    with files.local_path(document) as path, files.local_path(document) as again:
        assert path == again and path.read_bytes() == source.read_bytes()
        assert path.parent.stat().st_mode & 0o777 == 0o700
    # Page by page, it is not fetched each time.
    with files.local_path(document) as again:
        assert again == path
    files.remove(document)
    assert not path.exists()


def test_a_lost_file_says_so(settings: Settings, source: Path) -> None:
    use(settings, keys=[KEY])
    document = stored(source)
    files.storage_of(document).delete(files.name_of(document))
    with pytest.raises(FileNotFoundError), files.local_path(document):
        pass


@pytest.mark.parametrize("keys", [[], [KEY]], ids=["on_s3", "sealed"])
def test_no_other_file_is_lent_in_the_place_of_the_one_that_was_stored(
    settings: Settings, source: Path, keys: list[str]
) -> None:
    with s3_server() as place:
        use(settings, url="" if keys else f"s3://{place}", keys=keys)
        document = stored(source)
        inner = files.storage_of(document).inner  # type: ignore[attr-defined]
        inner.delete(files.name_of(document))
        inner.save(files.name_of(document), ContentFile(papers.text_pdf(5)))
        with pytest.raises(StorageError, match="is not what was stored"), files.local_path(document):
            pass


# The copies, with small limits.


@pytest.fixture
def sealed(settings: Settings) -> EncryptedStorage:
    storage = use(settings, keys=[KEY])
    for name in "abcd":
        put(storage, name.encode() * 100, name)
    return storage


def held(copies: Copies, storage: EncryptedStorage, name: str) -> Path:
    content = name.encode() * 100
    with copies.of(storage, name, hashlib.sha256(content).hexdigest()) as path:
        assert path.read_bytes() == content
    return path


@pytest.mark.parametrize(("most", "most_bytes"), [(2, 10_000), (10, 250)], ids=["number", "bytes"])
def test_only_the_last_few_copies_are_kept(sealed: EncryptedStorage, most: int, most_bytes: int) -> None:
    copies = Copies(most=most, most_bytes=most_bytes)
    a, b = held(copies, sealed, "a"), held(copies, sealed, "b")
    held(copies, sealed, "a")
    c = held(copies, sealed, "c")
    assert [path.exists() for path in (a, b, c)] == [True, False, True]
    copies.clear()
    assert not a.parent.exists()


def test_a_copy_in_use_stays_whatever_comes(sealed: EncryptedStorage) -> None:
    copies = Copies(most=1, most_bytes=10_000)
    with copies.of(sealed, "a", hashlib.sha256(b"a" * 100).hexdigest()) as path:
        for name in "bcd":
            held(copies, sealed, name)
        copies.drop("a")
        assert path.read_bytes() == b"a" * 100
    assert not path.exists()
    copies.clear()


def test_what_cannot_be_fetched_leaves_nothing_and_is_tried_again(sealed: EncryptedStorage) -> None:
    copies = Copies()
    with pytest.raises(FileNotFoundError):
        held(copies, sealed, "z")
    put(sealed, b"z" * 100, "z")
    path = held(copies, sealed, "z")
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    copies.clear()


def test_somebody_who_tidies_up_temporary_files_does_no_harm(sealed: EncryptedStorage) -> None:
    copies = Copies()
    path = held(copies, sealed, "a")
    path.unlink()
    path.parent.rmdir()
    assert held(copies, sealed, "a").exists()
    copies.clear()


def test_many_at_once_share_one_copy(sealed: EncryptedStorage) -> None:
    copies = Copies(most=1, most_bytes=10_000)
    paths = at_once(*[lambda name=name: held(copies, sealed, name) for name in "aabbccdd" * 4])
    assert len([path for path in set(paths) if path.exists()]) == 1
    copies.clear()


def test_a_forked_process_has_copies_of_its_own_and_leaves_its_parents(sealed: EncryptedStorage) -> None:
    copies = Copies()
    path = held(copies, sealed, "a")
    connections.close_all()
    gc.collect()
    pid = os.fork()
    if pid == 0:
        copies.clear()
        own = held(copies, sealed, "a")
        copies.clear()
        os._exit(0 if own.parent != path.parent and not own.exists() and path.exists() else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert path.exists()
    copies.clear()
