"""Lists: pages of a large portal against the same pages of a small one, through everything a request goes through."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple, TypedDict

from bench.intake import production
from bench.sizes import Size
from tests.databases import own_database
from tests.processes import finished


class _Looks(TypedDict):
    seconds: list[float]
    queries: int


class Measured(NamedTuple):
    """One page: the times in seconds that 95 of 100 looks at it take at most, and what it asks of the database."""

    name: str
    p95: float
    small: float
    queries: int


def measure(server: str, size: Size) -> Iterator[Measured]:
    small, large = _looks(server, size.small, size), _looks(server, size.received, size)
    for name in large:
        yield Measured(name, _p95(large[name], size), _p95(small[name], size), large[name]["queries"])


def _looks(server: str, received: int, size: Size) -> dict[str, _Looks]:
    """What `bench.reader` tells of a portal that has received so many faxes."""
    with tempfile.TemporaryDirectory() as name, own_database(Path(name), server) as database:
        env = production(Path(name), database) | {"DJANGO_SETTINGS_MODULE": "bench.reader_settings"}
        count = str(size.looks * size.rounds)
        outcome = finished("-m", "bench.reader", str(received), count, env=env, timeout=3600)
        if outcome.returncode:
            raise RuntimeError(outcome.stdout)
        told: dict[str, _Looks] = json.loads(outcome.stdout.splitlines()[-1])
        return told


def _p95(looks: _Looks, size: Size) -> float:
    """That of the best round: a neighbour on the machine is no property of the page."""
    seconds, each = looks["seconds"], size.looks
    rounds = [seconds[begin : begin + each] for begin in range(0, len(seconds), each)]
    return min(quantiles(one, n=20)[-1] for one in rounds)
