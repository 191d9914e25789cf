"""Webhook intake: the portal's door against a bare view, both behind gunicorn with the same processes and threads."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from bench import load
from bench.servers import environment, free_port, manage, running

CLIENTS = 40
EVENTS = 3000
ROUNDS = 3


class Measured(NamedTuple):
    ours: float
    floor: float
    p99: float


def measure(database_url: str) -> Measured:
    """Best of a few rounds each, taken in turn, because a noisy neighbour only ever slows down."""
    ours, floor, p99 = [], [], []
    with tempfile.TemporaryDirectory() as name:
        env = environment(Path(name), DATABASE_URL=database_url, TELNYX_PUBLIC_KEY=load.PUBLIC_KEY)
        manage("set_up", "--verbosity", "0", env=env)
        for _ in range(ROUNDS):
            floor.append(_serve(env | {"DJANGO_SETTINGS_MODULE": "bench.bare_settings"}).rate)
            ours.append(_serve(env).rate)
        p99.append(_serve(env, pace=max(ours) / 2).p99)
        manage("flush", "--no-input", "--verbosity", "0", env=env)
    return Measured(max(ours), max(floor), min(p99))


def _serve(env: dict[str, str], *, pace: float = 0.0) -> load.Result:
    port = free_port()
    with running("-m", "gunicorn", "faxportal.wsgi", "--bind", f"127.0.0.1:{port}", env=env, port=port):
        load.run(port, load.requests_for(200), clients=CLIENTS)
        result = load.run(port, load.requests_for(EVENTS), clients=CLIENTS, pace=pace)
    if result.refused:
        raise RuntimeError(f"{result.refused} of {EVENTS} webhooks were not answered with 200.")
    return result
