"""Real workers, killed or frozen before and after every write and call of the submit step: one fax at the carrier."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from telnyx_sandbox.server import Server, running
from tests.processes import ROOT, environment

pytestmark = pytest.mark.process

KEY = "KEY0123456789"
numbers = (f"+1415555{digits:04}" for digits in count(100))


class Workers:
    """The process in tests/faxes/doomed.py, spoken to in orders."""

    def __init__(self, process: subprocess.Popen[str], sandbox: Server) -> None:
        self.process, self.sandbox = process, sandbox

    def order(self, do: str, **values: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "The workers' process has ended."
        return dict(json.loads(answer))

    def at_carrier(self, to: str) -> list[str]:
        return [row["id"] for row in self.sandbox.sandbox.faxes() if row["to"] == to]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("doomed")
    database = {name: os.environ[name] for name in ["TEST_DATABASE_URL"] if name in os.environ}
    env = environment(DJANGO_SETTINGS_MODULE="tests.settings", **database)
    with running(api_key=KEY, auto=False, deliver=[]) as sandbox:
        command = [sys.executable, "-m", "tests.faxes.doomed", str(folder), sandbox.url, KEY]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        with process:
            yield Workers(process, sandbox)


@pytest.fixture(scope="module")
def calls(workers: Workers) -> int:
    """How many database calls a worker makes that nobody kills."""
    to = next(numbers)
    workers.order("new", to=to)
    made = workers.order("run")["calls"]
    assert made and len(workers.at_carrier(to)) == 1
    return int(made)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_worker_killed_anywhere_loses_and_doubles_nothing(workers: Workers, calls: int, before: bool) -> None:
    ends = set()
    for at in range(1, calls + 1):
        to = next(numbers)
        workers.order("new", to=to)
        assert workers.order("run", at=at, before=before) == {"calls": None}, "The worker outlived its kill."
        state = workers.order("recover")
        carrier = workers.at_carrier(to)
        assert len(carrier) == 1, f"{len(carrier)} faxes at the carrier after a kill at call {at}: {state}"
        assert (state["outbox"], state["telnyx_id"]) == ("accepted", carrier[0]), f"after a kill at call {at}"
        ends.add(state["attempts"])
    # Killed early it is sent anew; killed after the POST it is found again.
    assert ends == {1, 2}


MOMENTS = [
    ("return", "claim_ready"),
    ("call", "upload_media"),
    ("return", "upload_media"),
    ("call", "begin_posting"),
    ("return", "begin_posting"),
    ("call", "send_fax"),
    ("return", "send_fax"),
    ("call", "apply_remote"),
]


@pytest.mark.parametrize(("event", "function"), MOMENTS)
def test_a_worker_frozen_past_its_lease_sends_nothing(workers: Workers, event: str, function: str) -> None:
    to = next(numbers)
    workers.order("new", to=to)
    assert workers.order("freeze", event=event, function=function)["frozen"]
    # Longer than the total deadline of a POST, which is a second here, so that the thawed worker finds it passed.
    workers.order("recover", seconds=1.2)
    assert len(workers.at_carrier(to)) == 1
    state = workers.order("thaw")
    carrier = workers.at_carrier(to)
    assert (len(carrier), state["outbox"], state["telnyx_id"]) == (1, "accepted", carrier[0])
