"""What is done with received faxes by forms: each deed, many at once, and the answers to a page's script."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Role, Team, User
from contacts.models import Correspondent
from faxes import reading, triage
from faxes.models import Batch, Document, Fax, Note
from faxes.reading import unread_count
from tests import builders, papers

INBOX = "/faxes/inbox/"
DEEDS: dict[str, dict[str, str]] = {
    "handle": {},
    "reopen": {},
    "assign": {"to": "me"},
    "note": {"text": "Called back."},
    "tag": {"name": "urgent"},
    "untag": {"name": "urgent"},
    "rotate": {"page": "1", "degrees": "90"},
    "trash": {},
    "restore": {},
    "forward": {},
    "fetch-again": {},
}
FOR_MANAGERS: dict[str, dict[str, str]] = {"hold": {}, "release": {}}
FOR_EVERYBODY: dict[str, dict[str, str]] = {"read": {}, "unread": {}}
ALL_DEEDS = DEEDS | FOR_MANAGERS | FOR_EVERYBODY


def came_in(team: Team | None, **columns: Any) -> Fax:
    if "document" not in columns:
        columns["document"] = builders.document(papers.text_pdf(pages=2), pages=2, kind=Document.Kind.RECEIVED)
    return builders.inbound(team, status="received", media="archived", **columns)


@pytest.fixture
def fax(team: Team) -> Fax:
    name = Correspondent.objects.create(team=team, number=builders.THEIRS, name="Lakeview Imaging")
    return came_in(team, correspondent=name)


def act(client: Client, fax: Fax, deed: str, **data: str) -> Any:
    """The form as it stands in the inbox."""
    return client.post(f"/faxes/{fax.pk}/{deed}/", {"list": "", **data})


def by_script(client: Client, fax: Fax, deed: str, **data: str) -> str:
    answer = client.post(f"/faxes/{fax.pk}/{deed}/", {"list": "", **data}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def bulk(client: Client, what: str, *faxes: Fax, **data: str) -> Any:
    return client.post(f"{INBOX}act/", {"act": what, "list": "", "fax": [str(fax.pk) for fax in faxes], **data})


def page_after(client: Client, answer: Any) -> str:
    assert answer.status_code == 302
    page = client.get(answer["Location"])
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


# Who may


@pytest.mark.parametrize("deed", ALL_DEEDS)
def test_each_deed_is_for_those_who_may(
    client: Client, logged_in: Callable[[User], Client], vera: User, charlie: User, fax: Fax, deed: str
) -> None:
    Fax.objects.filter(pk=fax.pk).update(media="waiting")
    data = ALL_DEEDS[deed]
    assert act(logged_in(charlie), fax, deed, **data).status_code == 404
    assert act(logged_in(vera), fax, deed, **data).status_code == (302 if deed in FOR_EVERYBODY else 403)
    # Back to the fax: the address of a deed shows nothing.
    assert act(client, fax, deed, **data)["Location"] == f"/accounts/login/?next=/faxes/{fax.pk}/"
    assert logged_in(vera).get(f"/faxes/{fax.pk}/{deed}/").status_code == 405


@pytest.mark.parametrize("deed", FOR_MANAGERS)
def test_a_legal_hold_is_for_managers(logged_in: Any, bob: User, alice: User, fax: Fax, deed: str) -> None:
    assert act(logged_in(bob), fax, deed).status_code == 403
    assert act(logged_in(alice), fax, deed).status_code == 302


def test_a_session_that_ended_meanwhile_loads_the_page_anew(client: Client, fax: Fax) -> None:
    for address in (f"/faxes/{fax.pk}/handle/", f"{INBOX}act/", f"{INBOX}read/"):
        assert client.post(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
        assert "/accounts/login/" in client.post(address)["Location"]


def test_the_list_of_others_is_not_found_and_nothing_is_done(
    logged_in: Any, bob: User, fax: Fax, other_team: Team
) -> None:
    assert act(logged_in(bob), fax, "handle", list=f"team={other_team.slug}").status_code == 404
    fax.refresh_from_db()
    assert fax.handled_at is None


# One fax, without a script


def test_done_leads_to_the_next_one_and_can_be_undone(logged_in: Any, bob: User, team: Team, fax: Fax) -> None:
    older = came_in(team, created_at=fax.created_at - timedelta(hours=1), from_number="+13125550142")
    client = logged_in(bob)
    answer = act(client, fax, "handle")
    assert answer["Location"] == f"{INBOX}?open={older.pk}"
    page = page_after(client, answer)
    assert "Done: Lakeview Imaging." in page and 'name="act" value="reopen"' in page
    assert not Fax.objects.filter(pk=fax.pk, handled_at=None)
    answer = bulk(client, "reopen", fax, undo="1")
    assert answer["Location"] == f"{INBOX}?open={fax.pk}"
    assert Fax.objects.filter(pk=fax.pk, handled_at=None)
    # It is said once.
    page_after(client, answer)
    assert "Lakeview Imaging: open again" not in client.get(INBOX).content.decode()


def test_the_last_one_done_leads_to_a_calm_inbox(logged_in: Any, bob: User, fax: Fax) -> None:
    client = logged_in(bob)
    answer = act(client, fax, "handle")
    assert answer["Location"] == INBOX
    assert "All done" in page_after(client, answer)


def test_where_no_older_one_is_left_the_newer_one_follows(logged_in: Any, bob: User, team: Team, fax: Fax) -> None:
    newer = came_in(team, created_at=timezone.now() + timedelta(minutes=1))
    assert act(logged_in(bob), fax, "handle")["Location"] == f"{INBOX}?open={newer.pk}"


def test_done_goes_on_the_way_in_which_somebody_goes_through_the_list(
    logged_in: Any, bob: User, team: Team, fax: Fax
) -> None:
    newer = came_in(team, created_at=fax.created_at + timedelta(minutes=1))
    older = came_in(team, created_at=fax.created_at - timedelta(hours=1))
    client = logged_in(bob)
    assert act(client, fax, "handle", way="newer")["Location"] == f"{INBOX}?open={newer.pk}"
    assert act(client, fax, "handle", way="sideways")["Location"] == f"{INBOX}?open={older.pk}"
    # At the end of the list, what was passed by on purpose does not come up again.
    assert act(client, older, "handle", way="older")["Location"] == INBOX
    assert Fax.objects.get(handled_at=None) == newer


def test_the_key_of_done_does_not_reopen_what_a_colleague_just_did(
    logged_in: Any, bob: User, alice: User, fax: Fax
) -> None:
    client = logged_in(bob)
    triage.handle(by=alice, faxes=[fax])
    looked = client.get(f"/faxes/{fax.pk}/status/?at=inbox", headers={"HX-Request": "true"}).content.decode()
    assert "Open again" in looked and 'data-key="e"' not in looked
    assert 'data-key="e"' in client.get(f"{INBOX}?open={fax.pk}").content.decode()


def test_deeds_keep_the_list_that_one_came_from(logged_in: Any, bob: User, team: Team, fax: Fax) -> None:
    came_in(team, from_number="+13125550142", created_at=fax.created_at - timedelta(hours=1))
    other = came_in(team, correspondent=fax.correspondent, created_at=fax.created_at - timedelta(hours=2))
    answer = act(logged_in(bob), fax, "handle", list="q=lakeview&show=all")
    assert answer["Location"] == f"{INBOX}?show=all&q=lakeview&open={other.pk}"


def test_from_its_own_page_one_comes_to_the_page_of_the_next(logged_in: Any, bob: User, team: Team, fax: Fax) -> None:
    older = came_in(team, created_at=fax.created_at - timedelta(hours=1))
    client = logged_in(bob)
    assert act(client, fax, "note", text="Called.", at="page")["Location"] == f"/faxes/{fax.pk}/"
    answer = act(client, fax, "handle", at="page", list="show=all")
    assert answer["Location"] == f"/faxes/{older.pk}/?list=show%3Dall"
    page = page_after(client, answer)
    assert "Done: Lakeview Imaging." in page and "Undo" in page
    answer = bulk(client, "reopen", fax, undo="1", at="page")
    assert answer["Location"] == f"/faxes/{fax.pk}/"


def test_the_bin_and_back(logged_in: Any, bob: User, fax: Fax) -> None:
    client = logged_in(bob)
    page = page_after(client, act(client, fax, "trash"))
    assert "Put into the bin: Lakeview Imaging." in page and "Undo" in page
    page = page_after(client, act(client, fax, "restore", list="show=bin"))
    assert "Out of the bin: Lakeview Imaging." in page
    fax.refresh_from_db()
    assert fax.trashed_at is None


def test_assign_to_oneself_to_others_and_to_nobody(logged_in: Any, bob: User, alice: User, fax: Fax) -> None:
    client = logged_in(bob)
    for to, person, said in (
        ("me", bob, "Given to you."),
        (str(alice.pk), alice, "given to Alice"),
        ("nobody", None, ""),
    ):
        page = page_after(client, act(client, fax, "assign", to=to))
        fax.refresh_from_db()
        assert fax.assigned_to == person
        assert said in page


@pytest.mark.parametrize("to", ["0", "-1", "1e9", "٣", "9" * 40, "charlie", "'; --"])
def test_nobody_is_assigned_who_does_not_belong(logged_in: Any, bob: User, charlie: User, fax: Fax, to: str) -> None:
    client = logged_in(bob)
    wanted = str(charlie.pk) if to == "charlie" else to
    assert "Choose somebody of the team." in page_after(client, act(client, fax, "assign", to=wanted))
    fax.refresh_from_db()
    assert fax.assigned_to is None


def test_viewers_are_given_nothing(logged_in: Any, bob: User, vera: User, fax: Fax) -> None:
    client = logged_in(bob)
    assert "cannot be given" in page_after(client, act(client, fax, "assign", to=str(vera.pk)))


def test_notes_and_tags_are_shown_and_taken_away(logged_in: Any, bob: User, fax: Fax) -> None:
    client = logged_in(bob)
    assert "Called back." in page_after(client, act(client, fax, "note", text="Called back."))
    assert "Remove the tag urgent" in page_after(client, act(client, fax, "tag", name="urgent"))
    assert "Remove the tag urgent" not in page_after(client, act(client, fax, "untag", name="urgent"))


@pytest.mark.parametrize(
    ("deed", "data"),
    [
        ("note", {"text": "  "}),
        ("note", {"text": "x" * 4001}),
        ("tag", {"name": ""}),
        ("tag", {"name": "x" * 41}),
        ("rotate", {"page": "3", "degrees": "90"}),
        ("rotate", {"page": "1", "degrees": "45"}),
        ("rotate", {"page": "one", "degrees": "90"}),
        ("rotate", {}),
        ("fetch-again", {}),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    logged_in: Any, bob: User, fax: Fax, deed: str, data: dict[str, str]
) -> None:
    client = logged_in(bob)
    answer = act(client, fax, deed, **data)
    assert answer["Location"] == f"{INBOX}?open={fax.pk}"
    assert 'class="notice notice-error"' in page_after(client, answer)
    assert 'class="told-bad"' in by_script(client, fax, deed, **data)
    fax.refresh_from_db()
    assert (fax.rotation, fax.tags.count(), Note.objects.count()) == ({}, 0, 0)


def test_a_turned_page_stays_turned(logged_in: Any, bob: User, fax: Fax) -> None:
    act(logged_in(bob), fax, "rotate", page="2", degrees="90")
    fax.refresh_from_db()
    assert fax.rotation == {"2": 90}


def test_a_fax_under_legal_hold_stays_out_of_the_bin(logged_in: Any, alice: User, fax: Fax) -> None:
    client = logged_in(alice)
    assert "legal hold" in page_after(client, act(client, fax, "hold"))
    assert "under legal hold" in page_after(client, act(client, fax, "trash"))
    act(client, fax, "release")
    act(client, fax, "trash")
    fax.refresh_from_db()
    assert fax.trashed_at


def test_forward_opens_a_new_sheet_with_its_pages(logged_in: Any, bob: User, team: Team, fax: Fax) -> None:
    builders.number(team)
    client = logged_in(bob)
    answer = act(client, fax, "forward")
    batch = Batch.objects.get()
    assert answer["Location"] == f"/faxes/new/?draft={batch.pk}"
    assert "2 pages" in page_after(client, answer)
    headers = {"HX-Request": "true"}
    assert client.post(f"/faxes/{fax.pk}/forward/", {"list": ""}, headers=headers)["HX-Redirect"]


def test_unread_again_is_the_persons_own_and_closes_the_fax(logged_in: Any, bob: User, alice: User, fax: Fax) -> None:
    reading.mark_read(bob, [fax])
    reading.mark_read(alice, [fax])
    answer = act(logged_in(bob), fax, "unread")
    assert answer["Location"] == INBOX
    assert (unread_count(bob), unread_count(alice)) == (1, 0)
    act(logged_in(bob), fax, "read")
    assert unread_count(bob) == 0


def test_administrators_give_an_unrouted_fax_to_a_team(logged_in: Any, root: User, team: Team) -> None:
    fax = came_in(None)
    client = logged_in(root)
    page = client.get(f"{INBOX}?show=unrouted&open={fax.pk}").content.decode()
    assert "Give to team" in page
    assert "Choose the team" in page_after(client, act(client, fax, "route", team="nowhere"))
    page_after(client, act(client, fax, "route", team=team.slug))
    fax.refresh_from_db()
    assert fax.team == team


def test_nobody_else_gives_faxes_to_teams(logged_in: Any, alice: User, fax: Fax, team: Team) -> None:
    assert act(logged_in(alice), fax, "route", team=team.slug).status_code == 403


# One fax, by the page's script


def test_a_deed_brings_the_next_fax_the_list_and_the_counts(logged_in: Any, bob: User, team: Team, fax: Fax) -> None:
    older = came_in(team, created_at=fax.created_at - timedelta(hours=1), from_number="+13125550142")
    parts = by_script(logged_in(bob), fax, "handle")
    assert f'data-fax="{older.pk}"' in parts and f'id="row-{fax.pk}"' not in parts
    assert "Done: Lakeview Imaging. Next: +1 312 555 0142." in parts
    # The next one lies open, so it is read.
    assert 'data-unread="0"' in parts and unread_count(bob) == 0


def test_a_deed_that_stays_leaves_the_pages_alone(logged_in: Any, bob: User, fax: Fax) -> None:
    parts = by_script(logged_in(bob), fax, "note", text="Called back.")
    assert 'id="fax-notes"' in parts and 'id="fax-head"' in parts and "Called back." in parts
    assert 'id="fax-pages"' not in parts and 'id="pane"' not in parts


# Many


def test_many_are_done_at_once_and_undone_at_once(logged_in: Any, bob: User, team: Team, fax: Fax) -> None:
    faxes = [fax, came_in(team), came_in(team)]
    client = logged_in(bob)
    page = page_after(client, bulk(client, "handle", *faxes))
    assert "3 faxes done." in page and page.count('type="hidden" name="fax"') == 3
    assert Fax.objects.filter(handled_at=None).count() == 0
    bulk(client, "reopen", *faxes, undo="1")
    assert Fax.objects.filter(handled_at=None).count() == 3


@pytest.mark.parametrize(
    ("what", "data", "said"),
    [
        ("assign", {"to": "me"}, "2 faxes given to you."),
        ("assign", {"to": "nobody"}, "2 faxes given to nobody."),
        ("tag", {"name": "urgent"}, "2 faxes tagged “urgent”."),
        ("trash", {}, "2 faxes put into the bin."),
        ("read", {}, "2 faxes marked as read."),
        ("unread", {}, "2 faxes marked as unread."),
    ],
)
def test_each_deed_on_many_says_what_it_did(
    logged_in: Any, bob: User, team: Team, fax: Fax, what: str, data: dict[str, str], said: str
) -> None:
    client = logged_in(bob)
    assert said in page_after(client, bulk(client, what, fax, came_in(team), **data))


def test_of_many_with_one_of_others_none_is_touched(logged_in: Any, bob: User, fax: Fax, other_team: Team) -> None:
    client = logged_in(bob)
    for missing in (came_in(other_team), builders.outbound(fax.team), Fax(pk=uuid.uuid4())):
        assert bulk(client, "handle", fax, missing).status_code == 404
    fax.refresh_from_db()
    assert fax.handled_at is None


def test_of_many_with_one_to_be_looked_at_only_none_is_touched(
    logged_in: Any, bob: User, fax: Fax, other_team: Team
) -> None:
    Membership.objects.create(user=bob, team=other_team, role=Role.VIEWER)
    client = logged_in(bob)
    theirs = came_in(other_team)
    assert bulk(client, "handle", fax, theirs).status_code == 403
    assert bulk(client, "read", fax, theirs).status_code == 302
    fax.refresh_from_db()
    assert fax.handled_at is None


@pytest.mark.parametrize("what", ["handle", "trash", "assign", "tag"])
def test_viewers_may_only_read_many(logged_in: Any, vera: User, fax: Fax, what: str) -> None:
    assert bulk(logged_in(vera), what, fax).status_code == 403


def test_a_form_that_names_nothing_or_nonsense_is_refused(logged_in: Any, bob: User, fax: Fax) -> None:
    client = logged_in(bob)
    assert "Choose one fax or more first." in page_after(client, bulk(client, "handle"))
    assert "Choose what to do" in page_after(client, bulk(client, "delete_everything", fax))
    assert client.post(f"{INBOX}act/", {"act": "handle", "fax": "nonsense"}).status_code == 404
    many = [str(uuid.uuid4()) for _ in range(triage.MOST_AT_ONCE + 1)]
    answer = client.post(f"{INBOX}act/", {"act": "handle", "fax": many})
    assert "at most" in page_after(client, answer)
    assert client.get(f"{INBOX}act/").status_code == 405


def test_the_open_fax_closes_when_it_is_put_away_with_others(logged_in: Any, bob: User, team: Team, fax: Fax) -> None:
    client = logged_in(bob)
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{INBOX}?open={fax.pk}"}
    data = {"act": "trash", "list": "", "fax": [str(fax.pk)]}
    answer = client.post(f"{INBOX}act/", data, headers=headers)
    assert answer["HX-Replace-Url"] == INBOX and "pane-fax" not in answer.content.decode()
    other = {"act": "trash", "list": "", "fax": [str(came_in(team).pk)]}
    kept = client.post(f"{INBOX}act/", other, headers=headers)
    assert kept["HX-Replace-Url"].endswith(str(fax.pk)) and 'id="pane"' not in kept.content.decode()


# All


def test_all_that_was_seen_is_read_and_what_came_since_is_not(logged_in: Any, bob: User, team: Team, fax: Fax) -> None:
    client = logged_in(bob)
    until = timezone.now().isoformat()
    came_in(team)
    assert "All faxes are marked as read." in page_after(client, client.post(f"{INBOX}read/", {"until": until}))
    assert unread_count(bob) == 1


@pytest.mark.parametrize("until", ["", "yesterday", "2026-13-45T00:00:00Z"])
def test_all_is_read_until_a_moment_that_makes_sense(logged_in: Any, bob: User, fax: Fax, until: str) -> None:
    client = logged_in(bob)
    assert "not complete" in page_after(client, client.post(f"{INBOX}read/", {"until": until}))
    assert unread_count(bob) == 1
    assert client.get(f"{INBOX}read/").status_code == 405
