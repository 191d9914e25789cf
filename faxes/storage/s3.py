"""Files behind an S3-compatible door. Only imported where STORAGE_URL names one, as boto3 takes 25 MB of memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage as DjangoS3Storage

from faxes.storage.base import PIECE, PieceStorage, StorageError, opened

CONNECT_SECONDS = 3
GONE = ("404", "NoSuchKey")


class S3Storage(PieceStorage, DjangoS3Storage):
    """That of django-storages, which never publishes, never overwrites, and gives up within seconds."""

    def __init__(
        self, *, bucket: str, timeout: float, endpoint: str = "", region: str = "", key: str = "", secret: str = ""
    ) -> None:
        """Without an endpoint it is Amazon's; without a key, the environment's usual places are asked."""
        config = Config(
            s3={"addressing_style": "path" if endpoint else "auto"},
            signature_version="s3v4",
            connect_timeout=min(CONNECT_SECONDS, timeout),
            read_timeout=timeout,
            retries={"total_max_attempts": 2, "mode": "standard"},
            # Newer checksums, which the signature does not need, are unknown to many a compatible server.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        given = {"access_key": key, "secret_key": secret, "endpoint_url": endpoint, "region_name": region}
        super().__init__(
            bucket_name=bucket,
            client_config=config,
            transfer_config=TransferConfig(use_threads=False),
            default_acl=None,
            file_overwrite=False,
            querystring_auth=True,
            **{name: value for name, value in given.items() if value},
        )

    def stream(self, name: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        if stop is not None and stop <= start:
            return
        with _in_words(name):
            body = self._get(name, f"bytes={start}-{'' if stop is None else stop - 1}")
            if body is not None:
                try:
                    yield from body.iter_chunks(PIECE)
                finally:
                    body.close()

    def _get(self, name: str, part: str) -> Any:
        """The body; None where the object ends before that part."""
        try:
            return self._client.get_object(Bucket=self.bucket_name, Key=name, Range=part)["Body"]
        except ClientError as error:
            if _code(error) in ("InvalidRange", "416"):
                return None
            raise

    def walk(self) -> Iterator[str]:
        with _in_words("the list of files"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name):
                yield from (entry["Key"] for entry in page.get("Contents", ()))

    def size(self, name: str) -> int:
        with _in_words(name):
            try:
                return int(self._client.head_object(Bucket=self.bucket_name, Key=name)["ContentLength"])
            except ClientError as error:
                if _code(error) in GONE:
                    # The answer is the same where the whole bucket is missing, and then no file is lost.
                    self._see_bucket()
                raise

    def _see_bucket(self) -> None:
        try:
            self._client.head_bucket(Bucket=self.bucket_name)
        except ClientError as error:
            raise StorageError(f"The storage does not show its bucket: {_code(error)}.") from error

    def open(self, name: str, mode: str = "rb") -> File[bytes]:
        return opened(self, name, mode)

    def delete(self, name: str) -> None:
        with _in_words(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _in_words(name):
            return bool(super().exists(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _in_words(path):
            folders, files = super().listdir(path)
            return folders, files

    def _save(self, name: str, content: Any) -> str:
        with _in_words(name):
            return str(super()._save(name, content))

    @property
    def _client(self) -> Any:
        return self.connection.meta.client


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    """Turn whatever boto3 raises into an OSError. Of what the server says only its code is shown."""
    try:
        yield
    except ClientError as error:
        if _code(error) in GONE:
            raise FileNotFoundError(f"There is no {name} in the storage.") from error
        raise StorageError(f"The storage refused {name}: {_code(error)}.") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageError(f"The storage did not answer for {name}: {type(error).__name__}.") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))
