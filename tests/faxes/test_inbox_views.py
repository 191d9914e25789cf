"""The inbox as a page: its list, its filters, the fax that is opened, and what the poll brings."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Membership, Team, User
from contacts.models import Correspondent
from faxes import timeline, triage
from faxes.listing import PAGE
from faxes.models import Document, Fax
from faxes.reading import unread_count
from tests import builders

INBOX = "/faxes/inbox/"
FRAGMENT = {"HX-Request": "true"}


def text_of(client: Client, url: str = INBOX, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def came_in(team: Team | None, **columns: Any) -> Fax:
    columns.setdefault("document", builders.document(pages=2, kind=Document.Kind.RECEIVED))
    return builders.inbound(team, status="received", media="archived", **columns)


def named(team: Team, name: str, number: str = builders.THEIRS) -> Correspondent:
    return Correspondent.objects.create(team=team, number=number, name=name)


def rows_of(page: str) -> list[str]:
    return re.findall(r'<li class="mail.*?</li>', page)


def version_of(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


def poll(client: Client, page: str, url: str = INBOX) -> Any:
    return client.get(url, {"seen": version_of(page)}, headers=FRAGMENT)


# The list


def test_a_row_tells_who_what_when_and_whose(logged_in: Any, bob: User, alice: User, team: Team) -> None:
    builders.number(team, label="Front line")
    builders.number(team, phone_number="+13125790016", label="Second line")
    fax = came_in(team, correspondent=named(team, "Lakeview Imaging"))
    triage.assign(by=alice, faxes=[fax], to=alice)
    triage.tag(by=alice, faxes=[fax], name="urgent")
    (row,) = rows_of(text_of(logged_in(bob)))
    for said in ("Lakeview Imaging", "+1 773 555 0188", "2 pages", "to Front line", "given to Alice", "urgent"):
        assert said in row
    assert f"/faxes/{fax.pk}/pages/1.png?w=88" in row
    assert ", unread" in row and "mail-new" in row


def test_who_has_one_number_is_not_told_which(logged_in: Any, bob: User, team: Team) -> None:
    builders.number(team, label="Front line")
    came_in(team)
    assert "Front line" not in rows_of(text_of(logged_in(bob)))[0]


def test_what_is_wrong_is_said_in_words(logged_in: Any, bob: User, team: Team) -> None:
    builders.inbound(team, status="received", media="missing")
    (row,) = rows_of(text_of(logged_in(bob)))
    assert "pages missing" in row and "thumb-bad" in row and ".png" not in row


def test_a_page_that_was_turned_is_shown_so_in_the_list(logged_in: Any, bob: User, team: Team) -> None:
    came_in(team, rotation={"1": 90})
    assert "w=88&amp;turned=90" in rows_of(text_of(logged_in(bob)))[0]


def test_names_and_tags_are_text_and_not_markup(logged_in: Any, bob: User, team: Team) -> None:
    fax = came_in(team, correspondent=named(team, "<script>alert(1)</script>"))
    triage.tag(by=bob, faxes=[fax], name="<b>bold</b>")
    triage.note(by=bob, fax=fax, text="<img src=x>")
    page = text_of(logged_in(bob), f"{INBOX}?open={fax.pk}")
    assert "<script>alert" not in page and "<b>bold" not in page and "<img src=x" not in page


def test_the_heading_counts_what_is_unread(logged_in: Any, bob: User, team: Team) -> None:
    for _ in range(3):
        came_in(team)
    page = text_of(logged_in(bob))
    assert "3 unread" in page
    assert "<title> (3) Inbox · Faxportal</title>" in page
    assert 'data-unread="3"' in page


def test_a_hundred_and_more_are_not_counted(logged_in: Any, bob: User, team: Team) -> None:
    document = builders.document()
    for _ in range(101):
        came_in(team, document=document)
    page = text_of(logged_in(bob))
    assert "99+ unread" in page and "(99+) Inbox" in page


def test_a_narrowed_list_counts_what_it_lists(logged_in: Any, bob: User, team: Team) -> None:
    came_in(team, correspondent=named(team, "Lakeview Imaging"))
    came_in(team, from_number="+13125550142")
    page = text_of(logged_in(bob), f"{INBOX}?q=lakeview")
    assert '<span class="pill">1 fax</span>' in page
    assert "Mark all read" not in page


def test_each_filter_in_force_can_be_taken_away(logged_in: Any, bob: User, team: Team) -> None:
    number = builders.number(team)
    page = text_of(logged_in(bob), f"{INBOX}?q=zebra&number={number.phone_number[1:]}&assignee=me&since=2026-01-31")
    chips = re.findall(r'class="chip-off" href="([^"]*)"> ([^<]*?) <', page)
    assert [name for _, name in chips] == ["“zebra”", "+1 312 579 0015", "given to me", "since 2026-01-31"]
    assert "q=" not in chips[0][0] and "assignee=me" in chips[0][0]
    assert "assignee=" not in chips[2][0] and "q=zebra" in chips[2][0]


def test_what_made_no_sense_is_said(logged_in: Any, bob: User) -> None:
    assert "“tomorrow” is no day" in text_of(logged_in(bob), f"{INBOX}?since=tomorrow")


def test_only_administrators_choose_unrouted_faxes(logged_in: Any, bob: User, root: User) -> None:
    assert "Unrouted" not in text_of(logged_in(bob))
    assert "Unrouted" in text_of(logged_in(root))


def test_a_long_list_goes_on_and_comes_back(logged_in: Any, bob: User, team: Team) -> None:
    document = builders.document()
    faxes = [came_in(team, document=document) for _ in range(PAGE + 1)]
    client = logged_in(bob)
    older = re.search(r'href="\?(before=[^"]+)">Older', text_of(client))
    assert older
    second = text_of(client, f"{INBOX}?{older[1]}")
    (row,) = rows_of(second)
    assert str(faxes[0].pk) in row
    # Opened from there, the list stays there.
    assert f"?{older[1]}&amp;open={faxes[0].pk}" in row
    assert ">Newer<" in second


# When there is nothing


def test_an_empty_inbox_names_the_numbers_that_feed_it(logged_in: Any, bob: User, team: Team) -> None:
    client = logged_in(bob)
    assert "No number feeds this list" in text_of(client)
    builders.number(team)
    page = text_of(client)
    assert "Nothing has come in yet" in page and "+1 312 579 0015" in page


def test_when_everything_is_handled_the_inbox_says_so(logged_in: Any, bob: User, team: Team) -> None:
    triage.handle(by=bob, faxes=[came_in(team)])
    page = text_of(logged_in(bob))
    assert "All done" in page and "Nothing has come in yet" not in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("q=zebra", "No fax here goes with “zebra”"),
        ("assignee=me", "No fax here fits all of these filters"),
        ("show=unread", "Everything is read"),
        ("show=bin", "The bin is empty"),
        ("show=missing", "No pages are missing"),
        ("show=mine", "Nothing is given to you"),
    ],
)
def test_an_empty_list_says_what_that_means(logged_in: Any, bob: User, query: str, said: str) -> None:
    assert said in text_of(logged_in(bob), f"{INBOX}?{query}")


# Opening


def test_nothing_is_opened_that_nobody_chose(logged_in: Any, bob: User, team: Team) -> None:
    came_in(team)
    page = text_of(logged_in(bob))
    assert "pane-fax" not in page and "Choose a fax" in page
    assert unread_count(bob) == 1


def test_opening_a_fax_reads_it_for_that_person_only(logged_in: Any, bob: User, alice: User, team: Team) -> None:
    fax = came_in(team, correspondent=named(team, "Lakeview Imaging"))
    timeline.note(fax, "archived", pages=2, bytes=9, seconds=1.4)
    page = text_of(logged_in(bob), f"{INBOX}?open={fax.pk}")
    assert 'aria-current="true">Lakeview Imaging' in page
    for said in ("rescued in 1.4 s", "Done", "Assign", "Forward", "Mark as unread", "Put into the bin"):
        assert said in page
    assert "mail-new" not in page
    assert (unread_count(bob), unread_count(alice)) == (0, 1)


def test_the_page_of_its_own_reads_it_too_and_knows_its_neighbours(logged_in: Any, bob: User, team: Team) -> None:
    now = timezone.now()
    older, fax, newer = (came_in(team, created_at=now - timedelta(hours=ago)) for ago in (3, 2, 1))
    page = text_of(logged_in(bob), f"/faxes/{fax.pk}/?list=show%3Dall")
    assert f'href="/faxes/{newer.pk}/?list=show%3Dall"' in page
    assert f'href="/faxes/{older.pk}/?list=show%3Dall"' in page
    assert 'href="/faxes/inbox/?show=all"' in page
    assert unread_count(bob) == 2


@pytest.mark.parametrize("wanted", ["nonsense", "6d1f0a4e-2b7c-4f59-8c3d-91e5a7b2c804"])
def test_what_is_not_there_cannot_be_opened(logged_in: Any, bob: User, wanted: str) -> None:
    assert logged_in(bob).get(INBOX, {"open": wanted}).status_code == 404


def test_a_fax_of_others_and_one_that_was_sent_cannot_be_opened(logged_in: Any, charlie: User, team: Team) -> None:
    theirs = came_in(team)
    sent = builders.outbound(charlie.teams.get())
    for fax in (theirs, sent):
        assert logged_in(charlie).get(INBOX, {"open": str(fax.pk)}).status_code == 404
    assert logged_in(charlie).get(f"/faxes/{sent.pk}/", {"list": "team=front-desk"}).status_code == 200


def test_a_list_of_others_leads_nowhere(logged_in: Any, bob: User, team: Team, other_team: Team) -> None:
    fax = came_in(team)
    assert logged_in(bob).get(f"/faxes/{fax.pk}/", {"list": f"team={other_team.slug}"}).status_code == 404


def test_who_may_only_look_has_no_button_but_those_of_reading(logged_in: Any, vera: User, team: Team) -> None:
    fax = came_in(team)
    page = text_of(logged_in(vera), f"{INBOX}?open={fax.pk}")
    for deed in ("handle", "assign", "note", "tag", "trash", "forward", "hold", "rotate"):
        assert f'action="/faxes/{fax.pk}/{deed}/"' not in page
    assert f'action="/faxes/{fax.pk}/unread/"' in page and "Download PDF" in page
    assert 'value="handle"' not in page


def test_only_managers_hold(logged_in: Any, bob: User, alice: User, team: Team) -> None:
    fax = came_in(team)
    assert "legal hold" not in text_of(logged_in(bob), f"{INBOX}?open={fax.pk}")
    assert "Put on legal hold" in text_of(logged_in(alice), f"{INBOX}?open={fax.pk}")


def test_in_the_bin_it_says_until_when(logged_in: Any, bob: User, team: Team) -> None:
    fax = came_in(team, trashed_at=timezone.now())
    page = text_of(logged_in(bob), f"{INBOX}?show=bin&open={fax.pk}")
    assert "In the bin." in page and "Deleted for good" in page and "Restore" in page
    assert f'action="/faxes/{fax.pk}/handle/"' not in page


def test_the_original_can_be_had_where_there_is_one(logged_in: Any, bob: User, team: Team) -> None:
    fax = came_in(team)
    client = logged_in(bob)
    assert "original TIFF" not in text_of(client, f"{INBOX}?open={fax.pk}")
    Fax.objects.filter(pk=fax.pk).update(original=builders.document())
    assert f"/faxes/{fax.pk}/file/?original=1" in text_of(client, f"{INBOX}?open={fax.pk}")


# What its script asks for


def test_the_poll_brings_a_new_fax_and_the_counts(logged_in: Any, bob: User, team: Team) -> None:
    client = logged_in(bob)
    page = text_of(client)
    assert poll(client, page).status_code == 204
    came_in(team, from_number="+17735550199")
    news = poll(client, page).content.decode()
    assert "+1 773 555 0199" in news and "<html" not in news
    assert "1 unread" in news and 'id="unread-rail"' in news and 'id="unread-tabs"' in news
    assert poll(client, news).status_code == 204


def test_the_poll_tells_what_colleagues_do(logged_in: Any, bob: User, alice: User, team: Team) -> None:
    fax = came_in(team)
    client = logged_in(bob)
    page = text_of(client)
    triage.assign(by=alice, faxes=[fax], to=bob)
    assert "given to Bob" in poll(client, page).content.decode()


def test_an_opened_fax_comes_with_its_list_and_an_address(logged_in: Any, bob: User, team: Team) -> None:
    fax = came_in(team)
    client = logged_in(bob)
    answer = client.get(INBOX, {"open": str(fax.pk)}, headers=FRAGMENT)
    parts = answer.content.decode()
    assert 'id="pane" hx-swap-oob="innerHTML"' in parts and 'hx-swap-oob="rows"' in parts and "<html" not in parts
    # The first one is a step forward; the next one takes its place.
    assert answer["HX-Push-Url"] == f"{INBOX}?open={fax.pk}"
    headers = FRAGMENT | {"HX-Current-URL": f"http://testserver{INBOX}?open={fax.pk}"}
    again = client.get(INBOX, {"open": str(fax.pk)}, headers=headers)
    assert again["HX-Replace-Url"] == f"{INBOX}?open={fax.pk}" and "HX-Push-Url" not in again


def test_a_session_that_ended_loads_the_page_anew(client: Client, db: None) -> None:
    for url in (INBOX, "/faxes/unread/"):
        assert client.get(url, headers=FRAGMENT)["HX-Refresh"] == "true"


def test_the_rails_count_is_the_persons_own(logged_in: Any, bob: User, charlie: User, team: Team) -> None:
    came_in(team)
    assert 'data-unread="1"' in logged_in(bob).get("/faxes/unread/").content.decode()
    assert 'data-unread="0"' in logged_in(charlie).get("/faxes/unread/").content.decode()
    assert logged_in(bob).get("/faxes/unread/", {"seen": "1"}).status_code == 204


def test_every_page_has_the_count(logged_in: Any, bob: User, team: Team) -> None:
    came_in(team)
    page = text_of(logged_in(bob), "/faxes/sent/")
    assert "(1) Sent · Faxportal" in page and 'data-unread="1"' in page


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_many_faxes_and_teams_cost_as_many_questions_as_few(logged_in: Any, bob: User, team: Team) -> None:
    client = logged_in(bob)
    fax = came_in(team, correspondent=named(team, "One"))
    triage.note(by=bob, fax=fax, text="One")
    few, few_open = queries_of(client, INBOX), queries_of(client, f"{INBOX}?open={fax.pk}")
    for number in range(20):
        another = came_in(team, correspondent=named(team, f"Nr. {number}", f"+131255502{number:02}"))
        triage.tag(by=bob, faxes=[another, fax], name=f"tag {number % 5}")
        triage.note(by=bob, fax=fax, text=f"Note {number}")
        Membership.objects.create(user=bob, team=Team.objects.create(name=f"T{number}", slug=f"t{number}"))
    assert queries_of(client, INBOX) <= few
    assert queries_of(client, f"{INBOX}?open={fax.pk}") <= few_open


def test_in_development_an_empty_inbox_leads_to_the_sandbox(
    logged_in: Any, bob: User, team: Team, settings: Settings
) -> None:
    builders.number(team)
    client = logged_in(bob)
    settings.TELNYX_API_BASE = "http://127.0.0.1:8001/v2"
    assert "sandbox" not in text_of(client)
    settings.DEBUG = True
    assert 'href="http://127.0.0.1:8001/"' in text_of(client)
    settings.TELNYX_API_BASE = "https://api.telnyx.com/v2"
    assert "sandbox" not in text_of(client)
