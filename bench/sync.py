"""The sync: a full run over a long past, against only downloading the same pages by the same client."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import requests

from bench.sending import development
from bench.sizes import Size
from tests.databases import own_database
from tests.processes import finished, free_port, serving

# What a carrier across the country takes for a page, in seconds.
PACE = 0.1
DAYS = 90


class Rates(NamedTuple):
    """In faxes a second."""

    ours: float
    floor: float


class Measured(NamedTuple):
    """`growth` is by how many bytes the first fill grew, `later` by how many of them after its first fifth;
    `statements` how many a page takes."""

    first: Rates
    unchanged: Rates
    paced_first: Rates
    paced_unchanged: Rates
    growth: int
    later: int
    statements: float


def measure(server: str, size: Size) -> Measured:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, port = Path(name), free_port()
        env = development(folder, f"http://127.0.0.1:{port}/v2")
        carrier = ["-m", "telnyx_sandbox", "--port", str(port)]
        stack.enter_context(serving(*carrier, env=env, log=folder / "sandbox.log", port=port))
        _steer(env, "history", count=size.mirrored, days=DAYS)
        first, unchanged, floor = _both(folder / "at-once", server, size, env)
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
    )


def _both(folder: Path, server: str, size: Size, env: dict[str, str]) -> list[dict[str, Any]]:
    """What a first fill tells, a run in which nothing is new, and the floor of either."""
    folder.mkdir()
    with own_database(folder, server) as database:
        env = env | {"DATABASE_URL": database}
        _done("manage.py", "set_up", env=env)
        _told("prepare", size, env)
        return [_told(what, size, env) for what in ("run", "run", "floor")]


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
