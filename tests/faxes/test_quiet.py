"""A line that usually gets faxes and gets none is told of; one that is merely having a quiet time is not."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.models import LogEntry, Team, User
from applications.models import PhoneNumber
from applications.rhythm import expected, hour_of_week
from applications.services import dismiss_quiet
from faxes.models import Fax
from faxes.quiet import is_silence, learn, silences, watch
from faxes.states import Direction
from tests import builders
from tests.house.test_work_indexes import plan_of

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
# A Monday.
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def office(per_day: float) -> list[float]:
    """So many faxes a day, from Monday to Friday between eight and five."""
    open_hours = [8 <= hour < 17 for hour in range(24)]
    return [per_day / 9 if is_open and day < 5 else 0.0 for day in range(7) for is_open in open_hours]


def poisson(usual: Sequence[float], begin: datetime, end: datetime, chance: random.Random) -> list[datetime]:
    """Faxes as they come by chance, hour by hour."""
    times, hour = [], begin
    while hour < end:
        rate = usual[hour_of_week(hour)]
        after = chance.expovariate(rate) if rate else 1.0
        while after < 1.0:
            times.append(hour + after * HOUR)
            after += chance.expovariate(rate)
        hour += HOUR
    return times


def arrive(times: Iterable[datetime], to_number: str = builders.OURS, **columns: Any) -> None:
    common = {"direction": Direction.INBOUND, "from_number": builders.THEIRS, "to_number": to_number, **columns}
    Fax.objects.bulk_create([Fax(telnyx_id=uuid.uuid4().hex, created_at=at, **common) for at in times])


def every_office_day(begin: datetime, end: datetime, per_day: int) -> list[datetime]:
    days = [begin + DAY * place for place in range((end - begin).days)]
    return [day + 8 * HOUR + 9 * HOUR * n / per_day for day in days if day.weekday() < 5 for n in range(per_day)]


def cries(usual: Sequence[float], last: datetime, until: datetime) -> datetime | None:
    """When a line that stopped is told of, looked at every quarter of an hour."""
    now = last
    while now < until:
        if is_silence(usual, last, now):
            return now
        now += timedelta(minutes=15)
    return None


# The rhythm


def test_what_is_expected_counts_parts_of_hours_and_whole_weeks() -> None:
    usual = [1.0] * 168
    assert expected(usual, NOW, NOW + timedelta(minutes=90)) == pytest.approx(1.5)
    assert expected(usual, NOW + timedelta(minutes=10), NOW + 3 * WEEK) == pytest.approx(3 * 168 - 1 / 6)


@given(st.floats(0, 20 * 24 * 60), st.floats(0, 10 * 24 * 60), st.lists(st.floats(0, 9), min_size=168, max_size=168))
def test_waiting_longer_never_makes_less_expected(begin: float, wait: float, usual: list[float]) -> None:
    since = NOW + timedelta(minutes=begin)
    until = since + timedelta(minutes=wait)
    sooner = expected(usual, since, until)
    assert 0 <= sooner <= expected(usual, since, until + HOUR) + 1e-6


@pytest.mark.parametrize("usual", [[], [5.0] * 7])
def test_nothing_is_expected_of_an_unknown_rhythm(usual: list[float]) -> None:
    assert expected(usual, NOW, NOW + WEEK) == 0
    assert not is_silence(usual, NOW - 52 * WEEK, NOW)


def test_nothing_is_expected_before_a_fax_from_the_future() -> None:
    assert expected([5.0] * 168, NOW + DAY, NOW) == 0


# When silence is one


@given(st.lists(st.floats(0, 1), min_size=168, max_size=168), st.integers(1, 5000))
def test_a_rare_line_never_cries(shape: list[float], hours: int) -> None:
    usual = [share * 4.99 / max(sum(shape), 1.0) for share in shape]
    assert not is_silence(usual, NOW - hours * HOUR, NOW)


def test_a_busy_line_that_stops_in_the_morning_cries_before_noon() -> None:
    told = cries(office(100), NOW + 10 * HOUR, NOW + WEEK)
    assert told is not None and told <= NOW + 12 * HOUR


def test_nights_and_weekends_are_not_silence() -> None:
    friday = NOW + 4 * DAY + 16.9 * HOUR
    assert cries(office(100), friday, NOW + WEEK + 8.5 * HOUR) is None
    assert cries(office(100), NOW + 16.9 * HOUR, NOW + DAY + 8.5 * HOUR) is None


@pytest.mark.parametrize("later", [HOUR, -HOUR])
def test_clocks_that_are_moved_make_no_alarm(later: timedelta) -> None:
    """The office now works an hour earlier or later by UTC than in the weeks it was learned from."""
    friday, monday = NOW + 4 * DAY + 17 * HOUR + later, NOW + WEEK + 8 * HOUR + later
    assert cries(office(100), friday - HOUR / 10, monday + HOUR / 10) is None


def test_a_line_with_a_fax_a_day_takes_its_time_and_cries_all_the_same() -> None:
    told = cries(office(1.2), NOW + 10 * HOUR, NOW + 5 * WEEK)
    assert told is not None and WEEK < told - NOW < 2 * WEEK


def test_chance_alone_makes_hardly_any_line_cry() -> None:
    chance = random.Random(20260302)
    alarms = gaps = 0
    for per_day in (1.5, 5, 20, 100):
        usual = office(per_day)
        times = poisson(usual, NOW, NOW + 52 * WEEK, chance)
        gaps += len(times)
        alarms += sum(is_silence(usual, last, following) for last, following in zip(times, times[1:], strict=False))
    assert gaps > 30_000
    # Four lines, a year each: one is what may be expected.
    assert alarms <= 2


# Learning and watching


@pytest.mark.django_db
def test_a_line_learns_the_mean_of_its_weeks(team: Team) -> None:
    number = builders.number(team)
    arrive(every_office_day(NOW - 12 * WEEK, NOW, per_day=18))
    assert learn(NOW + 5 * HOUR) == 1
    number.refresh_from_db()
    assert number.usual == pytest.approx(office(18))
    assert number.learned_at == NOW + 5 * HOUR


@pytest.mark.django_db
def test_weeks_before_the_first_fax_do_not_count(team: Team) -> None:
    number = builders.number(team)
    arrive(every_office_day(NOW - 3 * WEEK, NOW, per_day=18))
    learn(NOW)
    number.refresh_from_db()
    assert sum(number.usual) == pytest.approx(90)


@pytest.mark.django_db
def test_a_line_of_a_few_days_has_no_rhythm_yet(team: Team) -> None:
    builders.number(team, usual=office(100))
    arrive(every_office_day(NOW - WEEK, NOW, per_day=100))
    assert learn(NOW) == 0
    assert watch(NOW + WEEK) == 0


@pytest.mark.django_db
def test_an_outage_of_the_whole_house_does_not_teach_silence(team: Team) -> None:
    number = builders.number(team)
    outage = [NOW - WEEK, NOW - WEEK + DAY]
    times = every_office_day(NOW - 9 * WEEK, NOW, per_day=18)
    arrive(at for at in times if at.replace(hour=0, minute=0) not in outage)
    learn(NOW)
    number.refresh_from_db()
    assert sum(number.usual) == pytest.approx(90)


@pytest.mark.django_db
def test_silence_of_one_line_among_others_is_learned(team: Team) -> None:
    number = builders.number(team)
    builders.number(team, "+13125790016")
    times = every_office_day(NOW - 9 * WEEK, NOW, per_day=18)
    arrive(times, "+13125790016")
    arrive(at for at in times if at < NOW - 4 * WEEK)
    learn(NOW)
    number.refresh_from_db()
    assert sum(number.usual) == pytest.approx(45)


@pytest.mark.django_db
def test_a_quiet_line_does_not_learn_that_silence_is_normal(team: Team) -> None:
    number = builders.number(team, usual=office(18), learned_at=NOW - 8 * WEEK, quiet_since=NOW - 8 * WEEK)
    learn(NOW)
    number.refresh_from_db()
    assert number.usual == office(18)


@pytest.mark.django_db
def test_learning_reads_the_faxes_once_for_all_lines(
    team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for digit in range(9):
        builders.number(team, f"+1312579001{digit}")
        arrive(every_office_day(NOW - 3 * WEEK, NOW, per_day=2), f"+1312579001{digit}")
    # Faxes, numbers, and one transaction to write.
    with django_assert_num_queries(3):
        assert learn(NOW) == 9
    with django_assert_num_queries(1):
        watch(NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("ask", [learn, watch])
def test_no_line_has_all_faxes_read(team: Team, ask: Callable[[datetime], int]) -> None:
    builders.number(team, usual=office(18), learned_at=NOW)
    with CaptureQueriesContext(connection) as asked:
        ask(NOW)
    about_faxes = [query["sql"] for query in asked if 'FROM "faxes_fax"' in query["sql"]]
    assert about_faxes
    for question in about_faxes:
        plan = plan_of(question)
        assert not any(line.startswith("SCAN faxes_") or "Seq Scan on faxes_" in line for line in plan), plan
        assert any("fax_number" in line for line in plan), plan


def busy_line(team: Team | None, last: datetime = NOW, **columns: Any) -> PhoneNumber:
    """A line with a hundred faxes a day, the last of them on Monday at ten."""
    number = builders.number(team, usual=office(100), learned_at=NOW, **columns)
    arrive([last + 10 * HOUR])
    return number


@pytest.mark.django_db
def test_a_line_that_stops_is_told_once_and_a_fax_ends_it(team: Team) -> None:
    number = busy_line(team)
    assert watch(NOW + 11 * HOUR) == 0
    assert watch(NOW + 12 * HOUR) == 1
    assert watch(NOW + 13 * HOUR) == 0
    number.refresh_from_db()
    assert number.quiet_since == NOW + 10 * HOUR
    arrive([NOW + 13.5 * HOUR])
    assert watch(NOW + 14 * HOUR) == 0
    number.refresh_from_db()
    assert number.quiet_since is None


@pytest.mark.django_db
def test_who_knows_is_told_again_only_when_it_goes_quiet_anew(team: Team, bob: User) -> None:
    number = busy_line(team)
    watch(NOW + 12 * HOUR)
    assert [line.id for line in silences(bob, most=3)] == [number.pk]
    number.refresh_from_db()
    dismiss_quiet(by=bob, number=number)
    dismiss_quiet(by=bob, number=number)
    assert LogEntry.objects.filter(action="number.dismiss_quiet").count() == 1
    assert watch(NOW + 16 * HOUR) == 0
    assert silences(bob, most=3) == []
    arrive([NOW + DAY + 9 * HOUR])
    watch(NOW + DAY + 9.2 * HOUR)
    assert silences(bob, most=3) == []
    assert watch(NOW + DAY + 11 * HOUR) == 1
    assert [line.id for line in silences(bob, most=3)] == [number.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("gone", [True, False])
def test_lines_that_are_gone_or_nobodys_do_not_cry(team: Team, root: User, gone: bool) -> None:
    busy_line(team if gone else None, gone_at=NOW if gone else None)
    assert learn(NOW) == 0
    assert watch(NOW + 12 * HOUR) == 0
    PhoneNumber.objects.update(quiet_since=NOW)
    assert len(silences(root, most=3)) == (0 if gone else 1)


@pytest.mark.django_db
def test_a_line_cries_by_its_applications_team(team: Team, bob: User, charlie: User) -> None:
    application = builders.application(team)
    busy_line(None, connection_id=application.telnyx_id)
    assert watch(NOW + 12 * HOUR) == 1
    assert len(silences(bob, most=3)) == 1
    assert silences(charlie, most=3) == []


@pytest.mark.django_db
def test_a_fax_from_the_future_keeps_no_line_from_crying(team: Team) -> None:
    busy_line(team)
    arrive([NOW + 52 * WEEK])
    assert watch(NOW + 12 * HOUR) == 1


@pytest.mark.django_db
def test_a_line_whose_last_fax_was_purged_still_cries(team: Team) -> None:
    number = busy_line(team)
    Fax.objects.all().delete()
    assert watch(NOW + DAY) == 1
    number.refresh_from_db()
    assert number.quiet_since == NOW


@pytest.mark.django_db
def test_weeks_of_real_traffic_make_no_false_alarm(team: Team) -> None:
    # By design, one in some twenty such runs has a false alarm.
    chance = random.Random(8)
    for digit, per_day in enumerate((1.5, 8, 40)):
        number = f"+1312579001{digit}"
        builders.number(team, number)
        arrive(poisson(office(per_day), NOW - 9 * WEEK, NOW + 3 * WEEK, chance), number)
    learn(NOW)
    alarms = 0
    for hour in range(0, 3 * 168, 2):
        if hour % 24 == 0:
            learn(NOW + hour * HOUR)
        alarms += watch(NOW + hour * HOUR)
    assert alarms == 0


# The bar on top of the pages


@pytest.fixture
def quiet_line(team: Team) -> PhoneNumber:
    since = datetime.now(UTC) - WEEK
    return builders.number(team, label="Front desk", usual=[1.0] * 168, learned_at=since, quiet_since=since)


def test_people_of_the_team_are_told_and_can_say_that_they_know(
    quiet_line: PhoneNumber, bob: User, logged_in: Callable[[User], Client]
) -> None:
    browser = logged_in(bob)
    page = " ".join(browser.get("/faxes/sent/?page=1").content.decode().split())
    assert "+1 312 579 0015</a> (Front desk) has been silent since" in page
    assert "about 168 faxes would be usual by now" in page
    assert "/faxes/inbox/?number=%2B13125790015" in page
    address = f"/faxes/lines/{quiet_line.pk}/dismiss/"
    assert f'action="{address}"' in page
    answer = browser.post(address, {"next": "/faxes/sent/?page=1"})
    assert (answer.status_code, answer["Location"]) == (302, "/faxes/sent/?page=1")
    assert "has been silent" not in browser.get("/faxes/sent/").content.decode()


def test_who_may_only_look_is_told_and_has_no_button(
    quiet_line: PhoneNumber, vera: User, charlie: User, logged_in: Callable[[User], Client]
) -> None:
    page = logged_in(vera).get("/faxes/sent/").content.decode()
    assert "has been silent" in page and "I know" not in page
    assert "has been silent" not in logged_in(charlie).get("/faxes/sent/").content.decode()
    assert logged_in(vera).post(f"/faxes/lines/{quiet_line.pk}/dismiss/").status_code == 403
    assert logged_in(charlie).post(f"/faxes/lines/{quiet_line.pk}/dismiss/").status_code == 404


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/", "//example.org/", "javascript:alert(1)", "\\\\x", "", "a\nb"]
)
def test_saying_it_leads_nowhere_else(
    quiet_line: PhoneNumber, bob: User, logged_in: Callable[[User], Client], elsewhere: str
) -> None:
    answer = logged_in(bob).post(f"/faxes/lines/{quiet_line.pk}/dismiss/", {"next": elsewhere})
    assert answer.status_code == 302
    assert answer["Location"] == "/faxes/inbox/" or elsewhere == "a\nb"


def test_a_house_full_of_quiet_lines_does_not_fill_the_page(
    team: Team, bob: User, logged_in: Callable[[User], Client]
) -> None:
    for digit in range(9):
        builders.number(team, f"+1312579001{digit}", usual=[1.0] * 168, quiet_since=NOW)
    assert logged_in(bob).get("/faxes/sent/").content.decode().count("has been silent") == 3
