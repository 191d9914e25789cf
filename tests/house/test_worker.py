"""The worker as a real process: it says that it is alive, and SIGTERM ends it in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import own_database, query
from tests.processes import environment, finished, free_port, running, wait_for


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a worker whose tables are there."""
    with own_database(tmp_path) as database:
        env = environment(
            DEBUG="1",
            SECRET_KEY="k" * 50,
            DATABASE_URL=database,
            QUEUE_URL=f"sqlite:///{tmp_path}/queue.sqlite3",
            TELNYX_API_BASE=f"http://127.0.0.1:{free_port()}/v2",
        )
        set_up = finished("manage.py", "set_up", env=env)
        assert set_up.returncode == 0, set_up.stdout
        yield env


@pytest.mark.process
def test_the_worker_beats_and_ends_on_sigterm(env: dict[str, str], tmp_path: Path) -> None:
    def has_beaten() -> bool:
        return bool(query(env["DATABASE_URL"], "SELECT 1 FROM sync_heartbeat WHERE name = 'worker'"))

    with running("manage.py", "run_huey", env=env, log=tmp_path / "worker.log") as worker:
        wait_for(has_beaten, what="a heartbeat")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0


@pytest.mark.process
def test_a_worker_that_is_just_starting_ends_in_order_too(env: dict[str, str], tmp_path: Path) -> None:
    asked_by_its_first_thread = """
import os, signal, threading
import django
from django.core.management import call_command
from huey.contrib.djhuey import HUEY

first = threading.Semaphore()

def ask() -> None:
    if first.acquire(blocking=False):
        os.kill(os.getpid(), signal.SIGTERM)

django.setup()
HUEY.on_startup()(ask)
call_command("run_huey")
"""
    env = {**env, "DJANGO_SETTINGS_MODULE": "faxportal.settings"}
    outcome = finished("-c", asked_by_its_first_thread, env=env)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.process
def test_one_whose_start_fails_ends_all_the_same(env: dict[str, str]) -> None:
    asked_before_it_fails = """
import os, signal
import django
from django.core.management import call_command
from huey.contrib.djhuey import HUEY

def fail(**options):
    os.kill(os.getpid(), signal.SIGTERM)
    raise OSError("The queue is away.")

django.setup()
HUEY.create_consumer = fail
call_command("run_huey")
"""
    outcome = finished(
        "-c", asked_before_it_fails, env={**env, "DJANGO_SETTINGS_MODULE": "faxportal.settings"}, timeout=30
    )
    assert outcome.returncode == 1 and "The queue is away." in outcome.stdout
