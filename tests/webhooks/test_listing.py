"""How far the console's list walks, and which index each of its ways takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team, User
from faxes.listing.keyset import Place
from faxes.models import Fax
from tests import builders
from webhooks.filters import Filters
from webhooks.listing import Bounds, Page, page_of
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


def page(user: User, query: str = "", *, before: Place | None = None, **bounds: Any) -> Page:
    words = QueryDict(query, mutable=True)
    if before:
        words["before"] = str(before)
    return page_of(Filters.of(words, user), Bounds(**bounds))


def pages(user: User, query: str = "", **bounds: Any) -> list[Page]:
    """All pages, from the first one on."""
    found = [page(user, query, **bounds)]
    while found[-1].older:
        found.append(page(user, query, before=found[-1].older, **bounds))
    return found


def rows(found: Sequence[Page]) -> list[Delivery]:
    return [delivery for one in found for delivery in one.deliveries]


@pytest.mark.parametrize("few", [0, 1000], ids=["walking", "by ids"])
def test_both_ways_show_the_same(alice: User, team: Team, other_team: Team, few: int) -> None:
    Team.objects.update(created_at=ago(days=30))
    mine = [builders.inbound(team) for _ in range(3)]
    theirs = builders.inbound(other_team)
    told = []
    for number in range(60):
        at = ago(hours=number * 8)
        told.append(builders.delivery(of=mine[number % 3], received_at=at, state="failed" if number % 5 else "done"))
        builders.delivery(of=theirs, received_at=at)
    assert rows(pages(alice, few=few, page=7)) == told
    assert rows(pages(alice, "state=failed", few=few, page=7)) == [one for one in told if one.state == "failed"]


def test_a_walk_says_how_far_it_has_looked(root: User) -> None:
    for number in range(30):
        builders.delivery(received_at=ago(minutes=number), state="done")
    rare = builders.delivery(state="ignored", received_at=ago(minutes=25.5))
    first, second, third = pages(root, "state=ignored", reached=10)
    assert (first.deliveries, second.deliveries, third.deliveries) == ([], [], [rare])
    assert first.looked_back_to and second.looked_back_to and third.looked_back_to is None
    assert first.looked_back_to > second.looked_back_to


@pytest.mark.parametrize("state", ["failed", "pending"])
def test_what_needs_a_person_or_waits_is_found_at_once_however_old(
    alice: User, root: User, team: Team, other_team: Team, state: str
) -> None:
    Team.objects.update(created_at=ago(days=300))
    mine, theirs = builders.inbound(team), builders.inbound(other_team)
    for number in range(30):
        builders.delivery(of=mine, received_at=ago(minutes=number))
    rare = builders.delivery(of=mine, state=state, received_at=ago(days=200))
    their = builders.delivery(of=theirs, state=state, received_at=ago(days=100))
    assert page(root, f"state={state}", few=2, reached=10) == Page([their, rare])
    assert page(alice, f"state={state}", few=2) == Page([rare])
    assert page(root, f"state={state}&until={ago(days=150).date()}", few=2) == Page([rare])
    # Where many are, they are walked to like all others.
    walked = pages(root, f"state={state}", few=1, reached=10)
    assert rows(walked) == [their, rare] and walked[0].looked_back_to


def test_whoever_asks_for_everything_is_shown_everything(root: User) -> None:
    told = [builders.delivery(received_at=ago(minutes=number)) for number in range(30)]
    found = pages(root, reached=10, page=20)
    assert rows(found) == told and [one.looked_back_to for one in found] == [None, None]


@time_machine.travel(datetime(2026, 11, 20, 12, 30, tzinfo=UTC), tick=False)
def test_how_far_a_manager_looks_does_not_depend_on_what_others_receive(
    alice: User, team: Team, other_team: Team
) -> None:
    Team.objects.update(created_at=ago(days=30))
    fax, theirs = builders.inbound(team), builders.inbound(other_team)
    new = builders.delivery(of=fax, received_at=ago(minutes=1))
    old = builders.delivery(of=fax, received_at=ago(days=9))
    before = page(alice, few=0, reached=5)
    for number in range(20):
        builders.delivery(of=theirs, received_at=ago(hours=number))
    assert page(alice, few=0, reached=5) == before
    assert (before.deliveries, before.looked_back_to) == ([new], datetime(2026, 11, 17, 13, tzinfo=UTC))
    assert rows(pages(alice, few=0)) == [new, old]


@pytest.mark.parametrize("name", ["alice", "root"])
def test_a_walk_through_certain_days_begins_there(alice: User, root: User, team: Team, name: str) -> None:
    Team.objects.update(created_at=ago(days=300))
    fax, user = builders.inbound(team), {"alice": alice, "root": root}[name]
    for number in range(20):
        builders.delivery(of=fax, received_at=ago(days=number))
    day = ago(days=17).date()
    found = page(user, f"since={day}&until={day}&state=done", few=0, reached=5)
    assert [delivery.received_at.date() for delivery in found.deliveries] == [day] and found.older is None


def test_a_walk_ends_where_the_team_began(alice: User, team: Team) -> None:
    builders.delivery(of=builders.inbound(team))
    assert page(alice, few=0).older is None


def test_nothing_is_nothing(alice: User, root: User) -> None:
    for user in (alice, root):
        for query in ("", "state=failed", "q=x"):
            assert page(user, query) == page(user, query, few=0) == Page([])


def statements(user: User, query: str, **bounds: Any) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        page(user, query, **bounds)
    return [one["sql"] for one in captured if 'FROM "webhooks_delivery"' in one["sql"]]


def plan_of(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
        return "; ".join(row[-1] for row in cursor.fetchall())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the figures of real tables.")
@pytest.mark.parametrize(
    ("name", "query", "few", "index"),
    [
        ("root", "", 1000, "SCAN webhooks_delivery USING INDEX delivery_list"),
        ("root", "state=done", 1000, "delivery_list (received_at>?)"),
        ("root", "state=failed", 1000, "USING INDEX delivery_failed"),
        ("root", "state=pending", 1000, "USING INDEX delivery_due"),
        ("alice", "state=failed", 1000, "USING INDEX delivery_failed"),
        ("root", "type=fax.failed&until=2026-12-01", 1000, "delivery_list (received_at>? AND received_at<?)"),
        ("alice", "", 1000, "(fax_telnyx_id=?)"),
        ("alice", "state=done", 1000, "(fax_telnyx_id=?)"),
        ("alice", "", 0, "delivery_list (received_at>?)"),
        ("alice", "q=x", 1000, "(fax_telnyx_id=?)"),
        ("root", "q=9d4b7e26-05c3-4f8a-b1d7-e6a2f3c48590", 1000, "(fax_telnyx_id=?)"),
    ],
)
def test_sqlite_takes_the_index_that_is_meant(
    alice: User, root: User, team: Team, name: str, query: str, few: int, index: str
) -> None:
    Team.objects.update(created_at=ago(days=30))
    fax = builders.inbound(team)
    for number in range(30):
        builders.delivery(of=fax, received_at=ago(minutes=number), state="failed")
    user = {"alice": alice, "root": root}[name]
    plans = [plan_of(statement) for statement in statements(user, query, few=few, reached=10)]
    assert any(index in plan for plan in plans), plans
    assert not any("SCAN webhooks_delivery" in plan and "USING" not in plan for plan in plans), plans
    assert not any("TEMP B-TREE" in plan for plan in plans), plans


@pytest.mark.skipif(connection.vendor != "postgresql", reason="Asks PostgreSQL.")
@pytest.mark.parametrize("query", ["", "state=failed", "q=x"])
@pytest.mark.parametrize("few", [0, 1000])
def test_postgresql_reads_no_table_from_end_to_end(
    alice: User, team: Team, other_team: Team, query: str, few: int
) -> None:
    Team.objects.update(created_at=ago(days=3000))
    fax, busy = builders.inbound(team), builders.inbound(other_team)
    common = {"event_type": "fax.queued", "body": b"{}", "state": "done", "fax_telnyx_id": busy.telnyx_id}
    told = [Delivery(event_id=f"{number}", received_at=ago(hours=number), **common) for number in range(5000)]
    Delivery.objects.bulk_create(told)
    builders.delivery(of=fax)
    with connection.cursor() as cursor:
        for table in (Delivery, Fax):
            cursor.execute(f"ANALYZE {table._meta.db_table}")
        for statement in statements(alice, query, few=few):
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on webhooks_delivery" not in plan, plan


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite gathers nothing.")
def test_postgresql_asks_row_by_row_whose_a_delivery_is(alice: User, team: Team) -> None:
    """However dear that seems to it: it does not know that a page is full after a few rows."""
    Team.objects.update(created_at=ago(days=30))
    fax = builders.inbound(team)
    for number in range(300):
        builders.delivery(of=fax, received_at=ago(minutes=number))
    (statement,) = statements(alice, "", few=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "; ".join(row[0] for row in cursor.fetchall())
    assert "SubPlan" in plan and "hashed" not in plan, plan
