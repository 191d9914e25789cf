"""Which storage STORAGE_URL and MEDIA_ENCRYPTION_KEYS mean. Apart from settings.py, which only names `default`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from faxes.outward import is_loopback
from faxes.storage.base import PieceStorage
from faxes.storage.encrypted import EncryptedStorage
from faxes.storage.local import LocalStorage
from faxes.storage.sealing import parse_keys

FORMS = "It is file:///folder, s3://key:secret@host:port/bucket?region=… or s3://bucket?region=…"
OPTIONS = {"region", "tls", "timeout"}
TIMEOUT = 8
BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")


def default(secret_url: str, secret_keys: list[str]) -> EncryptedStorage:
    """The storage of fax files. Called by Django when a file is first touched, and by `faxportal.checks`.

    Raises ValueError with a sentence that shows nothing of either, because both hold secrets. Makes no connection.
    """
    return EncryptedStorage(storage_from_url(secret_url), parse_keys(secret_keys))


def storage_from_url(url: str) -> PieceStorage:
    """The back-end; without a URL it is the folder MEDIA_ROOT."""
    if not url:
        return LocalStorage()
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/") and not options:
            return LocalStorage(location=unquote(parts.path))
        arguments = _s3_arguments(parts, options) if parts.scheme == "s3" else None
    except ValueError:
        # Python's own words may quote the part with the secret.
        arguments = None
    if arguments is None:
        raise ValueError(f"STORAGE_URL cannot be read. {FORMS}, with %2F for each / in key or secret.") from None
    return _s3(arguments)


def _s3_arguments(parts: SplitResult, options: dict[str, str]) -> dict[str, Any] | None:
    """What S3Storage takes; None where something is missing or not known. Raises ValueError."""
    userinfo, _, place = parts.netloc.rpartition("@")
    key, _, secret = userinfo.partition(":")
    folders = parts.path.strip("/").split("/")
    is_amazons = folders == [""]
    bucket = place if is_amazons else folders[0]
    whole = bool(key) == bool(secret) and BUCKET.fullmatch(bucket) and parts.hostname and len(folders) == 1
    known = options.keys() <= (OPTIONS - {"tls"} if is_amazons else OPTIONS) and options.get("tls", "1") in ("0", "1")
    seconds = float(options.get("timeout", TIMEOUT))
    if not (whole and known and 0 < seconds < 600) or parts.fragment or parts.port == 0:
        return None
    arguments = {"bucket": bucket, "key": unquote(key), "secret": unquote(secret), "timeout": seconds}
    if is_amazons:
        return arguments | {"region": options.get("region", "")}
    tls = options.get("tls", "0" if is_loopback(str(parts.hostname)) else "1") == "1"
    endpoint = f"{'https' if tls else 'http'}://{place}"
    return arguments | {"region": options.get("region", "us-east-1"), "endpoint": endpoint}


def _s3(arguments: dict[str, Any]) -> PieceStorage:
    try:
        from faxes.storage.s3 import S3Storage
    except ImportError as error:
        if not (error.name or "").startswith(("storages", "boto")):
            raise
        raise ValueError("STORAGE_URL names S3, which needs: pip install -r requirements-s3.txt") from None
    return S3Storage(**arguments)
