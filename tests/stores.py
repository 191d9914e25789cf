"""Storages as tests need them: an S3 server of its own, and the portal's storage on it, or sealed."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from faxes.storage.encrypted import EncryptedStorage

BUCKET = "faxes"
# 32 bytes each, in base64.
KEY, OTHER_KEY = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@contextmanager
def s3_server() -> Iterator[str]:
    """A server on a port of its own that has one empty bucket. Gives what goes after `s3://`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        make_bucket(f"http://{host}:{port}")
        yield f"testkey:test%2Fsecret@{host}:{port}/{BUCKET}"
    finally:
        server.stop()


def make_bucket(endpoint: str, name: str = BUCKET) -> Any:
    """The bucket, as its owner has it."""
    given = {"aws_access_key_id": "testkey", "aws_secret_access_key": "test/secret", "region_name": "us-east-1"}
    bucket = boto3.resource("s3", endpoint_url=endpoint, **given).Bucket(name)
    bucket.create()
    return bucket


def use(settings: Settings, *, url: str = "", keys: list[str] | None = None) -> EncryptedStorage:
    """Set up the portal's storage as the environment would."""
    options = {"secret_url": url, "secret_keys": keys or []}
    default = {"BACKEND": "faxportal.storages.default", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"default": default}
    storage = storages["default"]
    assert isinstance(storage, EncryptedStorage)
    return storage


def put(storage: EncryptedStorage, content: bytes, name: str = "received/ab/file.pdf") -> str:
    return storage.save(name, ContentFile(content))


def read(storage: EncryptedStorage, name: str, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join(storage.stream(name, start, stop))


class BreaksOff(io.BytesIO):
    """A source that cannot be read any more."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("The source is gone.")
