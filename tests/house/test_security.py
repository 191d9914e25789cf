"""What every answer carries, and the addresses that must never redirect."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.models import User


def test_pages_take_nothing_from_elsewhere(client: Client) -> None:
    policy = client.get("/healthz")["Content-Security-Policy"]
    for directive in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert directive in policy.split("; ")
    assert "unsafe" not in policy


def test_only_the_admin_may_eval(client: Client, root: User) -> None:
    client.force_login(root)
    policy = client.get("/admin/")["Content-Security-Policy"].split("; ")
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy


def test_answers_are_not_guessed_framed_or_told_elsewhere(client: Client) -> None:
    response = client.get("/healthz")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


def test_a_host_that_is_not_ours_gets_nothing(client: Client) -> None:
    assert client.get("/accounts/login/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/webhooks/telnyx", "/webhooks/telnyx/"])
def test_the_webhook_door_never_redirects(settings: Settings, db: None, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    assert client.get("/accounts/login/").status_code == 301
    assert client.post(path, b"{}", content_type="application/json").status_code == 403
    assert client.get(path).status_code == 405


@pytest.mark.parametrize("path", ["/healthz", "/readyz?only=web"])
def test_probes_are_answered_without_https(settings: Settings, db: None, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get(path).status_code == 200


@pytest.mark.parametrize(("announced", "status"), [("", 200), ("0", 200), ("1000", 200), ("1001", 413), ("1e3", 413)])
def test_a_body_that_would_fill_the_disk_is_refused_unread(settings: Settings, announced: str, status: int) -> None:
    settings.REQUEST_MAX_BYTES = 1000
    assert Client().get("/healthz", CONTENT_LENGTH=announced).status_code == status


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="asks SQLite")
def test_what_was_answered_survives_a_power_cut() -> None:
    with connection.cursor() as cursor:
        full = 2
        assert cursor.execute("PRAGMA synchronous").fetchone() == (full,)
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (20_000,)
