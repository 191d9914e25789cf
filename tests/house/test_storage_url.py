"""Which storage a STORAGE_URL means, and that none that cannot be read is started with, or shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management.base import SystemCheckError
from django.views.debug import SafeExceptionReporterFilter
from pytest_django import Settings

from faxes.storage.local import LocalStorage
from faxes.storage.s3 import S3Storage
from faxportal.checks import check_storage, refuse_start
from faxportal.storages import storage_from_url
from tests.processes import ROOT, environment
from tests.stores import KEY, use


def s3(url: str) -> dict[str, Any]:
    storage = storage_from_url(url)
    assert isinstance(storage, S3Storage)
    names = ["bucket_name", "endpoint_url", "region_name", "access_key", "secret_key"]
    return {name: getattr(storage, name) for name in names}


def test_without_a_url_files_are_in_media_root(settings: Settings) -> None:
    assert use(settings).path("a/b.pdf") == f"{settings.MEDIA_ROOT}/a/b.pdf"


def test_a_folder(tmp_path: Path) -> None:
    storage = storage_from_url(f"file://{tmp_path}/the%20files")
    assert isinstance(storage, LocalStorage)
    assert storage.path("a.pdf") == f"{tmp_path}/the files/a.pdf"


def test_an_s3_server_of_ones_own() -> None:
    assert s3("s3://AKIA:a%2Fb%2Bc@minio.example.com:9000/faxes?region=eu-1") == {
        "bucket_name": "faxes",
        "endpoint_url": "https://minio.example.com:9000",
        "region_name": "eu-1",
        "access_key": "AKIA",
        "secret_key": "a/b+c",
    }
    assert s3("s3://k:s@127.0.0.1:9000/faxes")["endpoint_url"] == "http://127.0.0.1:9000"
    assert s3("s3://k:s@127.0.0.1:9000/faxes?tls=1")["endpoint_url"] == "https://127.0.0.1:9000"
    assert s3("s3://k:s@minio.lan:9000/faxes?tls=0")["endpoint_url"] == "http://minio.lan:9000"


def test_amazons_with_the_environments_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from the environment")
    assert s3("s3://our-faxes?region=us-west-2") == {
        "bucket_name": "our-faxes",
        "endpoint_url": None,
        "region_name": "us-west-2",
        "access_key": "AKIAENV",
        "secret_key": "from the environment",
    }


SECRET = "hush"


@pytest.mark.parametrize(
    "url",
    [
        "http://k:hush@host/bucket",
        "/var/hush",
        "file://hush/folder",
        "file://",
        "s3://",
        "s3:///bucket",
        "s3://k:hush@/bucket",
        "s3://k:hu/hush@host/bucket",
        "s3://k:1234/hush@host",
        "s3://k:hush@host:port/bucket",
        "s3://k:hush@host:99999/bucket",
        "s3://hush@host/bucket",
        "s3://:hush@host/bucket",
        "s3://k:hush@host/bucket/folder",
        "s3://k:hush@host/bucket?regoin=hush",
        "s3://k:hush@host/bucket?region",
        "s3://k:hush@host/bucket?tls=no",
        "s3://k:hush@host/bucket?timeout=hush",
        "s3://k:hush@host/bucket?timeout=0",
        "s3://k:hush@host/bucket?timeout=nan",
        "s3://k:hush@host/bucket#hush",
        "s3://k:hush@[host/bucket",
        "s3://bucket:9000?region=hush",
        "s3://bucket?tls=0",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_and_not_shown(settings: Settings, url: str) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "faxportal.storages.default", "OPTIONS": {"secret_url": url, "secret_keys": []}}
    }
    [problem] = check_storage()
    assert problem.id == "faxportal.E007" and problem.msg.startswith("STORAGE_URL cannot be read.")
    assert SECRET not in str(problem)
    # By every command and every process that serves, in development too.
    assert problem in run_checks()
    with pytest.raises(SystemCheckError, match="STORAGE_URL cannot be read"):
        refuse_start()


def test_a_wrong_key_is_refused(settings: Settings) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "faxportal.storages.default",
            "OPTIONS": {"secret_url": "", "secret_keys": [KEY, SECRET]},
        }
    }
    [problem] = check_storage()
    assert problem.msg == "Key 2 of MEDIA_ENCRYPTION_KEYS is not the base64 of 32 bytes."
    assert SECRET not in str(problem)


def test_developers_pages_hide_what_is_secret(settings: Settings) -> None:
    use(settings, url=f"s3://k:{SECRET}@127.0.0.1:9/bucket", keys=[KEY])
    shown = str(SafeExceptionReporterFilter().get_safe_settings()["STORAGES"])
    assert SECRET not in shown and KEY not in shown


@pytest.mark.parametrize(("url", "loaded"), [("", False), ("s3://k:s@127.0.0.1:9/bucket", True)])
def test_what_s3_needs_is_loaded_by_those_who_have_it_only(url: str, loaded: bool) -> None:
    script = (
        "import django, sys; django.setup(); from django.core.files.storage import storages; storages['default']; "
        "sys.exit('boto3' in sys.modules)"
    )
    env = environment(DJANGO_SETTINGS_MODULE="faxportal.settings", DEBUG="1", SECRET_KEY="k", STORAGE_URL=url)
    env |= {"QUEUE_URL": "memory://", "DATABASE_URL": "sqlite://:memory:"}
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env).returncode == loaded
