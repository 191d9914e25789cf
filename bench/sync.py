"""The sync: a full run over a long past, against only downloading the same pages by the same client."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import requests

from bench.sending import development
from bench.sizes import Size
from tests.databases import own_database, query
from tests.processes import ROOT, finished, free_port, serving, wait_for

# What a carrier across the country takes for a page, in seconds.
PACE = 0.1
DAYS = 90


class Rates(NamedTuple):
    """In faxes a second."""

    ours: float
    floor: float


class Measured(NamedTuple):
    """`growth` is by how many bytes the first fill grew, `later` by how many of them after its first fifth;
    `statements` how many a page takes; `pages` how many are read, and `killed` how many by two runs, of which the first
    is killed in the middle."""

    first: Rates
    unchanged: Rates
    paced_first: Rates
    paced_unchanged: Rates
    growth: int
    later: int
    statements: float
    pages: int
    killed: int


def measure(server: str, size: Size) -> Measured:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, port = Path(name), free_port()
        env = development(folder, f"http://127.0.0.1:{port}/v2")
        carrier = ["-m", "telnyx_sandbox", "--port", str(port)]
        stack.enter_context(serving(*carrier, env=env, log=folder / "sandbox.log", port=port))
        _steer(env, "history", count=size.mirrored, days=DAYS)
        first, unchanged, floor = _both(folder / "at-once", server, size, env)
        killed = _killed(folder / "killed", server, size, env)
        _steer(env, "options", delay=PACE)
        paced, later, slow = _both(folder / "paced", server, size, env)
    return Measured(
        Rates(_rate(first), _rate(floor)),
        Rates(_rate(unchanged), _rate(floor)),
        Rates(_rate(paced), _rate(slow)),
        Rates(_rate(later), _rate(slow)),
        first["growth"],
        max(first["later"], unchanged["later"]),
        unchanged["statements"] / floor["pages"],
        floor["pages"],
        killed,
    )


def _both(folder: Path, server: str, size: Size, env: dict[str, str]) -> list[dict[str, Any]]:
    """What a first fill tells, a run in which nothing is new, and the floor of either."""
    with _portal(folder, server, size, env) as portal:
        return [_told(what, size, portal) for what in ("run", "run", "floor")]


def _killed(folder: Path, server: str, size: Size, env: dict[str, str]) -> int:
    """How many pages it takes when the worker of a first fill is killed half-way. Raises RuntimeError where what is
    here in the end is not what is there."""
    with _portal(folder, server, size, env) as portal:
        begun = _pages(portal)
        command = [sys.executable, "-m", "bench.syncer", "run", str(size.mirrored)]
        with subprocess.Popen(command, cwd=ROOT, env=portal, stdout=subprocess.DEVNULL) as worker:
            wait_for(lambda: _pages(portal) - begun > size.mirrored / 250 / 2 or worker.poll() is not None, within=600)
            worker.kill()
        # As when the lease has run out.
        query(portal["DATABASE_URL"], "UPDATE sync_syncrun SET leased_until = NULL WHERE finished_at IS NULL")
        _told("resume", size, portal)
        read = _pages(portal) - begun
        _told("compare", size, portal)
    return read


def _pages(env: dict[str, str]) -> int:
    """How many the sandbox was asked for so far."""
    state = requests.get(urljoin(env["TELNYX_API_BASE"], "/_sandbox/state?only=requests"), timeout=60).json()
    return sum(one["path"] == "/v2/faxes" for one in state["requests"])


@contextmanager
def _portal(folder: Path, server: str, size: Size, env: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a portal that knows no fax yet."""
    folder.mkdir()
    with own_database(folder, server) as database:
        env = env | {"DATABASE_URL": database}
        _done("manage.py", "set_up", env=env)
        _told("prepare", size, env)
        yield env


def _rate(told: dict[str, Any]) -> float:
    return float(told["faxes"] / told["seconds"])


def _steer(env: dict[str, str], path: str, **document: Any) -> None:
    requests.post(urljoin(env["TELNYX_API_BASE"], f"/_sandbox/{path}"), json=document, timeout=600).raise_for_status()


def _told(what: str, size: Size, env: dict[str, str]) -> dict[str, Any]:
    command = ["-m", "bench.syncer", what, str(size.mirrored)]
    told: dict[str, Any] = json.loads(_done(*command, env=env).splitlines()[-1])
    return told


def _done(*command: str, env: dict[str, str]) -> str:
    outcome = finished(*command, env=env, timeout=3600)
    if outcome.returncode:
        raise RuntimeError(outcome.stdout)
    return outcome.stdout
