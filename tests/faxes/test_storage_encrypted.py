"""Files that are sealed at rest: any part can be read, and whatever was done to them is found out."""

from __future__ import annotations

import base64
import os
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from hypothesis import HealthCheck, example, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from pytest_django import Settings

from faxes.storage.base import StorageError
from faxes.storage.encrypted import EncryptedStorage
from faxes.storage.local import LocalStorage
from faxes.storage.sealing import CHUNK, HEADER_BYTES, MAGIC, SEALED_CHUNK, BrokenSeal, Keys, UnknownKey, parse_keys
from tests.stores import KEY, OTHER_KEY, put, read, use

NAME = "received/ab/file.pdf"
# Two whole chunks and a bit, all of it different from place to place.
CONTENT = b"%PDF-1.7 " + b"".join(number.to_bytes(4) for number in range(33_000))
PARTS = {
    "magic": 0,
    "last_of_magic": len(MAGIC) - 1,
    "salt": HEADER_BYTES - 1,
    "first_chunk": HEADER_BYTES,
    "its_proof": HEADER_BYTES + SEALED_CHUNK - 1,
    "second_chunk": HEADER_BYTES + SEALED_CHUNK + 7,
    "end": -1,
}
CUTS = [
    *(1, len(MAGIC) - 1, len(MAGIC), HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 15, HEADER_BYTES + 16),
    *(HEADER_BYTES + SEALED_CHUNK - 1, HEADER_BYTES + SEALED_CHUNK, HEADER_BYTES + SEALED_CHUNK + 1),
    *(HEADER_BYTES + SEALED_CHUNK + 16, HEADER_BYTES + 2 * SEALED_CHUNK, -1),
]


@pytest.fixture
def sealed(settings: Settings) -> EncryptedStorage:
    storage = use(settings, keys=[KEY])
    assert put(storage, CONTENT, NAME) == NAME
    return storage


def raw(storage: EncryptedStorage, name: str = NAME) -> Path:
    return Path(storage.inner.path(name))


def test_nothing_of_the_file_lies_there_as_it_is(sealed: EncryptedStorage) -> None:
    stored = raw(sealed).read_bytes()
    assert len(stored) == HEADER_BYTES + len(CONTENT) + 3 * 16
    assert CONTENT[:9] not in stored and CONTENT[70_000:70_016] not in stored
    assert read(sealed, NAME) == CONTENT
    assert sealed.size(NAME) == len(CONTENT)


def test_the_same_file_looks_different_each_time(sealed: EncryptedStorage) -> None:
    first = raw(sealed).read_bytes()
    sealed.delete(NAME)
    put(sealed, CONTENT, NAME)
    assert raw(sealed).read_bytes()[HEADER_BYTES:][:32] != first[HEADER_BYTES:][:32]


@pytest.fixture(scope="module")
def of_all_sizes() -> Iterator[EncryptedStorage]:
    """Sealed files named by their sizes, around the borders of chunks."""
    with tempfile.TemporaryDirectory() as folder:
        storage = EncryptedStorage(LocalStorage(location=folder), parse_keys([KEY]))
        for size in SIZES:
            storage.save(str(size), ContentFile(CONTENT[:size]))
        yield storage


SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, len(CONTENT)]
places = st.integers(0, len(CONTENT) + 10) | st.sampled_from([place + off for place in SIZES for off in (0, 1)])


@limits(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.sampled_from(SIZES), start=places, stop=places | st.none())
@example(size=2 * CHUNK, start=CHUNK, stop=CHUNK)
@example(size=2 * CHUNK, start=CHUNK - 1, stop=CHUNK + 1)
def test_any_part_is_that_of_the_plain_file(
    of_all_sizes: EncryptedStorage, size: int, start: int, stop: int | None
) -> None:
    assert read(of_all_sizes, str(size), start, stop) == CONTENT[:size][start:stop]
    assert of_all_sizes.size(str(size)) == size


def test_a_part_is_read_without_the_rest(sealed: EncryptedStorage) -> None:
    stored = bytearray(raw(sealed).read_bytes())
    stored[HEADER_BYTES : HEADER_BYTES + SEALED_CHUNK] = bytes(SEALED_CHUNK)
    raw(sealed).write_bytes(stored)
    assert read(sealed, NAME, CHUNK, CHUNK + 10) == CONTENT[CHUNK : CHUNK + 10]


def test_an_opened_file_can_be_sought_in(sealed: EncryptedStorage) -> None:
    with sealed.open(NAME) as file:
        assert file.read(10) == CONTENT[:10]
        file.seek(-7, os.SEEK_END)
        assert file.read() == CONTENT[-7:]
        file.seek(CHUNK - 3)
        assert file.read(6) == CONTENT[CHUNK - 3 : CHUNK + 3]
        file.seek(2, os.SEEK_CUR)
        assert file.tell() == CHUNK + 5
    with pytest.raises(ValueError, match="reading only"):
        sealed.open(NAME, "wb")


@pytest.mark.parametrize("place", PARTS.values(), ids=list(PARTS))
def test_a_changed_bit_is_found_out(sealed: EncryptedStorage, place: int) -> None:
    stored = bytearray(raw(sealed).read_bytes())
    stored[place] ^= 4
    raw(sealed).write_bytes(stored)
    with pytest.raises(BrokenSeal, match=f"{NAME} is damaged"):
        read(sealed, NAME)


def test_a_changed_name_of_the_key_is_found_out(sealed: EncryptedStorage) -> None:
    stored = bytearray(raw(sealed).read_bytes())
    stored[len(MAGIC)] ^= 1
    raw(sealed).write_bytes(stored)
    with pytest.raises(UnknownKey):
        read(sealed, NAME)


@pytest.mark.parametrize("length", CUTS)
def test_a_file_that_was_cut_off_is_found_out(sealed: EncryptedStorage, length: int) -> None:
    raw(sealed).write_bytes(raw(sealed).read_bytes()[:length])
    with pytest.raises(BrokenSeal):
        read(sealed, NAME)


def test_an_emptied_file_is_found_out(sealed: EncryptedStorage) -> None:
    raw(sealed).write_bytes(b"")
    with pytest.raises(BrokenSeal, match="empty"):
        read(sealed, NAME)


@pytest.mark.parametrize("more", [b"x", bytes(16), bytes(17), bytes(SEALED_CHUNK)], ids=len)
def test_added_bytes_are_found_out(sealed: EncryptedStorage, more: bytes) -> None:
    with raw(sealed).open("ab") as file:
        file.write(more)
    with pytest.raises(BrokenSeal):
        read(sealed, NAME)


def test_chunks_in_another_order_are_found_out(sealed: EncryptedStorage) -> None:
    stored = raw(sealed).read_bytes()
    first, second = (stored[HEADER_BYTES + i * SEALED_CHUNK :][:SEALED_CHUNK] for i in range(2))
    rest = stored[HEADER_BYTES + 2 * SEALED_CHUNK :]
    for chunks in (second + first + rest, first + first + rest, second + rest, first + second + second + rest):
        raw(sealed).write_bytes(stored[:HEADER_BYTES] + chunks)
        with pytest.raises(BrokenSeal):
            read(sealed, NAME)


def test_files_put_in_each_others_place_do_not_open(sealed: EncryptedStorage) -> None:
    put(sealed, CONTENT[::-1], "received/cd/other.pdf")
    one, other = raw(sealed), raw(sealed, "received/cd/other.pdf")
    stored = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(stored)
    for name in (NAME, "received/cd/other.pdf"):
        with pytest.raises(BrokenSeal):
            read(sealed, name)


def test_nothing_comes_out_before_it_is_proven(sealed: EncryptedStorage) -> None:
    stored = bytearray(raw(sealed).read_bytes())
    stored[HEADER_BYTES + SEALED_CHUNK] ^= 1
    raw(sealed).write_bytes(stored)
    pieces = sealed.stream(NAME)
    assert next(pieces) == CONTENT[:CHUNK]
    with pytest.raises(BrokenSeal):
        next(pieces)


def test_a_key_that_nobody_has_is_named_and_not_shown(settings: Settings, sealed: EncryptedStorage) -> None:
    with pytest.raises(UnknownKey) as error:
        read(use(settings, keys=[OTHER_KEY]), NAME)
    assert sealed.keys.first is not None
    assert f"the key {sealed.keys.first.hex()}, which is not in MEDIA_ENCRYPTION_KEYS" in str(error.value)
    assert KEY not in str(error.value) and base64.b64decode(KEY).hex() not in str(error.value)


def test_without_any_key_a_sealed_file_is_refused_and_not_garbled(settings: Settings, sealed: EncryptedStorage) -> None:
    with pytest.raises(UnknownKey):
        read(use(settings), NAME)


def test_a_rotated_key_still_opens_and_no_longer_seals(settings: Settings, sealed: EncryptedStorage) -> None:
    rotated = use(settings, keys=[OTHER_KEY, KEY])
    assert read(rotated, NAME) == CONTENT
    put(rotated, b"%PDF new", "received/ab/new.pdf")
    assert read(use(settings, keys=[OTHER_KEY]), "received/ab/new.pdf") == b"%PDF new"


@pytest.mark.parametrize("content", [b"%PDF-1.4 plain", b"II*\0", b"x", CONTENT, bytes(200_000)], ids=len)
def test_what_was_stored_before_there_were_keys_stays_readable(settings: Settings, content: bytes) -> None:
    put(use(settings), content, NAME)
    storage = use(settings, keys=[KEY])
    assert read(storage, NAME) == content and storage.size(NAME) == len(content)
    assert read(storage, NAME, 3, 70_000) == content[3:70_000]
    # But it proves nothing, and so it is not left to those who would not compare it with anything.
    assert storage.is_unproven(NAME) and not use(settings).is_unproven(NAME)
    with pytest.raises(NotImplementedError):
        storage.path(NAME)


def test_without_keys_nothing_is_stored_that_begins_like_a_sealed_file(settings: Settings) -> None:
    """It could not be told from one: a PDF may have any bytes before its header."""
    storage = use(settings)
    for beginning in (MAGIC, MAGIC[:9] + b"\0" * 7):
        with pytest.raises(StorageError, match="begins like a sealed one"):
            put(storage, beginning + CONTENT, NAME)
        assert not storage.exists(NAME)
    sealing = use(settings, keys=[KEY])
    put(sealing, MAGIC + CONTENT, NAME)
    assert read(sealing, NAME) == MAGIC + CONTENT


def test_a_sealed_file_has_no_path_and_none_has_an_address(sealed: EncryptedStorage) -> None:
    for asked in (sealed.path, sealed.url, sealed.inner.url):
        with pytest.raises(NotImplementedError):
            asked(NAME)


def test_two_files_of_one_name_are_sealed_each_under_its_own(sealed: EncryptedStorage) -> None:
    other = put(sealed, b"%PDF other", NAME)
    assert other != NAME
    assert (read(sealed, NAME), read(sealed, other)) == (CONTENT, b"%PDF other")


def test_a_large_file_needs_no_memory_of_its_size(settings: Settings, tmp_path: Path) -> None:
    storage, plain = use(settings, keys=[KEY]), tmp_path / "plain"
    with plain.open("wb") as file:
        file.truncate(50_000_000)
    tracemalloc.start()
    try:
        with plain.open("rb") as file:
            storage.save("large", File(file))
        count = sum(len(piece) for piece in storage.stream("large"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 50_000_000
    assert peak < 1_500_000


@pytest.mark.parametrize("wrong", ["", "not base64", base64.b64encode(b"short").decode(), "ключ", f"{KEY}{KEY}"])
def test_a_wrong_key_is_pointed_at_and_not_shown(wrong: str) -> None:
    with pytest.raises(ValueError, match="Key 2 of MEDIA_ENCRYPTION_KEYS is not the base64 of 32 bytes") as error:
        parse_keys([KEY, wrong])
    assert not wrong or wrong not in str(error.value)


def test_spaces_around_keys_do_not_matter() -> None:
    assert parse_keys([f" {KEY}", f"{OTHER_KEY}\n"]).ids == parse_keys([KEY, OTHER_KEY]).ids
    assert not Keys([])
