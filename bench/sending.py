"""Sending: a worker process against a bare loop that makes the same calls to the same carrier with the same pages."""

from __future__ import annotations

import base64
import tempfile
import time
import uuid
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urljoin

import requests

from bench.sizes import Size
from tests.databases import own_database
from tests.papers import text_pdf
from tests.processes import environment, finished, free_port, running, serving

KEY = "KEY0123456789"
FROM = "+13125790015"


# What a carrier's API across the country takes for an answer, in seconds.
PACE = 0.1


class Rates(NamedTuple):
    """In faxes a second. `ratio` is of rounds that followed each other at once."""

    ours: float
    floor: float
    ratio: float


class Measured(NamedTuple):
    """With answers at a real carrier's pace, and at once; `wait` in seconds, the longest from when a fax was due to its
    first attempt."""

    paced: Rates
    at_once: Rates
    wait: float


def measure(size: Size) -> Measured:
    """Rounds of both sides in turn. The carrier takes everything and moves nothing."""
    with tempfile.TemporaryDirectory() as name, own_database(Path(name)) as database:
        folder, port = Path(name), free_port()
        env = development(folder, f"http://127.0.0.1:{port}/v2") | {"DATABASE_URL": database}
        carrier = ["-m", "telnyx_sandbox", "--port", str(port), "--speed", "0.001"]
        with serving(*carrier, env=env, log=folder / "sandbox.log", port=port):
            for command in ("set_up", "sync_telnyx"):
                _done("manage.py", command, env=env)
            with running("manage.py", "run_huey", env=env, log=folder / "worker.log"):
                return Measured(_rates(PACE, size, env), _rates(0.0, size, env), _ours("wait", size.waits, env))


def _rates(pace: float, size: Size, env: dict[str, str]) -> Rates:
    base = env["TELNYX_API_BASE"]
    requests.post(urljoin(base, "/_sandbox/options"), json={"delay": pace}).raise_for_status()
    pairs = [(_ours("drain", size.faxes, env), _bare(base, size.faxes)) for _ in range(size.rounds)]
    ours, bare = (min(seconds) for seconds in zip(*pairs, strict=True))
    return Rates(size.faxes / ours, size.faxes / bare, median(bare / ours for ours, bare in pairs))


def development(folder: Path, base: str) -> dict[str, str]:
    """The environment of a portal whose Telnyx is the sandbox."""
    return environment(
        DEBUG="1",
        SECRET_KEY="for measuring only",
        DATABASE_URL=f"sqlite:///{folder}/portal.sqlite3",
        QUEUE_URL=f"sqlite:///{folder}/queue.sqlite3",
        MEDIA_ROOT=f"{folder}/media",
        TELNYX_API_BASE=base,
        TELNYX_API_KEY=KEY,
        SANDBOX_API_KEY=KEY,
        # Counted as in production, and out of reach.
        SEND_RATE_ACCOUNT="1000000",
        SEND_RATE_TEAM="1000000",
        DJANGO_SETTINGS_MODULE="faxportal.settings",
    )


def _bare(base: str, faxes: int) -> float:
    """Seconds for uploading and sending so many faxes, one after the other, with a connection for each send."""
    pages = text_pdf()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {KEY}"
        connection_id = session.get(f"{base}/fax_applications").json()["data"][0]["id"]
        began = time.perf_counter()
        for _ in range(faxes):
            token = uuid.uuid4().hex
            upload = {"media": (f"{token}.pdf", pages, "application/pdf")}
            session.post(f"{base}/media", data={"media_name": token}, files=upload).raise_for_status()
            state = base64.b64encode(token.encode()).decode()
            body = {"connection_id": connection_id, "from": FROM, "to": "+14155550100"}
            body |= {"media_name": token, "client_state": state}
            requests.post(f"{base}/faxes", json=body, headers=dict(session.headers)).raise_for_status()
    return time.perf_counter() - began


def _ours(what: str, count: int, env: dict[str, str]) -> float:
    return float(_done("-m", "bench.sender", what, str(count), env=env).split()[-1])


def _done(*arguments: str, env: dict[str, str]) -> str:
    outcome = finished(*arguments, env=env, timeout=300)
    if outcome.returncode:
        raise RuntimeError(outcome.stdout)
    return outcome.stdout
