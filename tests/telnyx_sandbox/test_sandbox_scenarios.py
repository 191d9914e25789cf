"""Every magic number goes its way."""

import json
from pathlib import Path

import phonenumbers
import pytest
import requests

import telnyx_sandbox
from telnyx_sandbox.scenarios import SCENARIOS
from telnyx_sandbox.server import Server
from tests.telnyx_sandbox.helpers import api, errors, fax_body, send, truth, upload, walk

README = Path(telnyx_sandbox.__file__).with_name("README.md").read_text()

TO_THE_LINE = ["queued", "media.processed", "originated", "failed"]
FAILING = [
    ("+13125550101", TO_THE_LINE, "user_busy"),
    ("+13125550102", TO_THE_LINE, "receiver_no_answer"),
    ("+13125550103", TO_THE_LINE, "receiver_decline"),
    ("+13125550105", ["queued", "failed"], "file_format_invalid"),
    ("+13125550106", [*TO_THE_LINE[:3], "sending", "failed"], "receiver_call_dropped"),
    ("+13125550107", TO_THE_LINE, "fax_initial_communication_timeout"),
    ("+13125550108", TO_THE_LINE, "receiver_unallocated_number"),
    ("+13125550109", ["queued", "media.processed", "failed"], "destination_not_in_countries_whitelist"),
    ("+13125550111", ["queued", "media.processed", "failed"], "service_unavailable"),
]
AT_POST = ["04", *(str(number) for number in range(20, 27))]
TESTED_HERE = {number for number, _, _ in FAILING} | {
    f"+131255501{tail}" for tail in [*AT_POST, "10", *"30 31 32 33".split()]
}


@pytest.mark.parametrize("number", SCENARIOS)
def test_magic_numbers_are_possible_numbers_and_in_the_readme(number: str) -> None:
    assert phonenumbers.is_possible_number(phonenumbers.parse(number))
    assert f"| {number} | {SCENARIOS[number].title} |" in README


def test_no_scenario_is_left_out() -> None:
    assert set(SCENARIOS) == TESTED_HERE


@pytest.mark.parametrize(("number", "statuses", "reason"), FAILING)
def test_a_fax_fails_with_its_reason(server: Server, number: str, statuses: list[str], reason: str) -> None:
    fax_id = send(server, to=number)["id"]
    assert walk(server.sandbox, fax_id) == statuses
    assert truth(server.sandbox, fax_id)["failure_reason"] == reason
    last = json.loads(server.sandbox.pending_events[-1].body)["data"]
    assert (last["event_type"], last["payload"]["failure_reason"]) == ("fax.failed", reason)


def test_slow(server: Server) -> None:
    fax_id = send(server, to="+13125550110")["id"]
    server.sandbox.advance(44)
    assert truth(server.sandbox, fax_id)["status"] == "sending"
    server.sandbox.advance(2)
    assert truth(server.sandbox, fax_id)["status"] == "delivered"


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("+13125550104", 422, "10027"),
        ("+13125550120", 429, "10011"),
        ("+13125550121", 429, "10011"),
        ("+13125550122", 500, "10007"),
        ("+13125550126", 403, "20100"),
    ],
)
def test_refused_and_not_accepted(server: Server, number: str, status: int, code: str) -> None:
    upload(server)
    answer = api(server, "POST", "/faxes", json=fax_body(number))
    assert (answer.status_code, errors(answer)) == (status, [(code, "")])
    assert server.sandbox.faxes() == []
    limits = {name.lower() for name in answer.headers if name.lower().startswith("x-ratelimit-")}
    assert limits == (
        {f"x-ratelimit-{what}" for what in ("limit", "remaining", "reset")} if number[-2:] == "20" else set()
    )


def test_500_and_yet_accepted(server: Server) -> None:
    upload(server)
    assert api(server, "POST", "/faxes", json=fax_body("+13125550123")).status_code == 500
    server.sandbox.advance(60)
    assert [fax["status"] for fax in server.sandbox.faxes()] == ["delivered"]


@pytest.mark.parametrize(("number", "accepted"), [("+13125550124", 1), ("+13125550125", 0)])
def test_the_connection_breaks(server: Server, number: str, accepted: int) -> None:
    upload(server)
    with pytest.raises(requests.ConnectionError):
        api(server, "POST", "/faxes", json=fax_body(number))
    server.sandbox.advance(60)
    assert [fax["status"] for fax in server.sandbox.faxes()] == ["delivered"] * accepted


def test_a_fault_needs_no_valid_fax_but_a_key(server: Server) -> None:
    body = {"to": "+13125550122"}
    assert api(server, "POST", "/faxes", json=body).status_code == 500
    assert api(server, "POST", "/faxes", json=body, headers={}).status_code == 401


def kinds(server: Server) -> list[str]:
    return [json.loads(signed.body)["data"]["event_type"] for signed in server.sandbox.pending_events]


ORDER = ["fax.queued", "fax.media.processed", "fax.sending.started", "fax.delivered"]


def test_webhooks_lost(server: Server) -> None:
    fax_id = send(server, to="+13125550130")["id"]
    server.sandbox.advance(60)
    assert truth(server.sandbox, fax_id)["status"] == "delivered"
    assert (kinds(server), server.sandbox.deliveries) == ([], [])


def test_webhooks_doubled(server: Server) -> None:
    send(server, to="+13125550131")
    server.sandbox.advance(60)
    assert kinds(server) == [kind for kind in ORDER for _ in range(2)]
    assert len({json.loads(signed.body)["data"]["id"] for signed in server.sandbox.pending_events}) == 4


def test_webhooks_backwards(server: Server) -> None:
    fax_id = send(server, to="+13125550132")["id"]
    server.sandbox.advance(4)
    assert (truth(server.sandbox, fax_id)["status"], kinds(server)) == ("sending", [])
    server.sandbox.advance(60)
    assert kinds(server) == ORDER[::-1]


def test_get_answers_lack_what_identifies_the_fax(server: Server) -> None:
    sent = send(server, to="+13125550133", client_state="eA==")
    assert (sent["client_state"], sent["media_name"]) == ("eA==", "doc")
    for fax in (
        api(server, "GET", f"/faxes/{sent['id']}").json()["data"],
        api(server, "GET", "/faxes").json()["data"][0],
    ):
        assert fax["id"] == sent["id"] and not {"client_state", "media_name"} & fax.keys()
    assert truth(server.sandbox, sent["id"])["client_state"] == "eA=="
    server.sandbox.advance()
    assert json.loads(server.sandbox.pending_events[0].body)["data"]["payload"]["client_state"] == "eA=="
