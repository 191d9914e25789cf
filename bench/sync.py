"""The sync: a full run over a long past, against only downloading the same pages by the same client."""

from __future__ import annotations

import json
import tempfile
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
    """`growth` is by how many bytes the first fill grew, `statements` how many of them a page takes."""

    first: Rates
    unchanged: Rates
    paced: Rates
    growth: int
    statements: float


def measure(server: str, size: Size) -> Measured:
    with tempfile.TemporaryDirectory() as name, own_database(Path(name), server) as database:
        folder, port = Path(name), free_port()
        env = development(folder, f"http://127.0.0.1:{port}/v2") | {"DATABASE_URL": database}
        with serving("-m", "telnyx_sandbox", "--port", str(port), env=env, log=folder / "sandbox.log", port=port):
            _done("manage.py", "set_up", env=env)
            _told("prepare", env)
            _steer(env, "history", count=size.mirrored, days=DAYS)
            first, floor = _told("run", env), _told("floor", env)
            unchanged = _told("run", env)
            _steer(env, "options", delay=PACE)
            paced, slow = _told("run", env), _told("floor", env)
    return Measured(
        Rates(_rate(first), _rate(floor)),
        Rates(_rate(unchanged), _rate(floor)),
        Rates(_rate(paced), _rate(slow)),
        first["growth"],
        unchanged["statements"] / max(1, floor["pages"]),
    )


def _rate(told: dict[str, Any]) -> float:
    return float(told["faxes"] / told["seconds"])


def _steer(env: dict[str, str], path: str, **document: Any) -> None:
    requests.post(urljoin(env["TELNYX_API_BASE"], f"/_sandbox/{path}"), json=document, timeout=600).raise_for_status()


def _told(what: str, env: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_done("-m", "bench.syncer", what, env=env).splitlines()[-1])
    return told


def _done(*command: str, env: dict[str, str]) -> str:
    outcome = finished(*command, env=env, timeout=3600)
    if outcome.returncode:
        raise RuntimeError(outcome.stdout)
    return outcome.stdout
