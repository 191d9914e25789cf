"""An administrator is told on every page that is about a team of which they are no member, and nobody else is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import access
from accounts.models import Membership, Role, Team, User
from tests import builders

pytestmark = pytest.mark.django_db

LoggedIn = Callable[[User], Client]
BANNER = "You are looking at Front desk as an administrator."
HTMX = {"HX-Request": "true"}


@pytest.fixture
def things(team: Team, other_team: Team, alice: User) -> dict[str, Any]:
    application = builders.application(team)
    number = builders.number(team, connection_id=str(application.telnyx_id))
    fax, sent = builders.inbound(team), builders.accepted(team)
    delivery = builders.delivery(of=fax)
    return {
        "fax": fax.pk,
        "sent": sent.pk,
        "application": application.pk,
        "number": number.pk,
        "other": other_team.pk,
        "wish": builders.wish(team, by=alice).pk,
        "delivery": delivery.pk,
    }


PAGES = [
    "/?team=front-desk",
    "/faxes/{fax}/",
    "/faxes/{sent}/",
    "/faxes/{fax}/log/",
    "/faxes/inbox/?team=front-desk",
    "/faxes/inbox/?open={fax}",
    "/faxes/sent/?team=front-desk",
    "/faxes/new/",
    "/applications/?team=front-desk",
    "/applications/{application}/",
    "/applications/{application}/edit/",
    "/applications/{application}/delete/",
    "/applications/{application}/team/?to={other}",
    "/applications/new/{wish}/",
    "/applications/numbers/?team=front-desk",
    "/applications/numbers/{number}/",
    "/applications/numbers/{number}/team/?to={other}",
    "/webhooks/?team=front-desk",
    "/webhooks/{delivery}/",
    "/audit/?team=front-desk",
    "/teams/front-desk/",
    "/teams/front-desk/policies/",
]
# About nobody's team, or about all that one sees.
OTHERS = ["/", "/faxes/inbox/", "/faxes/sent/", "/applications/", "/applications/numbers/", "/teams/", "/audit/"]


def text(client: Client, address: str, **options: Any) -> str:
    response = client.get(address, **options)
    assert response.status_code == 200, address
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("path", PAGES)
def test_whose_things_an_administrator_looks_at_is_said(
    things: dict[str, Any], logged_in: LoggedIn, root: User, alice: User, team: Team, path: str
) -> None:
    address = path.format(**things)
    assert text(logged_in(root), address).count(BANNER) == 1
    if not address.endswith(f"/team/?to={things['other']}"):
        assert "as an administrator" not in text(logged_in(alice), address)
    Membership.objects.create(user=root, team=team, role=Role.VIEWER)
    assert "as an administrator" not in text(logged_in(root), address)


@pytest.mark.parametrize("path", OTHERS)
def test_nothing_is_said_where_no_team_is_meant(
    things: dict[str, Any], logged_in: LoggedIn, root: User, path: str
) -> None:
    assert "as an administrator" not in text(logged_in(root), path)


def test_nobodys_fax_has_no_team_to_speak_of(logged_in: LoggedIn, root: User) -> None:
    assert "as an administrator" not in text(logged_in(root), f"/faxes/{builders.inbound(None).pk}/")


def test_a_fax_that_is_opened_beside_the_list_brings_it_along(
    things: dict[str, Any], logged_in: LoggedIn, root: User, other_team: Team
) -> None:
    Membership.objects.create(user=root, team=other_team, role=Role.VIEWER)
    mine = builders.inbound(other_team)
    client = logged_in(root)
    opened = text(client, f"/faxes/inbox/?open={things['fax']}", headers=HTMX)
    assert BANNER in opened and 'id="as-admin" hx-swap-oob="innerHTML"' in opened
    opened = text(client, f"/faxes/inbox/?open={mine.pk}", headers=HTMX)
    assert "as an administrator" not in opened and 'id="as-admin" hx-swap-oob="innerHTML"' in opened


def test_the_number_that_is_chosen_says_for_whom_is_sent(
    things: dict[str, Any], logged_in: LoggedIn, root: User, other_team: Team
) -> None:
    Membership.objects.create(user=root, team=other_team, role=Role.MEMBER)
    mine = builders.number(other_team, "+13125790019")
    client = logged_in(root)
    batch = client.get("/faxes/new/").context["sheet"].batch_id
    for number, said in ((things["number"], True), (mine.pk, False)):
        data = {"batch": str(batch), "number": str(number), "recipients": ""}
        part = " ".join(client.post("/faxes/new/sentence/", data, headers=HTMX).content.decode().split())
        assert '<div id="as-admin" data-part>' in part
        assert (BANNER in part) is said


def test_who_is_no_administrator_any_more_is_none(root: User, team: Team) -> None:
    assert access.acts_as_admin(root, team)
    assert not access.acts_as_admin(root, None)
    root.is_active = False
    assert not access.acts_as_admin(root, team)
