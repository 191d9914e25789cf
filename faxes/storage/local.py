"""Files in a folder of this machine, or of one that it mounts."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from django.core.files.storage import FileSystemStorage

from faxes.storage.base import PIECE, PieceStorage

FILE_MODE, FOLDER_MODE = 0o600, 0o700
# A folder that is empty is removed, at times while somebody is about to put a file into it.
TRIES = 3


class LocalStorage(PieceStorage, FileSystemStorage):
    """Django's, for our eyes only, and a file that was saved survives a power cut."""

    def _save(self, name: str, content: Any) -> str:
        """Written in its place, so that whoever dies on the way leaves it under the name that a row has."""
        path, file = self._begun(name)
        try:
            with file:
                for piece in content.chunks(PIECE):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            _sync_folder(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return os.path.relpath(path, self.location)

    def _begun(self, name: str) -> tuple[Path, IO[bytes]]:
        while True:
            path = Path(self.path(name))
            try:
                return path, _new_file(path)
            except FileExistsError:
                if not path.parent.is_dir():
                    # A file is in the way of its folder.
                    raise
                name = self.get_available_name(name)

    def stream(self, name: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        left = None if stop is None else max(0, stop - start)
        with open(self.path(name), "rb", buffering=0) as file:
            file.seek(start)
            while piece := file.read(PIECE if left is None else min(PIECE, left)):
                left = None if left is None else left - len(piece)
                yield piece

    def delete(self, name: str) -> None:
        # Where there is no such folder, there is no such file.
        with suppress(NotADirectoryError):
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        try:
            return super().listdir(path)
        except NotADirectoryError as error:
            raise FileNotFoundError(f"There is no folder {path} in the storage.") from error

    def walk(self) -> Iterator[str]:
        if os.path.isdir(self.location):
            yield from _files_in(Path(self.location), "")


def _new_file(path: Path) -> IO[bytes]:
    """Raises FileExistsError, and any other OSError."""
    for _ in range(TRIES - 1):
        _make_folder(path.parent)
        try:
            return _created(path)
        except FileNotFoundError:
            pass
    _make_folder(path.parent)
    return _created(path)


def _created(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb")


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    if not folder.parent.exists():
        _make_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Only then does the name of a new file survive a power cut: https://man7.org/linux/man-pages/man2/fsync.2.html"""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems of other machines know no such thing, and do it by themselves.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _files_in(folder: Path, prefix: str) -> Iterator[str]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        # Removed since its own folder was read.
        return
    with entries:
        for entry in entries:
            if entry.name == "lost+found" and not prefix:
                # Of a disk that begins here, for its repair and for root alone.
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files_in(folder / entry.name, f"{prefix}{entry.name}/")
            else:
                yield prefix + entry.name
