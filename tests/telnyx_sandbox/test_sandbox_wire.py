"""What comes over the wire that no honest client sends, and what many clients send at once."""

import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from telnyx_sandbox.server import Server, running
from tests.telnyx_sandbox.helpers import api, fax_body, outside, until, upload

LINES = [
    b"",
    b"\r\n\r\n",
    b"\x16\x03\x01\x02",
    b"GET / HTTP/1.1\r\nHost: [\r\n\r\n",
    b"GET //[ HTTP/1.1\r\n\r\n",
    b"GET /v2/faxes?\xff HTTP/1.1\r\nAuthorization: Bearer \xff\r\n\r\n",
    b"POST /v2/faxes HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    b"POST /v2/faxes HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /v2/faxes HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf",
    b"POST /v2/faxes HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v2/faxes HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_nonsense_is_survived(server: Server, line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert api(server, "GET", "/faxes").status_code == 200


def test_a_body_that_is_too_large_is_not_read(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
        connection.sendall(b"POST /v2/media HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
        assert b" 413 " in connection.recv(4096)


def test_many_clients_at_once_lose_and_double_nothing() -> None:
    with outside() as portal, running(webhook_url=f"{portal.root}/hook", speed=100) as server:
        upload(server)
        with ThreadPoolExecutor(8) as clients:
            sent = [clients.submit(api, server, "POST", "/faxes", json=fax_body()) for _ in range(60)]
        accepted = {answer.result().json()["data"]["id"] for answer in sent}
        until(lambda: len(portal.received) >= 240)
        until(lambda: {each["status"] for each in server.sandbox.deliveries} == {"delivered"})
        events = [json.loads(received.body)["data"] for received in portal.received]
    assert len(accepted) == 60
    counts = Counter((event["payload"]["fax_id"], event["event_type"]) for event in events)
    assert {fax_id for fax_id, _ in counts} == accepted
    assert (len(counts), set(counts.values()), len({event["id"] for event in events})) == (240, {1}, 240)
