"""Pages on a screen: how soon the first one of a long fax is there, and drawing against PDFium and Pillow alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.sending import development
from bench.sizes import Size
from tests.databases import own_database
from tests.processes import finished

# Of a page to read; and how many of them are drawn.
WIDTH, MOST = 1200, 100


class Measured(NamedTuple):
    """Rates in pages a second; `ratio` is of rounds that followed each other at once.

    `cold` and `warm` in seconds: from opening a fax to its first page, drawn just then, and kept from then on.
    """

    ours: float
    floor: float
    ratio: float
    cold: float
    warm: float


def measure(size: Size) -> Measured:
    """Raises RuntimeError when a page does not come."""
    with tempfile.TemporaryDirectory() as name, own_database(Path(name)) as database:
        # Nobody is at that address, and nobody is called.
        env = development(Path(name), "http://127.0.0.1:9/v2") | {"DATABASE_URL": database}
        for command in (["manage.py", "set_up"], ["-m", "bench.viewer", str(size.pages), str(size.rounds)]):
            outcome = finished(*command, env=env, timeout=300)
            if outcome.returncode:
                raise RuntimeError(outcome.stdout)
    told = [[float(word) for word in line.split()] for line in outcome.stdout.splitlines() if line[0].isdigit()]
    cold, warm, *pairs = told
    ours, floor = (min(seconds) for seconds in zip(*pairs, strict=True))
    pages = min(size.pages, MOST)
    return Measured(
        pages / ours, pages / floor, median(bare / drawn for drawn, bare in pairs), median(cold), median(warm)
    )
