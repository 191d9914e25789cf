"""What is fetched while something else is done."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from sync.ahead import SO_MANY, TURN, ahead


def test_so_many_items_are_fetched_before_they_are_asked_for() -> None:
    fetched: list[int] = []
    enough = threading.Event()

    def items() -> Iterator[int]:
        for number in range(10):
            fetched.append(number)
            if len(fetched) == SO_MANY + 1:
                enough.set()
            yield number

    coming = ahead(items(), lambda: None)
    assert next(coming) == 0
    assert enough.wait(10) and fetched == [*range(SO_MANY + 1)]
    assert list(coming) == [*range(1, 10)]


def test_what_the_items_raise_comes_after_those_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    coming = ahead(items(), lambda: None)
    assert next(coming) == 1
    with pytest.raises(ValueError, match="no more"):
        next(coming)


def test_turns_are_short_only_while_something_is_fetched() -> None:
    usual = sys.getswitchinterval()
    coming = ahead(iter([1, 2, 3]), lambda: None)
    assert next(coming) == 1 and sys.getswitchinterval() == pytest.approx(TURN)
    assert list(coming) == [2, 3] and sys.getswitchinterval() == usual


def test_two_who_fetch_at_once_leave_usual_turns_behind() -> None:
    usual = sys.getswitchinterval()
    one, other = (ahead(iter([1, 2]), lambda: None) for _ in range(2))
    assert (next(one), next(other)) == (1, 1)
    assert (list(one), list(other)) == ([2], [2]) and sys.getswitchinterval() == usual
