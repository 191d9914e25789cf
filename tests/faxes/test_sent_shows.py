"""What the list of sent faxes can be narrowed to: on its way, uncertain, failed, in need of somebody.

The dashboard counts by the same filters, so that a number leads to exactly as many faxes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Team, User
from faxes import triage
from faxes.listing import SENT, Filters, Show, count_of, page_of, slices
from faxes.models import Fax
from faxes.states import Outbox
from tests import builders

WAYS: dict[str, dict[str, Any]] = {
    "preparing": {"outbox": Outbox.PREPARING},
    "waiting": {"outbox": Outbox.READY},
    "handing over": {"outbox": Outbox.SUBMITTING},
    "uncertain": {"outbox": Outbox.UNCERTAIN},
    "taken": {"outbox": Outbox.ACCEPTED},
    "sending": {"outbox": Outbox.ACCEPTED, "status": "sending"},
    "a word nobody knows": {"outbox": Outbox.ACCEPTED, "status": "levitating"},
    "sent elsewhere, under way": {"outbox": "", "status": "queued"},
    "delivered": {"outbox": Outbox.ACCEPTED, "status": "delivered"},
    "failed": {"outbox": Outbox.ACCEPTED, "status": "failed", "failure_reason": "user_busy"},
    "failed elsewhere": {"outbox": "", "status": "failed"},
    "refused": {"outbox": Outbox.REJECTED},
    "stopped": {"outbox": Outbox.ACCEPTED, "status": "failed", "cancel": Fax.Cancel.ACCEPTED},
    "cancelled": {"outbox": Outbox.CANCELLED},
    "gone": {"outbox": Outbox.ACCEPTED, "status": "sending", "gone_at": timezone.now()},
    "failed in the bin": {"outbox": Outbox.ACCEPTED, "status": "failed", "trashed_at": timezone.now()},
    "failed and settled": {"outbox": Outbox.ACCEPTED, "status": "failed", "handled_at": timezone.now()},
    "refused long ago": {"outbox": Outbox.REJECTED, "created_at": timezone.now() - timedelta(days=8)},
}
GOING = {"preparing", "waiting", "handing over", "uncertain", "taken", "sending", "a word nobody knows"}
SHOWN = {
    "going": GOING | {"sent elsewhere, under way"},
    "uncertain": {"uncertain"},
    "failed": {"failed", "failed elsewhere", "refused", "failed and settled", "refused long ago"},
    "stuck": {"failed", "refused"},
}


@pytest.fixture
def sent(team: Team) -> dict[Fax, str]:
    return {
        builders.outbound(team, to_number=f"+131255502{place:02}", **way): name
        for place, (name, way) in enumerate(WAYS.items())
    }


def shown(user: User, show: str) -> list[Fax]:
    filters = Filters.of(QueryDict(f"show={show}"), user, SENT)
    assert filters.problems == []
    faxes = page_of(filters).faxes
    assert count_of(filters).number == len(faxes)
    return faxes


@pytest.mark.parametrize("show", SHOWN)
def test_each_shows_what_it_says(bob: User, sent: dict[Fax, str], show: str) -> None:
    faxes = shown(bob, show)
    assert {sent[fax] for fax in faxes} == SHOWN[show]
    assert faxes == sorted(faxes, key=lambda fax: fax.created_at, reverse=True)


def test_what_is_on_its_way_is_what_is_not_over(bob: User, sent: dict[Fax, str]) -> None:
    assert set(shown(bob, "going")) == {fax for fax in sent if not fax.is_over}
    nowhere = {fax for fax in sent if fax.got_nowhere and fax.trashed_at is None}
    assert set(shown(bob, "failed")) == nowhere


@pytest.mark.parametrize("name", ["bob", "root"])
def test_it_is_the_same_for_whoever_has_very_many_teams(name: str, bob: User, root: User, sent: dict[Fax, str]) -> None:
    user = {"bob": bob, "root": root}[name]
    builders.outbound(None, outbox=Outbox.UNCERTAIN)
    few = {show: shown(user, show) for show in SHOWN}
    # One more than are walked one by one, and then the most that are.
    names = [f"team-{number}" for number in range(slices.MOST_TEAMS)]
    teams = Team.objects.bulk_create([Team(name=name, slug=name) for name in names])
    Membership.objects.bulk_create([Membership(user=bob, team=team) for team in teams])
    assert {show: shown(user, show) for show in SHOWN} == few
    teams[0].delete()
    assert {show: shown(user, show) for show in SHOWN} == few
    assert (few["going"][0].team is None) is (user == root)


def test_a_stranger_sees_none_of_it(charlie: User, sent: dict[Fax, str]) -> None:
    assert [shown(charlie, show) for show in SHOWN] == [[], [], [], []]


def test_whatever_was_sent_again_stands_for_the_tries_before(bob: User, team: Team) -> None:
    failed: dict[str, Any] = {"outbox": Outbox.ACCEPTED, "status": "failed"}
    first = builders.outbound(team, **failed)
    second = builders.outbound(team, **failed, retry_of=first, attempt=2)
    assert shown(bob, "stuck") == [second]
    third = builders.outbound(team, outbox=Outbox.READY, retry_of=first, attempt=3)
    assert shown(bob, "stuck") == []
    Fax.objects.filter(pk=third.pk).update(outbox=Outbox.ACCEPTED, status="failed")
    assert shown(bob, "stuck") == [third]


def test_the_inbox_offers_none_of_these(bob: User) -> None:
    for show in (Show.GOING, Show.UNCERTAIN, Show.STUCK):
        assert Filters.of(QueryDict(f"show={show}"), bob).problems


@pytest.mark.parametrize(
    ("show", "said"),
    [
        ("going", "Nothing is on its way"),
        ("uncertain", "Nothing is uncertain"),
        ("stuck", "Nothing needs you"),
        ("failed", "Nothing has failed"),
        ("bin", "The bin is empty"),
        ("nonsense", "There is nothing to show by the name of “nonsense”"),
    ],
)
def test_each_says_in_words_that_it_is_empty(logged_in: Any, bob: User, team: Team, show: str, said: str) -> None:
    builders.outbound(team, outbox=Outbox.ACCEPTED, status="delivered")
    page = logged_in(bob).get("/faxes/sent/", {"show": show}).content.decode()
    assert said in page
    assert 'value="stuck"' in page


def test_whoever_found_another_way_says_so_and_may_take_it_back(logged_in: Any, bob: User, team: Team) -> None:
    fax = builders.outbound(team, outbox=Outbox.ACCEPTED, status="failed", failure_reason="user_busy")
    client, address = logged_in(bob), f"/faxes/{fax.pk}/"
    page = client.get(address).content.decode()
    assert f'action="{address}handle/"' in page and f'action="{address}reopen/"' not in page
    page = client.post(f"{address}handle/", follow=True).content.decode()
    assert "Done: +1 773 555 0188." in page and f'action="{address}reopen/"' in page
    assert shown(bob, "stuck") == []
    page = client.post(f"{address}reopen/", follow=True).content.decode()
    assert f'action="{address}handle/"' in page
    assert shown(bob, "stuck") == [fax]


@pytest.mark.parametrize(
    "way", [{"status": "delivered"}, {"status": "sending"}, {"status": "failed", "cancel": Fax.Cancel.ACCEPTED}]
)
def test_what_needs_nobody_has_nothing_to_be_done_with(
    logged_in: Any, bob: User, team: Team, way: dict[str, str]
) -> None:
    fax = builders.outbound(team, outbox=Outbox.ACCEPTED, **way)
    assert "/handle/" not in logged_in(bob).get(f"/faxes/{fax.pk}/").content.decode()


def test_who_may_only_look_settles_nothing(logged_in: Any, vera: User, team: Team) -> None:
    fax = builders.outbound(team, outbox=Outbox.REJECTED)
    client: Client = logged_in(vera)
    assert "/handle/" not in client.get(f"/faxes/{fax.pk}/").content.decode()
    assert client.post(f"/faxes/{fax.pk}/handle/").status_code == 403


def test_a_settled_fax_stays_settled_for_all(bob: User, alice: User, team: Team, other_team: Team) -> None:
    Membership.objects.create(user=bob, team=other_team)
    ours, theirs = (builders.outbound(one, outbox=Outbox.REJECTED) for one in (team, other_team))
    assert set(shown(bob, "stuck")) == {ours, theirs}
    triage.handle(by=alice, faxes=[ours])
    assert shown(bob, "stuck") == [theirs]
