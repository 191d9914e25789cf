"""Real workers, killed at every write and call while they archive: each fax is archived once, and nothing is left."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from telnyx_sandbox.server import Server, running
from tests import papers
from tests.hostile import hostile_world
from tests.processes import MEMORY, ROOT, environment

pytestmark = pytest.mark.process

KEY = "KEY0123456789"
TO = "+13125790015"
WELL = {"as_recorded": True, "deleted": [False, 0, 0]}


class Workers:
    """The process in tests/faxes/doomed_archive.py, spoken to in orders."""

    def __init__(self, process: subprocess.Popen[str], sandbox: Server, tiff_link: str) -> None:
        self.process, self.sandbox, self.tiff_link = process, sandbox, tiff_link

    def order(self, do: str, **values: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "The workers' process has ended."
        return dict(json.loads(answer))

    def killed_at_every_moment(self, fax: dict[str, str], expected: dict[str, Any]) -> int:
        """Returns how many moments there were."""
        self.order("new", **fax)
        moments = self.order("run")["moments"]
        assert moments
        for at in range(1, moments + 1):
            self.order("new", **fax)
            assert self.order("run", at=at) == {"moments": None}, "The worker outlived its kill."
            assert self.order("recover") == expected, f"after a kill at moment {at} of {moments}"
        return int(moments)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield from _workers(Path(folder))


def _workers(folder: Path) -> Iterator[Workers]:
    database = {name: os.environ[name] for name in ["TEST_DATABASE_URL"] if name in os.environ}
    env = environment(DJANGO_SETTINGS_MODULE="tests.settings", **database)
    with running(api_key=KEY, auto=False, deliver=[]) as sandbox, hostile_world() as (server, _):
        hosts = [f"{sandbox.host}:{sandbox.server_port}", server.host]
        command = [sys.executable, "-m", "tests.faxes.doomed_archive", str(folder), sandbox.url, KEY, *hosts]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        with process:
            yield Workers(process, sandbox, server.link("tiff"))


def test_a_fax_with_a_dead_link_is_archived_once(workers: Workers) -> None:
    sandbox = workers.sandbox.sandbox
    fax = sandbox.receive(to=TO, pages=1)
    sandbox.advance(60)
    dead = next(row["media_url"] for row in sandbox.faxes() if row["id"] == fax["id"])
    sandbox.advance(3600)
    came = next(row["file"] for row in sandbox.faxes() if row["id"] == fax["id"])
    expected = {"media": "archived", "archived": 1, "original": came, "documents": 1, **WELL}
    # The claim, the dead link, refresh, retrieve, the new link, the file and the end.
    assert workers.killed_at_every_moment({"telnyx_id": fax["id"], "link": dead}, expected) > 30


def test_a_tiff_is_archived_once_with_its_pdf(workers: Workers) -> None:
    came = hashlib.sha256(papers.fax_tiff(1)).hexdigest()
    expected = {"media": "archived", "archived": 1, "original": came, "documents": 2, **WELL}
    fax = {"telnyx_id": "unknown-at-telnyx", "link": workers.tiff_link}
    assert workers.killed_at_every_moment(fax, expected) > 25


def test_a_fax_is_deleted_at_telnyx_and_told_of_once(workers: Workers) -> None:
    moments, at = None, 0
    while moments is None:
        at += 1
        workers.order("new", forget=True, **arrived(workers.sandbox))
        moments = workers.order("forget", at=at)["moments"]
        state = workers.order("recover")
        assert (state["media"], state["as_recorded"], state["documents"]) == ("archived", True, 1)
        assert state["deleted"] == [True, 1, 1], f"after a kill at moment {at}"
        assert workers.sandbox.sandbox.faxes() == []
    assert moments == at - 1 > 15


def arrived(server: Server) -> dict[str, str]:
    """The only fax at Telnyx."""
    for fax in server.sandbox.faxes():
        with server.sandbox.world.store.transaction():
            server.sandbox.world.store.remove_fax(fax["id"])
    fax = server.sandbox.receive(to=TO, pages=1)
    server.sandbox.advance(60)
    (row,) = server.sandbox.faxes()
    return {"telnyx_id": fax["id"], "link": row["media_url"]}
