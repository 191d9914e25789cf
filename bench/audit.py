"""The audit log: what an entry adds to a look at a fax, and how fast the chains are verified."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.intake import production
from bench.sizes import Size
from tests.databases import own_database
from tests.processes import finished


class Measured(NamedTuple):
    """In seconds what a look waits for its entry, usually. Rates in entries a second: chained ones by several
    threads against rows that are only inserted; and verified ones against rows that are only read."""

    look: float
    chained: float
    inserted: float
    verified: float
    read: float


def measure(server: str, size: Size) -> Measured:
    """What `bench.clerk` tells of a log that has so many entries already. Raises RuntimeError where it fails."""
    with tempfile.TemporaryDirectory() as name, own_database(Path(name), server) as database:
        env = production(Path(name), database) | {"DJANGO_SETTINGS_MODULE": "bench.reader_settings"}
        outcome = finished(
            "-m", "bench.clerk", str(size.entries), str(size.looks), str(size.rounds), env=env, timeout=900
        )
        if outcome.returncode:
            raise RuntimeError(outcome.stdout)
    told = json.loads(outcome.stdout.splitlines()[-1])
    # Of the best round: a neighbour on the machine is no property of the log.
    look = min(median(seconds) for seconds in told["looks"])
    rates = {name: size.entries / median(told[name]) for name in ("verified", "read")}
    return Measured(look, told["chained"], told["inserted"], **rates)
