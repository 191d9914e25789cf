"""The benchmark runs from end to end, with tiny numbers. What it says about the machine is another matter."""

from __future__ import annotations

import os

import pytest

from tests.processes import environment, finished

ROWS = [
    "webhooks from",
    "p99 of webhooks",
    "webhooks on top of",
    "inbox, to do",
    "inbox, by name",
    "home",
    "home, administrator",
    "unread count",
    "the entry of a look",
    "entries of one chain",
    "entries verified",
    "synced for the first time",
    "synced, nothing new",
    "synced for the first time, pages in 100 ms",
    "synced, nothing new, pages in 100 ms",
    "memory of a first sync",
    "of it after the first fifth",
    "pages read when killed half-way",
    "statements a page",
    "answers in 100 ms",
    "answers at once",
    "first attempt",
    "pages drawn",
    "drawn just then",
    "as it was kept",
]


@pytest.mark.process
def test_every_figure_is_measured() -> None:
    outcome = finished("-m", "bench", "--quick", env=environment(**server()), timeout=480)
    assert outcome.returncode == 0, outcome.stdout
    assert [row for row in ROWS if row in outcome.stdout] == ROWS


def server() -> dict[str, str]:
    """PostgreSQL is measured, too, where the tests have one."""
    return {name: os.environ[name] for name in ("TEST_DATABASE_URL",) if name in os.environ}
