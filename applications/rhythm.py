"""The rhythm of a line: how many faxes usually come in each hour of its week, from Monday 0:00 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
HOURS_OF_WEEK = 168


def hour_of_week(moment: datetime) -> int:
    moment = moment.astimezone(UTC)
    return moment.weekday() * 24 + moment.hour


def expected(usual: Sequence[float], since: datetime, until: datetime) -> float:
    """How many faxes usually come between the two moments; 0.0 where the rhythm is not known.

    The rhythm may run an hour early or late, and the least of the three answers counts: clocks on walls are moved twice
    a year, the hours here are not.
    """
    if len(usual) != HOURS_OF_WEEK or until <= since:
        return 0.0
    return min(_total(usual, since + play, until + play) for play in (-HOUR, timedelta(0), HOUR))


def _total(usual: Sequence[float], since: datetime, until: datetime) -> float:
    weeks, rest = divmod(until - since, WEEK)
    total = weeks * sum(usual)
    at = since.astimezone(UTC)
    end = at + rest
    while at < end:
        following = min(at.replace(minute=0, second=0, microsecond=0) + HOUR, end)
        total += usual[hour_of_week(at)] * ((following - at) / HOUR)
        at = following
    return total
