"""A proxy on 127.0.0.1 that stands between the portal and the sandbox, and keeps what the portal asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

# What belongs to one connection, and is said anew on the other.
OF_THE_CONNECTION = ("connection", "content-length", "content-encoding", "transfer-encoding", "host", "date", "server")


@dataclass(frozen=True)
class Asked:
    """One request and the status of its answer. `path` is below /v2, and without its slash."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Message
    body: bytes
    status: int

    @property
    def document(self) -> Any:
        """The body as JSON tells it; of a form, its fields, where a file stands for itself by its name."""
        if not self.body:
            return None
        if self.headers.get_content_type() != "multipart/form-data":
            return json.loads(self.body)
        whole = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode() + self.body
        parts = BytesParser(policy=HTTP).parsebytes(whole).iter_parts()
        return {_name(part): part.get_filename() or part.get_content().strip() for part in parts}


def _name(part: Any) -> str:
    return str(part["content-disposition"].params["name"])


class Recorder(ThreadingHTTPServer):
    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v2"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        below = self.path.removeprefix("/v2")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_THE_CONNECTION}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                self.command, self.server.target + below, headers=headers, data=body, allow_redirects=False, timeout=30
            )
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        path = parts.path.removeprefix("/v2/")
        self.server.asked.append(Asked(self.command, path, query, self.headers, body, answer.status_code))
        self.give_back(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

    def give_back(self, answer: requests.Response) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in OF_THE_CONNECTION:
                self.send_header(name, value)
        if answer.status_code != 204:
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def recording(target: str) -> Iterator[Recorder]:
    """A proxy to `target`, a base URL with /v2. What was asked is there once its answer has come."""
    server = Recorder(target)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
