"""A server behind links to pages that mostly means no good, and a listener that must never hear from us."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests import papers

SIXTY_MEGABYTES = 60_000_000
PIECE = bytes(1_000_000)


def bomb_tiff(side: int = 60_000) -> bytes:
    """Some bytes that say they are a picture of 3,600,000,000 dots."""
    tags = ((256, side), (257, side), (258, 1), (259, 8), (262, 1), (273, 8), (277, 1), (278, side), (279, 2))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return struct.pack("<2sHI", b"II", 42, 10) + b"\x78\x9c" + struct.pack("<H", len(tags)) + entries + bytes(4)


class Hostile(ThreadingHTTPServer):
    """Each path is a trap of its own. `sent` counts the bytes of bodies that clients took."""

    def __init__(self, elsewhere: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.elsewhere = elsewhere
        self.asked: list[str] = []
        self.sent = 0
        self.stopping = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def link(self, trap: str) -> str:
        return f"http://{self.host}/{trap}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hostile

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.close_connection = True
        # A client that has had enough goes away.
        with suppress(ConnectionError):
            TRAPS[self.path.strip("/")](self)

    def say(self, body: bytes, content_type: str = "application/pdf", **headers: Any) -> None:
        headers = {"Content_Type": content_type, "Content_Length": len(body), **headers}
        self.send_response(headers.pop("status", 200))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.put(body)

    def put(self, body: bytes) -> None:
        self.wfile.write(body)
        self.server.sent += len(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def sixty(handler: Handler) -> None:
    """Says nothing of its size, so that it has to be counted."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(SIXTY_MEGABYTES // len(PIECE)):
        handler.wfile.write(b"%x\r\n" % len(PIECE))
        handler.put(PIECE)
        handler.wfile.write(b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


def half(handler: Handler) -> None:
    whole = papers.text_pdf()
    handler.say(whole[: len(whole) // 2], Content_Length=len(whole))


def redirect(handler: Handler) -> None:
    handler.say(b"", Location=handler.server.elsewhere, status=302)


def drip(handler: Handler) -> None:
    """A head that never ends, a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Never: ")
    while not handler.server.stopping.wait(0.01):
        handler.wfile.write(b"x")
        handler.wfile.flush()


TRAPS: dict[str, Callable[[Handler], None]] = {
    "html": lambda handler: handler.say(papers.html_renamed(), "text/html"),
    "html-as-pdf": lambda handler: handler.say(papers.html_renamed()),
    "sixty": sixty,
    "sixty-announced": lambda handler: handler.say(PIECE, Content_Length=SIXTY_MEGABYTES),
    "half": half,
    "two-lengths": lambda handler: handler.say(papers.text_pdf(), content_length=1),
    "bomb": lambda handler: handler.say(bomb_tiff(), "image/tiff"),
    "frames": lambda handler: handler.say(papers.many_frames_tiff(), "image/tiff"),
    "encrypted": lambda handler: handler.say(papers.encrypted_pdf()),
    "zip": lambda handler: handler.say(papers.zip_renamed()),
    "photo": lambda handler: handler.say(papers.photo_jpeg(), "image/jpeg"),
    "empty": lambda handler: handler.say(b""),
    "redirect": redirect,
    "tiff": lambda handler: handler.say(papers.fax_tiff(1), "image/tiff"),
    "large": lambda handler: handler.say(papers.big_pdf(49_900_000)),
    "drip": drip,
}


class Listener:
    """A port in a private network; `calls` are the connections it got."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0)
        self.address: tuple[str, int] = self._socket.getsockname()
        self.link = f"http://127.0.0.1:{self.address[1]}/latest/meta-data/"

    @property
    def calls(self) -> int:
        """Connections are queued by the system, so none is missed, whenever it is asked for."""
        count = 0
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                count += 1
        return count

    def close(self) -> None:
        self._socket.close()


@contextmanager
def hostile_world() -> Iterator[tuple[Hostile, Listener]]:
    """The server of traps, and the private address that it would like us to call."""
    listener = Listener()
    server = Hostile(listener.link)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield server, listener
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
        listener.close()
