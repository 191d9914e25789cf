"""`python -m bench.syncer prepare|run|floor`: our side of `bench.sync`. `run` and `floor` print one JSON object."""

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

from accounts.services import create_team  # noqa: E402
from applications.models import FaxApplication  # noqa: E402
from applications.services import assign_application  # noqa: E402
from applications.telnyx import client  # noqa: E402
from sync.models import SyncRun  # noqa: E402
from sync.services import run_now  # noqa: E402


def prepare() -> dict[str, Any]:
    """Applications and numbers are known and belong to teams; of the faxes nothing is known."""
    _checked(run_now(kind=SyncRun.Kind.RECENT))
    for application in FaxApplication.objects.all():
        team, _ = create_team(by=None, name=application.application_name)
        assign_application(by=None, application=application, team=team)
    SyncRun.objects.all().delete()
    return {}


def run() -> dict[str, Any]:
    """A full run: how long it took, how many statements and how much memory."""
    statements = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    before, began = _memory(), time.perf_counter()
    with connection.execute_wrapper(count):
        done = run_now(kind=SyncRun.Kind.FULL)
    seconds = time.perf_counter() - began
    _checked(done)
    return {
        "seconds": seconds,
        "faxes": done.counts["faxes"],
        "new": done.counts.get("faxes_new", 0),
        "statements": statements,
        "growth": _memory() - before,
    }


def floor() -> dict[str, Any]:
    """How long it takes only to download the same pages, by the same client, and to read their JSON."""
    listed = [query for path, query in asked() if path == "/v2/faxes"]
    with client() as telnyx:
        address = f"{settings.TELNYX_API_BASE}/faxes"
        began = time.perf_counter()
        faxes = sum(len(telnyx.session.get(address, params=parse_qsl(query)).json()["data"]) for query in listed)
        return {"seconds": time.perf_counter() - began, "pages": len(listed), "faxes": faxes}


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
    print(json.dumps({"prepare": prepare, "run": run, "floor": floor}[sys.argv[1]]()))
