"""A new team's dashboard: three steps to its first fax, told to each by what they may do."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Team, User
from faxes.models import Fax
from faxes.states import Media, Outbox
from tests import builders

NEXT = re.compile(r'<li class="step step-next"[^>]*>(.*?)</li>', re.DOTALL)


@pytest.fixture
def home(logged_in: Callable[[User], Client]) -> Callable[[User], str]:
    return lambda user: logged_in(user).get("/").content.decode()


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def next_step(page: str) -> str:
    (found,) = NEXT.findall(page)
    return str(found)


def main_ways(page: str) -> list[str]:
    """Where the filled buttons of the page lead, beside that of the rail and of the phone's bar."""
    return re.findall(r'<a class="btn btn-primary"\s+id="[^"]+"\s+href="([^"]+)"', page)


def test_without_a_number_members_are_told_whom_to_ask(
    home: Callable[[User], str], bob: User, vera: User, alice: User
) -> None:
    for user in (bob, vera):
        page = home(user)
        assert "Ask Alice, who manages the team, to connect a number." in words(next_step(page))
        assert main_ways(page) == []
        assert page.count('class="step') == 4 and "Nothing needs you" not in words(page[: page.index("home-going")])


def test_without_a_manager_it_is_the_administrator(home: Callable[[User], str], bob: User) -> None:
    assert "Ask your administrator to connect a number." in words(next_step(home(bob)))


def test_two_managers_are_both_named(home: Callable[[User], str], bob: User, alice: User, team: Team) -> None:
    other = User.objects.create_user("zoe", first_name="Zoe")
    team.memberships.create(user=other, role="manager")
    assert "Ask Alice or Zoe, who manage the team, to connect a number." in words(next_step(home(bob)))


def test_a_manager_and_an_administrator_are_led_to_the_applications(
    home: Callable[[User], str], alice: User, root: User
) -> None:
    for user, said in ((alice, "Make a fax application, unless your team has one"), (root, "to a team.")):
        page = home(user)
        assert said in words(next_step(page))
        assert main_ways(page) == ["/applications/"]


def test_with_a_number_the_next_step_is_a_fax(home: Callable[[User], str], bob: User, vera: User, team: Team) -> None:
    builders.number(team, label="Referrals")
    page = home(bob)
    assert "You send and receive over +1 312 579 0015 (Referrals)." in words(page)
    assert main_ways(page) == ["/faxes/new/"]
    assert "have somebody send one to +1 312 579 0015" in words(next_step(page))
    page = home(vera)
    assert main_ways(page) == []
    assert "What comes in over +1 312 579 0015" in words(next_step(page))


def test_a_sandbox_tells_its_magic(home: Callable[[User], str], bob: User, team: Team, settings: Settings) -> None:
    builders.number(team)
    assert "sandbox" not in next_step(home(bob))
    settings.DEBUG, settings.TELNYX_API_BASE = True, "http://127.0.0.1:8001/v2"
    step = next_step(home(bob))
    assert "+1 312 555 0142" in step and 'href="http://127.0.0.1:8001"' in step


@pytest.mark.parametrize(
    "way", [{"outbox": Outbox.ACCEPTED, "status": "sending"}, {"outbox": Outbox.REJECTED}, {"outbox": Outbox.PREPARING}]
)
def test_a_fax_that_has_not_arrived_leaves_the_last_step(
    home: Callable[[User], str], bob: User, team: Team, way: dict[str, Any]
) -> None:
    builders.number(team)
    builders.outbound(team, **way)
    page = home(bob)
    assert "See it arrive" in next_step(page)
    assert page.count("step-done") == 2 and 'id="home-latest"' in page


def test_a_manager_may_have_colleagues_join_meanwhile(
    home: Callable[[User], str], alice: User, bob: User, root: User, team: Team
) -> None:
    builders.number(team)
    builders.accepted(team, status="sending")
    assert 'href="/teams/front-desk/"' in next_step(home(alice))
    assert 'href="/teams/front-desk/"' in next_step(home(root))
    assert "href" not in next_step(home(bob))


def test_once_a_fax_has_arrived_the_steps_are_gone(home: Callable[[User], str], bob: User, team: Team) -> None:
    fax = builders.outbound(team, outbox=Outbox.ACCEPTED, status="sending")
    assert "Three steps" in words(home(bob)) and NEXT.search(home(bob))
    Fax.objects.filter(pk=fax.pk).update(status="delivered")
    assert not NEXT.search(home(bob))
    Fax.objects.all().delete()
    builders.inbound(team, status="received", media=Media.ARCHIVED, handled_at=fax.created_at)
    assert not NEXT.search(home(bob))


def test_many_failures_are_no_beginning_any_more(home: Callable[[User], str], bob: User, team: Team) -> None:
    for place in range(6):
        builders.outbound(team, outbox=Outbox.REJECTED, to_number=f"+1415555010{place}")
    assert not NEXT.search(home(bob))


def test_faxes_of_others_lead_nobody_on(
    home: Callable[[User], str], bob: User, charlie: User, team: Team, other_team: Team
) -> None:
    before = words(home(bob))
    builders.number(other_team)
    builders.outbound(other_team, outbox=Outbox.ACCEPTED, status="delivered")
    assert words(home(bob)) == before
    assert not NEXT.search(home(charlie))


def test_an_empty_house_leads_its_administrator(home: Callable[[User], str], root: User) -> None:
    page = home(root)
    assert "You are on no team" not in page
    assert main_ways(page) == ["/applications/"]
