"""`python -m bench.clerk ENTRIES LOOKS ROUNDS`: the side of `bench.audit` in an empty portal. Prints a JSON object."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import django
from django.db import connections, transaction
from django.test import RequestFactory

django.setup()

from accounts import audit  # noqa: E402
from accounts.audit.origin import asked_by  # noqa: E402
from accounts.audit.verify import Tally, verify  # noqa: E402
from accounts.models import LogEntry, Team, User  # noqa: E402
from faxes import looks  # noqa: E402
from faxes.models import Fax  # noqa: E402
from tests import builders  # noqa: E402

BATCH, THREADS, EACH = 1000, 8, 50


def fill(fax: Fax, by: User, count: int) -> None:
    for _ in range(0, count, BATCH):
        with transaction.atomic():
            audit.record(*[audit.Entry("fax.view", by=by, on=fax, team=fax.team)] * min(BATCH, count))


def look(by: User, fax: Fax) -> float:
    """How long somebody waits for the entry of their look."""
    with asked_by(RequestFactory().get("/", HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")):
        began = time.perf_counter()
        looks.opened(by, fax)
        return time.perf_counter() - began


def rate(call: Callable[[int], object]) -> float:
    """How many calls a second several threads make together."""

    def run(thread: int) -> None:
        for number in range(EACH):
            call(thread * EACH + number)
        connections.close_all()

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))
    return THREADS * EACH / (time.perf_counter() - began)


def insert(row: LogEntry, number: int) -> None:
    """A row like the others, and no chain."""
    values = {field.attname: getattr(row, field.attname) for field in LogEntry._meta.fields}
    LogEntry.objects.create(**values | {"id": uuid.uuid4(), "chain": "bare", "sequence": number})


def walk() -> None:
    """All rows, and nothing done with them."""
    rows, last = LogEntry.objects.order_by("sequence"), 0
    while some := list(islice(rows.filter(sequence__gt=last)[:BATCH], BATCH)):
        last = some[-1].sequence


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> dict[str, Any]:
    count, times, rounds = (int(argument) for argument in sys.argv[1:])
    ann, team = User.objects.create_user("ann"), Team.objects.create(name="Bench", slug="bench")
    fax = builders.inbound(team)
    fill(fax, ann, count)
    told: dict[str, Any] = {
        "read": [seconds(walk) for _ in range(rounds)],
        "verified": [seconds(lambda: list(verify(Tally(), []))) for _ in range(rounds)],
        "looks": [[look(ann, fax) for _ in range(times)] for _ in range(rounds)],
    }
    row = LogEntry.objects.latest("at")
    inserted = rate(lambda number: insert(row, number))
    return told | {"chained": rate(lambda number: looks.opened(ann, fax)), "inserted": inserted}


if __name__ == "__main__":
    print(json.dumps(main()))
