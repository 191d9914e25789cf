"""`make bench`: what the portal does, as a ratio to a floor that is measured in the same run on the same machine.

Machines are noisy and differ; ratios travel. A bar that is missed is marked, and the exit status says so. With --quick
the figures mean nothing: it shows that measuring works.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bench import audit, intake, lists, preview, sending, sync
from bench.sizes import FULL, QUICK, Size

PARTS = ("intake", "lists", "audit", "sync", "sending", "preview")
HEADER = """
Rates are the best of {rounds} rounds, ratios the median of rounds that followed each other at once.
Every webhook was answered with 200, or this stops.

{none:54}{ours:>10}{floor:>11}{ratio:>8}{bar:>7}"""


class Row(NamedTuple):
    what: str
    ours: str
    floor: str
    ratio: float
    bar: float

    @property
    def is_met(self) -> bool:
        return self.ratio >= self.bar

    def __str__(self) -> str:
        bar = f"{self.bar:.2f}" if self.bar else "–"
        verdict = "" if self.is_met else "   missed"
        return f"{self.what:54}{self.ours:>10}{self.floor:>11}{self.ratio:>8.2f}{bar:>7}{verdict}"


def rows(size: Size, parts: Sequence[str]) -> Iterator[Row]:
    for vendor, server in databases().items():
        if "intake" in parts:
            yield from _intake(vendor, server, size)
        if "lists" in parts:
            for page in lists.measure(server, size):
                yield from _page(f"{vendor}, {size.received:,}: {page.name}", page)
        if "audit" in parts:
            yield from _audit(vendor, server, size)
        if "sync" in parts:
            yield from _sync(vendor, server, size)
    if "sending" in parts:
        yield from _sending(size)
    if "preview" in parts:
        yield from _preview(size)


def _intake(vendor: str, server: str, size: Size) -> Iterator[Row]:
    taken = intake.measure(server, size)
    yield _rates(f"{vendor}: webhooks from {size.clients} clients", taken.ours, taken.floor, taken.ratio, 0.8)
    yield _time(f"{vendor}: p99 of webhooks at half that rate", taken.p99, 0.1)
    what, growth = f"{vendor}: webhooks on top of {size.stored:,}", 0.5 if vendor == "SQLite" else 0.9
    yield _rates(what, taken.full_house, taken.ours, taken.full_house / taken.ours, growth)


def _audit(vendor: str, server: str, size: Size) -> Iterator[Row]:
    log = audit.measure(server, size)
    what = f"{vendor}: the entry of a look, added to it"
    yield Row(what, f"{log.look * 1000:.2f} ms", "2 ms", 0.002 / log.look, 1.0)
    yield _rates(
        f"{vendor}: entries of one chain, 8 people at once", log.chained, log.inserted, log.chained / log.inserted, 0.0
    )
    yield _rates(f"{vendor}: entries verified, against reading", log.verified, log.read, log.verified / log.read, 0.0)


def _sync(vendor: str, server: str, size: Size) -> Iterator[Row]:
    """Against only downloading the pages and reading their JSON."""
    done, slower = sync.measure(server, size), 6 if vendor == "SQLite" else 8
    for what, rates, bar in (
        (f"{size.mirrored:,} faxes synced for the first time", done.first, 1 / slower),
        ("synced, nothing new", done.unchanged, 1 / 2.5),
        ("synced for the first time, pages in 100 ms", done.paced_first, 1 / 1.1),
        ("synced, nothing new, pages in 100 ms", done.paced_unchanged, 1 / 1.1),
    ):
        yield _rates(f"{vendor}: {what}", rates.ours, rates.floor, rates.ours / rates.floor, bar)
    grown = f"{done.growth / 1e6:.0f} MB"
    yield Row(f"{vendor}: memory of a first sync, in addition", grown, "100 MB", 1e8 / max(1, done.growth), 1.0)
    later = f"{done.later / 1e6:.0f} MB"
    yield Row(f"{vendor}:   of it after the first fifth", later, "10 MB", 1e7 / max(1e6, done.later), 1.0)
    yield Row(
        f"{vendor}: pages read when killed half-way",
        str(done.killed),
        str(done.pages),
        done.pages / done.killed,
        1 / 1.1,
    )
    yield Row(f"{vendor}: statements a page, nothing new", f"{done.statements:.1f}", "10", 10 / done.statements, 1.0)


def _sending(size: Size) -> Iterator[Row]:
    sent = sending.measure(size)
    yield _rates("faxes by one worker, answers in 100 ms", *sent.paced, 0.8)
    # What the records cost that make sending safe. No carrier is this fast, so there is no bar.
    yield _rates("faxes by one worker, answers at once", *sent.at_once, 0.0)
    yield _time("first attempt after a fax is due, the longest", sent.wait, 1.0)


def _preview(size: Size) -> Iterator[Row]:
    seen = preview.measure(size)
    yield _rates("pages drawn, against PDFium and Pillow", seen.ours, seen.floor, seen.ratio, 0.8)
    yield _time(f"first of {size.pages} pages, drawn just then", seen.cold, 0.3)
    yield _time(f"first of {size.pages} pages, as it was kept", seen.warm, 0.3)


def _rates(what: str, ours: float, floor: float, ratio: float, bar: float) -> Row:
    return Row(what, f"{ours:,.1f}/s", f"{floor:,.1f}/s", ratio, bar)


def _time(what: str, ours: float, most: float) -> Row:
    return Row(what, f"{ours * 1000:.0f} ms", f"{most * 1000:.0f} ms", most / ours, 1.0)


def _page(what: str, page: lists.Measured) -> Iterator[Row]:
    """Against the same page of a portal with a thousand faxes."""
    yield Row(what, f"{page.p95 * 1000:.3g} ms", f"{page.small * 1000:.3g} ms", page.small / page.p95, 1 / 1.5)
    yield _time("  p95", page.p95, 0.1)
    yield Row("  queries", str(page.queries), "12", 12 / page.queries, 1.0)


def databases() -> dict[str, str]:
    """SQLite, and PostgreSQL where a server is named: a database of our own is made there, and dropped."""
    server = os.environ.get("BENCH_DATABASE_URL") or os.environ.get("TEST_DATABASE_URL", "")
    return {"SQLite": ""} | ({"PostgreSQL": server} if server.startswith("postgres") else {})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that it works")
    parser.add_argument("--million", action="store_true", help="look at the lists of a million received faxes")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone; may be given again")
    options = parser.parse_args()
    size = QUICK if options.quick else FULL
    if options.million:
        size = replace(size, received=1_000_000)
    # Whoever ends this ends the servers, too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    neighbours = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, load {neighbours}")
    print(HEADER.format(rounds=size.rounds, none="", ours="ours", floor="floor", ratio="ratio", bar="bar"), flush=True)
    missed = 0
    for row in rows(size, options.only or PARTS):
        print(row, flush=True)
        missed += not row.is_met
    return 1 if missed and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
