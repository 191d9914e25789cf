"""One line per request, with what helps and without what could hurt."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from structlog.testing import capture_logs

from accounts.models import User
from faxportal.logs import without_secrets


def test_a_request_is_one_line(client: Client) -> None:
    with capture_logs() as lines:
        response = client.get("/healthz?secret=1")
    (line,) = lines
    assert 0 <= line.pop("ms") < 10_000
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/healthz",
        "status": 200,
        "user": None,
    }
    assert len(response["X-Request-ID"]) == 32


def test_the_line_names_the_user(logged_in: Callable[[User], Client], root: User) -> None:
    with capture_logs() as lines:
        logged_in(root).get("/admin/")
    assert lines[-1]["user"] == str(root.pk)


def test_a_request_id_is_taken_over(client: Client) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "abc-123.DEF_4"})["X-Request-ID"] == "abc-123.DEF_4"


@pytest.mark.parametrize("bad", ["", "short", "x" * 65, "with space in it", "new\nline-of-log", "ünicode-letters"])
def test_a_request_id_that_could_harm_the_log_is_replaced(client: Client, bad: str) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": bad})["X-Request-ID"] != bad


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/m/eyJmYXgiOiI0In0:1uXyz:sig-na_ture", "/m/…"),
        ("Not Found: /m/one/two?x=1", "Not Found: /m/…"),
        ("/accounts/password/reset/key/3-abc/", "/accounts/password/reset/key/…"),
        ("/accounts/confirm-email/MQ:1u:x/", "/accounts/confirm-email/…"),
        ("/invitations/Zx3-secret_token/", "/invitations/…"),
        ("/faxes/inbox/", "/faxes/inbox/"),
    ],
)
def test_secrets_in_paths_are_not_logged(path: str, logged: str) -> None:
    assert without_secrets(path) == logged
