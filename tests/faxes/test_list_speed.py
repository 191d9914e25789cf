"""A list costs the same however many faxes and teams there are: as many queries, each answered from one index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Team, User
from contacts.models import Correspondent
from faxes.listing import INBOX, SENT, Box, Filters, count_of, neighbours, page_of
from faxes.models import Fax, Note, Tag
from tests import builders

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WISHES = ["", "show=all", "show=done", "show=mine", "show=failed", "show=bin", "number=13125790015", "assignee=me"]
WISHES += ["since=2026-01-01", "assignee=nobody", "show=missing", "show=unread", "tag=urgent", "q=5550188", "q=okafor"]
# The teams, what a search looks through, what is rare, the faxes, and their tags.
MOST = 6


def fill(team: Team, count: int) -> None:
    tag, _ = Tag.objects.get_or_create(team=team, name="urgent")
    other, _ = Correspondent.objects.get_or_create(team=team, number=builders.THEIRS, name="Dr. Okafor")
    by = User.objects.get(username="bob")
    for number in range(count):
        fax = builders.inbound(
            team,
            correspondent=other,
            assigned_to=by if number % 2 else None,
            status="failed" if number % 3 else "received",
            media="missing" if number % 5 else "archived",
            handled_at=NOON if number % 7 == 6 else None,
            trashed_at=NOON if number % 7 == 5 else None,
        )
        fax.tags.add(tag)
        Note.objects.create(fax=fax, text="Okafor called", by=by)


def asked(user: User, query: str, box: Box = INBOX) -> list[str]:
    """The statements of a page and its filters."""
    with CaptureQueriesContext(connection) as statements:
        page_of(Filters.of(QueryDict(query), user, box))
    return [statement["sql"] for statement in statements]


@pytest.mark.parametrize("query", WISHES)
def test_a_page_asks_as_often_for_many_faxes_and_teams_as_for_few(bob: User, team: Team, query: str) -> None:
    builders.number(team)
    fill(team, 10)
    few = len(asked(bob, query))
    fill(team, 60)
    for number in range(4):
        another = Team.objects.create(name=f"Team {number}", slug=f"team-{number}")
        Membership.objects.create(user=bob, team=another)
        fill(another, 8)
    assert len(asked(bob, query)) == few
    assert few <= MOST


def test_neighbours_on_a_page_cost_nothing_and_elsewhere_two_queries(bob: User, team: Team) -> None:
    fill(team, 10)
    filters = Filters.of(QueryDict(""), bob)
    page = page_of(filters)
    with CaptureQueriesContext(connection) as inside:
        neighbours(page.faxes[1], filters, page)
    with CaptureQueriesContext(connection) as anywhere:
        neighbours(page.faxes[1], filters)
    assert (len(inside), len(anywhere)) == (0, 2)


def test_a_count_is_one_query(bob: User, team: Team) -> None:
    filters = Filters.of(QueryDict("show=all"), bob)
    with CaptureQueriesContext(connection) as statements:
        count_of(filters)
    assert len(statements) == 1


@pytest.mark.parametrize("query", ["q=okafor", "tag=urgent", "show=unread"])
def test_a_page_and_its_count_search_once(bob: User, team: Team, query: str) -> None:
    fill(team, 10)
    filters = Filters.of(QueryDict(query), bob)
    faxes = page_of(filters).faxes
    with CaptureQueriesContext(connection) as statements:
        assert count_of(filters).number == len(faxes)
    assert len(statements) == 1


# Which index walks each list, in SQLite's words; what is at hand already is put in order in a heap of a page or two.
WALKS = {
    "": "fax_open (team_id=? AND direction=?)",
    "show=all": "fax_list (team_id=? AND direction=?)",
    "show=all&before": "fax_list (team_id=? AND direction=? AND created_at<?)",
    "show=all&since=2026-01-01": "fax_list (team_id=? AND direction=? AND created_at>?)",
    "show=done": "fax_list (team_id=? AND direction=?)",
    "show=failed": "fax_status (team_id=? AND direction=? AND status=?)",
    "show=mine": "fax_mine (assigned_to_id=? AND direction=?)",
    "assignee=me": "fax_mine (assigned_to_id=? AND direction=?)",
    "show=all&assignee=me": "fax_assignee (assigned_to_id=?)",
    "number=13125790015": "fax_number (direction=? AND to_number=?)",
    "show=bin": "fax_bin (team_id=? AND trashed_at>?)",
}
SEARCHES = {
    "show=missing": "fax_media_due (media=?)",
    "show=unread": "sqlite_autoindex_faxes_fax_1 (id=?)",
    "tag=urgent": "sqlite_autoindex_faxes_fax_1 (id=?)",
    "q=5550188": "fax_correspondent (correspondent_id=?)",
}


@pytest.fixture
def two_teams(bob: User, team: Team, other_team: Team) -> Iterator[User]:
    Membership.objects.create(user=bob, team=other_team)
    builders.number(team)
    for one in (team, other_team):
        fill(one, 12)
    yield bob


def plan_of(statement: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
        return [row[-1] for row in cursor.fetchall()]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the figures of real tables.")
@pytest.mark.parametrize("query", [*WALKS, *SEARCHES])
def test_sqlite_walks_the_index_that_is_meant(two_teams: User, team: Team, query: str) -> None:
    wish = query.replace("before", f"before={Fax.objects.filter(team=team).first().pk}")  # type: ignore[union-attr]
    plans = [
        line for statement in asked(two_teams, wish) if 'FROM "faxes_fax" ' in statement for line in plan_of(statement)
    ]
    assert any((WALKS | SEARCHES)[query] in line for line in plans), plans
    assert not any(line.startswith("SCAN faxes_fax") for line in plans)
    # One sort of the few that the slices gave, and within a slice only of what was thrown away at one moment.
    assert sum(line == "USE TEMP B-TREE FOR ORDER BY" for line in plans) <= 1 + (query not in WALKS)


# Of sent faxes. What was refused has no status.
SENT_WALKS = {
    "show=going": ["fax_under_way (team_id=?)"],
    "show=uncertain": ["fax_under_way (team_id=?)"],
    "show=failed": ["fax_status (team_id=? AND direction=? AND status=?)"],
    "show=stuck": ["fax_status (team_id=? AND direction=? AND status=? AND created_at>?)", "(retry_of_id=?)"],
}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the figures of real tables.")
@pytest.mark.parametrize("query", SENT_WALKS)
def test_sqlite_walks_an_index_to_the_few_that_are_no_everyday_faxes(two_teams: User, query: str) -> None:
    (statement,) = (one for one in asked(two_teams, query, SENT) if "slice_0" in one)
    plans = plan_of(statement)
    for index in SENT_WALKS[query]:
        assert any(index in line for line in plans), plans
    assert not any(line.startswith("SCAN faxes_fax") for line in plans)
    assert sum(line == "USE TEMP B-TREE FOR ORDER BY" for line in plans) <= 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="Asks PostgreSQL.")
@pytest.mark.parametrize("query", [query for query in WALKS if query != "show=done"])
def test_postgresql_walks_an_index_in_its_order(two_teams: User, team: Team, query: str) -> None:
    # Not of what was handled: next to nothing was, and then reading this small table at once is the best.
    quiet = Team.objects.get(slug="records")
    common = {"direction": "inbound", "to_number": builders.OURS, "from_number": builders.THEIRS}
    for count, columns in ((6000, {"team": team}), (60, {"team": quiet}), (600, {"team": team, "status": "failed"})):
        more = [Fax(**common, **columns, created_at=NOON - timedelta(minutes=nr)) for nr in range(count)]
        Fax.objects.bulk_create(more)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE faxes_fax")
        wish = query.replace("before", f"before={Fax.objects.filter(team=team).first().pk}")  # type: ignore[union-attr]
        statement = next(one for one in asked(two_teams, wish) if "slice_0" in one)
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT TEXT) {statement}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    # What the slices gave is fetched by id; with a table as small as this one that may be a join with all of it.
    assert "Seq Scan on faxes_fax faxes_fax_" not in plan, plan
