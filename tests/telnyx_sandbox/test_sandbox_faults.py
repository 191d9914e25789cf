"""Faults on demand, from the same process and from others."""

import base64
import time
from typing import Any

import pytest
import requests

from telnyx_sandbox.server import Server, running
from tests.telnyx_sandbox.helpers import OURS, RECORDS, THEIRS, api, errors, fax_body, pdf, send, truth, upload

SEND: dict[str, Any] = {"method": "POST", "path": "/v2/faxes"}


def post(server: Server, **options: Any) -> requests.Response:
    upload(server) if api(server, "GET", "/media/doc").status_code == 404 else None
    return api(server, "POST", "/faxes", json=fax_body(), **options)


@pytest.mark.parametrize("after", [False, True])
def test_a_status_with_headers(server: Server, after: bool) -> None:
    server.sandbox.faults.add(**SEND, action="status", status=503, headers={"Retry-After": "7"}, after=after)
    answer = post(server)
    assert (answer.status_code, answer.headers["Retry-After"], errors(answer)) == (503, "7", [("10037", "")])
    assert len(server.sandbox.faxes()) == after


@pytest.mark.parametrize("after", [False, True])
def test_a_reset(server: Server, after: bool) -> None:
    server.sandbox.faults.add(**SEND, action="reset", after=after)
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(server)
    assert len(server.sandbox.faxes()) == after


@pytest.mark.parametrize("after", [False, True])
def test_silence(server: Server, after: bool) -> None:
    server.sandbox.faults.add(**SEND, action="hang", seconds=30, after=after)
    upload(server)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{server.url}/faxes", json=fax_body(), headers={"Authorization": "Bearer KEY"}, timeout=0.2)
    assert len(server.sandbox.faxes()) == after


def test_silence_ends_with_a_broken_connection(server: Server) -> None:
    server.sandbox.faults.add(**SEND, action="hang", seconds=0.05)
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(server)


@pytest.mark.parametrize("after", [False, True])
def test_a_late_answer(server: Server, after: bool) -> None:
    server.sandbox.faults.add(**SEND, action="delay", seconds=0.2, after=after)
    began = time.monotonic()
    assert post(server).status_code == 202
    assert time.monotonic() - began > 0.2
    assert len(server.sandbox.faxes()) == 1


@pytest.mark.parametrize("after", [False, True])
def test_garbage(server: Server, after: bool) -> None:
    server.sandbox.faults.add(**SEND, action="garbage", after=after)
    answer = post(server)
    assert (answer.status_code, answer.headers["Content-Type"]) == (202 if after else 200, "text/html")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert len(server.sandbox.faxes()) == after


@pytest.mark.parametrize("after", [False, True])
def test_half_an_answer(server: Server, after: bool) -> None:
    server.sandbox.faults.add(**SEND, action="truncate", after=after)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(server)
    assert len(server.sandbox.faxes()) == after


@pytest.mark.parametrize("after", [False, True])
def test_an_empty_answer(server: Server, after: bool) -> None:
    server.sandbox.faults.add(**SEND, action="empty", after=after)
    answer = post(server)
    assert (answer.status_code, answer.content) == (202 if after else 200, b"")
    assert len(server.sandbox.faxes()) == after


@pytest.mark.parametrize("after", [False, True])
def test_a_redirect(server: Server, after: bool) -> None:
    server.sandbox.faults.add(**SEND, action="redirect", headers={"Location": "/v2/elsewhere"}, after=after)
    answer = post(server, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, "/v2/elsewhere")
    assert len(server.sandbox.faxes()) == after


def test_a_fault_is_used_as_often_as_planned(server: Server) -> None:
    server.sandbox.faults.add(**SEND, action="status", status=500, times=2)
    server.sandbox.faults.add(**SEND, action="status", status=503)
    assert [post(server).status_code for _ in range(4)] == [500, 500, 503, 202]


def test_a_fault_can_let_some_pass_first(server: Server) -> None:
    server.sandbox.faults.add(**SEND, action="status", status=503, skip=2)
    control(server, "POST", "faults", json={**SEND, "action": "status", "status": 500, "skip": 1})
    assert [post(server).status_code for _ in range(5)] == [202, 500, 503, 202, 202]


def test_a_list_of_words(server: Server) -> None:
    send(server)
    server.sandbox.faults.add(method="GET", path="/v2/faxes", action="words", after=True)
    said = api(server, "GET", "/faxes").json()
    assert said["data"] == ["It", "works!"] and said["meta"]["total_results"] == 1


def test_a_fault_can_stay_until_it_is_cleared(server: Server) -> None:
    server.sandbox.faults.add(**SEND, action="status", times=None)
    assert [post(server).status_code for _ in range(3)] == [500] * 3
    server.sandbox.faults.clear()
    assert post(server).status_code == 202


def test_a_fault_meets_only_its_method_and_path(server: Server) -> None:
    server.sandbox.faults.add(method="GET", path="/v2/faxes/*", action="status", status=502, times=None)
    fax_id = send(server)["id"]
    assert api(server, "GET", f"/faxes/{fax_id}").status_code == 502
    assert api(server, "GET", "/faxes").status_code == 200
    assert api(server, "DELETE", f"/faxes/{fax_id}").status_code == 204


def test_links_to_media_can_fail_too(server: Server) -> None:
    server.sandbox.faults.add(method="GET", path="/_media/*", action="status", status=404)
    fax_id = server.sandbox.receive(to=OURS)["id"]
    server.sandbox.advance(10)
    link = truth(server.sandbox, fax_id)["media_url"]
    assert [requests.get(link, timeout=10).status_code for _ in range(2)] == [404, 200]


@pytest.mark.parametrize("wrong", [{"action": "explode"}, {"action": "status", "status": 99}])
def test_a_fault_that_is_none_is_refused(server: Server, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        server.sandbox.faults.add(**SEND, **wrong)


def test_every_request_can_be_slow(server: Server) -> None:
    server.sandbox.options.delay = 0.1
    began = time.monotonic()
    api(server, "GET", "/faxes")
    assert time.monotonic() - began >= 0.1


def test_requests_are_on_record(server: Server) -> None:
    server.sandbox.faults.add(**SEND, action="reset")
    with pytest.raises(requests.ConnectionError):
        post(server)
    api(server, "GET", "/faxes?page%5Bsize%5D=3")
    read, uploaded, sent, listed = server.sandbox.requests
    assert (read.method, read.path, read.status) == ("GET", "/v2/media/doc", 404)
    assert (uploaded.path, uploaded.status) == ("/v2/media", 201)
    assert (sent.method, sent.path, sent.status) == ("POST", "/v2/faxes", 0)
    assert (listed.path, listed.query, listed.status) == ("/v2/faxes", "page%5Bsize%5D=3", 200)


def test_a_connection_is_kept_alive(server: Server) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer KEY"
        answers = [session.get(f"{server.url}/faxes", timeout=10) for _ in range(3)]
        assert all(answer.headers.get("Connection") != "close" for answer in answers)


# From other processes.


def control(server: Server, method: str, path: str, **options: Any) -> requests.Response:
    return requests.request(method, f"{server.root}/_sandbox/{path}", timeout=10, **options)


def test_faults_by_http(server: Server) -> None:
    body = {**SEND, "action": "status", "status": 429, "headers": {"x-ratelimit-reset": "3"}, "times": 2, "after": True}
    assert control(server, "POST", "faults", json=body).status_code == 201
    answer = post(server)
    assert (answer.status_code, answer.headers["x-ratelimit-reset"], len(server.sandbox.faxes())) == (429, "3", 1)
    [left] = control(server, "GET", "faults").json()["data"]
    assert (left["times"], left["fault"]["status"]) == (1, 429)
    assert control(server, "DELETE", "faults").status_code == 204
    assert post(server).status_code == 202


def test_a_fault_for_ever_by_http(server: Server) -> None:
    control(server, "POST", "faults", json={**SEND, "action": "empty", "times": None})
    assert [post(server).content for _ in range(3)] == [b""] * 3


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"method": None}, "/method"),
        ({"action": "explode"}, "/action"),
        ({"status": 99}, "/status"),
        ({"times": 0}, "/times"),
        ({"skip": -1}, "/skip"),
        ({"headers": {"a": 1}}, "/headers/a"),
        ({"seconds": "1"}, "/seconds"),
        ({"after": "yes"}, "/after"),
    ],
)
def test_a_wrong_fault_by_http_is_named(server: Server, change: dict[str, Any], pointer: str) -> None:
    answer = control(server, "POST", "faults", json={**SEND, "action": "status", **change})
    assert (answer.status_code, [each for _, each in errors(answer)]) == (422, [pointer])


def test_options_by_http(server: Server) -> None:
    values = {"listing_lag": 3, "omit_fields": ["client_state"], "page_count_on_fax": False, "max_pages": 9}
    shown = control(server, "POST", "options", json=values).json()["data"]
    assert shown == {**shown, **values}
    assert server.sandbox.options.omit_fields == {"client_state"}
    assert (server.sandbox.options.listing_lag, server.sandbox.options.max_pages) == (3.0, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nothing": 1},
        {"listing_lag": "3"},
        {"listing_lag": True},
        {"page_count_on_fax": 1},
        {"omit_fields": "x"},
        {"omit_fields": [1]},
        {"speed": 0},
        {"max_page_size": 0},
        {"delay": -1},
        {"cancelled_reason": 1},
    ],
)
def test_wrong_options_change_nothing(server: Server, wrong: dict[str, Any]) -> None:
    before = server.sandbox.options.as_json()
    answer = control(server, "POST", "options", json={"max_pages": 9, **wrong})
    assert answer.status_code == 422 and next(iter(wrong)) in answer.text
    assert server.sandbox.options.as_json() == before


def test_state_by_http(server: Server) -> None:
    fax_id = send(server, to="+13125550133", client_state="eA==")["id"]
    state = control(server, "GET", "state").json()
    assert state["faxes"] == server.sandbox.faxes()
    assert (state["faxes"][0]["id"], state["faxes"][0]["client_state"]) == (fax_id, "eA==")
    assert state["requests"][-1] == {"method": "POST", "path": "/v2/faxes", "status": 202, "query": ""}
    assert state["public_key"] == server.public_key
    assert [delivery["status"] for delivery in state["deliveries"]] == ["pending"]
    assert control(server, "GET", "state", params={"only": "faxes,faults"}).json().keys() == {"faxes", "faults"}


def test_inbound_by_http(server: Server) -> None:
    body = {"to": OURS, "from": THEIRS, "pages": 3}
    assert control(server, "POST", "inbound", json=body).status_code == 201
    body = {"to": OURS, "file": base64.b64encode(pdf(2)).decode()}
    assert control(server, "POST", "inbound", json=body).status_code == 201
    control(server, "POST", "inbound", json={"to": OURS, "fail": "carrier_lost"})
    control(server, "POST", "inbound", data={"to": OURS}, files={"file": ("a.pdf", pdf(4))})
    assert control(server, "POST", "advance", json={"seconds": 60}).status_code == 200
    ends = [(fax["status"], fax.get("page_count"), fax["failure_reason"]) for fax in server.sandbox.faxes()]
    assert ends == [
        ("received", 3, None),
        ("received", 2, None),
        ("failed", None, "carrier_lost"),
        ("received", 4, None),
    ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/to"),
        ({"to": THEIRS}, "/to"),
        ({"to": OURS, "from": "x"}, "/from"),
        ({"to": OURS, "pages": 0}, "/pages"),
        ({"to": OURS, "file": "no base64!"}, "/file"),
    ],
)
def test_what_cannot_arrive_by_http(server: Server, body: dict[str, Any], pointer: str) -> None:
    answer = control(server, "POST", "inbound", json=body)
    assert (answer.status_code, [each for _, each in errors(answer)]) == (422, [pointer])


def test_a_past_and_a_number_by_http(server: Server) -> None:
    assert control(server, "POST", "history", json={"count": 5, "days": 2}).status_code == 200
    assert len(server.sandbox.faxes()) == 5
    number = control(server, "POST", "numbers", json={"phone_number": "+13125790017", "connection_id": RECORDS})
    assert number.json()["data"]["connection_id"] == RECORDS
    assert server.sandbox.receive(to="+13125790017")["connection_id"] == RECORDS


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
def test_pages_of_other_sites_cannot_reach_the_controls(server: Server, headers: dict[str, str]) -> None:
    for host in ("http://127.evil.example", "http://[", "//"):
        assert control(server, "GET", "state", headers={"Origin": host}).status_code == 403
    assert control(server, "POST", "inbound", json={"to": OURS}, headers=headers).status_code == 403
    assert server.sandbox.faxes() == []


def test_no_thread_outlives_a_sandbox_that_is_kept_waiting() -> None:
    began = time.monotonic()
    with running(speed=10) as server:
        server.sandbox.faults.add(method="GET", path="/v2/faxes", action="hang", seconds=60)
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{server.url}/faxes", headers={"Authorization": "Bearer KEY"}, timeout=0.1)
        session = requests.Session()
        session.get(server.root, timeout=10)
    session.close()
    assert time.monotonic() - began < 5
