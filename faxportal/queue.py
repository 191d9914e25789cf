"""The only module that knows huey: which steps exist, what a wake does, and when the sweeps run.

https://huey.readthedocs.io/en/latest/django.html
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import psycopg
import redis
import structlog
from django.utils.module_loading import import_string
from huey import crontab
from huey.api import Task
from huey.contrib.djhuey import HUEY, db_periodic_task, db_task

from wake import on_wake

log = structlog.get_logger()

# Each drains what is due, one claimed row at a time, and looks once more before it ends.
STEPS = {
    "prepare": "faxes.steps.prepare.drain",
    "submit": "faxes.steps.submit.drain",
    "cancel": "faxes.steps.cancel.drain",
    "archive": "faxes.steps.archive.drain",
    "forget": "faxes.steps.forget.drain",
    "process": "webhooks.steps.drain",
    "create": "applications.steps.drain",
    "settle": "sync.steps.settle.drain",
    "poll": "sync.steps.poll.drain",
    "gaps": "sync.gaps.settle",
    "notify": "notifications.steps.notify.drain",
    "mail": "notifications.steps.mail.drain",
    "sync": "sync.steps.run.drain",
}
# Once a day, one after the other. The ledger follows the faxes: what it says of those deleted for good goes too.
NIGHTLY = (
    "faxes.quiet.learn",
    "faxes.steps.purge.drain",
    "webhooks.steps.forget_deleted",
    "sync.steps.forget.drain",
    "sync.steps.forget.old_runs",
    "notifications.steps.forget.drain",
    "webhooks.refusals.forget_old",
    "sync.services.plan_full_run",
    "portal.selfcheck.check_all",
)
NIGHT = 3
# A machine that is switched off at night does it later.
LONGEST_DAY = timedelta(hours=26)
# A silence of Telnyx's own is no silence of the lines.
HEARD_LATELY = timedelta(minutes=15)
# A step runs at most this often at a time in one process, so that slow downloads leave threads for sending.
LANES = 2
# Seconds within which several wakes of one step by one process become one task.
WINDOW = 0.25
# Huey's scheduler looks once a second. A later wake is therefore scheduled this much early, and a timer does the rest.
LEAD = 1.5
QUEUE_ERRORS = (sqlite3.Error, redis.RedisError, psycopg.Error, OSError)

_lock = threading.Lock()
_running: Counter[str] = Counter()
_again: set[str] = set()
_fires: defaultdict[str, list[float]] = defaultdict(list)


@db_task()
def run_step(name: str) -> None:
    """Drain one step, unless enough of this process's threads do so already: then one of them goes on afterwards."""
    with _lock:
        if _running[name] >= LANES:
            _again.add(name)
            return
        _running[name] += 1
    try:
        import_string(STEPS[name])()
    finally:
        with _lock:
            _running[name] -= 1
            again = name in _again
            _again.discard(name)
        if again:
            enqueue(name)


@db_task()
def run_step_at(name: str, due: float) -> None:
    """Wake the step when `due` (seconds since the epoch) has come, to a few milliseconds."""
    wake_step(name, max(0.0, due - time.time()))


@db_periodic_task(crontab())
def sweep() -> None:
    """Every minute: find what no wake announced, such as a row whose lease ran out with the worker that held it."""
    for name in STEPS:
        enqueue(name)


@db_periodic_task(crontab(minute="*/5"))
def plan_sync() -> None:
    """Every five minutes a look at recent faxes is due, unless the last one is not at its end."""
    import_string("sync.services.request_run")(by=None, kind="recent")


@db_periodic_task(crontab(minute="17"))
def nightly() -> None:
    """At night, or as soon as a worker runs again after one that was missed."""
    heartbeat = import_string("sync.models.Heartbeat")
    if datetime.now(UTC).hour != NIGHT and heartbeat.is_fresh("nightly", within=LONGEST_DAY):
        return
    failed = [path for path in NIGHTLY if not _is_done(path)]
    heartbeat.beat("nightly")
    if failed:
        heartbeat.beat("nightly failure")
    else:
        heartbeat.objects.filter(name="nightly failure").delete()


def _is_done(path: str) -> bool:
    try:
        import_string(path)()
    except Exception:
        # Whatever it is that one of them trips over night after night, it must not keep the others from their work.
        log.exception("nightly.stumbled", path=path)
        return False
    return True


@db_periodic_task(crontab(minute="7"))
def anchor() -> None:
    """Every hour, and by itself: the ends of the log are written down whatever else goes wrong."""
    import_string("accounts.audit.anchors.anchor_or_say_so")()


@db_periodic_task(crontab(minute="*/15"))
def watch_lines() -> None:
    """Look for lines that have gone quiet, as long as we would hear of their faxes."""
    if import_string("sync.models.Heartbeat").is_fresh("telnyx", within=HEARD_LATELY):
        import_string("faxes.quiet.watch")()


@db_periodic_task(crontab())
def beat() -> None:
    """Say that the worker is alive. A task rather than a thread, because it proves that tasks are carried out."""
    import_string("sync.models.Heartbeat").beat("worker")


def wake_step(name: str, after: float) -> None:
    """What `wake()` does. At once for the first wake; one more at the end of the window for all that follow in it."""
    now = time.monotonic()
    fire_at = _next_fire(name, now + after, now)
    if fire_at is None:
        return
    delay = fire_at - now
    if delay <= 0:
        enqueue(name)
    elif delay <= LEAD:
        threading.Timer(delay, enqueue, args=[name]).start()
    else:
        _put(run_step_at.s(name, time.time() + delay, delay=delay - LEAD))


def enqueue(name: str) -> None:
    """Put the step on the queue. A queue that is down costs time, not work: the sweep finds the rows."""
    _put(run_step.s(name))


def queue_problem() -> str | None:
    """Why the queue cannot be used right now, in words for an operator; None when it can."""
    try:
        HUEY.pending_count()
    except QUEUE_ERRORS as error:
        return f"The queue does not answer: {error}"
    return None


def create_queue() -> None:
    """Make the queue's tables, for a queue that has tables. Safe to repeat."""
    initialize = getattr(HUEY.storage, "initialize_schema", None)
    if initialize is not None:
        initialize()


def _put(task: Task) -> None:
    try:
        HUEY.enqueue(task)
    except QUEUE_ERRORS as error:
        log.warning("The queue took no wake; the next sweep will find the work.", task=task.name, error=str(error))


def _next_fire(name: str, due: float, now: float) -> float | None:
    """When to enqueue for a wake that is due at `due`; None when an enqueue soon after that is planned already."""
    with _lock:
        fires = _fires[name] = [fire for fire in _fires[name] if fire > now - WINDOW]
        if any(due <= fire <= due + WINDOW for fire in fires):
            return None
        before = [fire for fire in fires if fire < due]
        fire_at = max(due, max(before) + WINDOW) if before else due
        fires.append(fire_at)
        return fire_at


on_wake(wake_step)
