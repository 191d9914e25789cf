"""Lines that have gone quiet: a number that usually gets faxes and gets none may be forwarded, ported or out of order.

Every day the portal learns how many faxes come to each number in each hour of the week; every quarter of an hour it
looks how many were to be expected since the last one. Where so long a silence would hardly come about by chance, the
team is told, until the next fax arrives or somebody says that they know.

It writes the columns for this of PhoneNumber, and no others.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from statistics import median
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import TruncHour
from django.utils import timezone

from accounts.access import AnyUser
from accounts.models import Role
from applications.models import FaxApplication, PhoneNumber, PhoneNumberQuerySet
from applications.rhythm import HOURS_OF_WEEK, expected, hour_of_week
from faxes.models import Fax

log = structlog.get_logger(__name__)

DAY = timedelta(days=1)
# From so many whole weeks a line's rhythm is learned, from fewer where it has fewer, and from one alone never.
MOST_WEEKS = 8
FEWEST_WEEKS = 2
# A week begins on any day, and its first fax some days after that.
LATE_START = timedelta(days=3)
# A day without one fax in the whole house was an outage or a holiday, if its weekday usually brings at least so many:
# it does not teach that silence is normal.
BUSY_DAY = 10
# Lines with fewer faxes in a week do not cry: weeks would pass before their silence meant anything.
FLOOR = 5.0
# Chance alone may make a line cry once in so many weeks, which are four years.
ONE_FALSE_ALARM_IN = 208
WRITTEN_AT_ONCE = 100


@dataclass
class _History:
    """What came to a number in its last whole weeks: how many faxes by hour of the week."""

    weeks: int
    counts: list[int] = field(default_factory=lambda: [0] * HOURS_OF_WEEK)

    def usual(self, end: datetime, outages: Iterable[datetime]) -> list[float]:
        """The mean for each hour of the week, over those of the hours in which nothing was out of order."""
        begin = end - timedelta(weeks=self.weeks)
        lost = Counter(hour_of_week(hour) for hour in outages if hour >= begin)
        seen = [self.weeks - lost[slot] for slot in range(HOURS_OF_WEEK)]
        return [round(count / weeks, 4) if weeks else 0.0 for count, weeks in zip(self.counts, seen, strict=True)]


class _Line(NamedTuple):
    """What is needed of a number to watch it."""

    pk: UUID
    usual: list[float]
    learned_at: datetime | None
    quiet_since: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Silence:
    """A line that is quiet, for the bar on top of the pages."""

    id: UUID
    phone_number: str
    label: str
    since: datetime
    expected: int
    may_dismiss: bool


def learn(now: datetime | None = None) -> int:
    """Learn the rhythm of every living line of a team. Returns of how many it is known now.

    A line's history begins with the first fax we have of it, so that neither a new number, nor the weeks before the
    portal knew it, nor faxes that were deleted meanwhile count as silence. A line that is quiet learns nothing.
    """
    now = now or timezone.now()
    end = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    histories, days = _read(end - timedelta(weeks=MOST_WEEKS), end)
    outages = list(_hours_of(_outages(days, end)))
    lines = list(_watched().filter(quiet_since=None).only("phone_number"))
    for line in lines:
        history = histories.get(line.phone_number)
        line.usual = history.usual(end, outages) if history else []
        line.learned_at = now
    still = PhoneNumber.objects.filter(quiet_since=None)
    still.bulk_update(lines, ["usual", "learned_at"], batch_size=WRITTEN_AT_ONCE)
    known = sum(bool(line.usual) for line in lines)
    log.info("quiet.learned", lines=known)
    return known


def watch(now: datetime | None = None) -> int:
    """Tell which lines have gone quiet, and which are no more. Returns how many have gone quiet just now."""
    now = now or timezone.now()
    last = Fax.objects.received().filter(to_number=OuterRef("phone_number"), created_at__lte=now)
    newest = last.order_by("-created_at", "-id").values("created_at")[:1]
    lines = _watched().filter(learned_at__isnull=False).annotate(last=Subquery(newest))
    columns = lines.values_list("pk", "usual", "learned_at", "quiet_since", "last")
    return sum(_look_at(_Line(*line), now) for line in columns.iterator())


def silences(user: AnyUser, *, most: int, now: datetime | None = None) -> list[Silence]:
    """The quiet lines of the user's teams that nobody knows about yet, those silent for longest first."""
    now = now or timezone.now()
    quiet = PhoneNumber.objects.filter(quiet_since__isnull=False, quiet_dismissed_at=None, gone_at=None)
    # Nearly always there is none, and then this is all that is asked.
    lines = quiet.visible_to(user).order_by("quiet_since", "pk").defer("raw")[:most]
    if not lines:
        return []
    may = set(quiet.visible_to(user, at_least=Role.MEMBER).values_list("pk", flat=True))
    return [_silence(line, line.quiet_since, now, line.pk in may) for line in lines if line.quiet_since]


def is_silence(usual: Sequence[float], since: datetime, now: datetime) -> bool:
    """Has nothing come for so long that chance hardly explains it?

    Where faxes come by chance, none of n expected ones comes with a probability of e^-n. Every fax begins a new wait,
    so a busy line has more occasions for a false alarm, and needs more faxes missing.
    """
    in_week = sum(usual)
    return in_week >= FLOOR and expected(usual, since, now) > math.log(in_week * ONE_FALSE_ALARM_IN)


def _watched() -> PhoneNumberQuerySet:
    """Numbers that the account still has, and that belong to a team."""
    given = FaxApplication.objects.filter(team__isnull=False, telnyx_id__isnull=False)
    of_a_team = Q(team__isnull=False) | Q(connection_id__in=given.values("telnyx_id"))
    return PhoneNumber.objects.filter(of_a_team, gone_at=None)


def _silence(line: PhoneNumber, since: datetime, now: datetime, may_dismiss: bool) -> Silence:
    usual_by_now = round(expected(line.usual, since, now))
    return Silence(line.pk, line.phone_number, line.label, since, usual_by_now, may_dismiss)


def _look_at(line: _Line, now: datetime) -> bool:
    row = PhoneNumber.objects.filter(pk=line.pk, quiet_since=line.quiet_since)
    if line.quiet_since and line.last and line.last > line.quiet_since:
        row.update(quiet_since=None, quiet_dismissed_at=None)
        return False
    # Its last fax may have been deleted since.
    since = line.last or line.learned_at
    if line.quiet_since or since is None or not is_silence(line.usual, since, now):
        return False
    return row.update(quiet_since=since, quiet_dismissed_at=None) == 1


def _read(start: datetime, end: datetime) -> tuple[dict[str, _History], Counter[date]]:
    """The history of each number, and how many faxes came to the whole house on each day."""
    numbers = _watched().values("phone_number")
    faxes = Fax.objects.received().filter(to_number__in=numbers, created_at__gte=start, created_at__lt=end)
    hours = faxes.annotate(hour=TruncHour("created_at", tzinfo=UTC)).values("to_number", "hour")
    counted = hours.annotate(faxes=Count("pk")).order_by("to_number", "hour")
    histories: dict[str, _History] = {}
    days: Counter[date] = Counter()
    rows = counted.values_list("to_number", "hour", "faxes").iterator()
    for number, of_number in groupby(rows, key=lambda row: row[0]):
        counts = [(hour, count) for _, hour, count in of_number]
        for hour, count in counts:
            days[hour.date()] += count
        if history := _history(counts, end):
            histories[number] = history
    return histories, days


def _history(counts: Sequence[tuple[datetime, int]], end: datetime) -> _History | None:
    """From counts by the hour, oldest first. None where they reach back less than the fewest whole weeks."""
    weeks = min((end - counts[0][0] + LATE_START) // timedelta(weeks=1), MOST_WEEKS)
    if weeks < FEWEST_WEEKS:
        return None
    history = _History(weeks)
    begin = end - timedelta(weeks=weeks)
    for hour, count in counts:
        if hour >= begin:
            history.counts[hour_of_week(hour)] += count
    return history


def _outages(days: Counter[date], end: datetime) -> Iterator[date]:
    """Days on which nothing came to anybody, though their weekday is a busy one."""
    if not days:
        return
    first = min(days)
    all_days = [first + DAY * place for place in range((end.date() - first).days)]
    on_weekday: defaultdict[int, list[int]] = defaultdict(list)
    for day in all_days:
        on_weekday[day.weekday()].append(days[day])
    for day in all_days:
        if not days[day] and median(on_weekday[day.weekday()]) >= BUSY_DAY:
            yield day


def _hours_of(days: Iterable[date]) -> Iterator[datetime]:
    for day in days:
        for hour in range(24):
            yield datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
