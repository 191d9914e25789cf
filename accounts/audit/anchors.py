"""Anchors: where each chain ended at some moment, written down outside of the database and signed.

Who can alter the database can shorten a chain together with its head, or write a chain anew. They cannot alter a file
that lies elsewhere, nor make its signatures, for which one needs SECRET_KEY. Who can take lines off the end of that
file as well is found out by a copy on another machine alone: so each anchor also goes into the log of the process.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import LogHead

log = structlog.get_logger(__name__)

SALT = "accounts.audit.anchors"


@dataclass(frozen=True)
class Anchor:
    """At that moment a chain had this entry."""

    at: datetime
    chain: str
    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {self.chain} {self.sequence} {self.hash}"


@dataclass(frozen=True)
class Unsigned:
    """A line that is no anchor of ours."""

    line: int


def write_anchors(path: Path) -> int:
    """Write down at the end of the file where each chain ends now. How many chains there are. Raises OSError."""
    now, heads = timezone.now(), LogHead.objects.filter(sequence__gt=0).order_by("chain")
    anchors = [Anchor(now, head.chain, head.sequence, head.hash) for head in heads]
    lines = [f"{anchor} {_signature(str(anchor), settings.SECRET_KEY)}" for anchor in anchors]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    for line in lines:
        log.info("audit.anchor", line=line)
    return len(lines)


def anchor_or_say_so() -> None:
    try:
        write_anchors(Path(settings.AUDIT_ANCHOR))
    except OSError as error:
        log.error("audit.no_anchor", file=settings.AUDIT_ANCHOR, error=str(error))


def read_anchors(path: Path) -> Iterator[Anchor | Unsigned]:
    """What the file says, line by line. Raises OSError."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            yield _read(line.strip()) or Unsigned(number)


def _read(line: str) -> Anchor | None:
    said, _, signature = line.rpartition(" ")
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(_signature(said, key).encode(), signature.encode()) for key in keys):
        return None
    at, chain, sequence, hash = said.split(" ")
    return Anchor(datetime.fromisoformat(at), chain, int(sequence), hash)


def _signature(said: str, key: str) -> str:
    return salted_hmac(SALT, said, secret=key, algorithm="sha256").hexdigest()
