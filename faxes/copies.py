"""Copies on this machine of files that lie elsewhere, or lie sealed: a long fax is asked for page by page.

Each process keeps the last few, for itself alone, and takes them away when it ends.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from faxes import scratch
from faxes.models import Document
from faxes.storage.base import PieceStorage, StorageError

MOST, MOST_BYTES = 8, 200_000_000


@dataclass
class Copy:
    """One copy: who uses it at the moment, and how large it is once it is complete."""

    path: Path
    users: int = 0
    bytes: int = 0
    dropped: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Copies:
    """The copies of one process."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Copy] = OrderedDict()
        self._folder: Path | None = None
        self._pid = 0
        self._count = 0

    @contextmanager
    def of(self, storage: PieceStorage, name: str, sha256: str) -> Iterator[Path]:
        """Raises OSError, also for a file with another SHA-256. The copy stays at least as long as it is used."""
        copy = self._taken(name)
        try:
            # Whoever comes second waits for the first, instead of fetching the same file.
            with copy.lock:
                if not copy.path.exists():
                    self._fetch(storage, name, sha256, copy)
            yield copy.path
        finally:
            self._give_back(copy)

    def drop(self, name: str) -> None:
        with self._lock:
            if copy := self._kept.pop(name, None):
                self._away(copy)

    def clear(self) -> None:
        """Take all away, and the folder. A copy of the process that was forked belongs to its parent."""
        with self._lock:
            if self._folder is not None and self._pid == os.getpid():
                shutil.rmtree(self._folder, ignore_errors=True)
            self._kept.clear()
            self._folder = None

    def _taken(self, name: str) -> Copy:
        with self._lock:
            folder = self._own_folder()
            copy = self._kept.get(name)
            if copy is None:
                self._count += 1
                copy = self._kept[name] = Copy(folder / str(self._count))
            self._kept.move_to_end(name)
            copy.users += 1
            return copy

    def _own_folder(self) -> Path:
        # Of another process after a fork, and away where somebody tidies up old temporary files.
        if self._folder is None or self._pid != os.getpid() or not self._folder.is_dir():
            self._kept.clear()
            # Readable by its owner alone.
            self._folder, self._pid = Path(tempfile.mkdtemp(dir=scratch.folder())), os.getpid()
        return self._folder

    def _fetch(self, storage: PieceStorage, name: str, sha256: str, copy: Copy) -> None:
        digest = hashlib.sha256()
        try:
            with copy.path.open("wb") as file:
                for piece in storage.stream(name):
                    digest.update(piece)
                    file.write(piece)
                copy.bytes = file.tell()
            if digest.hexdigest() != sha256:
                raise StorageError(f"{name} is not what was stored.")
        except BaseException:
            copy.path.unlink(missing_ok=True)
            raise

    def _give_back(self, copy: Copy) -> None:
        with self._lock:
            copy.users -= 1
            if copy.dropped:
                self._away(copy)
            idle = [name for name, kept in self._kept.items() if not kept.users]
            for name in idle:
                if self._fits():
                    break
                self._away(self._kept.pop(name))

    def _fits(self) -> bool:
        return len(self._kept) <= self._most and sum(copy.bytes for copy in self._kept.values()) <= self._most_bytes

    def _away(self, copy: Copy) -> None:
        copy.dropped = True
        if not copy.users:
            copy.path.unlink(missing_ok=True)


_copies = Copies()
atexit.register(_copies.clear)


@contextmanager
def of(document: Document) -> Iterator[Path]:
    """The document's file, as a copy of its own process. Raises OSError."""
    storage = cast(PieceStorage, document.file.storage)
    with _copies.of(storage, str(document.file.name), document.sha256) as path:
        yield path


def drop(document: Document) -> None:
    _copies.drop(str(document.file.name))
