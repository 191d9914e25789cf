"""Wakes become few tasks and none is lost; steps run in lanes; a queue that is down stops nobody."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from huey.api import Task
from huey.contrib.djhuey import HUEY

from faxportal import queue
from faxportal.queue import LANES, LEAD, STEPS, WINDOW
from faxportal.queues import huey_from_url
from sync.models import SyncRun
from tests.processes import environment, finished, wait_for
from wake import wake


@pytest.fixture
def step() -> Iterator[str]:
    """The name of a step of our own; what other tests woke is none of ours."""
    name = f"step-{uuid.uuid4()}"
    STEPS[name] = f"{__name__}.drain_slowly"
    yield name
    del STEPS[name]


def queued(name: str) -> list[Task]:
    return [task for task in HUEY.pending() if task.args[:1] == (name,)]


def test_the_first_wake_is_a_task_at_once(step: str) -> None:
    wake(step)
    assert len(queued(step)) == 1


def test_many_wakes_become_two_tasks_and_the_second_comes_after_the_last(step: str) -> None:
    started = time.monotonic()
    for _ in range(100):
        wake(step)
    woken = time.monotonic()
    wait_for(lambda: len(queued(step)) >= 2, within=5)
    assert time.monotonic() >= started + WINDOW
    # Nothing else is planned: as many as the windows that the loop itself touched, and the one that follows.
    assert len(queued(step)) <= 2 + (woken - started) / WINDOW


def test_steps_do_not_hold_each_other_back(step: str) -> None:
    other = f"{step}-other"
    wake(step)
    wake(other)
    assert len(queued(step)) == len(queued(other)) == 1


def test_a_soon_wake_comes_when_it_is_due_and_not_before(step: str) -> None:
    wake(step, after=0.2)
    due = time.monotonic() + 0.2
    assert not queued(step)
    wait_for(lambda: queued(step), within=5)
    assert time.monotonic() >= due - 0.05


def test_a_later_wake_is_kept_by_the_queue_and_finished_by_a_timer(step: str) -> None:
    wake(step, after=60)
    (task,) = queued(step)
    assert task.name == "run_step_at"
    assert 60 - LEAD - 5 < task.eta.timestamp() - time.time() < 60 - LEAD + 1

    HUEY.flush()
    queue.run_step_at.call_local(step, time.time() + WINDOW)
    wait_for(lambda: queued(step), within=5)


def test_wakes_for_the_same_later_moment_become_one(step: str) -> None:
    for _ in range(50):
        wake(step, after=60)
    assert len(queued(step)) <= 2


def test_the_sweep_wakes_every_step() -> None:
    HUEY.flush()
    queue.sweep.call_local()
    assert {task.args[0] for task in HUEY.pending() if task.name == "run_step"} >= set(STEPS)


def test_a_recent_run_is_due_every_five_minutes_unless_one_is_under_way(db: None) -> None:
    queue.plan_sync.call_local()
    queue.plan_sync.call_local()
    run = SyncRun.objects.get()
    assert (run.kind, run.finished_at) == ("recent", None) and run.due_at is not None


begun = threading.Semaphore(0)
may_end = threading.Event()


def drain_slowly() -> int:
    begun.release()
    assert may_end.wait(10)
    return 0


def test_a_step_keeps_to_its_lanes_and_looks_again_for_whoever_was_turned_away(step: str) -> None:
    may_end.clear()
    lanes = [threading.Thread(target=queue.run_step.call_local, args=[step]) for _ in range(LANES)]
    for lane in lanes:
        lane.start()
    for _ in lanes:
        assert begun.acquire(timeout=10)

    queue.run_step.call_local(step)  # returns although the lanes are full
    assert not queued(step)
    may_end.set()
    for lane in lanes:
        lane.join(10)
    assert len(queued(step)) == 1


def test_a_step_that_breaks_frees_its_lane(step: str) -> None:
    STEPS[step] = "math.no_such_function"
    for _ in range(LANES + 1):
        with pytest.raises(ImportError):
            queue.run_step.call_local(step)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory://", "MemoryHuey"),
        ("redis://localhost:6379/1", "PriorityRedisHuey"),
        ("rediss://localhost:6379/1", "PriorityRedisHuey"),
        ("postgres://localhost/queue", "PostgresHuey"),
    ],
)
def test_the_address_chooses_the_queue(url: str, kind: str) -> None:
    assert type(huey_from_url(url)).__name__ == kind


def test_an_unknown_queue_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="amqp"):
        huey_from_url("amqp://localhost")


@pytest.mark.process
def test_a_queue_that_is_down_stops_nobody_and_is_named(tmp_path: Path) -> None:
    script = """
import django
django.setup()
from faxportal.queue import create_queue, queue_problem
from wake import wake
wake("submit")
print("woken without a queue")
print(queue_problem())
create_queue()
create_queue()
print(queue_problem())
"""
    env = environment(
        DEBUG="1",
        SECRET_KEY="k" * 50,
        DJANGO_SETTINGS_MODULE="faxportal.settings",
        DATABASE_URL="sqlite://:memory:",
        QUEUE_URL=f"sqlite:///{tmp_path}/queue.sqlite3",
    )
    outcome = finished("-c", script, env=env)
    assert "woken without a queue" in outcome.stdout, outcome.stdout
    assert "The queue does not answer: no such table" in outcome.stdout
    assert outcome.stdout.splitlines()[-1] == "None"
