"""A link brings its one file, whole and within bounds, or nothing; and it leads nowhere else."""

from __future__ import annotations

import gzip
import io
import logging
import time
import traceback
from typing import Any

import pytest
from pytest_django import Settings

from faxes.fetch import FetchError, fetch
from tests.telnyx_api.scripted import Reply, Server, closed_port, serving

SECRET = "X-Amz-Signature=a1b2c3"


def link_to(server: Server, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.server_port}/received/1.pdf?{SECRET}"


def fetched(settings: Settings, reply: Reply, *, deadline: float = 5) -> bytes:
    """What a server that answers so brings in, at most 1000 bytes; FetchError passes."""
    got = io.BytesIO()
    with serving(reply) as server:
        settings.PRIVATE_HOSTS_ALLOWED = [f"127.0.0.1:{server.server_port}"]
        size = fetch(link_to(server), got, max_bytes=1000, deadline=deadline)
        assert [(asked.method, asked.headers["accept-encoding"]) for asked in server.asked] == [("GET", "identity")]
    assert size == len(got.getvalue())
    return got.getvalue()


def test_a_file_comes_as_it_is(settings: Settings) -> None:
    assert fetched(settings, Reply(content=b"%PDF-1.7")) == b"%PDF-1.7"


def test_a_chunked_file_comes_whole(settings: Settings) -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert fetched(settings, Reply(raw=raw)) == b"abcde"


def test_a_compressed_file_is_not_unpacked(settings: Settings) -> None:
    packed = gzip.compress(b"0" * 500_000)
    assert fetched(settings, Reply(content=packed, headers={"Content-Encoding": "gzip"})) == packed


def raw(body: bytes, *headers: bytes, **more: Any) -> Reply:
    return Reply(raw=b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"", body]), **more)


CHUNKED = b"Transfer-Encoding: chunked"
FAILURES = [
    (Reply(status=403), "link_dead", True),
    (Reply(status=404), "link_dead", True),
    (Reply(status=410), "link_dead", True),
    (Reply(status=429), "server", False),
    (Reply(status=500), "server", False),
    (Reply(status=503), "server", False),
    (Reply(status=206, content=b"a part"), "server", False),
    (Reply(content=b""), "empty", False),
    (Reply(content=b"x" * 1001), "too_large", False),
    (raw(b"", b"Content-Length: 60000000", hang=True), "too_large", False),
    (raw(b"200\r\n" + b"x" * 512 + b"\r\n200\r\n" + b"x" * 512, CHUNKED, hang=True), "too_large", False),
    (raw(b"half", b"Content-Length: 900"), "broke_off", False),
    (raw(b"9\r\nhalf", CHUNKED), "broke_off", False),
    (raw(b"not a length\r\n", CHUNKED), "broke_off", False),
    (raw(b"half", b"Content-Length: 900", reset=True), "broke_off", False),
    (Reply(raw=b"", reset=True), "unreachable", False),
    (Reply(raw=b"not HTTP at all\r\n\r\n"), "unreachable", False),
]


@pytest.mark.parametrize(("reply", "reason", "dead"), FAILURES)
def test_what_is_not_whole_is_refused(settings: Settings, reply: Reply, reason: str, dead: bool) -> None:
    with pytest.raises(FetchError) as caught:
        fetched(settings, reply)
    assert (caught.value.reason, caught.value.link_dead) == (reason, dead)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(Reply(content=b"x" * 900, drip=0.02), "slow"), (Reply(raw=b"", hang=True), "unreachable")],
    ids=["drips", "says nothing"],
)
def test_nobody_is_waited_for_beyond_the_deadline(settings: Settings, reply: Reply, reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError) as caught:
        fetched(settings, reply, deadline=0.3)
    assert caught.value.reason == reason
    assert time.monotonic() - began < 3


def test_nobody_there_is_no_dead_link(settings: Settings) -> None:
    port = closed_port()
    settings.PRIVATE_HOSTS_ALLOWED = [f"127.0.0.1:{port}"]
    with pytest.raises(FetchError) as caught:
        fetch(f"http://127.0.0.1:{port}/", io.BytesIO())
    assert (caught.value.reason, caught.value.link_dead) == ("unreachable", False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_not_read(settings: Settings, status: int) -> None:
    with serving() as elsewhere:
        # Allowed or not: one redirect leads on to the next place.
        reply = Reply(status=status, headers={"Location": link_to(elsewhere), "Content-Length": "60000000"}, hang=True)
        with pytest.raises(FetchError) as caught:
            fetched(settings, reply)
        assert elsewhere.asked == []
    assert (caught.value.reason, caught.value.link_dead) == ("redirect", False)


HERE = ["127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0"]
HERE += ["[::ffff:127.0.0.1]", "user:pass@127.0.0.1", "8.8.8.8@127.0.0.1", "127.0.0.1.", "%6cocalhost"]


@pytest.mark.parametrize("host", HERE)
def test_private_addresses_are_not_spoken_to(settings: Settings, host: str) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1:1", "localhost:80", "8.8.8.8:80"]
    with serving() as server:
        with pytest.raises(FetchError) as caught:
            fetch(link_to(server, host), io.BytesIO())
        assert server.asked == [] and server.sockets == []
    assert caught.value.reason in ("private_address", "unreachable")


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.8/", "http://192.168.1.1/", "http://169.254.169.254/latest/", "http://[::1]/", "http://[fd00::1]/"],
)
def test_other_private_networks_are_refused_as_well(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(url, io.BytesIO())
    assert caught.value.reason == "private_address"


BAD = [
    "not a link",
    "/received/1.pdf",
    "file:///etc/passwd",
    "ftp://files.example/1.pdf",
    "javascript:alert(1)",
    "http://",
]
BAD += [
    "https:///x.pdf",
    "http://x..example/",
    f"http://{'x' * 300}/",
    "http://x.example:99999/",
    "http://[::1",
    "\x00",
]


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_address_needs_a_new_link(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(url, io.BytesIO())
    assert (caught.value.reason, caught.value.link_dead) == ("bad_link", True)


def test_the_environment_cannot_send_us_through_a_proxy(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
        assert fetched(settings, Reply(content=b"direct")) == b"direct"
        assert proxy.asked == []


@pytest.mark.parametrize(
    "reply", [Reply(status=403), Reply(raw=b"", reset=True), Reply(status=302), Reply(content=b"")]
)
def test_the_secret_of_a_link_is_never_repeated(
    settings: Settings, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(FetchError) as caught:
        fetched(settings, reply)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_nor_is_it_when_nobody_is_there(settings: Settings) -> None:
    port = closed_port()
    settings.PRIVATE_HOSTS_ALLOWED = [f"127.0.0.1:{port}"]
    with pytest.raises(FetchError) as caught:
        fetch(f"http://127.0.0.1:{port}/?{SECRET}", io.BytesIO())
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_disk_that_is_full_is_our_trouble_and_not_the_links(settings: Settings) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    with serving(Reply(content=b"x")) as server:
        settings.PRIVATE_HOSTS_ALLOWED = [f"127.0.0.1:{server.server_port}"]
        with pytest.raises(OSError, match="No space left"):
            fetch(link_to(server), Full())
