"""`python -m bench.syncer prepare|run|resume|floor|compare COUNT`: our side of `bench.sync`, where Telnyx has so many
faxes. Each prints one JSON object."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any
from urllib.parse import parse_qsl, urljoin

import django
import requests
from django.conf import settings
from django.db import connection

django.setup()
# The sandbox is Telnyx in development only, where Django executes each statement once more to have it in words.
settings.DEBUG = False

from accounts.services import create_team  # noqa: E402
from applications.models import FaxApplication  # noqa: E402
from applications.services import assign_application  # noqa: E402
from applications.telnyx import client  # noqa: E402
from faxes.models import Fax  # noqa: E402
from sync.hand import Hand  # noqa: E402
from sync.models import SyncRun  # noqa: E402
from sync.services import run_now  # noqa: E402
from sync.steps.run import drain  # noqa: E402

MIRRORED = int(sys.argv[2]) if len(sys.argv) > 2 else 0


def prepare() -> dict[str, Any]:
    """Applications and numbers are known and belong to teams; of the faxes nothing is known."""
    _checked(run_now(kind=SyncRun.Kind.RECENT))
    for application in FaxApplication.objects.all():
        team, _ = create_team(by=None, name=application.application_name)
        assign_application(by=None, application=application, team=team)
    SyncRun.objects.all().delete()
    return {}


def run() -> dict[str, Any]:
    """A full run: how long it took, how many statements and how much memory. `later` is by how much it grew after the
    first fifth of the faxes."""
    statements, fifth = 0, 0

    def watch(hand: Hand) -> None:
        nonlocal fifth
        if not fifth and hand.counts["faxes"] > MIRRORED / 5:
            fifth = _memory()

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    before, began = _memory(), time.perf_counter()
    with connection.execute_wrapper(count):
        done = run_now(kind=SyncRun.Kind.FULL, watch=watch)
    seconds = time.perf_counter() - began
    _checked(done)
    return {
        "seconds": seconds,
        "faxes": done.counts["faxes"],
        "new": done.counts.get("faxes_new", 0),
        "statements": statements,
        "growth": _memory() - before,
        "later": _memory() - fifth,
    }


def resume() -> dict[str, Any]:
    """The run that another process did not bring to its end, from where that one stood."""
    drain()
    _checked(SyncRun.objects.get())
    return {}


def floor() -> dict[str, Any]:
    """How long it takes only to download the same pages as the last run, by the same client, and to read their JSON."""
    questions = asked()
    # A run begins with applications and numbers.
    begun = max(place for place, (path, _) in enumerate(questions) if path == "/v2/phone_numbers")
    listed = [query for path, query in questions[begun:] if path == "/v2/faxes"]
    with client() as telnyx:
        address = f"{settings.TELNYX_API_BASE}/faxes"
        began = time.perf_counter()
        faxes = sum(len(telnyx.session.get(address, params=parse_qsl(query)).json()["data"]) for query in listed)
        return {"seconds": time.perf_counter() - began, "pages": len(listed), "faxes": faxes}


def compare() -> dict[str, Any]:
    """Stops where what is here is not what is there."""
    with client() as telnyx:
        there = {fax.id: fax.status for fax in telnyx.list_faxes()}
    here = dict(Fax.objects.values_list("telnyx_id", "status"))
    if here != there or len(here) != MIRRORED:
        raise SystemExit(f"Telnyx has {len(there)} faxes, and here are {len(here)}.")
    return {}


def asked() -> list[tuple[str, str]]:
    """What the sandbox was asked since `prepare`."""
    state = urljoin(settings.TELNYX_API_BASE, "/_sandbox/state?only=requests")
    return [(one["path"], one["query"]) for one in requests.get(state).json()["requests"]]


def _memory() -> int:
    """The most this process has ever had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _checked(done: SyncRun) -> None:
    if done.error:
        raise SystemExit(done.error)


if __name__ == "__main__":
    wanted = {each.__name__: each for each in (prepare, run, resume, floor, compare)}[sys.argv[1]]
    print(json.dumps(wanted()))
