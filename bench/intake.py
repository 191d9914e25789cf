"""Webhook intake: the portal's door against a bare view, both behind gunicorn with the same processes and threads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import load
from bench.sizes import Size
from tests.databases import own_database, query
from tests.processes import environment, finished, free_port, last_lines, serving

BARE, OURS = "bench.bare", "faxportal.wsgi"


class Measured(NamedTuple):
    """Rates in requests a second, `p99` in seconds. `ratio` is of rounds that followed each other at once."""

    ours: float
    floor: float
    ratio: float
    p99: float
    full_house: float


def measure(server: str, size: Size) -> Measured:
    """Both servers run all the time, and rounds go to one and the other in turn.

    Raises RuntimeError when any event is answered with another status than 200.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(own_database(folder, server))
        env = production(folder, database)
        bare, ours = (stack.enter_context(door(application, env, folder)) for application in (BARE, OURS))
        for each in (bare, ours):
            each.take(size.warm_up, size.clients)
        pairs = [
            (bare.take(size.events, size.clients), ours.take(size.events, size.clients)) for _ in range(size.rounds)
        ]
        best = max(taken.rate for _, taken in pairs)
        p99 = min(ours.take(size.events, size.clients, pace=best / 2).p99 for _ in range(size.rounds))
        _fill(database, size.stored)
        full_house = max(ours.take(size.events, size.clients).rate for _ in range(size.rounds))
    ratio = median(taken.rate / floor.rate for floor, taken in pairs)
    return Measured(best, max(floor.rate for floor, _ in pairs), ratio, p99, full_house)


class Door(NamedTuple):
    """A server that takes webhooks."""

    port: int
    log: Path

    def take(self, events: int, clients: int, *, pace: float = 0.0) -> load.Result:
        try:
            result = load.run(self.port, load.requests_for(events), clients=clients, pace=pace)
        except (ConnectionError, EOFError) as error:
            raise RuntimeError(f"The server hung up. {last_lines(self.log)}") from error
        if result.refused:
            raise RuntimeError(f"{result.refused} events were not answered with 200. {last_lines(self.log)}")
        return result


@contextmanager
def door(application: str, env: dict[str, str], folder: Path) -> Iterator[Door]:
    opened = Door(free_port(), folder / f"{application}.log")
    bound = env | {"BIND": f"127.0.0.1:{opened.port}"}
    with serving("-m", "gunicorn", application, env=bound, log=opened.log, port=opened.port):
        yield opened


def production(folder: Path, database: str) -> dict[str, str]:
    """The environment of a portal as it runs for real, with its tables made. It calls nobody."""
    env = environment(
        SECRET_KEY="k" * 50,
        ALLOWED_HOSTS="127.0.0.1",
        PUBLIC_URL="https://fax.example.com",
        TRUSTED_PROXY_COUNT="0",
        TELNYX_API_KEY="KEY0123456789",
        TELNYX_PUBLIC_KEY=load.TELNYX.public_key,
        DATABASE_URL=database,
        QUEUE_URL=f"sqlite:///{folder}/queue.sqlite3",
        MEDIA_ROOT=f"{folder}/media",
    )
    set_up = finished("manage.py", "set_up", env=env)
    if set_up.returncode:
        raise RuntimeError(set_up.stdout)
    return env


def _fill(database: str, count: int) -> None:
    """A past of so many events, each of about the size of a real one."""
    if database.startswith("sqlite"):
        some_id, body, now = "lower(hex(randomblob(16)))", "zeroblob(600)", "datetime('now')"
        numbers = f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n)"
    else:
        some_id, body, now = "gen_random_uuid()", "decode(repeat('00', 600), 'hex')", "now()"
        numbers = f"generate_series(1, {count})"
    query(
        database,
        "INSERT INTO webhooks_delivery"
        " (id, event_id, event_type, fax_telnyx_id, body, received_at, repeats, state, tries, outcome)"
        f" SELECT {some_id}, {some_id}, 'fax.delivered', {some_id}, {body}, {now}, 0, 'done', 0, ''"
        f" FROM {numbers} AS numbers",
    )
