"""Two full passes, webhooks, a worker and people, each a process of its own, all on the same faxes at the same time.

In the end what is Telnyx's is as Telnyx has it, what is ours is as people left it, and nobody stood in anybody's way.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sync.steps.run import MOST_TRIES
from telnyx_sandbox.server import Server, running
from tests.databases import own_database, query
from tests.house.test_busy import KEY, TROUBLE, environment_of, portal
from tests.processes import finished, free_port, last_lines, wait_for
from tests.processes import running as running_process
from tests.webhooks.telnyx import DOOR

pytestmark = pytest.mark.process

PAST, ARRIVING = 400, 12
# Two full passes at once, then a full one beside a recent one.
PASSES = (["full", "full"], ["full", "recent"])
CHANGED = 5

# Arguments: the kinds of its runs.
SYNCER = """
import sys, django
django.setup()
from sync.services import run_now
for kind in sys.argv[1:]:
    done = run_now(kind=kind)
    assert not done.error, done.error
"""
# Arguments: who, whether the even or the odd ones, the file that ends it, and where to tell how each fax was left.
PERSON = """
import itertools, json, pathlib, random, sys, django
django.setup()
from accounts.models import User
from faxes import triage
from faxes.models import Fax
who, half, stop, told = sys.argv[1:]
by = User.objects.get(username=who)
left = {}
def stories(half):
    faxes = list(Fax.objects.visible_to(by).received().kept().filter(team__slug="front-desk").order_by("pk"))
    return [fax for fax in faxes if fax.pk.int % 2 == half]
dice = random.Random(who)
while not pathlib.Path(stop).exists():
    for fax in dice.sample(stories(int(half)), 5):
        state = left.setdefault(str(fax.pk), {"notes": 0})
        triage.note(by=by, fax=fax, text=f"{who} read it, {dice.random()}")
        state["notes"] += 1
        (triage.handle if dice.random() < 0.5 else triage.reopen)(by=by, faxes=[fax])
        to = dice.choice([by, None])
        triage.assign(by=by, faxes=[fax], to=to)
        triage.tag(by=by, faxes=[fax], name=dice.choice(["urgent", "lab", "billing"]))
        fax.refresh_from_db()
        state["handled"], state["assigned"] = fax.handled_at is not None, str(getattr(fax.assigned_to, "username", ""))
        if dice.random() < 0.2:
            triage.trash(by=by, faxes=[fax])
            triage.restore(by=by, faxes=[fax])
pathlib.Path(told).write_text(json.dumps(left))
"""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_passes_webhooks_and_people_lose_nothing_of_each_other(tmp_path: Path, stack: ExitStack) -> None:
    database = stack.enter_context(own_database(tmp_path, os.environ.get("TEST_DATABASE_URL", "")))
    web = f"http://127.0.0.1:{free_port()}"
    carrier = stack.enter_context(running(api_key=KEY, webhook_url=web + DOOR, speed=20))
    carrier.sandbox.options.webhook_timeout = 30
    env = environment_of(web, database, carrier, tmp_path) | {"DJANGO_SETTINGS_MODULE": "faxportal.settings"}
    stack.enter_context(portal(web, database, carrier, tmp_path))
    carrier.sandbox.fill(PAST, days=20)
    outcome = finished("manage.py", "sync_telnyx", "--full", env=env)
    assert outcome.returncode == 0, outcome.stdout

    stop = tmp_path / "stop"
    tellings = {who: tmp_path / f"{who}.json" for who in ("ann", "ben")}
    people = [
        stack.enter_context(
            running_process(
                "-c", PERSON, who, str(half), str(stop), str(told), env=env, log=tmp_path / f"person-{who}.log"
            )
        )
        for half, (who, told) in enumerate(tellings.items())
    ]
    passes = [
        stack.enter_context(running_process("-c", SYNCER, *kinds, env=env, log=tmp_path / f"pass-{number}.log"))
        for number, kinds in enumerate(PASSES)
    ]
    with ThreadPoolExecutor(1) as pool:
        world = pool.submit(go_on, carrier, database, passes)
        for number, one in enumerate(passes):
            assert one.wait(timeout=200) == 0, last_lines(tmp_path / f"pass-{number}.log")
        world.result()
    stop.touch()
    for who, person in zip(tellings, people, strict=True):
        assert person.wait(timeout=60) == 0, last_lines(tmp_path / f"person-{who}.log")
    wait_for(lambda: is_calm(carrier, database), within=120, what="calm")
    outcome = finished("manage.py", "sync_telnyx", "--full", env=env)
    assert outcome.returncode == 0, outcome.stdout

    assert theirs_here(database) == theirs_there(carrier)
    assert_people_find_what_they_left(database, tellings.values())
    for log in tmp_path.glob("*.log"):
        assert not re.search(f"{TROUBLE.pattern}|stumbled", log.read_text(), re.IGNORECASE), log.read_text()
    verified = finished("manage.py", "verify_audit", env=env)
    assert verified.returncode == 0, verified.stdout


def go_on(carrier: Server, database: str, passes: list[subprocess.Popen[bytes]]) -> None:
    """Until the passes are over, faxes come in, Telnyx changes its mind about old ones, and leases are taken away, so
    that two workers write the same pages until one of them sees it."""
    arrived = 0
    while any(one.poll() is None for one in passes):
        if arrived < ARRIVING:
            carrier.sandbox.receive(to="+13125790015", from_=f"+1773555{arrived:04}")
            arrived += 1
        change_the_past(carrier, seed=arrived)
        for run_id in getting_further(database):
            query(
                database, f"UPDATE sync_syncrun SET leased_until = NULL WHERE finished_at IS NULL AND id = '{run_id}'"
            )


def getting_further(database: str) -> list[Any]:
    """One that is taken up again and again and gets no further ends, as it should."""
    runs = query(database, "SELECT id, cursor FROM sync_syncrun WHERE finished_at IS NULL")
    read = {run_id: json.loads(cursor) if isinstance(cursor, str) else cursor for run_id, cursor in runs}
    return [run_id for run_id, cursor in read.items() if cursor.get("tries", 0) < MOST_TRIES // 2]


def change_the_past(carrier: Server, *, seed: int) -> None:
    store = carrier.sandbox.world.store
    with store.transaction():
        for fax in store.all_faxes()[seed % 7 : PAST : PAST // CHANGED]:
            if fax.status in ("delivered", "received"):
                now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
                fax.shown |= {"page_count": int(fax.shown.get("page_count") or 0) + 1, "updated_at": now}
                store.save_fax(fax)


def is_calm(carrier: Server, database: str) -> bool:
    """Every call is over, every webhook is brought and worked off, and no pass is under way."""
    if any(fax["status"] not in ("delivered", "received", "failed") for fax in carrier.sandbox.faxes()):
        return False
    if any(row["status"] == "pending" for row in carrier.sandbox.deliveries):
        return False
    pending = "SELECT count(*) FROM webhooks_delivery WHERE state = 'pending'"
    runs = "SELECT count(*) FROM sync_syncrun WHERE finished_at IS NULL"
    return query(database, f"{pending} UNION ALL {runs}") == [(0,), (0,)]


def theirs_there(carrier: Server) -> dict[str, tuple[Any, ...]]:
    columns = ("direction", "from", "to", "status", "page_count")
    return {fax["id"]: tuple(fax.get(column) for column in columns) for fax in carrier.sandbox.faxes()}


def theirs_here(database: str) -> dict[str, tuple[Any, ...]]:
    rows = query(database, "SELECT telnyx_id, direction, from_number, to_number, status, page_count FROM faxes_fax")
    assert len(rows) == len(dict((row[0], row) for row in rows))
    return {row[0]: row[1:] for row in rows}


def assert_people_find_what_they_left(database: str, tellings: Any) -> None:
    left = {UUID(key): state for told in tellings for key, state in json.loads(told.read_text()).items()}
    assert len(left) > 20, "Nobody got round to anything."
    kept = query(
        database,
        "SELECT fax.id, fax.handled_at IS NOT NULL, COALESCE(person.username, ''), fax.trashed_at IS NULL,"
        " (SELECT count(*) FROM faxes_note AS note WHERE note.fax_id = fax.id)"
        " FROM faxes_fax AS fax LEFT JOIN accounts_user AS person ON person.id = fax.assigned_to_id",
    )
    here = {UUID(str(key)): (bool(handled), to, bool(there), notes) for key, handled, to, there, notes in kept}
    assert {key: here[key] for key in left} == {
        key: (state["handled"], state["assigned"], True, state["notes"]) for key, state in left.items()
    }
    untouched = [row for key, row in here.items() if key not in left]
    assert all(row == (False, "", True, 0) for row in untouched)
