"""A fax is posted once, over a connection of its own, and not after its deadline."""

import io
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from telnyx_api import BadAnswer, Client, NoAnswer, NotSent, ServerError
from telnyx_api.body import json_body
from tests.telnyx_api.scripted import KEY, Reply, Server, client_of, ok, serving, wait_until

FAX: dict[str, Any] = {"connection_id": "1798350462217364482", "to": "+14155550176", "from_": "+12125550134"}
ACCEPTED = ok({"id": "f1", "status": "queued"}, status=202)


def test_only_what_is_given_is_sent() -> None:
    with serving(ACCEPTED) as server, client_of(server) as client:
        fax = client.send_fax(**FAX, media_name="letter")
    assert (fax.id, fax.status) == ("f1", "queued")
    asked = server.asked[0]
    assert (asked.method, asked.path) == ("POST", "/v2/faxes")
    assert asked.headers["content-type"] == "application/json"
    assert asked.document == {
        "connection_id": "1798350462217364482",
        "to": "+14155550176",
        "from": "+12125550134",
        "media_name": "letter",
    }


def test_every_option_is_sent_under_its_own_name() -> None:
    options: dict[str, Any] = {
        "media_url": "https://clinic.example/m/1",
        "quality": "ultra_dark",
        "from_display_name": "Zürich Clinic",
        "t38_enabled": False,
        "monochrome": True,
        "black_threshold": 80,
        "store_media": False,
        "store_preview": True,
        "preview_format": "pdf",
        "webhook_url": "https://clinic.example/webhooks/telnyx",
        "client_state": "YWJj",
    }
    with serving(ACCEPTED) as server, client_of(server) as client:
        client.send_fax(**FAX, **options)
    sent = server.asked[0].document
    assert {name: sent[name] for name in options} == options


@pytest.mark.parametrize("media", [{}, {"media_url": "https://x.example/a.pdf", "media_name": "a"}])
def test_a_fax_has_exactly_one_source(media: dict[str, Any]) -> None:
    with serving() as server, client_of(server) as client, pytest.raises(ValueError, match="media_url or a media_name"):
        client.send_fax(**FAX, **media)
    assert server.asked == []


def test_an_accepted_fax_without_an_id_is_a_bad_answer() -> None:
    with serving(ok({"status": "queued"}, status=202)) as server, client_of(server) as client, pytest.raises(BadAnswer):
        client.send_fax(**FAX, media_name="letter")


def test_each_fax_has_its_own_connection_and_reads_share_one() -> None:
    page = ok({"id": "f1"})
    with serving(page, page, ACCEPTED, ACCEPTED, page) as server, client_of(server) as client:
        client.get_fax("f1")
        client.get_fax("f1")
        client.send_fax(**FAX, media_name="letter")
        client.send_fax(**FAX, media_name="letter")
        client.get_fax("f1")
    first, second, third, fourth, fifth = [asked.port for asked in server.asked]
    assert first == second == fifth
    assert len({first, third, fourth}) == 3
    assert server.asked[2].headers["connection"] == "close"


def test_a_kept_connection_that_the_server_closed_does_not_harm_a_fax() -> None:
    with serving(ok({"id": "f1"}), ACCEPTED) as server, client_of(server) as client:
        client.get_fax("f1")
        for connection in server.sockets:
            connection.shutdown(2)
        assert client.send_fax(**FAX, media_name="letter").id == "f1"


def test_a_deadline_in_the_past_opens_no_connection() -> None:
    with serving() as server, client_of(server) as client, pytest.raises(NotSent, match="deadline"):
        client.send_fax(**FAX, media_name="letter", deadline=time.monotonic() - 1)
    assert server.sockets == []


def test_no_application_is_asked_for_after_its_deadline() -> None:
    asked: dict[str, Any] = {"application_name": "Pharmacy", "webhook_event_url": "https://fax.example/hook"}
    with serving() as server, client_of(server) as client, pytest.raises(NotSent, match="deadline"):
        client.create_fax_application(**asked, deadline=time.monotonic() - 1)
    assert server.sockets == []


class LateAdapter(HTTPAdapter):
    """Loses so much time that the deadline has passed when the connection stands."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self.deadline = deadline

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        wait_until(self.deadline)
        # The time-out was computed before the time was lost, as it is when a process is stopped.
        kwargs["timeout"] = (2, 2)
        return super().send(request, *args, **kwargs)


def test_a_deadline_that_passes_before_the_body_sends_no_fax() -> None:
    with serving(ACCEPTED) as server, client_of(server) as client:
        deadline = time.monotonic() + 0.25
        client.session.mount("http://", LateAdapter(deadline))
        with pytest.raises(NotSent, match="deadline") as caught:
            client.send_fax(**FAX, media_name="letter", deadline=deadline)
        assert caught.value.retryable and caught.value.outcome_known
        assert [(asked.whole, asked.body) for asked in server.has_been_asked(1)] == [(False, b"")]


class SlowFile(io.BytesIO):
    """Its second piece comes after the deadline."""

    deadline = 0.0

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 0:
            wait_until(self.deadline)
        return super().read(size)


def test_a_deadline_that_passes_within_the_body_sends_no_fax() -> None:
    pages = SlowFile(b"%PDF" + bytes(100_000))
    with serving(ACCEPTED) as server, client_of(server) as client:
        pages.deadline = time.monotonic() + 0.25
        with pytest.raises(NotSent, match="deadline"):
            client.send_fax_file(**FAX, contents=pages, filename="a.pdf", deadline=pages.deadline)
        assert [asked.whole for asked in server.has_been_asked(1)] == [False]
    assert 0 < len(server.asked[0].body) < 100_000


def test_the_deadline_bounds_the_wait_for_the_answer() -> None:
    begun = time.monotonic()
    with serving(Reply(raw=b"", hang=True)) as server, client_of(server, read_timeout=30.0) as client:
        with pytest.raises(NoAnswer):
            client.send_fax(**FAX, media_name="letter", deadline=begun + 0.2)
        assert time.monotonic() - begun < 2
    assert server.asked[0].whole


def test_the_deadline_bounds_an_answer_that_trickles() -> None:
    begun = time.monotonic()
    trickle = Reply(status=202, content=b" " * 1000, drip=0.02)
    with serving(trickle) as server, client_of(server, read_timeout=30.0) as client:
        with pytest.raises(NoAnswer):
            client.send_fax(**FAX, media_name="letter", deadline=begun + 0.2)
        assert time.monotonic() - begun < 2


def test_a_body_that_has_left_is_not_called_back_by_the_deadline() -> None:
    body = json_body({"to": "+1"}, deadline=time.monotonic() + 0.05)
    assert body.read(16384) == b'{"to": "+1"}' and body.handed_over
    assert body.deadline is not None
    wait_until(body.deadline)
    assert body.read(16384) == b""


STOPPED_ON_THE_WAY = """
import io, sys, time
from telnyx_api import Client, NotSent

class Pages(io.BytesIO):
    def read(self, size=-1):
        print("reading", flush=True)
        sys.stdin.readline()
        return super().read(size)

client = Client(api_key=sys.argv[1], base_url=sys.argv[2])
try:
    client.send_fax_file(connection_id="1", to="+14155550176", from_="+12125550134", filename="a.pdf",
                         contents=Pages(b"%PDF-1.4"), deadline=time.monotonic() + float(sys.argv[3]))
except NotSent as error:
    print(error)
"""


@pytest.mark.process
@pytest.mark.parametrize("stopped", [True, False])
def test_a_process_that_was_stopped_does_not_send_after_it_wakes(stopped: bool) -> None:
    with serving(ACCEPTED) as server:
        said = _said_by_a_sender(server, stopped=stopped)
        assert [asked.whole for asked in server.has_been_asked(1)] == [not stopped]
    assert ("deadline passed" in said) == stopped


def _said_by_a_sender(server: Server, *, stopped: bool) -> str:
    """What a process prints that sends a fax, and is stopped in the middle for longer than its deadline, or is not."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", STOPPED_ON_THE_WAY, KEY, server.url, "0.5" if stopped else "30"]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdout is not None
        assert sender.stdout.readline() == "reading\n"
        if stopped:
            os.kill(sender.pid, signal.SIGSTOP)
            wait_until(time.monotonic() + 0.6)
            os.kill(sender.pid, signal.SIGCONT)
        said, _ = sender.communicate("go on\n", timeout=10)
    return said


def test_a_file_that_becomes_shorter_sends_no_fax() -> None:
    class Shrinking(io.BytesIO):
        """Becomes shorter than it was when it was measured."""

        def read(self, size: int | None = -1) -> bytes:
            return super().read(size) if self.tell() < 30_000 else b""

    with serving(ACCEPTED) as server, client_of(server) as client:
        with pytest.raises(NotSent, match="shorter"):
            client.send_fax_file(**FAX, contents=Shrinking(bytes(100_000)), filename="a.pdf")
        assert [asked.whole for asked in server.has_been_asked(1)] == [False]


def test_a_connection_that_breaks_within_the_body_has_sent_no_fax() -> None:
    def read_a_little_and_reset() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        carrier = threading.Thread(target=read_a_little_and_reset)
        carrier.start()
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Client(api_key=KEY, base_url=base_url) as client, pytest.raises(NotSent) as caught:
            client.send_fax_file(**FAX, contents=io.BytesIO(bytes(30_000_000)), filename="a.pdf")
        carrier.join()
    assert caught.value.retryable


def test_a_file_is_sent_as_a_form_without_what_telnyx_does_not_document() -> None:
    pages = io.BytesIO(b"%PDF-1.4 two pages")
    with serving(ACCEPTED) as server, client_of(server) as client:
        fax = client.send_fax_file(
            **FAX, contents=pages, filename='a "b"\r\nX: y.pdf', quality="high", monochrome=True, t38_enabled=False
        )
    assert fax.id == "f1"
    body = server.asked[0].body.decode()
    assert server.asked[0].headers["content-length"] == str(len(body))
    assert 'name="monochrome"\r\n\r\ntrue\r\n' in body and 'name="t38_enabled"\r\n\r\nfalse\r\n' in body
    assert (
        'name="contents"; filename="a %22b%22%0D%0AX: y.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4' in body
    )
    assert "store_media" not in body


def test_an_error_after_the_whole_body_is_not_taken_for_not_sent() -> None:
    with serving(Reply(status=502)) as server, client_of(server) as client, pytest.raises(ServerError) as caught:
        client.send_fax(**FAX, media_name="letter", deadline=time.monotonic() + 5)
    assert not caught.value.outcome_known
    assert server.asked[0].whole
