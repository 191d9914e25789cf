"""The audit log as a table to take along: no formula in it, and on record itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import audit
from accounts.audit.export import harmless
from accounts.models import LogEntry, Membership, Role, Team, User

pytestmark = pytest.mark.django_db

LogIn = Callable[[User], Client]


def record(*entries: audit.Entry) -> None:
    with transaction.atomic():
        audit.record(*entries)


def table(client: Client, **query: str) -> list[dict[str, str]]:
    answer: Any = client.get("/audit/export/", query)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


def test_it_is_a_file_for_a_spreadsheet(logged_in: LogIn, alice: User, team: Team) -> None:
    record(audit.Entry("fax.tag", by=alice, on=team, team=team, data={"tag": "Ünïcode"}))
    answer: Any = logged_in(alice).get("/audit/export/")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-2')
    assert "no-store" in answer["Cache-Control"]
    assert answer.getvalue().startswith(b'\xef\xbb\xbf"time (UTC)","team",')


def test_every_entry_is_a_line(logged_in: LogIn, alice: User, team: Team) -> None:
    record(audit.Entry("fax.tag", by=alice, on=team, team=team, data={"tag": "urgent"}))
    exported, tagged = table(logged_in(alice))
    entry = LogEntry.objects.get(action="fax.tag")
    assert tagged == {
        "time (UTC)": f"{entry.at:%Y-%m-%d %H:%M:%S}",
        "team": "Front desk",
        "person": "Alice",
        "what happened": "Alice tagged the team Front desk “urgent”",
        "action": "fax.tag",
        "object": "Front desk",
        "address": "",
        "browser": "",
        "data": '{"tag": "urgent"}',
        "person id": str(alice.pk),
        "object type": "accounts.team",
        "object id": str(team.pk),
        "chain": str(team.pk),
        "number": "1",
        "hash": entry.hash,
    }
    assert exported["what happened"] == "Alice exported entries of this log"


def test_it_is_on_record_before_anything_is_given(logged_in: LogIn, alice: User, team: Team) -> None:
    answer: Any = logged_in(alice).get("/audit/export/", {"action": "fax.view", "since": "2026-01-01", "before": ""})
    entry = LogEntry.objects.get(action="audit.export")
    assert (entry.actor_id, entry.chain) == (str(alice.pk), str(team.pk))
    assert entry.data == {"action": "fax.view", "since": "2026-01-01"}
    answer.close()


def test_every_chain_that_is_taken_along_knows(
    logged_in: LogIn, alice: User, root: User, team: Team, other_team: Team
) -> None:
    Membership.objects.create(user=alice, team=other_team, role=Role.MANAGER)
    table(logged_in(alice))
    table(logged_in(alice), team="records")
    table(logged_in(root))
    table(logged_in(root), team="records")
    table(logged_in(root), team="(house)")
    exported = LogEntry.objects.filter(action="audit.export")
    counted = {chain: exported.filter(chain=chain).count() for chain in (str(team.pk), str(other_team.pk), "house")}
    assert counted == {str(team.pk): 2, str(other_team.pk): 4, "house": 2}


def test_only_what_one_reads_and_asked_for_is_in_it(
    logged_in: LogIn, alice: User, charlie: User, team: Team, other_team: Team
) -> None:
    entries = [
        audit.Entry(action, by=by, team=by_team)
        for action in ("fax.view", "fax.tag")
        for by, by_team in ((alice, team), (charlie, other_team), (charlie, None))
    ]
    record(*entries)
    rows = table(logged_in(alice), action="fax.view")
    assert [(row["person"], row["action"]) for row in rows] == [("Alice", "fax.view")]


def test_a_long_log_is_given_to_its_end(logged_in: LogIn, alice: User, team: Team) -> None:
    record(*[audit.Entry("fax.tag", by=alice, on=team, team=team, data={"tag": str(n)}) for n in range(1203)])
    with CaptureQueriesContext(connection) as queries:
        rows = table(logged_in(alice), action="fax.tag")
    assert [int(row["number"]) for row in rows] == list(range(1203, 0, -1))
    assert len(queries) < 40


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠1", "=cmd|' /C calc'!A0"],
)
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell).startswith("'") and harmless(cell).replace("'", "") == cell.replace("'", "")


@pytest.mark.parametrize("separator", list(";,|\t\n"))
def test_no_part_of_a_cell_is_one_where_spreadsheets_end_cells_otherwise(separator: str) -> None:
    assert harmless(f"x{separator}=1+1") == f"x{separator}'=1+1"
    assert harmless(f"x{separator} =1+1") == f"x{separator}' =1+1"
    assert harmless(f'x"{separator}@SUM(1)') == f"x\"{separator}'@SUM(1)"


@pytest.mark.parametrize("cell", ["", "Alice", "1", "{}", "it's", "a=b", "Front desk"])
def test_what_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert harmless(cell) == cell


def test_mischief_stays_in_its_cell(logged_in: LogIn, alice: User, team: Team) -> None:
    alice.first_name, team.name = '=HYPERLINK("http://evil.example","Click")', 'a","b\r\n=1+1'
    record(audit.Entry("@evil", by=alice, on=team, team=team, data={"=x": "\r\n,\"'"}))
    rows = table(logged_in(alice))
    assert [row["action"] for row in rows] == ["audit.export", "'@evil"]
    assert rows[1]["person"] == '\'=HYPERLINK("http://evil.example","Click")'
    assert rows[1]["object"] == 'a","b =1+1'
