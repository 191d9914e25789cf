"""A worker is killed in the middle of a full pass: the next one goes on there, and everything is as if nothing was."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from telnyx_sandbox.server import Server, running
from tests.databases import own_database, query
from tests.processes import ROOT, environment, finished, wait_for

pytestmark = pytest.mark.process

KEY = "KEY0123456789"
FAXES = 11_000
PAGES = FAXES // 250
# Once more are stored, one large slice is behind and the second is under way.
MANY = FAXES // 2
# Asks for a full run, unless one is under way, and works whatever is due.
WORKER = """
import django
django.setup()
from sync.services import request_run
from sync.steps import run
request_run(by=None, kind="full")
assert run.drain() == 1
"""


@pytest.fixture
def carrier() -> Iterator[Server]:
    with running(api_key=KEY, auto=False, deliver=[]) as server:
        yield server


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    with own_database(tmp_path, os.environ.get("TEST_DATABASE_URL", "")) as url:
        yield url


@pytest.fixture
def portal(carrier: Server, database: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a portal that has seen its whole Telnyx once, when there was nothing."""
    env = environment(
        SECRET_KEY="k" * 50,
        DATABASE_URL=database,
        QUEUE_URL=f"sqlite:///{tmp_path}/queue.sqlite3",
        MEDIA_ROOT=f"{tmp_path}/media",
        TELNYX_API_BASE=carrier.url,
        TELNYX_API_KEY=KEY,
        DJANGO_SETTINGS_MODULE="faxportal.settings",
    )
    for command in (["set_up"], ["sync_telnyx", "--full"]):
        outcome = finished("manage.py", *command, env=env)
        assert outcome.returncode == 0, outcome.stdout
    return env


def pages(carrier: Server) -> int:
    return len([one for one in carrier.sandbox.requests if one.path == "/v2/faxes"])


def stored(database: str) -> int:
    return int(query(database, "SELECT count(*) FROM faxes_fax")[0][0])


def test_a_full_pass_that_is_killed_goes_on_where_it_stopped(
    carrier: Server, portal: dict[str, str], database: str
) -> None:
    carrier.sandbox.fill(FAXES, days=30)
    with subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=portal) as worker:
        wait_for(lambda: worker.poll() is not None or stored(database) > MANY, within=120)
        assert worker.poll() is None, "The worker came to its end before it could be killed."
        worker.kill()
    assert MANY < stored(database) < FAXES
    # As when the lease has run out.
    query(database, "UPDATE sync_syncrun SET leased_until = NULL WHERE finished_at IS NULL")
    before = pages(carrier)
    outcome = finished("-c", WORKER, env=portal, timeout=240)
    assert outcome.returncode == 0, outcome.stdout

    assert pages(carrier) - before < PAGES * 2 // 3, "It began anew."
    (run,) = query(database, "SELECT error, finished_at FROM sync_syncrun WHERE NOT is_baseline")
    assert run[0] == "" and run[1] is not None
    there = {row["id"]: row["status"] for row in carrier.sandbox.faxes()}
    here = query(database, "SELECT telnyx_id, status FROM faxes_fax")
    assert dict(here) == there and len(here) == FAXES
    gaps = query(database, "SELECT what, telnyx_id FROM sync_gap")
    # But for the few that were so young that a webhook might still have come.
    assert len(gaps) == len(set(gaps)) and FAXES - len(gaps) < 20
    lines = query(database, "SELECT fax_id, kind FROM faxes_faxevent")
    assert len(lines) == len(set(lines)) == FAXES
