"""`make bench`: what the portal does, as a ratio to a floor that was measured in the same run on the same machine.

Machines are noisy and differ; ratios travel. A bar that is missed is printed as missed, and the exit status says so.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from typing import NamedTuple

from bench import intake, sending


class Row(NamedTuple):
    what: str
    ours: str
    floor: str
    ratio: float
    bar: float

    @property
    def is_met(self) -> bool:
        return self.ratio >= self.bar


def rows() -> Iterator[Row]:
    for vendor, url in databases().items():
        measured = intake.measure(url)
        name = f"webhook intake, {intake.CLIENTS} clients, {vendor}"
        yield Row(name, f"{measured.ours:.0f}/s", f"{measured.floor:.0f}/s", measured.ours / measured.floor, 0.8)
        p99 = f"webhook p99 at half that rate, {vendor}"
        yield Row(p99, f"{measured.p99 * 1000:.0f} ms", "100 ms", 0.1 / measured.p99, 1.0)
    sent = sending.measure()
    yield Row("sending, one worker", f"{sent.ours:.1f}/s", f"{sent.floor:.1f}/s", sent.ours / sent.floor, 0.8)
    yield Row("first attempt after a fax is ready", f"{sent.wait:.2f} s", "1 s", 1 / sent.wait, 1.0)


def databases() -> dict[str, str]:
    """SQLite always; PostgreSQL where BENCH_DATABASE_URL names a database that may be filled and emptied."""
    found = {"SQLite": ""}
    if url := os.environ.get("BENCH_DATABASE_URL"):
        found["PostgreSQL"] = url
    return found


def main() -> int:
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print(f"{'':44}{'ours':>10}{'floor':>10}{'ratio':>8}{'bar':>7}")
    missed = 0
    for row in rows():
        verdict = "" if row.is_met else "   missed"
        print(f"{row.what:44}{row.ours:>10}{row.floor:>10}{row.ratio:>8.2f}{row.bar:>7.2f}{verdict}", flush=True)
        missed += not row.is_met
    return 1 if missed else 0


sys.exit(main())
