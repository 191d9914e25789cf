"""A Telnyx whose list of faxes is as odd as its documents allow, on a real port."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Row = dict[str, Any]
NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass
class Odd:
    """What it has, and how it lists it. `asked` are the queries, `before` is called with each before it is answered."""

    rows: list[Row] = field(default_factory=list)
    order: str = "newest"
    largest_page: int = 250
    heeds_times: bool = True
    totals: bool = True
    pages: bool = True
    hides: Sequence[str] = ()
    doubles: bool = False
    # Into how many more it counts itself than it lists.
    conceals: int = 0
    before: Callable[[dict[str, str]], None] = lambda asked: None
    fails: Callable[[dict[str, str]], int] = lambda asked: 200
    # Of an answer that fails.
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def add(self, count: int, *, days: float, until: datetime | None = None) -> None:
        """So many faxes, evenly over so many days until then, or until now."""
        until = until or datetime.now(UTC).replace(microsecond=0)
        step = timedelta(days=days) / max(count, 1)
        for _ in range(count):
            self.make(until - step * len(self.rows))

    def make(self, at: datetime, **said: Any) -> Row:
        shown = at.isoformat().replace("+00:00", "Z")
        row = {"id": f"fax-{len(self.rows)}", "direction": "inbound", "from": "+1415", "to": "+1312"}
        self.rows.append({**row, "status": "received", "created_at": shown, "updated_at": shown, **said})
        return self.rows[-1]

    def answer(self, asked: dict[str, str]) -> Row:
        found = [row for row in self.rows if not self.heeds_times or _fits(row, asked)]
        self._sort(found)
        size, number = min(int(asked["page[size]"]), self.largest_page), int(asked["page[number]"])
        listed = found[: len(found) - self.conceals] if self.conceals else found
        page = listed[(number - 1) * size : number * size]
        page = [page[0], *page] if self.doubles and page else page
        meta = {"page_number": number, "page_size": size}
        meta |= {"total_pages": -(-len(found) // size)} if self.pages else {}
        meta |= {"total_results": len(found)} if self.totals else {}
        return {"data": [{k: v for k, v in row.items() if k not in self.hides} for row in page], "meta": meta}

    def _sort(self, rows: list[Row]) -> None:
        rows.sort(key=lambda row: str(row["created_at"]), reverse=self.order == "newest")
        if self.order == "shuffled":
            random.Random(3).shuffle(rows)


def _fits(row: Row, asked: dict[str, str]) -> bool:
    at = datetime.fromisoformat(row["created_at"])
    since, before = (asked.get(f"filter[created_at][{word}]") for word in ("gte", "lt"))
    return not (since and at < datetime.fromisoformat(since)) and not (before and at >= datetime.fromisoformat(before))


@contextmanager
def serving(odd: Odd) -> Iterator[Odd]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 64 * 1024

        def do_GET(self) -> None:
            asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            odd.asked.append(asked)
            odd.before(asked)
            body = json.dumps(odd.answer(asked)).encode()
            status = odd.fails(asked)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            for name, value in odd.headers.items() if status != 200 else ():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # A client that broke off may keep its connection for a while.
    server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    odd.url = f"http://127.0.0.1:{server.server_port}/v2"
    try:
        yield odd
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
