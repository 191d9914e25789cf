"""The console's list: whose deliveries it shows to whom, how it is narrowed and searched, and that it follows."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Membership, Role, Team, User
from contacts.models import Correspondent
from faxes.models import Fax
from tests import builders
from tests.webhooks.telnyx import Telnyx, event
from webhooks import steps
from webhooks.models import Delivery, Refusal, Refused

LIST = "/webhooks/"
SOME_ID = "9d4b7e26-05c3-4f8a-b1d7-e6a2f3c48590"
STATES = ["pending", "done", "ignored", "failed"]


@pytest.fixture
def ours(alice: User, logged_in: Callable[[User], Client]) -> Client:
    """The browser of who manages the team."""
    return logged_in(alice)


@pytest.fixture
def office(root: User, logged_in: Callable[[User], Client]) -> Client:
    return logged_in(root)


@pytest.fixture
def fax(team: Team) -> Fax:
    return builders.inbound(team)


def shown(client: Client, **query: str) -> list[str]:
    """The deliveries on a page, by their ids, in the order of the page."""
    response = client.get(LIST, query)
    assert response.status_code == 200
    return re.findall(r'id="delivery-([0-9a-f-]+)"', response.text)


def ids(*deliveries: Delivery) -> list[str]:
    return [str(delivery.pk) for delivery in deliveries]


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


# Whose


def test_a_manager_sees_what_is_about_their_teams_faxes(
    ours: Client, office: Client, fax: Fax, other_team: Team
) -> None:
    mine = builders.delivery(of=fax, received_at=ago(minutes=1))
    theirs = builders.delivery(of=builders.inbound(other_team), received_at=ago(minutes=2))
    nobodys = builders.delivery(of=builders.inbound(None), received_at=ago(minutes=3))
    faxless = builders.delivery(received_at=ago(minutes=4))
    assert shown(ours) == ids(mine)
    assert shown(office) == ids(mine, theirs, nobodys, faxless)


def test_what_could_not_be_applied_to_a_fax_is_seen_by_who_manages_it(ours: Client, fax: Fax) -> None:
    failed = builders.delivery(fax_telnyx_id=fax.telnyx_id, state="failed", outcome="This event could not be applied")
    assert shown(ours) == ids(failed)


def test_managing_one_team_shows_nothing_of_another_that_one_is_merely_on(
    ours: Client, alice: User, fax: Fax, other_team: Team
) -> None:
    Membership.objects.create(user=alice, team=other_team, role=Role.MEMBER)
    mine, _ = builders.delivery(of=fax), builders.delivery(of=builders.inbound(other_team))
    assert shown(ours) == ids(mine)
    assert ours.get(LIST, {"team": other_team.slug}).status_code == 404


def test_a_fax_that_is_given_to_a_team_takes_its_deliveries_along(ours: Client, team: Team) -> None:
    stray = builders.inbound(None)
    told = builders.delivery(of=stray)
    assert shown(ours) == []
    Fax.objects.filter(pk=stray.pk).update(team=team)
    assert shown(ours) == ids(told)


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_who_manages_nothing_is_refused(logged_in: Any, bob: User, vera: User, name: str) -> None:
    response = logged_in({"bob": bob, "vera": vera}[name]).get(LIST)
    # Nothing was to be changed here, so it is not said that they may look.
    assert response.status_code == 403 and "It takes another role than yours." in response.text


# What a line says


def test_a_line_tells_type_state_fax_lag_and_repeats(ours: Client, team: Team) -> None:
    known = Correspondent.objects.create(team=team, number=builders.THEIRS, name="Lakeview Imaging")
    received = ago(minutes=1)
    builders.delivery(
        of=builders.inbound(team, correspondent=known),
        event_type="fax.received",
        occurred_at=received - timedelta(seconds=0.4),
        received_at=received,
        processed_at=received + timedelta(seconds=1.2),
        attempt=3,
        repeats=2,
    )
    text = words_of(ours.get(LIST).text)
    for said in ("fax.received", "from Lakeview Imaging", "applied", "came 3 times", "attempt 3", "0.4 s", "1.2 s"):
        assert said in text


def test_a_clock_that_is_ahead_is_told_as_such(ours: Client, fax: Fax) -> None:
    received = ago(minutes=1)
    builders.delivery(of=fax, received_at=received, occurred_at=received + timedelta(seconds=3))
    assert "clock 3.0 s ahead" in words_of(ours.get(LIST).text)


def test_the_outcome_is_read_where_somebody_may_have_to_act(ours: Client, fax: Fax) -> None:
    builders.delivery(of=fax, state="failed", outcome="This event could not be applied: <b>no</b>")
    text = ours.get(LIST).text
    assert "needs a person" in text and "could not be applied: &lt;b&gt;no&lt;/b&gt;" in text


def test_words_that_nobody_knows_are_shown_and_found(ours: Client, fax: Fax) -> None:
    odd = builders.delivery(of=fax, event_type="fax.teleported", state="upside")
    builders.delivery(of=fax)
    assert "fax.teleported" in ours.get(LIST).text and "upside" in ours.get(LIST).text
    for query in ({"type": "fax.teleported"}, {"state": "upside"}):
        assert shown(ours, **query) == ids(odd)
        assert f"<option selected>{next(iter(query.values()))}</option>" in ours.get(LIST, query).text


def test_an_event_without_a_type_has_a_line_too(ours: Client, fax: Fax) -> None:
    builders.delivery(of=fax, event_type="")
    assert "no type" in ours.get(LIST).text


# Narrowing


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_found(ours: Client, fax: Fax, state: str) -> None:
    by_state = {each: builders.delivery(of=fax, state=each) for each in STATES}
    assert shown(ours, state=state) == ids(by_state[state])


def test_a_type_a_team_and_days_are_found(office: Client, fax: Fax, other_team: Team) -> None:
    old = builders.delivery(of=fax, received_at=ago(days=3), event_type="fax.failed")
    new = builders.delivery(of=fax)
    other = builders.delivery(of=builders.inbound(other_team), received_at=ago(minutes=1))
    assert shown(office, type="fax.failed") == ids(old)
    assert shown(office, team="records") == ids(other)
    day = old.received_at.date()
    assert shown(office, since=f"{day}", until=f"{day}") == ids(old)
    assert shown(office, since=f"{day + timedelta(days=1)}") == ids(new, other)
    assert shown(office, until=f"{day}") == ids(old)


def test_what_makes_no_sense_is_told(ours: Client, fax: Fax) -> None:
    builders.delivery(of=fax)
    page = ours.get(LIST, {"since": "yesterday"})
    assert "“yesterday” is no day" in page.text and 'id="delivery-' in page.text


@pytest.mark.parametrize("word", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("key", ["since", "until"])
def test_a_day_at_the_end_of_time_is_told_too(ours: Client, fax: Fax, key: str, word: str) -> None:
    Team.objects.update(created_at=timezone.now() - timedelta(days=30))
    builders.delivery(of=fax)
    assert f"“{word}” is not from 2000 to 2099" in ours.get(LIST, {key: word}).text


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_no_page_begins_at_the_end_of_time(ours: Client, office: Client, year: str) -> None:
    place = f"{year}-01-01T00:00:00.000000Z_{UUID(int=0).hex}"
    assert [client.get(LIST, {"before": place}).status_code for client in (ours, office)] == [404, 404]


@pytest.mark.parametrize("query", [{"team": "nobody"}, {"before": "x"}, {"before": "2026-01-01_x"}, {"before": "_"}])
def test_what_is_not_there_is_not_found(ours: Client, query: dict[str, str]) -> None:
    assert ours.get(LIST, query).status_code == 404


@pytest.mark.parametrize("word", ["\x00", "%", "'", '"><script>', "0" * 200, "\u202e", "🖷"])
@pytest.mark.parametrize("key", ["q", "state", "type", "since", "seen"])
def test_no_question_breaks_the_list(ours: Client, fax: Fax, key: str, word: str) -> None:
    builders.delivery(of=fax)
    page = ours.get(LIST, {key: word})
    assert page.status_code == 200 and "<script>" not in page.text


# Searching


def test_a_delivery_is_found_by_its_ids_and_those_of_its_fax(ours: Client, team: Team) -> None:
    fax = builders.inbound(team)
    told, _ = builders.delivery(of=fax, event_id="event-1"), builders.delivery(of=builders.inbound(team))
    for term in ("event-1", str(told.pk), f" {fax.telnyx_id} ", str(fax.pk), fax.pk.hex):
        assert shown(ours, q=str(term)) == ids(told), term
    assert shown(ours, q="event") == []


@pytest.mark.parametrize("typed", [builders.THEIRS, "+1 773 555 0188", "(773) 555-0188"])
def test_a_delivery_is_found_by_the_number_of_the_other_side(
    ours: Client, office: Client, team: Team, typed: str
) -> None:
    known = Correspondent.objects.create(team=team, number=builders.THEIRS)
    mine = builders.delivery(of=builders.inbound(team, correspondent=known), received_at=ago(minutes=1))
    sent = builders.delivery(of=builders.accepted(team, correspondent=known), received_at=ago(minutes=2))
    stray = builders.delivery(of=builders.inbound(None), received_at=ago(minutes=3))
    builders.delivery(of=builders.inbound(team, from_number="+14155550100"))
    assert shown(ours, q=typed) == ids(mine, sent)
    assert shown(office, q=typed) == ids(mine, sent, stray)


def test_nobody_finds_what_is_another_teams(ours: Client, other_team: Team) -> None:
    fax = builders.inbound(
        other_team, correspondent=Correspondent.objects.create(team=other_team, number="+14155550100")
    )
    told = builders.delivery(of=fax, event_id="event-1")
    for term in ("event-1", str(told.pk), str(fax.telnyx_id), str(fax.pk), "+14155550100"):
        assert shown(ours, q=term) == [], term


def test_a_search_and_a_state_go_together(ours: Client, fax: Fax) -> None:
    failed, _ = builders.delivery(of=fax, state="failed"), builders.delivery(of=fax)
    assert shown(ours, q=str(fax.telnyx_id), state="failed") == ids(failed)


def test_what_is_not_found_says_what_to_search_for(ours: Client, fax: Fax) -> None:
    page = ours.get(LIST, {"q": "event-9"})
    assert "event-9" in page.text and "whole id" in page.text
    # A search may be for what is about to come.
    assert "every 5s" in page.text


# Pages


def test_pages_follow_one_another_without_a_gap(ours: Client, office: Client, fax: Fax) -> None:
    at = ago(hours=1)
    # Many of them at one moment, so that only the id tells them apart.
    told = [builders.delivery(of=fax, received_at=at - timedelta(seconds=number // 40)) for number in range(120)]
    wanted = ids(*sorted(told, key=lambda one: (one.received_at, one.pk), reverse=True))
    for client in (ours, office):
        seen, query = [], "?"
        while query:
            page = client.get(LIST + html.unescape(query)).text
            seen += re.findall(r'id="delivery-([0-9a-f-]+)"', page)
            query = next(iter(re.findall(r'href="(\?before=[^"]+)">\s*Older', page)), "")
        assert seen == wanted


def test_a_place_whose_delivery_is_gone_is_a_place_still(ours: Client, fax: Fax) -> None:
    told = [builders.delivery(of=fax, received_at=ago(minutes=number)) for number in range(60)]
    page = ours.get(LIST).text
    older = re.findall(r'href="\?(before=[^"]+)"', page)[0]
    Delivery.objects.filter(pk=told[49].pk).delete()
    rest = ours.get(f"{LIST}?{older}").text
    assert re.findall(r'id="delivery-([0-9a-f-]+)"', rest) == ids(*told[50:])


# Live


def poll(client: Client, page: str) -> Any:
    address = html.unescape(re.findall(r'hx-get="(\?[^"]*)"', page)[0])
    return client.get(LIST + address, headers={"HX-Request": "true"})


def test_a_poll_brings_what_is_new_and_nothing_otherwise(ours: Client, telnyx: Telnyx, fax: Fax) -> None:
    page = ours.get(LIST).text
    assert poll(ours, page).status_code == 204
    telnyx.post(event("fax.received", fax_id=fax.telnyx_id, direction="inbound", status="received"))
    answer = poll(ours, page)
    assert answer.status_code == 200 and "fax.received" in answer.text and "<html" not in answer.text
    assert poll(ours, answer.text).status_code == 204
    steps.drain()
    assert "applied" in poll(ours, answer.text).text


def test_older_pages_stand_still(ours: Client, fax: Fax) -> None:
    for number in range(60):
        builders.delivery(of=fax, received_at=ago(minutes=number))
    page = ours.get(LIST).text
    assert 'hx-trigger="every 5s"' in page
    older = ours.get(LIST + html.unescape(re.findall(r'href="(\?before=[^"]+)"', page)[0])).text
    assert 'hx-trigger="every 5s"' not in older


# What is around the list


def test_an_empty_console_says_where_telnyx_is_to_call(ours: Client, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://fax.example"
    page = ours.get(LIST).text
    assert "Telnyx has not called yet" in page and "https://fax.example/webhooks/telnyx" in page
    assert 'href="/applications/"' in page
    settings.PUBLIC_URL = ""
    assert "PUBLIC_URL" in ours.get(LIST).text


def test_refused_events_are_a_number_with_the_last_time_address_and_reason(ours: Client) -> None:
    assert "Nothing was refused" in ours.get(LIST).text
    Refusal.objects.add([Refused(1234, timezone.now(), "203.0.113.4", "the signature does not match")])
    text = words_of(ours.get(LIST).text)
    assert "1,234 refused" in text and "203.0.113.4" in text and "the signature does not match" in text


def words_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_rail_leads_there(ours: Client, logged_in: Any, bob: User) -> None:
    assert 'href="/webhooks/"' in ours.get("/faxes/sent/").text
    assert 'href="/webhooks/"' not in logged_in(bob).get("/faxes/sent/").text


# What it costs


@pytest.mark.parametrize("query", ["", "?state=failed", f"?q={SOME_ID}", "?q=%2B17735550188", "?q=x", "?type=x"])
@pytest.mark.parametrize("name", ["alice", "root"])
def test_many_deliveries_and_teams_cost_as_many_questions_as_few(
    logged_in: Any, alice: User, root: User, team: Team, query: str, name: str
) -> None:
    client = logged_in({"alice": alice, "root": root}[name])
    fill(team, 4)
    few = questions(client, query)
    fill(team, 30)
    for number in range(3):
        another = Team.objects.create(name=f"Team {number}", slug=f"team-{number}")
        Membership.objects.create(user=alice, team=another, role=Role.MANAGER)
        fill(another, 5)
    assert questions(client, query) == few <= 15


def fill(team: Team, count: int) -> None:
    known, _ = Correspondent.objects.get_or_create(team=team, number=builders.THEIRS)
    for number in range(count):
        builders.delivery(of=builders.inbound(team, correspondent=known), state=STATES[number % 4], repeats=number)


def questions(client: Client, query: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{LIST}{query}").status_code == 200
    assert not any('"body"' in statement["sql"] for statement in captured)
    return len(captured)
