"""Pages that should be here and are not raise an alarm, with those who can do something about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team, User
from faxes.missing import MANY, count_missing, missing_media
from faxes.models import Fax
from faxes.states import Media
from tests import builders
from tests.house.test_work_indexes import plan_of

pytestmark = pytest.mark.django_db

LINK = "https://s3.example/1.pdf"
LONG_AGO, JUST_NOW, SOON = timedelta(minutes=11), timedelta(minutes=1), timedelta(minutes=-5)


def fax(team: Team | None, *, heard: timedelta = LONG_AGO, dies: timedelta | None = JUST_NOW, **columns: Any) -> Fax:
    """A received fax; `heard` and `dies` are how long ago we heard of it and its link died."""
    now = timezone.now()
    columns.setdefault("media", Media.WAITING)
    dies_at = None if dies is None else now - dies
    return builders.inbound(team, status="received", heard_at=now - heard, link_dies_at=dies_at, **columns)


ALARMS = [
    ({"media": Media.MISSING}, True),
    ({"media": Media.MISSING, "heard": JUST_NOW}, True),
    ({}, True),
    ({"dies": None}, True),
    # It came in during the last ten minutes.
    ({"heard": JUST_NOW}, False),
    # A long fax: it has just come in, and its link lives.
    ({"dies": SOON}, False),
    ({"dies": SOON, "tries": 1}, False),
    ({"dies": SOON, "tries": 2}, True),
    ({"media": Media.ARCHIVED}, False),
    ({"media": ""}, False),
]


@pytest.mark.parametrize(("columns", "expected"), ALARMS)
def test_pages_that_are_late_or_given_up_are_missing(team: Team, columns: dict[str, Any], expected: bool) -> None:
    fax(team, **columns)
    assert missing_media(Fax.objects.all()).exists() is expected


@pytest.mark.parametrize("done", ["handled_at", "trashed_at"])
def test_what_somebody_has_dealt_with_is_no_alarm(team: Team, done: str) -> None:
    columns: dict[str, Any] = {done: timezone.now()}
    fax(team, media=Media.MISSING, **columns)
    assert count_missing() == 0


def test_everybody_counts_their_own(
    team: Team, other_team: Team, vera: User, charlie: User, root: User, bob: User
) -> None:
    for whose in (team, team, other_team, None):
        fax(whose, media=Media.MISSING)
    assert [count_missing(user) for user in (vera, bob, charlie, root, None)] == [2, 2, 1, 4, 4]


def test_counting_ends_somewhere(team: Team, bob: User) -> None:
    now = timezone.now()
    many = [Fax(team=team, direction="inbound", media=Media.MISSING, heard_at=now) for _ in range(MANY + 3)]
    Fax.objects.bulk_create(many)
    assert count_missing(bob) == MANY


def test_a_quiet_house_is_asked_once_and_no_table_is_read(team: Team, bob: User) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert count_missing(bob) == 0
    assert len(asked) == 1
    fax(team, media=Media.MISSING)
    with CaptureQueriesContext(connection) as asked:
        assert count_missing(bob) == 1
    plans = [plan_of(query["sql"]) for query in asked if 'FROM "faxes_fax"' in query["sql"]]
    assert len(plans) == 2
    if connection.vendor == "sqlite":
        # PostgreSQL knows how few these are; SQLite has to be led.
        assert all("fax_media_due" in "\n".join(plan) for plan in plans), plans


def bar_of(client: Client) -> str:
    page = client.get("/faxes/sent/").content.decode()
    return page[page.index("<main") :].partition("Pages are missing.")[2][:400]


def test_the_bar_leads_to_them(logged_in: Callable[[User], Client], team: Team, vera: User, charlie: User) -> None:
    assert bar_of(logged_in(vera)) == ""
    fax(team, media=Media.MISSING)
    bar = bar_of(logged_in(vera))
    assert 'href="/faxes/inbox/?show=missing"' in bar and "1 received fax<" in bar
    assert bar_of(logged_in(charlie)) == ""
    fax(team, media=Media.MISSING)
    assert "2 received faxes<" in bar_of(logged_in(vera))
