"""HTTP/1.1 with a thread per connection, plain enough to misbehave on the wire when a fault asks for it."""

import base64
import binascii
import os
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from telnyx_sandbox import app
from telnyx_sandbox.errors import Problem, Refusal, malformed
from telnyx_sandbox.messages import Request, Response, refused
from telnyx_sandbox.sandbox import Sandbox
from telnyx_sandbox.world import Deliver, Signed

LARGEST_BODY = 64 * 1024 * 1024
PIECE = 256 * 1024
# Into how many pieces a slow answer is cut.
DRIPS = 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    timeout = 60
    server: "Server"

    def _serve(self) -> None:
        began = time.monotonic()
        path, _, query = self.path.partition("?")
        try:
            request = Request(self.command, path, query, self.headers, self._body())
            response = app.answer(self.server.sandbox, request)
        except Refusal as refusal:
            # The body was not read, so nothing more can be understood on this connection.
            response = refused(refusal)
            self.close_connection = True
        self.server.report(f"{self.command} {self.path} {response.status} {(time.monotonic() - began) * 1000:.0f}ms")
        self._send(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        length = self.headers.get("content-length", "0")
        if not re.fullmatch(r"[0-9]{1,18}", length):
            raise malformed("Content-Length must be a number.")
        _check_size(int(length))
        return self.rfile.read(int(length))

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while size := self._chunk_size():
            total += size
            _check_size(total)
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _chunk_size(self) -> int:
        line = self.rfile.readline(100).split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", line):
            raise malformed("The body is not chunked as it claims to be.")
        return int(line, 16)

    def _send(self, response: Response) -> None:
        self.server.sandbox.world.pause(response.hold)
        if response.reset:
            self._reset()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body) + response.padding))
        if response.cut is not None or self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self._write(response)

    def _write(self, response: Response) -> None:
        body = response.body[: response.cut]
        size = -(-len(body) // DRIPS) if response.drip and body else len(body) or 1
        for start in range(0, len(body), size):
            if response.drip:
                self.wfile.flush()
                self.server.sandbox.world.pause(response.drip / DRIPS)
            self.wfile.write(body[start : start + size])
        for start in range(0, response.padding, PIECE):
            self.wfile.write(bytes(min(PIECE, response.padding - start)))

    def _reset(self) -> None:
        """Closes at once, so that the other side sees a broken connection and not an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile.close()
        self.rfile.close()
        self.connection.close()
        raise ConnectionResetError("as a fault has asked")

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the server reports requests in one line of its own."""


def _check_size(size: int) -> None:
    if size > LARGEST_BODY:
        raise Refusal(413, Problem("10027", f"A body has at most {LARGEST_BODY} bytes."))


class Server(ThreadingHTTPServer):
    """The sandbox behind a listening socket. `url` is the base URL for clients, with /v2."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: Sandbox, report: Callable[[str], None]) -> None:
        self.sandbox = sandbox
        self.host = address[0]
        self.report = report
        self._open: set[socket.socket] = set()
        self._accepting = threading.Thread(target=self._accept, name="sandbox-http")
        super().__init__(address, Handler)
        self.root = f"http://{self.host}:{self.server_port}"
        sandbox.world.base_url = self.root

    @property
    def url(self) -> str:
        return f"{self.root}/v2"

    @property
    def public_key(self) -> str:
        return self.sandbox.world.public_key

    def server_bind(self) -> None:
        """As HTTPServer does it, but without asking the name service for this machine's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", int(self.server_address[1])

    def start(self) -> None:
        self.sandbox.start()
        self._accepting.start()

    def stop(self) -> None:
        """Ends every connection and thread."""
        self.sandbox.world.stopping.set()
        # The accepting thread looks up only when somebody calls.
        socket.create_connection((self.host, self.server_port)).close()
        self._accepting.join()
        for connection in list(self._open):
            _hang_up(connection)
        self.server_close()
        self.sandbox.stop()

    def _accept(self) -> None:
        while not self.sandbox.world.stopping.is_set():
            self.handle_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was faster.
        pass


def seed_bytes(text: str | None) -> bytes:
    """The 32 bytes of a signing seed in base64; new ones for None. Raises ValueError for anything else."""
    if text is None:
        return os.urandom(32)
    try:
        seed = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("The signing seed must be base64 of 32 bytes.") from error
    if len(seed) != 32:
        raise ValueError(f"The signing seed must be base64 of 32 bytes, not of {len(seed)}.")
    return seed


@contextmanager
def running(
    *,
    api_key: str = "KEY",
    signing_seed: str | None = None,
    state: str = ":memory:",
    webhook_url: str = "",
    speed: float = 1.0,
    clock: Callable[[], float] = time.time,
    auto: bool = True,
    deliver: Deliver | list[Signed] | None = None,
    seed: bool = True,
    host: str = "127.0.0.1",
    port: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> Iterator[Server]:
    """A sandbox that serves until the block ends. Its arguments are those of Sandbox; port 0 takes any free one."""
    sandbox = Sandbox(
        api_key=api_key,
        signing_seed=seed_bytes(signing_seed),
        state=state,
        webhook_url=webhook_url,
        speed=speed,
        clock=clock,
        auto=auto,
        deliver=deliver,
        seed=seed,
    )
    try:
        server = Server((host, port), sandbox, report)
    except OSError:
        sandbox.stop()
        raise
    server.start()
    try:
        yield server
    finally:
        server.stop()
