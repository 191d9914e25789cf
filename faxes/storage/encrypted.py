"""A storage whose files are sealed where keys are given. It stands before either back-end, also without keys: then it
refuses what is sealed, instead of giving what nobody can read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.core.files import File

from faxes.storage.base import PieceStorage, StorageError, opened
from faxes.storage.sealing import HEADER_BYTES, MAGIC, BrokenSeal, Keys, Seal, Sealing, looks_sealed


class EncryptedStorage(PieceStorage):
    """Seals what is saved, opens what is sealed, and gives as it is what was stored before there were keys.

    Such a plain file proves nothing: somebody may have put it in the place of a sealed one. So whoever shows or sends
    a file asks `is_unproven`, and where it is, compares it with the document's SHA-256 first.
    Raises BrokenSeal for a file that somebody changed and UnknownKey for one whose key is not here: both OSError.
    """

    def __init__(self, inner: PieceStorage, keys: Keys) -> None:
        self.inner, self.keys = inner, keys

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        if not self.keys:
            _see_plain(content)
            return self.inner.save(name, content, max_length=max_length)
        while True:
            # A file opens under its own name only, so the name must be certain before it is sealed.
            free = self.inner.get_available_name(str(name), max_length=max_length)
            content.seek(0)
            sealing = io.BufferedReader(Sealing(self.keys, free, content))
            saved = self.inner.save(free, File(sealing, free), max_length=max_length)
            if saved == free:
                return saved
            self.inner.delete(saved)

    def stream(self, name: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        seal = self.seal_of(name)
        if seal is None:
            yield from self.inner.stream(name, start, stop)
            return
        stop = seal.size if stop is None else min(stop, seal.size)
        # Of an empty file, too, the proof is looked at.
        if start < stop or seal.size == 0:
            yield from seal.open(self.keys, self.inner.stream(name, *seal.place_of(start, stop)), start, stop)

    def seal_of(self, name: str) -> Seal | None:
        """None for a file that lies there plain. Raises OSError."""
        size = self.inner.size(name)
        seal = Seal.of(name, b"".join(self.inner.stream(name, 0, HEADER_BYTES)), size)
        if self.keys and size == 0:
            # No file of ours is empty.
            raise BrokenSeal(f"{name} is damaged: it is empty.")
        return seal

    def is_unproven(self, name: str) -> bool:
        return bool(self.keys) and self.seal_of(name) is None

    def size(self, name: str) -> int:
        seal = self.seal_of(name)
        return self.inner.size(name) if seal is None else seal.size

    def path(self, name: str) -> str:
        """Raises NotImplementedError where there are keys, and for what is not a plain file of this machine."""
        path = self.inner.path(name)
        if self.keys:
            raise NotImplementedError("With keys, files are read where their seals are looked at.")
        with suppress(FileNotFoundError, IsADirectoryError):
            if self.seal_of(name) is not None:
                raise NotImplementedError("This file is sealed.")
        return path

    def open(self, name: str, mode: str = "rb") -> File[bytes]:
        return opened(self, name, mode)

    def walk(self) -> Iterator[str]:
        return self.inner.walk()

    def delete(self, name: str) -> None:
        self.inner.delete(name)

    def exists(self, name: str) -> bool:
        return self.inner.exists(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return self.inner.listdir(path)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return self.inner.get_available_name(name, max_length=max_length)

    def get_modified_time(self, name: str) -> datetime:
        return self.inner.get_modified_time(name)


def _see_plain(content: Any) -> None:
    """Raises StorageError for a file that begins like a sealed one, and could not be given back as what it is. Lines
    before a PDF's header may be anything, so whoever sends us one could have it so."""
    content.seek(0)
    if looks_sealed(content.read(len(MAGIC))):
        raise StorageError("This file begins like a sealed one, and would be taken for it.")
    content.seek(0)
