"""What an address of a list may ask for, and that nobody learns from it what is not theirs."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
from django.http import Http404, QueryDict

from accounts.models import Team, User
from contacts.models import Correspondent
from faxes import triage
from faxes.listing import INBOX, NOBODY, SENT, Box, Filters, Neighbours, Show, count_of, neighbours, page_of
from faxes.models import Fax, Note, Tag
from tests import builders


def filters_of(user: User, query: str = "", box: Box = INBOX) -> Filters:
    return Filters.of(QueryDict(query), user, box)


def test_a_bare_address_asks_for_what_is_to_do_and_for_all_that_was_sent(bob: User) -> None:
    assert (filters_of(bob).show, filters_of(bob, "", SENT).show) == (Show.OPEN, Show.ALL)
    assert not filters_of(bob).narrow and filters_of(bob, "q=x").narrow


def test_every_wish_is_understood(bob: User, alice: User, team: Team) -> None:
    number, tag = builders.number(team), Tag.objects.create(team=team, name="Urgent")
    application, fax = builders.application(team), builders.inbound(team)
    filters = filters_of(
        bob,
        f"team=front-desk&q= Dr.++Okafor &number=%2B13125790015&application={application.pk}&assignee={alice.pk}"
        f"&tag=urgent&since=2026-11-01&until=2026-11-20&show=done&before={fax.pk}&seen=abc&colour=red",
    )
    assert filters.problems == []
    assert (filters.team, filters.search, filters.number, filters.application) == (
        team,
        "Dr. Okafor",
        number,
        application,
    )
    assert (filters.assignee, filters.tags, filters.show, filters.before) == (alice, [tag], Show.DONE, fax)
    assert (filters.since, filters.until) == (date(2026, 11, 1), date(2026, 11, 20))


def test_a_number_needs_no_plus_and_an_assignee_may_be_me_or_nobody(bob: User, team: Team) -> None:
    number = builders.number(team)
    for written in ("13125790015", "+13125790015", "%2B13125790015"):
        assert filters_of(bob, f"number={written}").number == number
    assert filters_of(bob, "assignee=me").assignee == bob
    assert filters_of(bob, "assignee=nobody").assignee == NOBODY


FOREIGN = ["team", "number", "application", "assignee", "tag", "before", "after"]


@pytest.fixture
def foreign(team: Team, alice: User) -> dict[str, Any]:
    """What each filter would have to say to reach the team of others."""
    fax = builders.inbound(team).pk
    Tag.objects.create(team=team, name="urgent")
    return {
        "team": team.slug,
        "number": builders.number(team).phone_number,
        "application": builders.application(team).pk,
        "assignee": alice.pk,
        "tag": "urgent",
        "before": fax,
        "after": fax,
    }


@pytest.mark.parametrize("key", FOREIGN)
def test_what_others_have_is_not_found(foreign: dict[str, Any], charlie: User, bob: User, key: str) -> None:
    query = QueryDict(mutable=True)
    query[key] = str(foreign[key])
    assert Filters.of(query, bob).words
    with pytest.raises(Http404):
        Filters.of(query, charlie)


@pytest.mark.parametrize("key", FOREIGN)
@pytest.mark.parametrize(
    "word", ["nonsense", "0", "-1", "9" * 99, "'; DROP TABLE", "6d1f0a4e-2b7c-4f59-8c3d-91e5a7b2c804", "٣"]
)
def test_what_nobody_has_is_not_found_either(bob: User, key: str, word: str) -> None:
    query = QueryDict(mutable=True)
    query[key] = word
    with pytest.raises(Http404):
        Filters.of(query, bob)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("since=yesterday", "since"),
        ("until=2026-02-30", "until"),
        ("since=0001-01-01", "since"),
        ("until=9999-12-31", "until"),
        ("since=2026-11-20&until=2026-11-19", "Until"),
        ("show=everything", "show"),
        ("show=unrouted", "show"),
    ],
)
def test_what_makes_no_sense_is_left_out_and_said(bob: User, query: str, names: str) -> None:
    filters = filters_of(bob, query)
    assert [names in problem for problem in filters.problems] == [True]
    assert query not in filters.query()
    page_of(filters)


@pytest.mark.parametrize(
    "query", ["since=2000-01-01", "until=2099-12-31", "q=%00%ED%A0%80", "q=" + "9" * 500, "show=", "q=%5C%25_"]
)
def test_extreme_wishes_are_answered(bob: User, query: str) -> None:
    assert filters_of(bob, query).problems == []
    assert page_of(filters_of(bob, query)).faxes == []


def test_who_is_on_no_team_gets_empty_lists(db: None) -> None:
    nobody = User.objects.create_user("nobody")
    for show in INBOX.shows[:7]:
        for more in ("", "&q=a", "&assignee=me", "&assignee=nobody"):
            filters = filters_of(nobody, f"show={show}{more}")
            assert page_of(filters).faxes == [] and not count_of(filters)


def test_an_application_that_telnyx_does_not_know_yet_has_no_faxes(bob: User, team: Team) -> None:
    builders.inbound(team)
    application = builders.application(team, telnyx_id=None)
    assert page_of(filters_of(bob, f"application={application.pk}")).faxes == []


def test_an_application_has_the_faxes_that_came_over_it(bob: User, team: Team) -> None:
    application = builders.application(team)
    fax = builders.inbound(team, connection_id=application.telnyx_id)
    builders.inbound(team, connection_id="other")
    assert page_of(filters_of(bob, f"application={application.pk}")).faxes == [fax]


def test_another_wish_begins_on_the_first_page(bob: User, team: Team) -> None:
    fax = builders.inbound(team)
    filters = filters_of(bob, f"q=555&show=all&before={fax.pk}")
    assert QueryDict(filters.query()) == QueryDict(f"show=all&q=555&before={fax.pk}")
    assert filters.query(show="done") == "show=done&q=555"
    assert filters.query(q="") == "show=all"
    assert "before" in filters.query(seen="abc") and "seen=abc" in filters.query(seen="abc")
    turned = filters.query(after=str(fax.pk))
    assert "before" not in turned and "after" in turned


@pytest.mark.parametrize(
    "typed", ["(773) 555-0188", "773.555.0188", "+1 773 555 0188", "555 0188", "1-773-555-0188", "188", "٥٥٥ ٠١٨٨"]
)
def test_numbers_are_found_as_people_type_them(bob: User, team: Team, typed: str) -> None:
    known = Correspondent.objects.create(team=team, number="+17735550188")
    fax = builders.inbound(team, correspondent=known)
    assert page_of(Filters.of({"q": typed}, bob)).faxes == [fax]  # type: ignore[arg-type]


# A physician of two characters that a third one joins; a picture that is newer than this Python; Persian; rubbish.
@pytest.mark.parametrize(
    "name",
    ["\U0001f469\u200d\u2695\ufe0f first", "\U0001fa77 now", "می\u200cخواهم", "so\u00adft", "a \x01 b", "a\u2028b"],
)
def test_a_tag_is_found_by_the_name_it_was_given(bob: User, team: Team, name: str) -> None:
    fax = builders.inbound(team)
    triage.tag(by=bob, faxes=[fax], name=name)
    for word in ("tag", "q"):
        query = QueryDict(mutable=True)
        query[word] = Tag.objects.get().name
        assert page_of(Filters.of(query, bob)).faxes == [fax]


@pytest.mark.parametrize("typed", ["österreich", "ÖSTERREICH", "Österreich", "ÖsterREICH"])
def test_capitals_make_no_difference_in_any_language(bob: User, team: Team, typed: str) -> None:
    known = Correspondent.objects.create(team=team, number="+4315550188", name="Post Österreich")
    named, noted, tagged = builders.inbound(team, correspondent=known), builders.inbound(team), builders.inbound(team)
    triage.note(by=bob, fax=noted, text="FÜR ÖSTERREICH")
    triage.tag(by=bob, faxes=[tagged], name="österreich")
    assert set(page_of(filters_of(bob, f"q={typed}")).faxes) == {named, noted, tagged}
    assert page_of(filters_of(bob, f"tag={typed}")).faxes == [tagged]


@pytest.mark.parametrize("typed", ["88", "%", "_", "773%", "suite 773", "call 555"])
def test_what_is_no_number_finds_none(bob: User, team: Team, typed: str) -> None:
    builders.inbound(team, correspondent=Correspondent.objects.create(team=team, number="+17735550188"))
    assert page_of(Filters.of({"q": typed}, bob)).faxes == []  # type: ignore[arg-type]


def test_administrators_find_unrouted_faxes_by_number(root: User, bob: User) -> None:
    fax = builders.inbound(None)
    assert page_of(filters_of(root, "q=5550188")).faxes == [fax]
    assert page_of(filters_of(bob, "q=5550188")).faxes == []


@pytest.mark.parametrize(
    "query",
    ["", "q=okafor", "q=5550188", "q=secret", "q=urg", "tag=urgent", "assignee=me", *(f"show={show}" for show in Show)],
)
def test_no_list_count_or_neighbour_knows_faxes_of_others(
    charlie: User, alice: User, team: Team, other_team: Team, query: str
) -> None:
    """Charlie has the same tag, the same correspondent and marks as they; and even a fax of others was given to him."""
    for one in (team, other_team):
        Tag.objects.create(team=one, name="urgent")
    known = Correspondent.objects.create(team=team, number="+17735550188", name="Dr. Okafor")
    for columns in ({}, {"trashed_at": "2026-11-20T12:00Z"}, {"handled_at": "2026-11-20T12:00Z"}):
        fax = builders.inbound(
            team, correspondent=known, assigned_to=charlie, media="missing", status="failed", **columns
        )
        fax.tags.add(*Tag.objects.all())
        Note.objects.create(fax=fax, text="secret", by=alice)
    builders.inbound(None, correspondent=known)
    filters = filters_of(charlie, query)
    assert page_of(filters).faxes == []
    assert str(count_of(filters)) == "0"
    for fax in Fax.objects.all():
        assert neighbours(fax, filters) == Neighbours(None, None)


def test_a_cursor_tells_nobody_whether_a_fax_exists(charlie: User, team: Team) -> None:
    for fax_id in (builders.inbound(team).pk, uuid.uuid4()):
        with pytest.raises(Http404, match="No Fax matches the given query."):
            filters_of(charlie, f"before={fax_id}")
