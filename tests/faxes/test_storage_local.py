"""Files in a folder: for our eyes only, whole or not there at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files import File
from pytest_django import Settings

from faxes.storage.encrypted import EncryptedStorage
from tests.processes import ROOT, environment
from tests.stores import KEY, BreaksOff, put, read, use
from tests.threads import at_once


@pytest.fixture
def storage(settings: Settings) -> EncryptedStorage:
    return use(settings)


def files(folder: str) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_files_and_folders_are_for_our_eyes_only(settings: Settings, storage: EncryptedStorage) -> None:
    path = Path(storage.path(put(storage, b"%PDF")))
    assert path.stat().st_mode & 0o777 == 0o600
    folders = [path.parent, path.parent.parent, Path(settings.MEDIA_ROOT)]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3


def test_parts_are_read_by_place(storage: EncryptedStorage) -> None:
    name, content = put(storage, bytes(range(256)) * 1000), bytes(range(256)) * 1000
    pieces = list(storage.stream(name))
    assert b"".join(pieces) == content and max(map(len, pieces)) == 65_536
    for start, stop in [(0, 1), (65_535, 65_537), (5, 5), (9, 3), (255_999, None), (256_000, None), (300_000, 300_001)]:
        assert read(storage, name, start, stop) == content[start:stop]


def test_a_file_that_is_not_there_says_so(storage: EncryptedStorage) -> None:
    for asked in (storage.size, storage.open, lambda name: read(storage, name)):
        with pytest.raises(FileNotFoundError):
            asked("received/00/none.pdf")
    storage.delete("received/00/none.pdf")


def test_what_is_there_is_never_overwritten(storage: EncryptedStorage) -> None:
    names = {put(storage, b"%PDF one"), put(storage, b"%PDF two")}
    assert {read(storage, name) for name in names} == {b"%PDF one", b"%PDF two"}


def test_of_many_who_save_one_name_at_once_each_gets_a_file(storage: EncryptedStorage) -> None:
    contents = [b"%d" % number for number in range(8)]
    names = at_once(*[lambda content=content: put(storage, content, "pages/a/1.png") for content in contents])
    assert [read(storage, name) for name in names] == contents


def test_all_files_are_named(storage: EncryptedStorage) -> None:
    assert list(storage.walk()) == []
    names = {put(storage, b"x", name) for name in ("received/ab/1.pdf", "received/cd/2.pdf", "pages/9/1-88.png", "top")}
    assert set(storage.walk()) == names


def test_what_a_disk_keeps_for_its_repair_is_nobodys_file(settings: Settings, storage: EncryptedStorage) -> None:
    put(storage, b"x", "lost+found/1")
    put(storage, b"x", "received/lost+found")
    assert list(storage.walk()) == ["received/lost+found"]


def test_a_file_in_the_way_of_a_folder_is_an_error(storage: EncryptedStorage) -> None:
    put(storage, b"x", "received")
    with pytest.raises(OSError):
        put(storage, b"x", "received/ab/1.pdf")


def test_a_save_that_breaks_off_leaves_nothing(settings: Settings, storage: EncryptedStorage) -> None:
    with pytest.raises(OSError, match="The source is gone"):
        storage.save("received/ab/1.pdf", File(BreaksOff(b"%PDF")))
    assert files(settings.MEDIA_ROOT) == []


# Files of this process may be 100 kB long: the write that goes beyond fails, as on a full disk.
FULL = """
import resource, signal, sys
import django
django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import storages
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    storages["default"].save("received/ab/1.pdf", ContentFile(bytes(300_000)))
except OSError as error:
    print(type(error).__name__, error.errno)
storages["default"].save("received/ab/2.pdf", ContentFile(b"small"))
"""


@pytest.mark.parametrize("keys", ["", KEY], ids=["plain", "sealed"])
def test_a_full_disk_leaves_nothing_of_the_file(tmp_path: Path, keys: str) -> None:
    env = environment(
        DJANGO_SETTINGS_MODULE="faxportal.settings",
        DATABASE_URL="sqlite://:memory:",
        QUEUE_URL="memory://",
        MEDIA_ROOT=str(tmp_path / "full"),
        MEDIA_ENCRYPTION_KEYS=keys,
    )
    done = subprocess.run([sys.executable, "-c", FULL], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("OSError 27")
    assert [path.name for path in files(str(tmp_path / "full"))] == ["2.pdf"]
