"""Every fax is listed, whatever the order, pages, filters and counts of the list, and few ids are kept at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.reading import HANDFUL, End, Leaf, Reader
from sync.slices import AIM, Plan, Slice
from telnyx_api import Client, RateLimited, ServerError
from tests.sync.odd import NOW, Odd, serving

KEY = "KEY0123456789"


@pytest.fixture
def odd() -> Iterator[Odd]:
    with serving(Odd()) as server:
        yield server


def read(odd: Odd, plan: Plan) -> tuple[list[str], list[End]]:
    """The ids of all faxes as they came, and the ends of all slices."""
    with Client(api_key=KEY, base_url=odd.url, sleep=lambda seconds: None) as telnyx:
        ids: list[str] = []
        ends: list[End] = []
        for part in Reader(telnyx, plan):
            if isinstance(part, Leaf):
                ids += [str(fax.id) for fax in part.faxes]
            else:
                ends.append(part)
    return ids, ends


def everything(odd: Odd) -> set[str]:
    return {row["id"] for row in odd.rows}


ODDITIES: dict[str, dict[str, Any]] = {
    "newest first": {},
    "oldest first": {"order": "oldest"},
    "in no order": {"order": "shuffled"},
    "small pages": {"largest_page": 7},
    "no counts of pages": {"pages": False},
    "every first one twice": {"doubles": True},
}


@pytest.mark.parametrize("oddity", ODDITIES.values(), ids=ODDITIES)
@pytest.mark.parametrize("bottom", [None, NOW - timedelta(days=31)])
def test_all_is_read_in_slices_that_are_proof(odd: Odd, oddity: dict[str, Any], bottom: datetime | None) -> None:
    odd.add(1000, days=30)
    vars(odd).update(oddity)
    ids, ends = read(odd, Plan(bottom, None, aim=50))
    assert set(ids) == everything(odd) and len(ids) == 1000
    assert not any(end.trouble for end in ends) and all(end.is_proof for end in ends[1:])
    assert 10 < len(ends) < 40 and max(len(end.ids) for end in ends) <= 100
    assert (ends[0].piece.before, ends[-1].piece.since) == (None, bottom)
    for newer, older in zip(ends, ends[1:], strict=False):
        assert newer.piece.since == older.piece.before


def test_a_small_account_takes_two_slices(odd: Odd) -> None:
    odd.add(30, days=3)
    ids, ends = read(odd, Plan(None, None))
    assert (len(ids), len(ends), len(odd.asked)) == (30, 2, 2)


def test_pages_are_worked_on_by_the_handful(odd: Odd) -> None:
    odd.add(5 * HANDFUL // 2, days=3, until=NOW - timedelta(hours=1))
    vars(odd).update(largest_page=HANDFUL // 4)
    with Client(api_key=KEY, base_url=odd.url) as telnyx:
        sizes = [len(part.faxes) for part in Reader(telnyx, Plan(None, None)) if isinstance(part, Leaf)]
    assert sizes == [HANDFUL, HANDFUL, HANDFUL // 2]


def test_what_came_before_a_page_that_fails_is_not_lost(odd: Odd) -> None:
    odd.add(40, days=0.1, until=NOW - timedelta(hours=1))
    odd.largest_page = 10
    odd.fails = lambda asked: 500 if asked["page[number]"] == "3" else 200
    ids, ends = read(odd, Plan(NOW - timedelta(days=30), None))
    (amiss,) = [end for end in ends if end.trouble]
    assert len(ids) == 20 and "could not be read" in amiss.trouble


@pytest.mark.parametrize("minutes_ago", [0, 9, 20, 1000])
def test_a_history_with_rushes_and_silences(odd: Odd, minutes_ago: int) -> None:
    """What is younger than ten minutes is a slice of its own."""
    latest = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes_ago)
    for days_ago, count in ((0, 300), (400, 5), (401, 500), (3000, 1), (3000.001, 40)):
        for number in range(count):
            odd.make(latest - timedelta(days=days_ago, seconds=number))
    ids, ends = read(odd, Plan(None, None, aim=50))
    assert set(ids) == everything(odd) and len(ids) == 846
    assert len(odd.asked) < 120 and not any(end.trouble for end in ends)


def test_more_faxes_in_a_second_than_a_slice_should_have(odd: Odd) -> None:
    for number in range(500):
        odd.make(NOW - timedelta(days=number % 2))
    ids, ends = read(odd, Plan(None, None, aim=50))
    assert set(ids) == everything(odd) and not any(end.trouble for end in ends)


@pytest.mark.parametrize("bottom", [None, NOW - timedelta(days=31)])
@pytest.mark.parametrize("hides", [[], ["created_at"]])
def test_times_that_are_not_heeded_cost_one_whole_list(odd: Odd, bottom: datetime | None, hides: list[str]) -> None:
    odd.add(400, days=30)
    odd.heeds_times, odd.hides = False, hides
    ids, ends = read(odd, Plan(bottom, None, aim=50))
    assert set(ids) == everything(odd)
    assert len(odd.asked) < 12 and not any(end.trouble for end in ends)


def test_a_whole_list_is_proof_of_what_is_settled(odd: Odd) -> None:
    odd.add(10, days=30)
    odd.heeds_times = False
    _, ends = read(odd, Plan(None, None))
    assert ends[-1].is_proof and ends[-1].piece.since is None
    assert ends[-1].piece.before and ends[-1].piece.before < datetime.now(UTC) - timedelta(minutes=9)


def test_without_counts_nothing_is_proof_and_nothing_amiss(odd: Odd) -> None:
    odd.add(300, days=30)
    odd.totals = odd.pages = False
    odd.largest_page = 50
    ids, ends = read(odd, Plan(None, None, aim=50))
    assert set(ids) == everything(odd)
    assert not any(end.trouble or end.is_proof for end in ends)


@pytest.mark.parametrize("hidden", ["created_at", "updated_at"])
def test_times_may_be_left_out(odd: Odd, hidden: str) -> None:
    odd.add(400, days=30)
    odd.hides = [hidden]
    ids, ends = read(odd, Plan(None, None, aim=50))
    assert set(ids) == everything(odd) and not any(end.trouble for end in ends)


def test_what_telnyx_counts_and_does_not_list_is_told(odd: Odd) -> None:
    odd.add(20, days=30)
    odd.conceals = 2
    _, ends = read(odd, Plan(None, None))
    # Each of the two slices was listed twice.
    assert len(odd.asked) == 4
    assert "Telnyx counts 19 and lists 17" in ends[-1].trouble and not ends[-1].is_proof


def test_a_fax_deleted_while_pages_are_read_costs_one_more_reading(odd: Odd) -> None:
    odd.add(100, days=30, until=NOW - timedelta(days=1))
    odd.largest_page = 10

    def loses(asked: dict[str, str]) -> None:
        if asked["page[number]"] == "5" and len(odd.rows) == 100:
            del odd.rows[0]

    odd.before = loses
    ids, ends = read(odd, Plan(None, None))
    # The one that moved to a page which had been read already is seen the second time.
    assert everything(odd) <= set(ids)
    assert ends[-1].is_proof and ends[-1].ids == everything(odd) and not ends[-1].trouble


def test_faxes_that_come_in_while_pages_are_read_are_no_trouble(odd: Odd) -> None:
    odd.add(60, days=0.002)
    odd.largest_page = 10

    def comes_in(_: dict[str, str]) -> None:
        odd.make(datetime.now(UTC))

    odd.before = comes_in
    before = everything(odd)
    ids, ends = read(odd, Plan(None, None))
    assert before <= set(ids) and not any(end.trouble for end in ends)


def test_faxes_without_an_id_are_told(odd: Odd) -> None:
    odd.add(3, days=3)
    odd.make(NOW - timedelta(days=2), id=None)
    _, ends = read(odd, Plan(None, None))
    assert "without an id" in ends[-1].trouble and not ends[-1].is_proof


@pytest.mark.parametrize("bottom", [None, NOW - timedelta(days=30)])
def test_a_slice_that_cannot_be_read_holds_up_no_other(odd: Odd, bottom: datetime | None) -> None:
    """As when a page holds something that is no object."""
    odd.add(1000, days=30)
    odd.fails = lambda asked: 500 if any(row["id"] == "fax-400" for row in odd.answer(asked)["data"]) else 200
    ids, ends = read(odd, Plan(bottom, None, aim=50))
    (amiss,) = [end for end in ends if end.trouble]
    assert "could not be read" in amiss.trouble and not amiss.is_proof
    assert amiss.piece.holds(datetime.fromisoformat(odd.rows[400]["created_at"]))
    assert 850 < len(ids) < 1000


def test_where_the_very_first_page_cannot_be_read_a_day_is_left_out(odd: Odd) -> None:
    odd.add(1000, days=30, until=NOW - timedelta(hours=1))
    odd.fails = lambda asked: 500 if any(row["id"] == "fax-0" for row in odd.answer(asked)["data"]) else 200
    ids, ends = read(odd, Plan(None, None, aim=50))
    assert [bool(end.trouble) for end in ends[:3]] == [False, True, False]
    assert everything(odd) - set(ids) == {f"fax-{number}" for number in range(1000 - len(ids))}
    assert len(ids) > 900


@pytest.mark.parametrize(("status", "error"), [(500, ServerError), (429, RateLimited)])
def test_two_slices_in_a_row_are_enough(odd: Odd, status: int, error: type[Exception]) -> None:
    odd.fails = lambda asked: status
    with pytest.raises(error):
        read(odd, Plan(None, None))
    assert len(odd.asked) == (6 if status == 500 else 3)


def test_a_walk_goes_on_where_it_stood(odd: Odd) -> None:
    odd.add(1000, days=30)
    plan = Plan(None, None, aim=50)
    with Client(api_key=KEY, base_url=odd.url) as telnyx:
        seen: list[str] = []
        for part in Reader(telnyx, plan):
            if isinstance(part, Leaf):
                seen += [str(fax.id) for fax in part.faxes]
            elif len(seen) > 400:
                break
    assert isinstance(part, End)
    rest, ends = read(odd, Plan(None, None, aim=50) if not part.cursor else resumed(part.cursor))
    assert not set(seen) & set(rest) and {*seen, *rest} == everything(odd)
    assert ends[0].piece.before == part.piece.since and ends[-1].cursor["over"]


def resumed(cursor: dict[str, Any]) -> Plan:
    plan = Plan.resumed(None, cursor)
    plan.aim = 50
    return plan


def test_what_is_expected_is_told_from_the_first_slices_on(odd: Odd) -> None:
    odd.add(1000, days=30)
    _, ends = read(odd, Plan(None, None, aim=50))
    assert all(end.expected is not None and abs(end.expected - 1000) < 10 for end in ends[1:])


@pytest.mark.parametrize("aim", [1, 7, AIM])
def test_a_plan_always_ends(aim: int) -> None:
    plan, steps = Plan(None, None, aim=aim), 0
    while not plan.over:
        plan.passed(plan.next(NOW), 0)
        steps += 1
    assert steps == 2
    # However wrong the count of what is left.
    plan = Plan(None, NOW, width=1.0, left=10**9, aim=aim)
    while not plan.over:
        plan.passed(plan.next(NOW), 0)
        steps += 1
    assert steps < 20


def test_a_slice_reads_as_a_person_would_say_it() -> None:
    assert str(Slice(None, None)) == "of all times"
    assert str(Slice(NOW, None)) == f"from {NOW:%Y-%m-%d %H:%M:%S}"
