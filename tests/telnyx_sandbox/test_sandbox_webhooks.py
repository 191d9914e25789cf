"""Webhooks: their shape, signature, attempts, failover, and the record of them."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
from telnyx import NotFoundError, Telnyx
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature

from telnyx_sandbox.server import Server, running
from tests.telnyx_sandbox.helpers import (
    FRONT_DESK,
    HOOK,
    OURS,
    OURS_TOO,
    THEIRS,
    Answer,
    Outside,
    api,
    errors,
    outside,
    send,
    until,
    upload,
)


@pytest.fixture
def portal() -> Iterator[Outside]:
    with outside() as server:
        yield server


def events(server: Server) -> list[dict[str, Any]]:
    return [json.loads(signed.body) for signed in server.sandbox.pending_events]


def test_outbound_events(server: Server) -> None:
    fax = send(server, client_state="eA==")
    server.sandbox.advance(60)
    common = {
        "fax_id": fax["id"],
        "connection_id": FRONT_DESK,
        "direction": "outbound",
        "from": OURS,
        "to": THEIRS,
        "client_state": "eA==",
        "media_name": "doc",
    }
    payloads = [event["data"]["payload"] for event in events(server)]
    assert len({payload.pop("user_id") for payload in payloads}) == 1
    assert payloads == [
        {**common, "status": "queued"},
        {**common, "status": "media.processed"},
        {**common, "status": "sending"},
        {**common, "status": "delivered", "page_count": 1, "call_duration_secs": 38},
    ]
    types = [event["data"]["event_type"] for event in events(server)]
    assert types == ["fax.queued", "fax.media.processed", "fax.sending.started", "fax.delivered"]


def test_the_envelope(server: Server) -> None:
    send(server)
    server.sandbox.advance()
    [event] = events(server)
    assert event["meta"] == {"attempt": 1, "delivered_to": HOOK}
    assert event["data"].keys() == {"event_type", "id", "occurred_at", "payload", "record_type"}
    assert event["data"]["record_type"] == "event"
    assert len(event["data"]["id"]) == 36
    assert event["data"]["occurred_at"].endswith("Z") and "." in event["data"]["occurred_at"]


def test_a_media_url_is_called_original(server: Server) -> None:
    send(server, media_name=None, media_url="http://127.0.0.1:9/a.pdf")
    server.sandbox.advance(60)
    queued, failed = (event["data"]["payload"] for event in events(server))
    assert queued["original_media_url"] == "http://127.0.0.1:9/a.pdf"
    assert not {"media_name", "media_url", "client_state"} & queued.keys()
    assert (failed["status"], failed["failure_reason"]) == ("failed", "file_download_failed")
    assert "page_count" not in failed


def test_the_time_of_an_event_is_when_it_happened(server: Server) -> None:
    send(server)
    server.sandbox.advance(600)
    moments = [event["data"]["occurred_at"] for event in events(server)]
    assert moments == sorted(moments)
    assert len({moment[:19] for moment in moments}) == 4


def test_the_sdk_accepts_the_signature(server: Server) -> None:
    send(server)
    server.sandbox.advance(60)
    assert len(server.public_key) == 44
    for signed in server.sandbox.pending_events:
        verify_webhook_signature(signed.body, signed.headers, server.public_key)
    first, last = server.sandbox.pending_events[0], server.sandbox.pending_events[-1]
    with pytest.raises(WebhookVerificationError):
        verify_webhook_signature(last.body, first.headers, server.public_key)


def test_signatures_are_of_this_moment_however_far_time_was_put_forward(server: Server) -> None:
    server.sandbox.advance(24 * 3600)
    send(server)
    server.sandbox.advance()
    [signed] = server.sandbox.pending_events
    assert abs(int(signed.headers["telnyx-timestamp"]) - time.time()) < 10


def test_the_signing_seed_decides_the_public_key() -> None:
    seed = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
    with running(signing_seed=seed) as one, running(signing_seed=seed) as two, running() as other:
        assert one.public_key == two.public_key != other.public_key


@pytest.mark.parametrize("seed", ["", "MTEx", "no base64"])
def test_a_wrong_seed_is_refused(seed: str) -> None:
    with pytest.raises(ValueError, match="base64 of 32 bytes"), running(signing_seed=seed):
        pass


def test_webhooks_are_posted(portal: Outside) -> None:
    with running(webhook_url=f"{portal.root}/hook", speed=100) as server:
        send(server)
        until(lambda: len(portal.received) == 4)
        until(lambda: {each["status"] for each in server.sandbox.deliveries} == {"delivered"})
        for received in portal.received:
            assert (received.path, received.headers["Content-Type"]) == ("/hook", "application/json")
            verify_webhook_signature(received.body, received.headers, server.public_key)


def test_the_fax_may_name_its_own_webhook(portal: Outside) -> None:
    with running(webhook_url=f"{portal.root}/application", auto=False) as server:
        send(server, webhook_url=f"{portal.root}/fax")
        server.sandbox.advance()
    assert [received.path for received in portal.received] == ["/fax"]


def with_failover(server: Server, portal: Outside, **more: Any) -> None:
    body = {
        "application_name": "Front desk",
        "webhook_event_url": f"{portal.root}/first",
        "webhook_event_failover_url": f"{portal.root}/second",
        **more,
    }
    assert api(server, "PATCH", f"/fax_applications/{FRONT_DESK}", json=body).status_code == 200


@pytest.mark.parametrize("status", [301, 302, 404, 500])
def test_three_attempts_then_the_failover(portal: Outside, status: int) -> None:
    portal.answers["/first"] = Answer(status, headers={"Location": f"{portal.root}/second"})
    with running(auto=False) as server:
        with_failover(server, portal)
        send(server)
        server.sandbox.advance(0.5)
        assert len(portal.received) == 1
        server.sandbox.advance(3)
        received = [each for each in portal.received if b"fax.queued" in each.body]
        [delivery] = [each for each in server.sandbox.deliveries if each["webhook"]["event_type"] == "fax.queued"]
    bodies = [json.loads(each.body) for each in received]
    assert [each.path for each in received] == ["/first", "/first", "/first", "/second"]
    assert [body["meta"]["attempt"] for body in bodies] == [1, 2, 3, 4]
    assert [body["meta"]["delivered_to"] for body in bodies] == [portal.root + each.path for each in received]
    assert len({body["data"]["id"] for body in bodies}) == 1
    assert delivery["status"] == "delivered"
    assert [each["status"] for each in delivery["attempts"]] == ["delivered", "failed", "failed", "failed"]
    assert delivery["attempts"][-1]["http"]["response"]["status"] == status


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_success(portal: Outside, status: int) -> None:
    portal.answers["/first"] = Answer(status)
    with running(auto=False) as server:
        with_failover(server, portal)
        send(server)
        server.sandbox.advance(0.5)
        assert [each["status"] for each in server.sandbox.deliveries] == ["delivered"]


def test_a_delivery_fails_when_nobody_answers(server: Server) -> None:
    def silence(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
        return 0

    with running(webhook_url=HOOK, auto=False, deliver=silence) as lonely:
        send(lonely)
        lonely.sandbox.advance(0.9)
        [pending] = lonely.sandbox.deliveries
        assert (pending["status"], len(pending["attempts"])) == ("pending", 1)
        assert api(lonely, "GET", "/webhook_deliveries").json()["data"] == []
        assert api(lonely, "GET", f"/webhook_deliveries/{pending['id']}").status_code == 404
        lonely.sandbox.advance(2)
        [failed] = [each for each in lonely.sandbox.deliveries if each["id"] == pending["id"]]
        assert (failed["status"], len(failed["attempts"])) == ("failed", 3)
        assert failed["attempts"][0]["http"]["response"] is None


def test_the_receiver_has_the_time_the_application_gives_it() -> None:
    seen: list[float] = []

    def note(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
        seen.append(timeout)
        return 200

    with running(webhook_url=HOOK, auto=False, deliver=note) as server:
        send(server)
        server.sandbox.advance()
        body = {"application_name": "Front desk", "webhook_event_url": HOOK, "webhook_timeout_secs": 7}
        api(server, "PATCH", f"/fax_applications/{FRONT_DESK}", json=body)
        send(server)
        server.sandbox.advance()
    assert seen == [2.0, 7.0]


def test_a_slow_receiver_counts_as_none(portal: Outside) -> None:
    portal.answers["/hook"] = Answer(seconds=30)
    with running(webhook_url=f"{portal.root}/hook", auto=False) as server:
        server.sandbox.options.webhook_timeout = 0.1
        server.sandbox.options.attempts_per_url = 1
        send(server)
        server.sandbox.advance(0.5)
        assert [each["status"] for each in server.sandbox.deliveries] == ["failed"]
        portal.patience.set()


def test_without_a_webhook_url_nothing_is_sent() -> None:
    with running(auto=False, deliver=[]) as server:
        send(server)
        server.sandbox.advance(60)
        assert (server.sandbox.pending_events, server.sandbox.deliveries) == ([], [])


# GET /webhook_deliveries.


def test_sdk_lists_and_reads_deliveries(server: Server, sdk: Telnyx) -> None:
    send(server)
    server.sandbox.advance(60)
    found = list(sdk.webhook_deliveries.list(page_size=3))
    assert [each.webhook.event_type for each in found if each.webhook] == [
        "fax.delivered",
        "fax.sending.started",
        "fax.media.processed",
        "fax.queued",
    ]
    assert found[0].id
    read = sdk.webhook_deliveries.retrieve(found[0].id).data
    assert read and read.webhook and read.attempts
    assert (read.status, read.attempts[0].status) == ("delivered", "delivered")
    assert read.attempts[0].http and read.attempts[0].http.request
    assert read.attempts[0].http.request.url == HOOK
    with pytest.raises(NotFoundError):
        sdk.webhook_deliveries.retrieve("00000000-0000-4000-8000-000000000000")


def test_deliveries_are_filtered(server: Server) -> None:
    server.sandbox.advance(100)
    fax = send(server)
    middle = "2099-01-01T00:00:00Z"
    server.sandbox.advance(60)
    cases = [
        ({"filter[status][eq]": "delivered"}, 4),
        ({"filter[status][eq]": "failed"}, 0),
        ({"filter[event_type]": "fax.queued,fax_delivered"}, 2),
        ({"filter[webhook][contains]": fax["id"]}, 4),
        ({"filter[webhook][contains]": "sending"}, 1),
        ({"filter[attempts][contains]": HOOK}, 4),
        ({"filter[attempts][contains]": "nowhere"}, 0),
        ({"filter[started_at][gte]": fax["created_at"], "filter[started_at][lte]": middle}, 4),
        ({"filter[finished_at][lte]": fax["created_at"]}, 0),
        ({"filter[finished_at][gte]": fax["created_at"]}, 4),
        ({"filter[started_at][gte]": middle}, 0),
    ]
    for query, count in cases:
        answer = api(server, "GET", "/webhook_deliveries", params=query)
        assert answer.json()["meta"]["total_results"] == count, query
    answer = api(server, "GET", "/webhook_deliveries", params={"filter[status][eq]": "pending"})
    assert (answer.status_code, errors(answer)) == (422, [("10032", "filter[status][eq]")])


def test_every_attempt_is_on_record_newest_first(portal: Outside) -> None:
    portal.answers["/first"] = Answer(500)
    with running(auto=False) as server:
        with_failover(server, portal)
        send(server)
        server.sandbox.advance(5)
        [delivery] = api(server, "GET", "/webhook_deliveries", params={"filter[event_type]": "fax.queued"}).json()[
            "data"
        ]
    assert [attempt["status"] for attempt in delivery["attempts"]] == ["delivered", "failed", "failed", "failed"]
    assert delivery["attempts"][0]["started_at"] > delivery["attempts"][-1]["started_at"] == delivery["started_at"]
    assert delivery["finished_at"] == delivery["attempts"][0]["finished_at"]
    headers = dict(delivery["attempts"][0]["http"]["request"]["headers"])
    assert {"telnyx-timestamp", "telnyx-signature-ed25519"} <= headers.keys()


# Arrival at a number of our own.


def test_inbound_events(server: Server) -> None:
    upload(server)
    send(server, to=OURS_TOO)
    server.sandbox.advance(60)
    inbound = [event["data"] for event in events(server) if event["data"]["payload"]["direction"] == "inbound"]
    fax = server.sandbox.faxes()[-1]
    common = {
        "fax_id": fax["id"],
        "connection_id": fax["connection_id"],
        "direction": "inbound",
        "from": OURS,
        "caller_id": OURS,
        "to": OURS_TOO,
    }
    payloads = [event["payload"] for event in inbound]
    for payload in payloads:
        del payload["user_id"]
    assert payloads == [
        {**common, "status": "receiving"},
        {**common, "status": "media.processing", "page_count": 1},
        {
            **common,
            "status": "received",
            "page_count": 1,
            "call_duration_secs": 38,
            "media_url": fax["media_url"],
            "partial_content": False,
        },
    ]
    types = [event["event_type"] for event in inbound]
    assert types == ["fax.receiving.started", "fax.media.processing.started", "fax.received"]


def test_a_fax_that_breaks_off_while_arriving(server: Server) -> None:
    server.sandbox.receive(to=OURS, from_=THEIRS, fail="sender_call_dropped")
    server.sandbox.advance(60)
    started, failed = (event["data"] for event in events(server))
    assert (started["event_type"], failed["event_type"]) == ("fax.receiving.started", "fax.failed")
    assert (failed["payload"]["failure_reason"], failed["payload"]["caller_id"]) == ("sender_call_dropped", THEIRS)
    assert "media_url" not in server.sandbox.faxes()[0]


def test_a_dead_portal_does_not_stop_the_faxes() -> None:
    with running(webhook_url="http://127.0.0.1:9/hook", speed=100) as server:
        send(server)
        until(lambda: server.sandbox.faxes()[0]["status"] == "delivered")
        until(lambda: {each["status"] for each in server.sandbox.deliveries} == {"failed"})
        assert requests.get(server.root, timeout=10).status_code == 200
