"""Runs, gaps and refused events in the admin: looked at, narrowed, and asked about by the pages' own services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import LogEntry, Team
from applications.models import PhoneNumber
from faxes.models import Fax
from sync.models import Gap, SyncRun
from telnyx_sandbox.server import Server
from tests import builders
from tests.admin.pages import act, form, listing, shown

MISCHIEF = "<script>alert(1)</script>"


def ended(**columns: Any) -> SyncRun:
    return SyncRun.objects.create(**{"finished_at": timezone.now()} | columns)


def gap(fax: Fax | None = None, **columns: Any) -> Gap:
    columns = {"run": ended(), "side": "here", "what": "fax", "telnyx_id": "x", "outcome": "created"} | columns
    return Gap.objects.create(fax=fax, **columns)


def test_gaps_are_narrowed_by_side_what_and_whether_they_are_open(office: Client) -> None:
    still_open = gap()
    lost = gap(side="there", settled_at=timezone.now(), outcome="kept")
    odd = gap(what="aura", settled_at=timezone.now())
    assert shown(office, Gap, settled="no") == [still_open]
    assert set(shown(office, Gap, settled="yes")) == {lost, odd}
    assert shown(office, Gap, side="there") == [lost]
    assert shown(office, Gap, what="aura") == [odd] and "?what=aura" in office.get(listing(Gap)).text
    assert len(shown(office, Gap, settled="sideways")) == 3


def test_a_gap_is_found_by_its_fax_and_its_run(office: Client, team: Team) -> None:
    fax = builders.inbound(team)
    mine, _ = gap(fax), gap()
    for term in (str(mine.pk), str(fax.pk), str(mine.run_id)):
        assert shown(office, Gap, q=term) == [mine]


def test_a_state_is_a_word_on_its_form_too(office: Client) -> None:
    for row, word in ((ended(), "complete"), (gap(), "open")):
        page = office.get(form(row)).text
        assert word in page and "(&#x27;" not in page


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="reads SQLite's plan")
def test_an_index_leads_to_what_is_open(office: Client) -> None:
    rows = office.get(listing(Gap), {"settled": "no"}).context["cl"].queryset
    plan = rows.explain()
    assert connection.vendor == "sqlite" and "SCAN sync_gap" not in plan and "SEARCH sync_gap" in plan


def test_words_that_nobody_knows_are_text(office: Client) -> None:
    odd = gap(what=MISCHIEF, outcome=MISCHIEF, data={"name": MISCHIEF})
    run = ended(kind="quantum", counts={MISCHIEF: MISCHIEF}, cursor=[MISCHIEF], error=MISCHIEF)
    for address in (listing(Gap), form(odd), listing(SyncRun), form(run)):
        page = office.get(address).text
        assert MISCHIEF not in page and "&lt;script&gt;" in page
    assert shown(office, SyncRun, kind="quantum") == [run]


def test_telnyx_is_asked_about_the_fax_of_a_gap(office: Client, sandbox: Server, line: PhoneNumber, team: Team) -> None:
    carrier = sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS)
    sandbox.sandbox.advance(600)
    fax = builders.inbound(team, telnyx_id=carrier["id"], status="receiving")
    act(office, "ask_telnyx", gap(fax))
    fax.refresh_from_db()
    assert fax.status == "received"


def test_a_run_is_made_once_more_over_the_same_time(office: Client, wakes: list[Any]) -> None:
    since = timezone.now() - timedelta(days=9)
    assert act(office, "run_again", ended(kind="full", window_start=since)) == ["Under way: 1."]
    run = SyncRun.objects.get(finished_at=None)
    assert (run.kind, run.window_start, str(run.by)) == ("full", since, "root")
    assert LogEntry.objects.filter(action="sync.request").count() == 1


@pytest.mark.parametrize("days", [9, None])
def test_one_that_is_under_way_over_less_is_not_taken_for_it(office: Client, days: int | None) -> None:
    since = timezone.now() - timedelta(days=days) if days else None
    SyncRun.objects.create(kind="full", window_start=timezone.now() - timedelta(days=1))
    [told] = act(office, "run_again", ended(kind="full", window_start=since))
    assert "does not reach back as far is under way" in told
    SyncRun.objects.filter(finished_at=None).update(window_start=None)
    assert act(office, "run_again", ended(kind="full", window_start=since)) == ["Under way: 1."]


def test_nobody_makes_a_run_of_an_unknown_kind(office: Client) -> None:
    [said] = act(office, "run_again", ended(kind="quantum"))
    assert "Nobody knows how to make a run of the kind “quantum”." in said
