"""What came and went last on a line, as pages of numbers tell it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.access import asked_once
from accounts.models import Team, User
from faxes.lines import LastFaxes, last_faxes
from faxes.models import Fax
from faxes.states import Outbox
from tests import builders
from tests.house.test_work_indexes import plan_of

CountQueries = Callable[..., Any]
NONE = LastFaxes(None, None, None, None)


def ago(**time: int) -> datetime:
    return timezone.now() - timedelta(**time)


def test_the_newest_of_each_direction_is_found(team: Team, vera: User) -> None:
    line, other = builders.number(team, "+13125790015"), builders.number(team, "+13125790016")
    builders.inbound(team, to_number=line.phone_number, created_at=ago(days=2))
    received = builders.inbound(team, to_number=line.phone_number, created_at=ago(days=1))
    sent = builders.outbound(team, from_number=line.phone_number, outbox=Outbox.ACCEPTED, created_at=ago(days=3))
    builders.outbound(team, from_number=line.phone_number, outbox="", created_at=ago(days=4))
    assert last_faxes(vera, [line, other]) == {
        line.pk: LastFaxes(received.created_at, received.pk, sent.created_at, sent.pk),
        other.pk: NONE,
    }


def test_what_never_left_is_no_sign_of_life(team: Team, vera: User) -> None:
    line = builders.number(team)
    for outbox in (Outbox.PREPARING, Outbox.READY, Outbox.REJECTED, Outbox.CANCELLED):
        builders.outbound(team, from_number=line.phone_number, outbox=outbox, to_number=f"+1773555{outbox}")
    assert last_faxes(vera, [line]) == {line.pk: NONE}


def test_a_line_that_was_given_away_keeps_its_past_to_itself(
    team: Team, other_team: Team, vera: User, charlie: User, root: User
) -> None:
    line = builders.number(other_team)
    old = builders.inbound(team, to_number=line.phone_number)
    builders.inbound(None, to_number=line.phone_number, created_at=ago(days=9))
    assert last_faxes(charlie, [line])[line.pk] == NONE
    assert last_faxes(vera, [line])[line.pk].received_id == old.pk
    assert last_faxes(root, [line])[line.pk].received_id == old.pk


def test_a_page_of_numbers_asks_once_and_by_its_indexes(
    team: Team, vera: User, django_assert_num_queries: CountQueries
) -> None:
    lines = [builders.number(team, f"+131257900{place}") for place in range(10, 30)]
    for line in lines:
        builders.inbound(team, to_number=line.phone_number)
    with asked_once():
        last_faxes(vera, [])
        with django_assert_num_queries(1), CaptureQueriesContext(connection) as asked:
            assert len(last_faxes(vera, lines)) == len(lines)
    [query] = [query["sql"] for query in asked]
    plan = plan_of(query)
    assert not any(line.startswith("SCAN") and "faxes_fax" in line for line in plan), plan
    assert sum("fax_number" in line for line in plan) == 2, plan
    assert sum("fax_sender" in line for line in plan) == 2, plan
    assert Fax.objects.count() == 20


def test_templates_ask_for_the_whole_page(team: Team, vera: User) -> None:
    line = builders.number(team)
    received = builders.inbound(team, to_number=line.phone_number)
    said = (
        "{% load lines %}{% last_faxes user rows as last %}"
        "{% with one=last|of:rows.0 %}{{ one.received_id }}{% endwith %}"
    )
    assert Template(said).render(Context({"user": vera, "rows": [line]})) == str(received.pk)
