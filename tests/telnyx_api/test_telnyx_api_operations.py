"""Each operation asks what Telnyx documents, and its ids stay inside their place in the path."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from telnyx_api import Client
from tests.telnyx_api.scripted import KEY, Reply, client_of, ok, serving

APPLICATION: dict[str, Any] = {
    "application_name": "Front desk",
    "webhook_event_url": "https://clinic.example/webhooks/telnyx",
}
DONE = ok({"result": "ok"}, status=202)

OPERATIONS: list[tuple[str, str, Callable[[Client], Any], Reply, Any]] = [
    ("GET", "/faxes/f1", lambda c: c.get_fax("f1"), ok({"id": "f1"}), None),
    ("DELETE", "/faxes/f1", lambda c: c.delete_fax("f1"), Reply(status=204), None),
    ("POST", "/faxes/f1/actions/cancel", lambda c: c.cancel_fax("f1"), DONE, None),
    ("POST", "/faxes/f1/actions/refresh", lambda c: c.refresh_fax("f1"), ok({"result": "ok"}), None),
    (
        "POST",
        "/fax_applications",
        lambda c: c.create_fax_application(**APPLICATION, active=False, inbound={"channel_limit": None}),
        ok({"id": "1"}, status=201),
        {**APPLICATION, "active": False, "inbound": {"channel_limit": None}},
    ),
    ("GET", "/fax_applications/1", lambda c: c.get_fax_application("1"), ok({"id": "1"}), None),
    (
        "PATCH",
        "/fax_applications/1",
        lambda c: c.update_fax_application("1", **APPLICATION, webhook_timeout_secs=None, fax_email_recipient=None),
        ok({"id": "1"}),
        {**APPLICATION, "webhook_timeout_secs": None, "fax_email_recipient": None},
    ),
    ("DELETE", "/fax_applications/1", lambda c: c.delete_fax_application("1"), ok({"id": "1"}), None),
    ("GET", "/phone_numbers/1", lambda c: c.get_phone_number("1"), ok({"id": "1"}), None),
    (
        "PATCH",
        "/phone_numbers/1",
        lambda c: c.update_phone_number("1", connection_id="5", tags=["fax"]),
        ok({"id": "1"}),
        {"connection_id": "5", "tags": ["fax"]},
    ),
    ("GET", "/outbound_voice_profiles/1", lambda c: c.get_outbound_voice_profile("1"), ok({"id": "1"}), None),
    ("GET", "/webhook_deliveries/1", lambda c: c.get_webhook_delivery("1"), ok({"id": "1"}), None),
    ("GET", "/media/m", lambda c: c.get_media("m"), ok({"media_name": "m"}), None),
    ("DELETE", "/media/m", lambda c: c.delete_media("m"), Reply(status=204), None),
    (
        "POST",
        "/media",
        lambda c: c.upload_media_url(media_url="https://x.example/a.pdf", media_name="m", ttl_secs=60),
        ok({"media_name": "m"}, status=201),
        {"media_url": "https://x.example/a.pdf", "media_name": "m", "ttl_secs": 60},
    ),
    (
        "PUT",
        "/media/m",
        lambda c: c.update_media_url("m", media_url="https://x.example/a.pdf"),
        ok({"media_name": "m"}),
        {"media_url": "https://x.example/a.pdf"},
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "operation", "answer", "sent"), OPERATIONS, ids=[f"{op[0]} {op[1]}" for op in OPERATIONS]
)
def test_an_operation_asks_what_is_documented(
    method: str, path: str, operation: Callable[[Client], Any], answer: Reply, sent: Any
) -> None:
    with serving(answer) as server, client_of(server) as client:
        result = operation(client)
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query) == (method, f"/v2{path}", [])
    assert (asked.document if asked.body else None) == sent
    if result is not None:
        assert result.raw == answer.document["data"]


def test_every_request_says_who_asks() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    with serving(ok({})) as server, client_of(server) as client:
        client.get_fax("f1")
    headers = server.asked[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["user-agent"] == f"faxportal/{project['version']}"
    assert headers["accept"].startswith("application/json")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("../fax_applications/1", "/v2/faxes/..%2Ffax_applications%2F1"),
        ("f1?force=1#x", "/v2/faxes/f1%3Fforce%3D1%23x"),
        ("%2e%2e", "/v2/faxes/%252e%252e"),
        ("f1\r\nX: y", "/v2/faxes/f1%0D%0AX%3A%20y"),
        ("Grüße", "/v2/faxes/Gr%C3%BC%C3%9Fe"),
    ],
)
def test_an_id_cannot_leave_its_place(given: str, path: str) -> None:
    with serving(Reply(status=204)) as server, client_of(server) as client:
        client.delete_fax(given)
    assert (server.asked[0].path, server.asked[0].query) == (path, [])


@pytest.mark.parametrize("given", ["", ".", ".."])
def test_what_no_encoding_holds_in_its_place_is_no_id(given: str) -> None:
    with serving() as server, client_of(server) as client, pytest.raises(ValueError, match="is not the id"):
        client.delete_fax(given)
    assert server.asked == []


def test_a_base_url_may_end_with_a_slash() -> None:
    with serving(ok({"id": "f1"})) as server, client_of(server, base_url=server.url + "/") as client:
        client.get_fax("f1")
    assert server.asked[0].path == "/v2/faxes/f1"
