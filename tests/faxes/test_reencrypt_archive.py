"""`reencrypt_archive` brings every document under the first key, and nothing it cannot read is touched."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from faxes import files, shelf
from faxes.models import Document
from faxes.storage.encrypted import EncryptedStorage
from faxes.storage.sealing import HEADER_BYTES
from tests import builders
from tests.stores import KEY, OTHER_KEY, read, use

pytestmark = pytest.mark.django_db

PAGES = b"%PDF-1.4 " + bytes(100_000)


def run() -> list[str]:
    out = io.StringIO()
    call_command("reencrypt_archive", stdout=out, stderr=out)
    return out.getvalue().splitlines()


def archive(settings: Settings, keys: Sequence[str], pages: bytes = PAGES) -> Document:
    """A document that was stored when those were the keys."""
    use(settings, keys=list(keys))
    document = builders.document(pages, kind=Document.Kind.RECEIVED)
    shelf.keep(document, "1-88.png", b"picture")
    return document


def test_plain_and_old_files_come_under_the_first_key(settings: Settings) -> None:
    documents = [archive(settings, keys) for keys in ([], [KEY], [OTHER_KEY])]
    use(settings, keys=[OTHER_KEY, KEY])
    assert run() == ["sealed with the first key: 2, were so already: 1, removed meanwhile: 0, failed: 0"]
    storage = use(settings, keys=[OTHER_KEY])
    for document in documents:
        document.refresh_from_db()
        assert read(storage, str(document.file.name)) == PAGES
    # Nothing is left of the old ones, and of their pages only the pictures that were sealed already.
    pictures = f"pages/{documents[2].pk}/1-88.png"
    assert set(storage.walk()) == {*(str(document.file.name) for document in documents), pictures}
    call_command("verify_archive", stdout=io.StringIO())


def test_a_second_run_changes_nothing(settings: Settings) -> None:
    document = archive(settings, [])
    use(settings, keys=[KEY])
    run()
    document.refresh_from_db()
    name = document.file.name
    assert run() == ["sealed with the first key: 0, were so already: 1, removed meanwhile: 0, failed: 0"]
    document.refresh_from_db()
    assert document.file.name == name


def test_a_key_can_come_back(settings: Settings) -> None:
    archive(settings, [])
    for keys in ([KEY], [OTHER_KEY, KEY], [KEY, OTHER_KEY]):
        use(settings, keys=keys)
        run()
    storage = use(settings, keys=[KEY])
    assert [read(storage, name) for name in storage.walk()] == [PAGES]


def test_what_was_altered_is_told_and_left_as_it_is(settings: Settings) -> None:
    good, altered = archive(settings, []), archive(settings, [])
    storage = files.storage_of(altered)
    storage.delete(files.name_of(altered))
    with good.file.storage.open(files.name_of(good)) as file:
        file.seek(9)
        storage.save(files.name_of(altered), io.BytesIO(file.read()))
    use(settings, keys=[KEY])
    out = io.StringIO()
    with pytest.raises(CommandError, match="Some documents are as they were"):
        call_command("reencrypt_archive", stdout=out, stderr=out)
    assert f"{altered.pk}: It is not what was stored" in out.getvalue()
    name = files.name_of(altered)
    altered.refresh_from_db()
    good.refresh_from_db()
    assert files.name_of(altered) == name and files.digest(good)[0] == good.sha256


def test_a_half_written_file_of_a_run_that_died_is_replaced(settings: Settings) -> None:
    document = archive(settings, [])
    storage = use(settings, keys=[KEY])
    assert isinstance(storage, EncryptedStorage) and storage.keys.first is not None
    name = files.name_of(document).replace(".pdf", f".{storage.keys.first.hex()}.pdf")
    whole = storage.save(name, io.BytesIO(PAGES))
    half = b"".join(storage.inner.stream(whole, 0, HEADER_BYTES + 100))
    storage.delete(whole)
    storage.inner.save(name, io.BytesIO(half))
    run()
    document.refresh_from_db()
    assert read(storage, files.name_of(document)) == PAGES
    assert list(storage.walk()) == [files.name_of(document)]


def test_what_was_purged_is_left_out(settings: Settings) -> None:
    files.remove(archive(settings, []))
    use(settings, keys=[KEY])
    assert run() == ["sealed with the first key: 0, were so already: 0, removed meanwhile: 0, failed: 0"]


def test_without_keys_it_says_what_is_missing(settings: Settings) -> None:
    archive(settings, [])
    with pytest.raises(CommandError, match="MEDIA_ENCRYPTION_KEYS is empty"):
        run()
