"""The door lets in what Telnyx has signed, keeps it before it answers, and lets in nothing else."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from structlog.testing import capture_logs

from tests.webhooks.telnyx import DOOR, Telnyx, body_of, event, recorded
from webhooks.authentication import MAX_BODY
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db

BODY = recorded("inbound-fax.received")


@pytest.mark.parametrize("path", [DOOR, f"{DOOR}/"])
@pytest.mark.parametrize("ssl_redirect", [False, True])
def test_a_signed_event_is_kept_and_answered_without_a_redirect(
    telnyx: Telnyx, settings: Settings, path: str, ssl_redirect: bool
) -> None:
    settings.SECURE_SSL_REDIRECT = ssl_redirect
    answer = telnyx.post(BODY, to=path)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"{}", "application/json")
    delivery = Delivery.objects.get()
    assert bytes(delivery.body) == BODY
    assert delivery.event_id == "71d83e49-80af-42cf-81ed-decfb0ab9c87"
    assert (delivery.event_type, delivery.attempt, delivery.repeats) == ("fax.received", 1, 0)
    assert delivery.fax_telnyx_id == "9d4b7e26-05c3-4f8a-b1d7-e6a2f3c48590"
    assert delivery.occurred_at is not None and delivery.occurred_at.isoformat() == "2026-03-09T09:15:07.748095+00:00"
    assert (delivery.state, delivery.due_at, delivery.tries) == ("pending", delivery.received_at, 0)


def test_other_pages_do_redirect_to_https(client: Client, settings: Settings) -> None:
    """Else the test above would prove nothing about the exemption."""
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/accounts/login/").status_code == 301


def test_it_costs_one_statement_and_one_wake(telnyx: Telnyx, wakes: list[Any]) -> None:
    telnyx.post(event())
    wakes.clear()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        telnyx.post(event())
    assert [query["sql"].split()[0] for query in queries] == ["INSERT"]
    assert wakes == [("process", 0)]


def test_it_costs_no_policy_for_browsers(telnyx: Telnyx, client: Client) -> None:
    assert "Content-Security-Policy" not in telnyx.post(event())
    assert "Content-Security-Policy" in client.get("/healthz")


@pytest.mark.parametrize("seconds_ago", [299, -299])
def test_clocks_may_differ_by_five_minutes(telnyx: Telnyx, seconds_ago: float) -> None:
    assert telnyx.post(BODY, seconds_ago=seconds_ago).status_code == 200


@pytest.mark.parametrize("seconds_ago", [302, -302, 86_400])
def test_a_stale_or_future_signature_is_refused(telnyx: Telnyx, seconds_ago: float) -> None:
    refused(telnyx.post(BODY, seconds_ago=seconds_ago))


def forged_headers(telnyx: Telnyx) -> list[dict[str, str]]:
    good = telnyx.headers(BODY)
    stamp, signature = good["telnyx-timestamp"], good["telnyx-signature-ed25519"]
    other = base64.b64encode(Ed25519PrivateKey.generate().sign(f"{stamp}|".encode() + BODY)).decode()
    return [
        {},
        {"telnyx-timestamp": stamp},
        {"telnyx-signature-ed25519": signature},
        {"telnyx-timestamp": str(int(stamp) - 1), "telnyx-signature-ed25519": signature},
        {"telnyx-timestamp": "٣", "telnyx-signature-ed25519": signature},
        {"telnyx-timestamp": "9" * 400, "telnyx-signature-ed25519": signature},
        {"telnyx-timestamp": stamp, "telnyx-signature-ed25519": other},
        {"telnyx-timestamp": stamp, "telnyx-signature-ed25519": signature[:-4]},
        {"telnyx-timestamp": stamp, "telnyx-signature-ed25519": "not base64 \xff"},
        {"telnyx-timestamp": stamp, "telnyx-signature-ed25519": "A" * 50_000},
    ]


@pytest.mark.parametrize("forgery", range(10))
def test_what_is_not_proven_is_refused_without_a_word(telnyx: Telnyx, client: Client, forgery: int) -> None:
    headers = forged_headers(telnyx)[forgery]
    refused(client.post(DOOR, BODY, content_type="application/json", headers=headers))


def test_an_altered_body_is_refused(telnyx: Telnyx, client: Client) -> None:
    altered = BODY.replace(b"+13035550119", b"+13035550110")
    refused(client.post(DOOR, altered, content_type="application/json", headers=telnyx.headers(BODY)))


@pytest.mark.parametrize("public_key", ["", "not a key", base64.b64encode(b"short").decode()])
def test_without_a_usable_public_key_everything_is_refused(telnyx: Telnyx, settings: Settings, public_key: str) -> None:
    settings.TELNYX_PUBLIC_KEY = public_key
    refused(telnyx.post(BODY))


def refused(answer: Any) -> None:
    assert (answer.status_code, answer.content) == (403, b"")
    assert not Delivery.objects.exists()


def test_a_refusal_is_one_line_in_the_log_without_the_body(client: Client) -> None:
    with capture_logs() as lines:
        client.post(DOOR, b'{"secret": "of a patient"}', content_type="application/json")
    refusal, request = lines
    assert (refusal["event"], refusal["reason"]) == ("webhook.refused", "no public key is configured")
    assert request["status"] == 403
    assert "patient" not in str(lines)


def test_a_body_over_one_megabyte_is_refused_unread(telnyx: Telnyx) -> None:
    sent = io.BytesIO(b"x" * (MAX_BODY + 1))
    answer = post_stream(sent, MAX_BODY + 1, telnyx.headers(sent.getvalue()))
    assert (answer.status_code, answer.content, sent.tell()) == (413, b"", 0)
    assert not Delivery.objects.exists()


def test_the_largest_allowed_body_is_kept(telnyx: Telnyx) -> None:
    body = event(note="")
    body = body.replace(b'"note": ""', b'"note": "%s"' % (b"x" * (MAX_BODY - len(body))))
    assert len(body) == MAX_BODY and telnyx.post(body).status_code == 200
    assert telnyx.post(body.replace(b'"note": "', b'"note": " ')).status_code == 413
    assert Delivery.objects.count() == 1


def test_a_sender_who_hangs_up_half_way_is_refused(telnyx: Telnyx) -> None:
    class HungUp(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise ConnectionResetError

    refused(post_stream(HungUp(), len(BODY), telnyx.headers(BODY)))


def post_stream(stream: io.BytesIO, length: int, headers: dict[str, str]) -> Any:
    environ: dict[str, Any] = {"wsgi.input": stream, "CONTENT_LENGTH": str(length)}
    return Client().post(DOOR, content_type="application/json", headers=headers, **environ)


def test_a_body_without_a_length_is_an_empty_one(telnyx: Telnyx, client: Client) -> None:
    headers = telnyx.headers(BODY)
    refused(client.post(DOOR, BODY, content_type="application/json", headers=headers, CONTENT_LENGTH=""))


@pytest.mark.parametrize("length", ["-1", "many", "²"])
def test_a_length_that_is_none_is_refused(telnyx: Telnyx, client: Client, length: str) -> None:
    headers = telnyx.headers(BODY)
    answer = client.post(DOOR, BODY, content_type="application/json", headers=headers, CONTENT_LENGTH=length)
    assert answer.status_code == 413
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "patch", "delete", "trace"])
def test_other_methods_are_not_allowed(client: Client, method: str) -> None:
    answer = getattr(client, method)(DOOR)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


@pytest.mark.parametrize("headers", [{"Accept": "image/png"}, {"Content-Type": "text/x-odd"}, {"Accept": "text/html"}])
def test_the_answer_is_the_same_whatever_the_caller_says_of_types(telnyx: Telnyx, headers: dict[str, str]) -> None:
    client = Client(headers=headers)
    answer = client.post(DOOR, BODY, content_type=headers.get("Content-Type", "x/y"), headers=telnyx.headers(BODY))
    assert (answer.status_code, answer.content) == (200, b"{}")


def test_a_repeat_counts_and_changes_nothing_else(telnyx: Telnyx) -> None:
    data = json.loads(BODY)["data"]
    telnyx.post(body_of(data, attempt=1))
    first = Delivery.objects.get()
    Delivery.objects.update(state="done")
    for attempt in (2, 3):
        assert telnyx.post(body_of(data, attempt=attempt)).status_code == 200
    again = Delivery.objects.get()
    assert (again.repeats, again.attempt, again.state) == (2, 3, "done")
    assert (again.pk, again.received_at, bytes(again.body)) == (first.pk, first.received_at, bytes(first.body))


@pytest.mark.parametrize("data", [{"id": None}, {"id": ""}, {"id": {}}, {}])
def test_without_an_event_id_the_body_itself_is_the_id(telnyx: Telnyx, data: dict[str, Any]) -> None:
    body = body_of({"event_type": "fax.queued", "payload": {}} | data)
    assert [telnyx.post(body).status_code for _ in range(2)] == [200, 200]
    assert telnyx.post(body + b" ").status_code == 200
    assert set(Delivery.objects.values_list("event_id", "repeats")) == {
        (hashlib.sha256(body).hexdigest(), 1),
        (hashlib.sha256(body + b" ").hexdigest(), 0),
    }


@pytest.mark.parametrize("odd", ["x" * 256, "x" * 100_000, "a\x00b", "\ud800"])
def test_an_id_no_column_holds_still_tells_events_apart(telnyx: Telnyx, odd: str) -> None:
    for event_id in (odd, odd, odd + "2"):
        assert telnyx.post(body_of({"id": event_id, "event_type": odd, "payload": {"fax_id": odd}})).status_code == 200
    rows = Delivery.objects.order_by("received_at")
    assert [(len(row.event_id), row.repeats) for row in rows] == [(64, 1), (64, 0)]


UNREADABLE = [b"", b"not json", b"[1]", b'"text"', b"\xff\xfe", b"{" * 200_000, b'{"a": NaN}', b'{"a": 1' + b"0" * 5000]


@pytest.mark.parametrize("body", UNREADABLE)
def test_signed_but_unreadable_is_kept_for_a_person(telnyx: Telnyx, body: bytes) -> None:
    assert telnyx.post(body).status_code == 200
    delivery = Delivery.objects.get()
    assert (delivery.state, bytes(delivery.body), delivery.due_at) == ("failed", body, None)
    assert "JSON" in delivery.outcome and delivery.processed_at is not None


ODD = [
    b"{}",
    b'{"data": null}',
    b'{"data": []}',
    b'{"data": {"id": "e", "event_type": 7, "occurred_at": 3, "payload": "x"}, "meta": []}',
    b'{"data": {"id": 12, "occurred_at": "0001-01-01T00:00:00+14:00", "payload": {"fax_id": 4}}}',
    b'{"data": {"id": "e", "occurred_at": "9999-12-31T23:59:59-14:00"}, "meta": {"attempt": 99999999999}}',
    b'{"data": {"id": "e", "event_type": "fax.teleported", "payload": {"status": "teleporting"}}}',
]


@pytest.mark.parametrize("body", ODD)
def test_odd_and_unknown_events_are_kept_and_wait_for_the_worker(telnyx: Telnyx, body: bytes) -> None:
    assert telnyx.post(body).status_code == 200
    assert Delivery.objects.get().state == "pending"
