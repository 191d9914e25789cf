"""A list page by page, against everything sorted by plain Python."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import QueryDict

from accounts.models import Membership, Team, User
from contacts.models import Correspondent
from faxes.listing import INBOX, SENT, Box, Filters, Neighbours, count_of, neighbours, page_of, search, slices
from faxes.models import Fax, Note, ReadMark, Tag
from tests import builders

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINES = ["+13125790015", "+13125790016"]
PEOPLE = {"+17735550100": "Dr. Okafor", "+17735550101": "100% Radiology", "+13125550142": ""}

Rule = Callable[[Fax, User], bool]


def is_open(fax: Fax, user: User) -> bool:
    return fax.handled_at is None and fax.trashed_at is None


def is_kept(fax: Fax, user: User) -> bool:
    return fax.trashed_at is None


def name_of(fax: Fax) -> str:
    return fax.correspondent.name if fax.correspondent else ""


def says(fax: Fax, word: str) -> bool:
    return any(word in note.text for note in fax.notes.all())


def is_unread(fax: Fax, user: User) -> bool:
    """Bob's teams count from NOON; an administrator on no team has nothing unread."""
    marks = [mark.read_at for mark in fax.read_marks.all() if mark.user_id == user.pk]
    is_new = not marks and fax.heard_at > NOON and fax.handled_at is None
    return user.username == "bob" and is_kept(fax, user) and (marks == [None] or is_new)


RULES: dict[str, Rule] = {
    "": is_open,
    "show=all": is_kept,
    "show=done": lambda fax, user: is_kept(fax, user) and fax.handled_at is not None,
    "show=failed": lambda fax, user: is_kept(fax, user) and fax.status == "failed",
    "show=mine": lambda fax, user: is_open(fax, user) and fax.assigned_to == user,
    "show=bin": lambda fax, user: fax.trashed_at is not None,
    "show=unread": is_unread,
    "show=missing": lambda fax, user: is_open(fax, user) and fax.media == "missing",
    "show=all&team=records": lambda fax, user: (
        is_kept(fax, user) and fax.team is not None and fax.team.slug == "records"
    ),
    "number=13125790016": lambda fax, user: is_open(fax, user) and fax.to_number == LINES[1],
    "assignee=nobody": lambda fax, user: is_open(fax, user) and fax.assigned_to is None,
    "show=all&assignee=me": lambda fax, user: is_kept(fax, user) and fax.assigned_to == user,
    "since=2026-11-20&until=2026-11-20": lambda fax, user: is_open(fax, user) and fax.created_at.date() == NOON.date(),
    "tag=URGENT": lambda fax, user: is_open(fax, user) and any(tag.name == "urgent" for tag in fax.tags.all()),
    "show=all&q=okaf": lambda fax, user: is_kept(fax, user) and "Okafor" in name_of(fax),
    "q=(773) 555-01": lambda fax, user: is_open(fax, user) and "77355501" in fax.from_number,
    "q=00%25": lambda fax, user: is_open(fax, user) and "%" in name_of(fax),
    "q=Okafor&show=bin": lambda fax, user: fax.trashed_at is not None and "Okafor" in name_of(fax),
    "q=call back": lambda fax, user: is_open(fax, user) and says(fax, "call back"),
    "q=urg": lambda fax, user: is_open(fax, user) and any(tag.name == "urgent" for tag in fax.tags.all()),
    "show=unread&q=okafor": lambda fax, user: is_unread(fax, user) and "Okafor" in name_of(fax),
    "tag=urgent&q=okafor": lambda fax, user: RULES["tag=URGENT"](fax, user) and "Okafor" in name_of(fax),
}


@pytest.fixture
def everybody(bob: User, alice: User, team: Team, other_team: Team, charlie: User) -> Iterator[User]:
    """Bob, on two teams of three, and faxes of every kind, many of them of one moment."""
    Membership.objects.create(user=bob, team=other_team, read_before=NOON)
    Membership.objects.filter(user=bob).update(read_before=NOON)
    strangers = Team.objects.create(name="Strangers", slug="strangers")
    chance = random.Random(7)
    for line in LINES:
        builders.number(team, line)
    for one in (team, other_team, strangers):
        tag = Tag.objects.create(team=one, name="urgent")
        known = [Correspondent.objects.create(team=one, number=number, name=name) for number, name in PEOPLE.items()]
        for _ in range(24):
            fax = _any_fax(chance, one, known, [bob, alice, None, None])
            if chance.random() < 0.3:
                fax.tags.add(tag)
            if chance.random() < 0.3:
                Note.objects.create(fax=fax, text="Please call back. Call back!", by=alice)
            if chance.random() < 0.3:
                ReadMark.objects.create(user=bob, fax=fax, read_at=chance.choice([NOON, None]))
    for _ in range(5):
        _any_fax(chance, None, [None], [None])
    yield bob


def _any_fax(chance: random.Random, team: Team | None, known: Any, people: Any) -> Fax:
    other, at = chance.choice(known), NOON + chance.randrange(-3, 4) * timedelta(hours=6)
    return builders.inbound(
        team,
        from_number=other.number if other else "+17735550100",
        to_number=chance.choice(LINES),
        correspondent=other,
        created_at=at,
        heard_at=at,
        status=chance.choice(["received", "received", "failed"]),
        media=chance.choice(["archived", "missing"]),
        assigned_to=chance.choice(people),
        handled_at=chance.choice([None, None, at]),
        trashed_at=chance.choice([None, None, None, at]),
    )


def expected(user: User, query: str) -> list[Fax]:
    """Everything sorted by hand; PostgreSQL and SQLite order ids as they are written."""
    key = "trashed_at" if "show=bin" in query else "created_at"
    visible = Fax.objects.visible_to(user).received().prefetch_related("tags", "notes", "read_marks")
    found = [fax for fax in visible if RULES[query](fax, user)]
    return sorted(found, key=lambda fax: (getattr(fax, key), fax.pk), reverse=True)


def filters_of(user: User, query: str, box: Box = INBOX) -> Filters:
    return Filters.of(QueryDict(query), user, box)


def walked(user: User, query: str, *, size: int = 4) -> list[Fax]:
    """The whole list, page by page to its end; and the same back, which has to meet the same pages."""
    page = page_of(filters_of(user, query), size)
    faxes = list(page.faxes)
    while page.older:
        page = page_of(filters_of(user, page.older), size)
        faxes += page.faxes
    back = list(page.faxes)
    while page.newer:
        page = page_of(filters_of(user, page.newer), size)
        back = page.faxes + back
    assert back == faxes
    return faxes


@pytest.mark.parametrize("query", RULES)
def test_pages_follow_each_other_without_gap_or_repeat(everybody: User, query: str) -> None:
    assert walked(everybody, query) == expected(everybody, query) != []


@pytest.mark.parametrize("query", RULES)
def test_an_administrator_walks_every_team_and_none(everybody: User, root: User, query: str) -> None:
    Fax.objects.filter(assigned_to__username="alice").update(assigned_to=root)
    assert walked(root, query) == expected(root, query)


@pytest.mark.parametrize("query", ["show=unread", "tag=URGENT", "show=all&q=okaf", "q=call back", "show=missing"])
def test_what_is_not_rare_any_more_is_walked_the_same(everybody: User, team: Team, query: str) -> None:
    urgent, okafor = Tag.objects.get(team=team), Correspondent.objects.get(team=team, name="Dr. Okafor")
    common = {"direction": "inbound", "team": team, "correspondent": okafor, "media": "missing"}
    many = Fax.objects.bulk_create([Fax(**common, created_at=NOON) for _ in range(search.FEW)])
    Fax.tags.through.objects.bulk_create([Fax.tags.through(fax=fax, tag=urgent) for fax in many])
    Note.objects.bulk_create([Note(fax=fax, text="call back", by=everybody) for fax in many])
    assert walked(everybody, query, size=200) == expected(everybody, query)


def test_more_teams_than_slices_are_walked_the_same(everybody: User) -> None:
    names = [f"team-{number}" for number in range(slices.MOST_TEAMS)]
    teams = Team.objects.bulk_create([Team(name=name, slug=name) for name in names])
    Membership.objects.bulk_create([Membership(user=everybody, team=team) for team in teams])
    for query in ("", "show=all", "show=bin", "show=done"):
        assert walked(everybody, query) == expected(everybody, query)


@pytest.mark.parametrize("query", RULES)
def test_every_fax_knows_its_neighbours(everybody: User, query: str) -> None:
    faxes = expected(everybody, query)
    filters = filters_of(everybody, query)
    ids = [None, *(fax.pk for fax in faxes), None]
    page = page_of(filters, 5)
    for number, fax in enumerate(faxes):
        assert neighbours(fax, filters) == Neighbours(ids[number], ids[number + 2])
        assert neighbours(fax, filters, page) == neighbours(fax, filters)


@pytest.mark.parametrize("query", RULES)
def test_counts_are_those_of_the_list_and_stop_at_a_bound(everybody: User, query: str) -> None:
    number, filters = len(expected(everybody, query)), filters_of(everybody, query)
    assert str(count_of(filters)) == str(number)
    assert str(count_of(filters, most=number)) == str(number)
    assert str(count_of(filters, most=number - 1)) == f"{number - 1}+"


def test_a_fax_that_left_the_list_still_marks_its_place(everybody: User) -> None:
    faxes = expected(everybody, "")
    left, after = faxes[5], faxes[6:8]
    for columns in ({"handled_at": NOON}, {"trashed_at": NOON}):
        Fax.objects.filter(pk=left.pk).update(**columns)
        left.refresh_from_db()
        assert page_of(filters_of(everybody, f"before={left.pk}"), 2).faxes == after
        assert page_of(filters_of(everybody, f"after={left.pk}"), 2).faxes == faxes[3:5]
        assert neighbours(left, filters_of(everybody, "")) == Neighbours(faxes[4].pk, faxes[6].pk)


def test_a_fax_that_came_out_of_the_bin_marks_no_place_there(everybody: User) -> None:
    first, second, *_ = expected(everybody, "show=bin")
    Fax.objects.filter(pk=first.pk).update(trashed_at=None)
    first.refresh_from_db()
    filters = filters_of(everybody, f"show=bin&before={first.pk}")
    assert page_of(filters).faxes[0] == second
    assert neighbours(first, filters) == Neighbours(None, None)


def test_unrouted_faxes_are_a_list_of_the_administrators(everybody: User, root: User) -> None:
    faxes = page_of(filters_of(root, "show=unrouted")).faxes
    assert {fax.pk for fax in faxes} == {fax.pk for fax in Fax.objects.filter(team=None) if is_open(fax, root)}
    assert page_of(filters_of(root, "show=unrouted&team=records")).faxes == []


def test_the_sent_box_holds_what_was_sent(everybody: User, team: Team) -> None:
    faxes = [builders.outbound(team, from_number=line) for line in LINES]
    thrown_away = builders.outbound(team, trashed_at=NOON)
    assert page_of(filters_of(everybody, "", SENT)).faxes == faxes[::-1]
    assert page_of(filters_of(everybody, "number=13125790016", SENT)).faxes == faxes[1:]
    assert page_of(filters_of(everybody, "show=bin", SENT)).faxes == [thrown_away]
