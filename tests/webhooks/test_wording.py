"""How a delivery reads: its state in a word, and how long each part of its way took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webhooks.models import Delivery
from webhooks.wording import lag_of, span, state_of, times

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def told(**columns: object) -> Delivery:
    return Delivery(received_at=NOON, **columns)


@pytest.mark.parametrize(
    ("state", "word", "tone"),
    [
        ("pending", "waiting", "wait"),
        ("done", "applied", "good"),
        ("ignored", "nothing to do", "plain"),
        ("failed", "needs a person", "bad"),
        ("sideways", "sideways", "plain"),
        ("", "no state", "plain"),
    ],
)
def test_each_state_has_a_word_and_an_unknown_one_is_shown_as_it_is(state: str, word: str, tone: str) -> None:
    shown = state_of(told(state=state))
    assert (shown.word, shown.tone) == (word, tone)


def test_the_outcome_is_the_sentence_where_there_is_one() -> None:
    assert "worker" in state_of(told(state="pending")).sentence
    assert state_of(told(state="pending", outcome="Waits for a send.")).sentence == "Waits for a send."
    assert state_of(told(state="done")).sentence == "What it tells is part of its fax."


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, ""),
        (0, "0 ms"),
        (0.0004, "0 ms"),
        (0.04, "40 ms"),
        (0.0994, "99 ms"),
        (0.0999, "0.1 s"),
        (1.24, "1.2 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.7, "1 min 0 s"),
        (125, "2 min 5 s"),
        (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"),
        (-0.8, "0.8 s"),
    ],
)
def test_a_span_is_as_exact_as_one_wants_to_know_it(count: float | None, words: str) -> None:
    assert span(count) == words


def test_the_lag_has_two_parts() -> None:
    delivery = told(occurred_at=NOON - timedelta(seconds=0.4), processed_at=NOON + timedelta(seconds=1.2), state="done")
    lag = lag_of(delivery)
    assert (lag.arrived, lag.applied, lag.is_ahead) == ("0.4 s", "1.2 s", False)


def test_what_is_not_known_is_empty() -> None:
    lag = lag_of(told())
    assert (lag.arrived, lag.applied, lag.is_ahead) == ("", "", False)


def test_an_event_from_the_future_is_told_as_a_clock_that_is_ahead() -> None:
    lag = lag_of(told(occurred_at=NOON + timedelta(seconds=3)))
    assert (lag.arrived, lag.is_ahead) == ("3.0 s", True)


@pytest.mark.parametrize(("count", "words"), [(1, "once"), (2, "twice"), (3, "3 times"), (1200, "1,200 times")])
def test_how_often(count: int, words: str) -> None:
    assert times(count) == words
