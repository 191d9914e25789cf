"""What these tests share: the other side of the wire, documents, and short ways to send."""

import io
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pikepdf
import requests

from telnyx_sandbox.sandbox import Sandbox
from telnyx_sandbox.server import Server

FRONT_DESK = "2290457000000000011"
RECORDS = "2290457000000000012"
OURS = "+13125790015"
OURS_TOO = "+17739420110"
THEIRS = "+13125550199"
HOOK = "http://portal.example/hook"
KEY = {"Authorization": "Bearer KEY"}


@cache
def pdf(pages: int = 1) -> bytes:
    """A document that the sandbox did not make itself."""
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        target = io.BytesIO()
        document.save(target)
        return target.getvalue()


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes


class Outside(ThreadingHTTPServer):
    """A web server that answers as `answers` says for each path, with 200 for the rest, and remembers all requests."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Answer] = {}
        self.received: list[Received] = []
        self.patience = threading.Event()
        self.root = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Outside

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.received.append(Received(self.path, dict(self.headers), body))
        answer = self.server.answers.get(self.path, Answer())
        self.server.patience.wait(answer.seconds)
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def outside() -> Iterator[Outside]:
    with Outside() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.patience.set()
        server.shutdown()
        thread.join()


def until(happened: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What `happened` returns as soon as it is true. Fails after that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := happened():
            return result
        time.sleep(0.01)
    raise AssertionError(f"did not happen within {seconds} s")


def api(server: Server, method: str, path: str, **options: Any) -> requests.Response:
    options.setdefault("headers", KEY)
    return requests.request(method, server.url + path, timeout=10, **options)


def upload(server: Server, name: str = "doc", content: bytes | None = None) -> str:
    files = {"media": ("doc.pdf", content or pdf(), "application/pdf")}
    answer = api(server, "POST", "/media", files=files, data={"media_name": name})
    assert answer.status_code == 201, answer.text
    return name


def fax_body(to: str = THEIRS, **more: Any) -> dict[str, Any]:
    body = {"connection_id": FRONT_DESK, "from": OURS, "to": to, "media_name": "doc"}
    return {name: value for name, value in {**body, **more}.items() if value is not None}


def send(server: Server, to: str = THEIRS, **more: Any) -> dict[str, Any]:
    """A fax of the file "doc", which is uploaded when it is not there."""
    if api(server, "GET", "/media/doc").status_code == 404:
        upload(server)
    answer = api(server, "POST", "/faxes", json=fax_body(to, **more))
    assert answer.status_code == 202, answer.text
    fax: dict[str, Any] = answer.json()["data"]
    return fax


def truth(sandbox: Sandbox, fax_id: str) -> dict[str, Any]:
    return next(fax for fax in sandbox.faxes() if fax["id"] == fax_id)


def walk(sandbox: Sandbox, fax_id: str, steps: int = 200, seconds: float = 0.5) -> list[str]:
    """The statuses a fax goes through while time is walked."""
    seen = [truth(sandbox, fax_id)["status"]]
    for _ in range(steps):
        sandbox.advance(seconds)
        status = truth(sandbox, fax_id)["status"]
        if status != seen[-1]:
            seen.append(status)
    return seen


def errors(answer: requests.Response) -> list[tuple[str, str]]:
    """Code and pointer (or parameter) of each error of an answer."""
    found = []
    for error in answer.json()["errors"]:
        source = error.get("source", {})
        assert error["title"] and error["detail"]
        found.append((error["code"], source.get("pointer") or source.get("parameter") or ""))
    return found
