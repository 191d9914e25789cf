"""Workers that die or freeze at a chosen moment. Run as a process of its own, it forks a real worker per order.

It reads orders as JSON lines and answers each with a JSON line: "new" makes a fax that is ready to go; "run" takes it
up in a worker that gets SIGKILL before or after its n-th database call; "freeze" stops a worker when it calls a
function, or returns from it, and "thaw" lets it go on; "recover" lets the leases run out and has healthy workers finish
the job.
Every call to Telnyx lies between two database calls, so this reaches before and after every write and every call.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from typing import Any

import django
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

django.setup()

from accounts.models import Team  # noqa: E402
from accounts.services import create_team  # noqa: E402
from applications.models import PhoneNumber  # noqa: E402
from applications.services import assign_number  # noqa: E402
from applications.telnyx import client  # noqa: E402
from faxes.models import Fax, Gate  # noqa: E402
from faxes.services import candidates  # noqa: E402
from faxes.states import Outbox  # noqa: E402
from faxes.steps import submit  # noqa: E402
from sync.services import sync_recent  # noqa: E402
from sync.steps import settle  # noqa: E402
from tests import builders  # noqa: E402
from tests.papers import text_pdf  # noqa: E402

Order = dict[str, Any]
frozen: list[int] = []


class Fate:
    """Counts the database calls of this process and kills it at the appointed one."""

    def __init__(self, at: int | None, *, before: bool) -> None:
        self.at, self.before, self.calls = at, before, 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.calls += 1
        if self.before and self.calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(sql, params, many, context)
        if not self.before and self.calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def freeze_at(event: str, function: str) -> None:
    """Stop this process when it calls, or returns from, the function of that name for the first time."""

    def watch(frame: FrameType, what: str, argument: Any) -> None:
        if what == event and frame.f_code.co_name == function:
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGSTOP)

    sys.setprofile(watch)


def new(order: Order) -> Order:
    Fax.objects.all().delete()
    Gate.objects.all().delete()
    builders.outbound(Team.objects.get(), document=builders.document(text_pdf(pages=1)), to_number=order["to"])
    return {}


def run(order: Order) -> Order:
    """Returns how the worker ended: how many database calls it made, or None where it did not live to tell."""
    pid, answer = _fork(order)
    said = answer.read()
    answer.close()
    os.waitpid(pid, 0)
    return {"calls": int(said) if said else None}


def freeze(order: Order) -> Order:
    pid, answer = _fork(order)
    _, status = os.waitpid(pid, os.WUNTRACED)
    answer.close()
    if os.WIFSTOPPED(status):
        frozen.append(pid)
    return {"frozen": bool(frozen)}


def thaw(order: Order) -> Order:
    while frozen:
        pid = frozen.pop()
        os.kill(pid, signal.SIGCONT)
        os.waitpid(pid, 0)
    return _state()


def recover(order: Order) -> Order:
    """Hours later: leases have run out, and healthy workers sweep until nothing is left to do."""
    time.sleep(order.get("seconds", 0))
    Fax.objects.exclude(leased_until=None).update(leased_until=timezone.now() - timedelta(seconds=1))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        Fax.objects.exclude(due_at=None).update(due_at=timezone.now())
        submit.drain()
        settle.drain()
        fax = Fax.objects.get()
        waiting = fax.outbox == Outbox.UNCERTAIN and not candidates(fax.attempts.latest("started_at"))
        if fax.outbox != Outbox.READY and not waiting:
            break
        time.sleep(0.02)
    return _state()


def _state() -> Order:
    fax = Fax.objects.get()
    return {"outbox": fax.outbox, "telnyx_id": fax.telnyx_id, "attempts": fax.attempts.count()}


def _fork(order: Order) -> tuple[int, Any]:
    """A worker of its own: forked without open connections, as a supervisor would start it."""
    connections.close_all()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            os.write(writer, str(_work(order)).encode())
        except BrokenPipeError:
            # Nobody waits for the word of a worker that was frozen.
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            # Never back into the parent's loop, which this copy would go on with.
            os._exit(0)
    os.close(writer)
    return pid, os.fdopen(reader)


def _work(order: Order) -> int:
    fate = Fate(order.get("at"), before=order.get("before", False))
    if order["do"] == "freeze":
        freeze_at(order["event"], order["function"])
    with connection.execute_wrapper(fate), client() as telnyx:
        submit.submit_next(telnyx)
    return fate.calls


ORDERS = {"new": new, "run": run, "freeze": freeze, "thaw": thaw, "recover": recover}


def main() -> None:
    """`doomed.py FOLDER API_BASE API_KEY`, with tests.settings: on PostgreSQL where TEST_DATABASE_URL says so."""
    folder, settings.TELNYX_API_BASE, settings.TELNYX_API_KEY = sys.argv[1:]
    settings.MEDIA_ROOT = folder
    settings.UNCERTAIN_SETTLE_SECONDS = settings.SEND_DEADLINE_SECONDS = 1
    name = f"doomed_{os.getpid()}" if connection.vendor == "postgresql" else f"{folder}/doomed.sqlite3"
    settings.SEND_RATE_ACCOUNT = settings.SEND_RATE_TEAM = 0
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        assert not sync_recent().error
        team, _ = create_team(by=None, name="Front desk")
        assign_number(by=None, number=PhoneNumber.objects.get(phone_number=builders.OURS), team=team)
        for line in sys.stdin:
            order = json.loads(line)
            print(json.dumps(ORDERS[order["do"]](order)), flush=True)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


main()
