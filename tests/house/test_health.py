"""/healthz and /readyz: what they say, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from sync.models import Heartbeat, SyncRun
from tests import builders

STRANGER = "203.0.113.7"


@pytest.fixture
def all_well(db: None) -> None:
    Heartbeat.beat("worker")
    SyncRun.objects.create(window_start=timezone.now(), finished_at=timezone.now())


def test_alive_needs_no_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.usefixtures("all_well")
def test_ready_when_everything_works(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.usefixtures("all_well")
def test_a_silent_worker_is_a_reason(client: Client) -> None:
    Heartbeat.beat("worker", at=timezone.now() - timedelta(minutes=4))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert set(response.json()["reasons"]) == {"worker"}


@pytest.mark.usefixtures("all_well")
def test_a_failed_sync_is_a_reason_until_the_next_one(client: Client) -> None:
    failed = SyncRun.objects.create(window_start=timezone.now(), finished_at=timezone.now(), error="No answer.")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["reasons"] == {"telnyx": "The last sync with Telnyx stopped: No answer."}

    later = failed.finished_at and failed.finished_at + timedelta(seconds=1)
    SyncRun.objects.create(window_start=timezone.now(), finished_at=later)
    assert client.get("/readyz").status_code == 200


def test_an_old_sync_or_none_is_a_reason(client: Client, db: None) -> None:
    Heartbeat.beat("worker")
    assert client.get("/readyz").json()["reasons"] == {"telnyx": "No sync with Telnyx has finished yet."}

    long_ago = timezone.now() - timedelta(hours=1)
    SyncRun.objects.create(window_start=long_ago, finished_at=long_ago)
    assert "finished at" in client.get("/readyz").json()["reasons"]["telnyx"]


@pytest.mark.usefixtures("all_well")
def test_missing_pages_are_told_and_make_nobody_restart_anything(client: Client, settings: Settings) -> None:
    builders.inbound(None, media="missing")
    response = client.get("/readyz")
    told = {"status": "ok", "details": {"media": "1 received fax is here without pages."}}
    assert (response.status_code, response.json()) == (200, told)
    builders.inbound(None, media="missing")
    assert client.get("/readyz").json()["details"] == {"media": "2 received faxes are here without pages."}
    # Neither for strangers nor for a load balancer.
    assert client.get("/readyz", REMOTE_ADDR=STRANGER).json() == {"status": "ok"}
    assert client.get("/readyz?only=web").json() == {"status": "ok"}


def test_missing_pages_are_told_beside_other_troubles(client: Client, db: None) -> None:
    builders.inbound(None, media="missing")
    body = client.get("/readyz").json()
    assert (body["status"], set(body["reasons"]), set(body["details"])) == (
        "unavailable",
        {"worker", "telnyx"},
        {"media"},
    )


def test_a_load_balancer_keeps_the_webhook_door_open(client: Client, db: None) -> None:
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz?only=web").status_code == 200


def test_a_stranger_learns_no_reasons(client: Client, db: None) -> None:
    response = client.get("/readyz", REMOTE_ADDR=STRANGER)
    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_what_a_local_proxy_passes_on_is_a_stranger(client: Client, db: None, header: str) -> None:
    assert "reasons" not in client.get("/readyz", headers={header: STRANGER}).json()


def ask_with(token: str, client: Client) -> Any:
    return client.get("/readyz", headers={"Authorization": f"Bearer {token}"}, REMOTE_ADDR=STRANGER).json()


def test_a_token_opens_the_reasons(client: Client, db: None, settings: Settings) -> None:
    settings.HEALTH_TOKEN = "long and secret"
    assert "reasons" in ask_with("long and secret", client)
    assert "reasons" not in ask_with("long and wrong", client)
    assert "reasons" not in ask_with("", client)


def test_an_empty_token_opens_nothing(client: Client, db: None, settings: Settings) -> None:
    settings.HEALTH_TOKEN = ""
    assert "reasons" not in ask_with("", client)


def test_reasons_are_for_administrators(logged_in: Callable[[User], Client], root: User, alice: User) -> None:
    assert "reasons" in logged_in(root).get("/readyz", REMOTE_ADDR=STRANGER).json()
    assert "reasons" not in logged_in(alice).get("/readyz", REMOTE_ADDR=STRANGER).json()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_only_reads(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
