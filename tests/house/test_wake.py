"""A wake reaches whoever registered for it, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faxportal.queue import wake_step
from wake import on_wake, wake


@pytest.fixture(autouse=True)
def _the_house_wakes_again() -> Iterator[None]:
    yield
    on_wake(wake_step)


def test_the_handler_learns_name_and_delay() -> None:
    woken: list[tuple[str, float]] = []
    on_wake(lambda name, after: woken.append((name, after)))
    wake("submit")
    wake("settle", after=2.5)
    assert woken == [("submit", 0), ("settle", 2.5)]


def test_without_a_handler_nothing_happens() -> None:
    on_wake(None)
    wake("submit")
