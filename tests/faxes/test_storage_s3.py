"""Files behind an S3-compatible door, and one that is away, silent, or without a bucket."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from django.core.files import File
from pytest_django import Settings

from faxes.storage.base import StorageError
from faxes.storage.encrypted import EncryptedStorage
from faxes.storage.s3 import S3Storage
from faxes.storage.sealing import BrokenSeal
from tests.stores import BUCKET, KEY, BreaksOff, make_bucket, put, read, s3_server, use

CONTENT = os.urandom(200_000)
NAME = "received/ab/file.pdf"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    # A line for each request says nothing here.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with s3_server() as place:
        yield place


def endpoint(server: str) -> str:
    return f"http://{server.rpartition('@')[2].partition('/')[0]}"


@pytest.fixture(params=[[], [KEY]], ids=["plain", "sealed"])
def storage(request: pytest.FixtureRequest, settings: Settings, server: str) -> Iterator[EncryptedStorage]:
    storage = use(settings, url=f"s3://{server}", keys=request.param)
    yield storage
    make_bucket(endpoint(server)).objects.all().delete()


def test_a_file_comes_back_as_it_was_and_by_parts(storage: EncryptedStorage) -> None:
    assert put(storage, CONTENT, NAME) == NAME
    assert storage.size(NAME) == len(CONTENT)
    for start, stop in [(0, None), (0, 1), (65_530, 131_080), (199_999, None), (5, 5), (200_000, None), (300_000, 3)]:
        assert read(storage, NAME, start, stop) == CONTENT[start:stop]
    with storage.open(NAME) as file:
        file.seek(-5, os.SEEK_END)
        assert file.read() == CONTENT[-5:]
    with pytest.raises(NotImplementedError):
        storage.path(NAME)


def test_a_large_file_goes_up_in_parts(storage: EncryptedStorage) -> None:
    put(storage, CONTENT * 90, NAME)
    assert read(storage, NAME) == CONTENT * 90


def test_a_part_of_a_file_is_all_that_is_fetched(settings: Settings, server: str) -> None:
    storage = use(settings, url=f"s3://{server}", keys=[KEY])
    put(storage, CONTENT, NAME)
    asked: list[bytes] = []
    assert isinstance(storage.inner, S3Storage)
    events = storage.inner.connection.meta.client.meta.events
    events.register("before-send.s3.GetObject", lambda request, **kwargs: asked.append(request.headers["Range"]))
    assert read(storage, NAME, 70_000, 70_010) == CONTENT[70_000:70_010]
    # The header, and the one chunk that has these bytes.
    assert asked == [b"bytes=0-55", b"bytes=65608-131159"]
    storage.delete(NAME)


def test_strangers_get_nothing(server: str, storage: EncryptedStorage) -> None:
    put(storage, CONTENT, NAME)
    grants = make_bucket(endpoint(server)).Object(NAME).Acl().grants
    assert all("URI" not in grant["Grantee"] for grant in grants)
    assert requests.get(f"{endpoint(server)}/{BUCKET}/{NAME}", timeout=5).status_code == 403
    with pytest.raises(NotImplementedError):
        storage.url(NAME)


def test_what_is_there_is_never_overwritten(storage: EncryptedStorage) -> None:
    names = {put(storage, b"%PDF one", NAME), put(storage, b"%PDF two", NAME)}
    assert {read(storage, name) for name in names} == {b"%PDF one", b"%PDF two"}


def test_all_files_are_named_and_folders_listed(storage: EncryptedStorage) -> None:
    names = {put(storage, b"x", name) for name in ("received/ab/1.pdf", "pages/9/1-88.png", "pages/9/2-88.png")}
    assert set(storage.walk()) == names
    assert storage.listdir("pages/9") == ([], ["1-88.png", "2-88.png"])
    assert storage.listdir("pages/8") == ([], [])
    storage.delete("pages/9/1-88.png")
    assert not storage.exists("pages/9/1-88.png") and storage.exists("pages/9/2-88.png")


def test_a_file_that_is_not_there_says_so(storage: EncryptedStorage) -> None:
    for asked in (storage.size, storage.open, lambda name: read(storage, name)):
        with pytest.raises(FileNotFoundError):
            asked("received/00/none.pdf")
    storage.delete("received/00/none.pdf")


def test_a_source_that_breaks_off_leaves_nothing(storage: EncryptedStorage) -> None:
    with pytest.raises(OSError, match="The source is gone"):
        storage.save(NAME, File(BreaksOff(b"%PDF")))
    assert list(storage.walk()) == []


def test_what_somebody_changed_there_is_found_out(settings: Settings, server: str) -> None:
    storage = use(settings, url=f"s3://{server}", keys=[KEY])
    put(storage, CONTENT, NAME)
    stored = make_bucket(endpoint(server)).Object(NAME)
    body = bytearray(stored.get()["Body"].read())
    body[100_000] ^= 1
    stored.put(Body=bytes(body))
    with pytest.raises(BrokenSeal):
        read(storage, NAME)
    stored.delete()


def everything(storage: EncryptedStorage) -> list[StorageError]:
    """What each call says to a storage that is not well."""
    calls: list[Callable[[], object]] = [
        lambda: put(storage, CONTENT, NAME),
        lambda: read(storage, NAME),
        lambda: storage.size(NAME),
        lambda: storage.open(NAME),
        lambda: storage.delete(NAME),
        lambda: storage.exists(NAME),
        lambda: storage.listdir("pages"),
        lambda: list(storage.walk()),
    ]
    errors = []
    for call in calls:
        with pytest.raises(StorageError) as error:
            call()
        errors.append(error.value)
    return errors


def test_a_storage_that_is_away_is_an_error_within_seconds(settings: Settings) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"s3://testkey:topsecret@127.0.0.1:{nobody.getsockname()[1]}/{BUCKET}"
        started = time.monotonic()
        errors = everything(use(settings, url=url))
    assert time.monotonic() - started < 15
    assert not any("topsecret" in str(error) or "testkey" in str(error) for error in errors)
    assert "did not answer" in str(errors[0])


def test_a_storage_that_says_nothing_is_an_error_within_its_time(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"s3://testkey:topsecret@127.0.0.1:{silent.getsockname()[1]}/{BUCKET}?timeout=0.2"
        storage = use(settings, url=url)
        started = time.monotonic()
        with pytest.raises(StorageError, match="ReadTimeoutError"):
            put(storage, CONTENT)
    assert time.monotonic() - started < 5


def test_a_storage_that_breaks_off_in_the_middle_is_an_error(settings: Settings) -> None:
    def half(listener: socket.socket) -> None:
        for _ in range(8):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                asked = connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                if asked.startswith(b"GET"):
                    connection.sendall(b"%PDF" + b"x" * 400)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=half, args=[listener])
        thread.start()
        storage = use(settings, url=f"s3://k:s@127.0.0.1:{listener.getsockname()[1]}/{BUCKET}?timeout=1")
        with pytest.raises(StorageError):
            read(storage, NAME)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_bucket_that_is_missing_is_not_a_missing_file(settings: Settings, server: str) -> None:
    storage = use(settings, url=f"s3://{server}-none")
    for asked in (storage.size, storage.open, lambda name: put(storage, CONTENT, name)):
        with pytest.raises(StorageError):
            asked(NAME)
