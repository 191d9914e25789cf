from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Role, Team, User
from contacts.models import Correspondent
from faxes.listing import PAGE
from faxes.models import Fax
from faxes.states import Outbox
from tests import builders

SENT, INBOX = "/faxes/sent/", "/faxes/inbox/"
LISTS = [SENT, INBOX]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def text_of(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def poll_of(page: str) -> str:
    """The address that the page asks for what is new, and an empty string when it asks no more."""
    found = re.search(r'hx-get="\?([^"]*)" hx-trigger="every \d+s"', page)
    return found[1].replace("&amp;", "&") if found else ""


def poll(client: Client, url: str, page: str) -> Any:
    return client.get(f"{url}?{poll_of(page)}", headers={"HX-Request": "true"})


def delivered(team: Team | None, **columns: Any) -> Fax:
    return builders.outbound(team, outbox=Outbox.ACCEPTED, status="delivered", **columns)


def archived(team: Team | None, **columns: Any) -> Fax:
    return builders.inbound(team, status="received", media="archived", document=builders.document(), **columns)


def named(team: Team, number: str, name: str) -> Correspondent:
    return Correspondent.objects.create(team=team, number=number, name=name)


def test_each_list_shows_its_own_direction(logged_in: Any, bob: User, team: Team) -> None:
    delivered(team, to_number="+13125550142")
    archived(team, from_number="+17735550188")
    client = logged_in(bob)
    sent, inbox = text_of(client, SENT), text_of(client, INBOX)
    assert "+1 312 555 0142" in sent and "+1 773 555 0188" not in sent
    assert "+1 773 555 0188" in inbox and "+1 312 555 0142" not in inbox


@pytest.mark.parametrize("url", LISTS)
def test_a_stranger_sees_nothing_of_another_team(logged_in: Any, charlie: User, team: Team, url: str) -> None:
    delivered(team)
    archived(team)
    page = text_of(logged_in(charlie), url)
    assert "fax-row" not in page
    assert "Front desk" not in page


@pytest.mark.parametrize("url", LISTS)
def test_anonymous_people_go_to_the_log_in_and_come_back(client: Client, db: None, url: str) -> None:
    response = client.get(f"{url}?q=555")
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={url}%3Fq%3D555"


@pytest.mark.parametrize("url", LISTS)
def test_a_list_changes_nothing_and_takes_no_post(logged_in: Any, bob: User, url: str) -> None:
    assert logged_in(bob).post(url).status_code == 405


def test_a_list_stays_in_no_shared_browser(logged_in: Any, bob: User) -> None:
    assert "no-store" in logged_in(bob).get(SENT)["Cache-Control"]


def test_a_row_tells_who_what_how_and_when(logged_in: Any, bob: User, team: Team) -> None:
    builders.number(team, label="Front line")
    fax = delivered(
        team,
        to_number="+13125550142",
        correspondent=named(team, "+13125550142", "Dr. Okafor"),
        document=builders.document(pages=4),
        created_at=NOON,
    )
    page = text_of(logged_in(bob), SENT)
    for said in ("Dr. Okafor", "+1 312 555 0142", "4 pages", "Front line", "delivered", f"/faxes/{fax.pk}/"):
        assert said in page
    assert f"/faxes/{fax.pk}/pages/1.png?w=88" in page
    assert 'datetime="2026-11-20T12:00:00.000+00:00"' in page
    assert "Nov 20, 12:00 UTC" in page


def test_what_people_wrote_is_text_and_not_markup(logged_in: Any, bob: User, team: Team) -> None:
    delivered(team, correspondent=named(team, builders.THEIRS, "<script>alert(1)</script>"))
    page = text_of(logged_in(bob), f"{SENT}?q=<script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_fax_without_pages_has_no_picture(logged_in: Any, bob: User, team: Team) -> None:
    builders.outbound(team, outbox="preparing")
    assert ".png" not in text_of(logged_in(bob), SENT)


def test_a_list_goes_on_where_its_page_ended_also_within_one_instant(logged_in: Any, bob: User, team: Team) -> None:
    document = builders.document()
    faxes = [delivered(team, document=document, created_at=NOON) for _ in range(PAGE + 2)]
    client = logged_in(bob)
    first = text_of(client, SENT)
    older = re.search(r'href="\?(before=[^"]+)">Older', first)
    assert older
    second = text_of(client, f"{SENT}?{older[1]}")
    found = [re.findall(r'id="fax-([0-9a-f-]{36})"', page) for page in (first, second)]
    assert [len(ids) for ids in found] == [PAGE, 2]
    assert {*found[0], *found[1]} == {str(fax.pk) for fax in faxes}
    assert ">Older<" not in second and ">Newest<" in second


@pytest.mark.parametrize("before", ["nonsense", "1", "6d1f0a4e-2b7c-4f59-8c3d-91e5a7b2c804", "'; DROP TABLE"])
def test_a_page_that_begins_nowhere_is_not_found(logged_in: Any, bob: User, before: str) -> None:
    assert logged_in(bob).get(SENT, {"before": before}).status_code == 404


def test_a_page_cannot_begin_at_a_fax_of_others(logged_in: Any, charlie: User, team: Team) -> None:
    assert logged_in(charlie).get(SENT, {"before": str(delivered(team).pk)}).status_code == 404


@pytest.mark.parametrize(
    ("search", "finds"),
    [
        ("okaf", {"Dr. Okafor"}),
        ("555 0142", {"Dr. Okafor"}),
        ("(312)", {"Dr. Okafor", "Clerk"}),
        ("nobody", set()),
        ("%", set()),
        ("\x00", {"Dr. Okafor", "Clerk"}),
    ],
)
def test_search_finds_parts_of_names_and_numbers(
    logged_in: Any, bob: User, team: Team, search: str, finds: set[str]
) -> None:
    for number, name in (("+13125550142", "Dr. Okafor"), ("+13125550101", "Clerk")):
        delivered(team, to_number=number, correspondent=named(team, number, name))
    page = logged_in(bob).get(SENT, {"q": search}).content.decode()
    assert {name for name in ("Dr. Okafor", "Clerk") if name in page} == finds


def test_search_reaches_no_other_team(logged_in: Any, charlie: User, team: Team) -> None:
    delivered(team, correspondent=named(team, builders.THEIRS, "Dr. Okafor"))
    assert "Nothing found" in text_of(logged_in(charlie), f"{SENT}?q=Okafor")


@pytest.fixture
def both_teams(bob: User, team: Team, other_team: Team) -> User:
    Membership.objects.create(user=bob, team=other_team, role=Role.VIEWER)
    delivered(team, to_number="+13125550142")
    delivered(other_team, to_number="+17735550199")
    return bob


def test_who_has_several_teams_can_look_at_one(logged_in: Any, both_teams: User) -> None:
    client = logged_in(both_teams)
    everything = text_of(client, SENT)
    assert "+1 312 555 0142" in everything and "+1 773 555 0199" in everything
    records = text_of(client, f"{SENT}?team=records")
    assert "+1 312 555 0142" not in records and "+1 773 555 0199" in records


def test_who_has_one_team_is_not_asked_which(logged_in: Any, bob: User) -> None:
    assert 'name="team"' not in text_of(logged_in(bob), SENT)


def test_a_team_of_others_is_not_found(logged_in: Any, bob: User, other_team: Team) -> None:
    assert logged_in(bob).get(SENT, {"team": other_team.slug}).status_code == 404


def test_unrouted_faxes_are_for_administrators(logged_in: Any, bob: User, root: User) -> None:
    archived(None, from_number="+17735550188")
    assert "+1 773 555 0188" not in text_of(logged_in(bob), INBOX)
    assert "+1 773 555 0188" in text_of(logged_in(root), INBOX)


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    return len(queries)


@pytest.mark.parametrize(("url", "make"), [(SENT, delivered), (INBOX, archived)])
def test_a_list_asks_as_often_for_many_faxes_as_for_one(
    logged_in: Any, bob: User, team: Team, url: str, make: Any
) -> None:
    client = logged_in(bob)
    make(team, correspondent=named(team, "+13125550100", "One"))
    few = queries_of(client, url)
    for number in range(20):
        make(team, correspondent=named(team, f"+131255502{number:02}", f"Nr. {number}"))
    assert queries_of(client, url) == few


def test_an_open_fax_keeps_its_list_looking_and_a_final_one_lets_it_rest(logged_in: Any, bob: User, team: Team) -> None:
    fax = builders.accepted(team, status="sending")
    client = logged_in(bob)
    page = text_of(client, SENT)
    assert poll(client, SENT, page).status_code == 204
    Fax.objects.filter(pk=fax.pk).update(status="delivered")
    news = poll(client, SENT, page)
    assert news.status_code == 200
    rows = news.content.decode()
    assert "delivered" in rows and "<html" not in rows
    assert poll_of(rows) == ""


def test_a_list_where_all_is_over_does_not_look(logged_in: Any, bob: User, team: Team) -> None:
    delivered(team)
    assert poll_of(text_of(logged_in(bob), SENT)) == ""


def test_the_poll_keeps_what_was_asked_for(logged_in: Any, both_teams: User, team: Team) -> None:
    builders.accepted(team, status="sending", to_number="+13125550199")
    client = logged_in(both_teams)
    page = text_of(client, f"{SENT}?team=front-desk")
    assert "team=front-desk" in poll_of(page)
    Fax.objects.filter(status="sending").update(status="delivered")
    assert "+1 773 555 0199" not in poll(client, SENT, page).content.decode()


def test_a_poll_after_the_log_out_reloads_the_page(client: Client, db: None) -> None:
    response = client.get(SENT, headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"
    assert response.content == b""


def test_an_empty_inbox_names_the_numbers_that_feed_it(logged_in: Any, bob: User, team: Team) -> None:
    client = logged_in(bob)
    assert "No number feeds this list" in text_of(client, INBOX)
    builders.number(team)
    assert "+1 312 579 0015" in text_of(client, INBOX)


def test_an_empty_sent_list_teaches_those_who_may_send(logged_in: Any, bob: User, vera: User) -> None:
    assert "Drop a file on" in text_of(logged_in(bob), SENT)
    page = text_of(logged_in(vera), SENT)
    assert "Drop a file on" not in page
    assert "/faxes/new/" not in page
