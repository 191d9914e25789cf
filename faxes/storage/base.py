"""What every storage of ours can do beyond Django's: give a part of a file, and name all its files.

Whatever fails is an OSError with a sentence that holds no secret; a file that is not there is a FileNotFoundError.
"""

from __future__ import annotations

import io
import os
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage

PIECE = 65_536


class StorageError(OSError):
    """The storage cannot be reached, refuses, or gave what cannot be used."""


class PieceStorage(Storage):
    """A storage that gives files in pieces. There are no public addresses of any file."""

    @abstractmethod
    def stream(self, name: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` to before `stop`, or to the end, in pieces of 64 KiB or less. Raises OSError."""

    @abstractmethod
    def walk(self) -> Iterator[str]:
        """The names of all files, in no order, few of them in memory at a time. Raises OSError."""

    def is_unproven(self, name: str) -> bool:
        """Does it lie there plain although files are sealed here? Raises OSError."""
        return False

    def url(self, name: str | None) -> str:
        raise NotImplementedError("Files are given to those who may see them, by views alone.")


class PieceFile(io.RawIOBase):
    """A stored file to read and seek in, which fetches what is read and nothing else."""

    def __init__(self, storage: PieceStorage, name: str) -> None:
        """Raises OSError, and FileNotFoundError at once where there is no such file."""
        self.name = name
        self._storage, self._size, self._at = storage, storage.size(name), 0
        self._pieces: Iterator[bytes] | None = None
        self._left = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence])
        if at != self._at:
            self._at, self._pieces, self._left = at, None, b""
        return at

    def readinto(self, buffer: Any) -> int:
        if self._pieces is None:
            self._pieces = self._storage.stream(self.name, self._at)
        self._left = self._left or next(self._pieces, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        self._at += count
        return count

    def close(self) -> None:
        self._pieces = None
        super().close()


def opened(storage: PieceStorage, name: str, mode: str) -> File[bytes]:
    """What `Storage.open` gives. Files are saved whole, so nothing is opened for writing."""
    if mode != "rb":
        raise ValueError("Stored files are opened for reading only.")
    return File(io.BufferedReader(PieceFile(storage, name), PIECE), name)
