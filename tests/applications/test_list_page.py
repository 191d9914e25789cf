"""The list of applications: whose they are, how they are found, and what nobody else learns."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Role, Team, User
from accounts.services import set_member
from tests import builders
from tests.applications.pages import body

LogIn = Callable[[User], Client]


def names(client: Client, **query: str) -> list[str]:
    response = client.get("/applications/", query)
    assert response.status_code == 200
    return [row.application.application_name for row in response.context["page"]]


@pytest.fixture
def several(team: Team, other_team: Team) -> None:
    at = datetime(2026, 11, 3, 10, tzinfo=UTC)
    builders.application(
        team,
        application_name="Zürich desk",
        telnyx_id="desk-id-1",
        tags=["first floor"],
        remote_at=at,
        raw={"created_at": "2026-11-03T10:00:00Z"},
        outbound_voice_profile_id="profile-9",
    )
    desk = builders.application(team, application_name="front desk", tags=["Night, day", 5])
    builders.application(team, application_name="Old desk", gone_at=timezone.now())
    builders.application(other_team, application_name="Archive")
    builders.application(None, application_name="Stray")
    builders.number(team, "+13125790015", connection_id=desk.telnyx_id)
    builders.number(other_team, "+13125790016", connection_id=desk.telnyx_id)
    builders.number(team, "+13125790017", connection_id=desk.telnyx_id, gone_at=timezone.now())


@pytest.mark.usefixtures("several")
def test_managers_see_their_teams_and_administrators_all(alices: Client, roots: Client) -> None:
    assert names(alices) == ["front desk", "Zürich desk"]
    assert names(roots) == ["Archive", "front desk", "Stray", "Zürich desk"]


@pytest.mark.usefixtures("several")
def test_what_one_only_looks_at_in_another_team_is_not_managed(alices: Client, alice: User, other_team: Team) -> None:
    set_member(by=None, team=other_team, user=alice, role=Role.VIEWER)
    assert "Archive" not in names(alices)


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "ZÜRICH"}, ["Zürich desk"]),
        ({"q": "ID-1"}, ["Zürich desk"]),
        ({"q": "first"}, ["Zürich desk"]),
        ({"q": "night"}, ["front desk"]),
        ({"q": "desk floor"}, ["Zürich desk"]),
        ({"q": "archive"}, []),
        ({"q": "%"}, []),
        ({"q": "\x00"}, ["front desk", "Zürich desk"]),
        ({"show": "gone"}, ["Old desk"]),
        ({"show": "active"}, ["front desk", "Zürich desk"]),
        ({"show": "inactive"}, []),
        ({"show": "invented"}, ["front desk", "Zürich desk"]),
        ({"team": "records"}, []),
        ({"team": "front-desk"}, ["front desk", "Zürich desk"]),
        ({"team": "\x00"}, ["front desk", "Zürich desk"]),
        ({"sort": "numbers"}, ["front desk", "Zürich desk"]),
        ({"sort": "reported"}, ["Zürich desk", "front desk"]),
        ({"sort": "created"}, ["Zürich desk", "front desk"]),
        ({"sort": "oldest"}, ["Zürich desk", "front desk"]),
        ({"q": "profile-9"}, ["Zürich desk"]),
        ({"sort": "team"}, ["front desk", "Zürich desk"]),
        ({"sort": "; drop"}, ["front desk", "Zürich desk"]),
        ({"page": "999"}, ["front desk", "Zürich desk"]),
        ({"page": "x"}, ["front desk", "Zürich desk"]),
    ],
)
def test_they_are_found_and_put_in_order(alices: Client, query: dict[str, str], found: list[str]) -> None:
    assert names(alices, **query) == found


@pytest.mark.usefixtures("several")
def test_numbers_of_other_teams_are_counted_and_not_named(alices: Client) -> None:
    page = body(alices.get("/applications/"))
    assert "2 numbers attached" in page and "+1 312 579 0016" not in page
    [row] = [row for row in alices.get("/applications/").context["page"] if row.numbers]
    page = body(alices.get(f"/applications/{row.application.pk}/"))
    assert "+1 312 579 0015" in page and "1 number of other teams" in page
    # However it is written. Four digits alone may stand in any id or token.
    assert not re.search(r"579\D{0,8}0016", page) and "Records" not in page


@pytest.mark.usefixtures("several")
def test_an_administrator_sees_every_number_by_itself(roots: Client) -> None:
    [row] = [row for row in roots.get("/applications/").context["page"] if row.numbers]
    page = body(roots.get(f"/applications/{row.application.pk}/"))
    assert "+1 312 579 0016" in page and "of Records" in page and "of other teams" not in page


def test_many_are_shown_in_pages_and_ask_as_often_as_few(
    team: Team, alices: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(120):
        builders.application(team, application_name=f"desk {number:03}")
    with django_assert_max_num_queries(16):
        assert len(names(alices)) == 50
    assert names(alices, page="3")[-1] == "desk 119"
    assert 'href="?q=desk&amp;page=1"' in body(alices.get("/applications/", {"q": "desk", "page": "2"}))


def test_an_empty_list_teaches(team: Team, alices: Client) -> None:
    assert "No fax application yet" in body(alices.get("/applications/"))
    assert "No application is like that" in body(alices.get("/applications/", {"q": "nothing"}))


def test_what_nobody_knows_yet_is_said_above(team: Team, alices: Client, alice: User, root: User) -> None:
    mine = builders.wish(team, by=alice)
    theirs = builders.wish(None, by=root, fields={"application_name": "Secret", "webhook_event_url": "x"})
    page = body(alices.get("/applications/"))
    assert f"/applications/new/{mine.pk}/" in page and "Secret" not in page
    assert alices.get(f"/applications/new/{theirs.pk}/").status_code == 404


def test_what_differs_at_telnyx_is_said_above(team: Team, other_team: Team, alices: Client) -> None:
    for owner in (team, other_team):
        written = {"active": {"value": False, "by": "", "at": ""}}
        builders.application(owner, raw={"active": True}, written=written)
    assert "1 application</a>" in body(alices.get("/applications/"))


def test_invented_words_and_missing_ones_break_no_page(team: Team, alices: Client) -> None:
    odd = builders.application(
        team,
        application_name="",
        anchorsite_override="Mars",
        inbound_sip_subdomain_receive_settings="from_mars",
        tags={"not": "a list"},
        raw={"active": "perhaps", "<script>": ["&"]},
    )
    type(odd).objects.filter(pk=odd.pk).update(active=None)
    for address in ("/applications/", f"/applications/{odd.pk}/", f"/applications/{odd.pk}/delete/"):
        assert alices.get(address).status_code == 200
    page = body(alices.get(f"/applications/{odd.pk}/"))
    assert "Telnyx has not said" in page and "from_mars" in page and "Mars" in page and "<script>&quot;" not in page
    assert names(alices, q="from", sort="numbers") == []


def test_the_rail_leads_there_for_managers_alone(alices: Client, bob: User, logged_in: LogIn) -> None:
    assert 'href="/applications/"' in body(alices.get("/faxes/sent/"))
    assert 'href="/applications/"' not in body(logged_in(bob).get("/faxes/sent/"))


@pytest.mark.parametrize(
    ("public_url", "address", "said"),
    [
        ("https://fax.example.com", "https://fax.example.com/webhooks/telnyx", "this portal"),
        ("https://fax.example.com", "https://FAX.example.com:443/webhooks/telnyx/", "this portal"),
        ("https://fax.example.com", "https://fax.example.com/webhooks", "not this portal"),
        ("", "https://fax.example.com/webhooks/telnyx", ""),
    ],
)
def test_the_page_of_one_knows_our_door_in_whatever_spelling(
    team: Team, alices: Client, settings: Settings, public_url: str, address: str, said: str
) -> None:
    settings.PUBLIC_URL = public_url
    application = builders.application(team, webhook_event_url=address)
    response = alices.get(f"/applications/{application.pk}/")
    notes = {label: note for facts in response.context["groups"].values() for label, _, note in facts}
    assert notes["Webhook URL"] == said
