"""A real HTTP server on 127.0.0.1 that answers what a test tells it to, in order, and keeps what it was asked."""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from telnyx_api import Client

KEY = "KEY0189ABCDEF_secretOfTheHouse"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer; `raw` replaces all of it. Afterwards the connection may be reset, or left hanging until the end."""

    status: int = 200
    document: Any = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    drip: float | None = None
    reset: bool = False
    hang: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request; `whole` says whether all of the promised body came."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    port: int
    whole: bool

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, replies: tuple[Reply, ...], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if tls:
            self.scheme, self.socket = "https", tls.wrap_socket(self.socket, server_side=True)
        self.replies = iter(replies)
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        self.sockets: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/v2"

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.sockets.append(connection)
        return connection, address

    def has_been_asked(self, times: int) -> list[Asked]:
        """The requests, once there are so many: a client that broke off may be done before the server has seen it."""
        give_up = time.monotonic() + 5
        while len(self.asked) < times and time.monotonic() < give_up:
            time.sleep(0.002)
        return self.asked

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        for connection in self.sockets:
            # Many are closed already.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        whole = len(body) == length
        self.server.asked.append(
            Asked(
                method=self.command,
                path=parts.path,
                query=parse_qsl(parts.query, keep_blank_values=True),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                port=self.client_address[1],
                whole=whole,
            )
        )
        self.close_connection = not whole
        if whole:
            self.say(next(self.server.replies, Reply(status=418, document={"errors": [{"title": "unexpected"}]})))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def say(self, reply: Reply) -> None:
        message = self.message(reply) if reply.raw is None else reply.raw
        if reply.drip is None:
            self.wfile.write(message)
        else:
            self.trickle(message, reply.drip)
        if reply.hang:
            self.server.stopping.wait(10)
        if reply.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = reply.raw is not None or reply.reset or reply.hang

    def message(self, reply: Reply) -> bytes:
        content = reply.content
        if content is None:
            content = b"" if reply.document is None else json.dumps(reply.document).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content

    def trickle(self, message: bytes, pause: float) -> None:
        """The head at once, then the body one byte at a time, until the client has had enough."""
        head, gap, content = message.partition(b"\r\n\r\n")
        self.wfile.write(head + gap)
        for byte in content:
            if self.server.stopping.wait(pause):
                return
            try:
                self.wfile.write(bytes([byte]))
            except ConnectionError:
                return

    def finish(self) -> None:
        try:
            super().finish()
        except ConnectionError:
            self.connection.close()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def serving(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(replies, tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def ok(data: Any, status: int = 200, **meta: Any) -> Reply:
    return Reply(status=status, document={"data": data, "meta": meta} if meta else {"data": data})


def refused(status: int, code: str, detail: str, **headers: str) -> Reply:
    document = {"errors": [{"code": code, "title": "Refused", "detail": detail}]}
    return Reply(status=status, document=document, headers={k.replace("_", "-"): v for k, v in headers.items()})


def client_of(server: Server, **options: Any) -> Client:
    """A client that waits briefly and does not really sleep."""
    defaults = {"api_key": KEY, "base_url": server.url, "connect_timeout": 2.0, "read_timeout": 2.0}
    return Client(**{**defaults, "sleep": lambda seconds: None, **options})


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until(moment: float) -> None:
    """Return when `time.monotonic()` has passed `moment`."""
    while (left := moment - time.monotonic()) >= 0:
        time.sleep(max(left, 0.001))
