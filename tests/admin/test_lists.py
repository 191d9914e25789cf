"""Every list of the admin: the same few queries for one row and for many, found by what an index finds."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.models import LogEntry, Team, User
from contacts.models import Correspondent
from faxes.models import Fax
from faxes.states import Media, Outbox
from sync.models import Heartbeat
from tests import builders
from tests.admin.pages import MODELS, ROW, entry, listing, shown
from webhooks.models import Delivery

MOST_QUERIES = 12


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_a_list_takes_as_many_queries_for_thirty_rows_as_for_one(office: Client, model: type[models.Model]) -> None:
    one = queries(office, model, rows=1)
    assert queries(office, model, rows=30) == one <= MOST_QUERIES


def queries(client: Client, model: type[models.Model], *, rows: int) -> int:
    for _ in range(rows):
        ROW[model._meta.label_lower]()
    with CaptureQueriesContext(connection) as captured:
        assert len(shown(client, model)) >= rows
    return len(captured)


@pytest.mark.parametrize(("model", "column"), [(Fax, '"raw"'), (Delivery, '"body"'), (LogEntry, '"data"')])
def test_what_is_large_is_left_out_of_a_list(office: Client, model: type[models.Model], column: str) -> None:
    ROW[model._meta.label_lower]()
    with CaptureQueriesContext(connection) as captured:
        assert shown(office, model)
    assert not any(column in query["sql"] for query in captured)


def test_rows_are_counted_to_a_thousand_and_no_further(office: Client) -> None:
    now = timezone.now()
    Heartbeat.objects.bulk_create([Heartbeat(name=f"part {number:04}", at=now) for number in range(1000)])
    assert "and more" not in office.get(listing(Heartbeat)).text
    Heartbeat.beat("one more")
    with CaptureQueriesContext(connection) as captured:
        page = office.get(listing(Heartbeat), {"p": "20"})
    counts = [query["sql"] for query in captured if "COUNT" in query["sql"] and "heartbeat" in query["sql"]]
    assert ["LIMIT 1001" in sql for sql in counts] == [True]
    assert len(page.context["cl"].result_list) == 50
    assert "1000 heartbeats and more" in " ".join(strip_tags(page.text).split())


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize(
    "query",
    [
        {"q": "no such thing"},
        {"q": "\x00"},
        {"status": "\x00"},
        {"direction__exact": "\x00"},
        {"status": "teleporting", "outbox": "nonsense", "media": "x", "missing": "x", "chain": "x", "gone": "x"},
        {"p": "9999"},
        {"p": "x"},
        {"o": "9.-9.x"},
        {"team__id__exact": "not an id"},
        {"_facets": "1"},
        {"all": ""},
    ],
    ids=str,
)
def test_no_question_breaks_a_list(office: Client, model: type[models.Model], query: dict[str, str]) -> None:
    ROW[model._meta.label_lower]()
    assert office.get(listing(model), query, follow=True).status_code == 200


@pytest.mark.parametrize(
    ("model", "lookup"), [(User, "password__startswith"), (Fax, "created_by__password__startswith")]
)
def test_nobody_guesses_at_columns_that_a_list_does_not_offer(
    office: Client, model: type[models.Model], lookup: str
) -> None:
    assert office.get(listing(model), {lookup: "md5"}).status_code == 400


def test_a_fax_is_found_by_its_ids(office: Client, team: Team) -> None:
    fax = builders.accepted(team)
    builders.accepted(team, to_number="+14155550100")
    for term in (str(fax.pk), fax.telnyx_id, f" {fax.telnyx_id} "):
        assert shown(office, Fax, q=str(term)) == [fax]
    assert shown(office, Fax, q=str(uuid.uuid4())) == []


@pytest.mark.parametrize("typed", [builders.THEIRS, "+1 773 555 0188", "(773) 555-0188"])
def test_a_fax_is_found_by_the_other_sides_number(office: Client, team: Team, other_team: Team, typed: str) -> None:
    far_ends = [Correspondent.objects.create(team=one, number=builders.THEIRS) for one in (team, other_team)]
    faxes = [
        builders.inbound(team, correspondent=far_ends[0]),
        builders.outbound(other_team, correspondent=far_ends[1]),
        builders.inbound(None),
    ]
    builders.inbound(None, from_number="+14155550100")
    assert set(shown(office, Fax, q=typed)) == set(faxes)


def test_a_delivery_is_found_by_event_and_by_fax(office: Client) -> None:
    event = builders.delivery(event_id="event-1", fax_telnyx_id="fax-1")
    builders.delivery(event_id="event-2", fax_telnyx_id="fax-2")
    for term in ("event-1", "fax-1", str(event.pk)):
        assert shown(office, Delivery, q=term) == [event]


def test_what_was_done_to_something_is_found_by_its_id(office: Client) -> None:
    entry()
    entry()
    one = LogEntry.objects.latest("at")
    assert shown(office, LogEntry, q=one.object_id) == [one]


def test_what_a_team_did_is_found_by_team(office: Client) -> None:
    entry()
    entry()
    one = LogEntry.objects.latest("at")
    assert shown(office, LogEntry, chain=one.chain) == [one]


def test_words_of_telnyx_that_nobody_knows_are_shown_and_offered(office: Client, team: Team) -> None:
    odd = builders.accepted(team, status="teleporting", failure_reason="wormhole")
    builders.accepted(team, status="sending", to_number="+14155550100")
    page = office.get(listing(Fax)).text
    assert "?status=teleporting" in page
    assert shown(office, Fax, status="teleporting") == [odd]
    number = builders.number(team, status="levitating")
    assert "?status__exact=levitating" not in page
    assert "levitating" in office.get(listing(type(number))).text
    assert shown(office, type(number), status="levitating") == [number]
    event = builders.delivery(event_type="fax.teleported")
    builders.delivery()
    assert shown(office, Delivery, event_type="fax.teleported") == [event]


def test_a_word_is_looked_for_in_the_last_thirty_days(office: Client, team: Team) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    builders.accepted(team, status="failed", created_at=long_ago)
    lately = builders.accepted(team, status="failed", to_number="+14155550100")
    assert shown(office, Fax, status="failed") == [lately]
    builders.delivery(state=Delivery.State.FAILED, received_at=long_ago)
    assert shown(office, Delivery, state=Delivery.State.FAILED) == []


def test_what_waits_for_a_person_is_found_however_old(office: Client, team: Team) -> None:
    long_ago = timezone.now() - timedelta(days=300)
    stray = builders.inbound(None, created_at=long_ago)
    doubtful = builders.outbound(team, outbox=Outbox.UNCERTAIN, created_at=long_ago)
    without_pages = builders.inbound(team, media=Media.MISSING, created_at=long_ago)
    builders.accepted(team, to_number="+14155550100")
    assert shown(office, Fax, missing="team") == [stray]
    assert shown(office, Fax, missing="evidence") == [doubtful]
    assert shown(office, Fax, missing="pages") == [without_pages]


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="reads SQLite's plan")
@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["team", "evidence", "pages"])
def test_an_index_leads_to_what_waits_for_a_person(office: Client, missing: str) -> None:
    rows = office.get(listing(Fax), {"missing": missing}).context["cl"].queryset
    assert "SCAN" not in rows.explain() and "SEARCH" in rows.explain()
