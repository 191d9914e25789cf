"""How a file is sealed: AES-256-GCM in chunks, so that any part can be opened alone and nothing can be moved.

    header: 16 bytes that say so, 8 bytes that name the key, 32 random bytes of salt
    chunks: 64 KiB of the file each, the last one less, each followed by 16 bytes of proof

Each file has a key of its own, made of the master key, the salt and the file's name: under another name it does not
open. A chunk's nonce is its number and whether it is the last, and the header is proven with each: what is cut off,
put elsewhere, doubled or added does not open either. That is the STREAM construction:
https://eprint.iacr.org/2015/189.pdf
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from faxes.storage.base import StorageError

# No PDF or picture begins like this, or nearly, unless somebody means mischief: such a one is not stored plain.
MAGIC = b"\xd6\x8bfaxsealed\x1a\r\n\x00\x01"
KEY_ID_BYTES, SALT_BYTES, PROOF_BYTES = 8, 32, 16
HEADER_BYTES = len(MAGIC) + KEY_ID_BYTES + SALT_BYTES
CHUNK = 65_536
SEALED_CHUNK = CHUNK + PROOF_BYTES


class BrokenSeal(StorageError):
    """The file is not what was stored under this name."""


class UnknownKey(StorageError):
    """The file was sealed with a key that nobody gave us."""


class Keys:
    """The first one seals, all of them open."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = {_id_of(key): key for key in keys}
        self.first = _id_of(keys[0]) if keys else None
        self.ids = list(self._keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def for_file(self, key_id: bytes, salt: bytes, name: str) -> AESGCM:
        """Raises UnknownKey."""
        if key_id not in self._keys:
            raise UnknownKey(f"{name} is sealed with the key {key_id.hex()}, which is not in MEDIA_ENCRYPTION_KEYS.")
        info = b"faxportal file " + name.encode()
        return AESGCM(HKDF(SHA256(), 32, salt=salt, info=info).derive(self._keys[key_id]))


def _id_of(key: bytes) -> bytes:
    """What names a key in a file and tells nothing about it."""
    return hashlib.sha256(b"faxportal key id " + key).digest()[:KEY_ID_BYTES]


def parse_keys(texts: list[str]) -> Keys:
    """Raises ValueError, which says which one is wrong and shows none of it."""
    keys = []
    for place, text in enumerate((text.strip() for text in texts), start=1):
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise ValueError(f"Key {place} of MEDIA_ENCRYPTION_KEYS is not the base64 of 32 bytes.") from None
        keys.append(key)
    return Keys(keys)


@dataclass(frozen=True)
class Seal:
    """What the header of a sealed file says, with the length of what is inside."""

    name: str
    header: bytes
    size: int

    @classmethod
    def of(cls, name: str, beginning: bytes, stored: int) -> Seal | None:
        """Of a file that has these first bytes and is `stored` bytes long; None when it lies there plain.

        Raises BrokenSeal for a beginning that is nearly a header, and for a length that no sealed file has.
        """
        magic = beginning[: len(MAGIC)]
        if not looks_sealed(magic):
            return None
        chunks, rest = divmod(stored - HEADER_BYTES, SEALED_CHUNK)
        whole = rest == 0 or rest > PROOF_BYTES or (rest == PROOF_BYTES and chunks == 0)
        if magic != MAGIC or stored < HEADER_BYTES + PROOF_BYTES or not whole:
            raise BrokenSeal(f"{name} is damaged: it was cut off or changed.")
        chunks += bool(rest)
        return cls(name, beginning[:HEADER_BYTES], stored - HEADER_BYTES - chunks * PROOF_BYTES)

    @property
    def key_id(self) -> bytes:
        return self.header[len(MAGIC) : -SALT_BYTES]

    def place_of(self, start: int, stop: int) -> tuple[int, int]:
        """Where in the stored file the chunks lie that have these bytes, from the first one to before `stop`."""
        after = max(stop - 1, start) // CHUNK + 1
        return HEADER_BYTES + start // CHUNK * SEALED_CHUNK, HEADER_BYTES + after * SEALED_CHUNK

    def open(self, keys: Keys, pieces: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to before `stop`, of the stored pieces of `place_of`. Nothing unproven comes out.

        Raises BrokenSeal and UnknownKey.
        """
        cipher = keys.for_file(self.key_id, self.header[-SALT_BYTES:], self.name)
        last = max(self.size - 1, 0) // CHUNK
        number = start // CHUNK
        for sealed in _regrouped(pieces):
            try:
                plain = cipher.decrypt(_nonce(number, number == last), sealed, self.header)
            except InvalidTag:
                raise BrokenSeal(f"{self.name} is damaged: it was cut off or changed.") from None
            begins = number * CHUNK
            yield plain[max(start - begins, 0) : stop - begins]
            number += 1
        if number * CHUNK < stop:
            raise BrokenSeal(f"{self.name} is damaged: it was cut off or changed.")


def looks_sealed(beginning: bytes) -> bool:
    """Is that the beginning of a sealed file, or nearly so? Then it is none of a plain one."""
    alike = sum(ours == theirs for ours, theirs in zip(MAGIC, beginning, strict=False))
    return alike >= max(1, min(len(beginning), len(MAGIC) // 2))


def _regrouped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, in sealed chunks."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= SEALED_CHUNK:
            yield bytes(waiting[:SEALED_CHUNK])
            del waiting[:SEALED_CHUNK]
    if waiting:
        yield bytes(waiting)


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


class Sealing(io.RawIOBase):
    """A file that is sealed while it is read, once, from its beginning to its end."""

    def __init__(self, keys: Keys, name: str, plain: IO[bytes]) -> None:
        assert keys.first is not None
        header = MAGIC + keys.first + os.urandom(SALT_BYTES)
        cipher = keys.for_file(keys.first, header[-SALT_BYTES:], name)
        self._pieces = _sealed(cipher, header, plain)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or next(self._pieces, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _sealed(cipher: AESGCM, header: bytes, plain: IO[bytes]) -> Iterator[bytes]:
    yield header
    number, chunk = 0, _read_chunk(plain)
    while True:
        following = _read_chunk(plain)
        yield cipher.encrypt(_nonce(number, not following), chunk, header)
        if not following:
            return
        number, chunk = number + 1, following


def _read_chunk(plain: IO[bytes]) -> bytes:
    """A whole chunk wherever the file has as much: a read may give less, and only the last chunk may be shorter."""
    chunk = b""
    while len(chunk) < CHUNK and (more := plain.read(CHUNK - len(chunk))):
        chunk += more
    return chunk
