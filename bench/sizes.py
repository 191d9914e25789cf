"""How much is measured: enough for a figure, or just enough to see that measuring works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    clients: int
    warm_up: int
    events: int
    stored: int
    faxes: int
    waits: int
    small: int
    rounds: int
    received: int
    looks: int
    pages: int
    entries: int
    mirrored: int


FULL = Size(
    clients=40,
    warm_up=200,
    events=1000,
    stored=1_000_000,
    faxes=30,
    waits=5,
    small=1000,
    rounds=5,
    received=100_000,
    looks=20,
    pages=350,
    entries=20_000,
    mirrored=100_000,
)
QUICK = Size(
    clients=4,
    warm_up=8,
    events=40,
    stored=200,
    faxes=3,
    waits=1,
    small=100,
    rounds=1,
    received=200,
    looks=4,
    pages=4,
    entries=200,
    mirrored=300,
)
