"""Who saw a fax and who changed it, for those who manage its team."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client

from accounts import audit
from accounts.models import Membership, Role, Team, User
from faxes import looks, triage
from faxes.models import Fax
from tests import builders

pytestmark = pytest.mark.django_db

LogIn = Callable[[User], Client]


@pytest.fixture
def fax(team: Team) -> Fax:
    return builders.inbound(team)


def log_of(fax: Fax) -> str:
    return f"/faxes/{fax.pk}/log/"


def said(client: Client, fax: Fax, query: str = "") -> list[str]:
    return [str(row.sentence) for row in client.get(log_of(fax) + query).context["rows"]]


def test_it_tells_who_did_what_the_newest_first(logged_in: LogIn, alice: User, bob: User, vera: User, fax: Fax) -> None:
    looks.opened(vera, fax)
    triage.assign(by=bob, faxes=[fax], to=alice)
    other = builders.inbound(fax.team)
    looks.opened(vera, other)
    name = "the fax from +17735550188"
    client = logged_in(alice)
    assert said(client, fax) == [f"Bob gave {name} to Alice", f"Vera looked at {name}"]
    page = client.get(log_of(fax)).text
    assert "this fax" in page and f'href="/faxes/{fax.pk}/"' in page


def test_who_may_read_it(
    logged_in: LogIn, client: Client, alice: User, bob: User, vera: User, charlie: User, root: User, fax: Fax
) -> None:
    assert client.get(log_of(fax))["Location"] == f"/accounts/login/?next={log_of(fax)}"
    answers = {
        user.username: logged_in(user).get(log_of(fax)).status_code for user in (alice, bob, vera, charlie, root)
    }
    assert answers == {"alice": 200, "bob": 403, "vera": 403, "charlie": 404, "root": 200}
    assert logged_in(alice).post(log_of(fax)).status_code == 405
    assert logged_in(alice).get(f"/faxes/{uuid.uuid4()}/log/").status_code == 404
    assert logged_in(alice).get(f"{log_of(fax)}?before={uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize("way", ["inbound", "outbound"])
def test_the_page_of_a_fax_leads_there_for_managers(
    logged_in: LogIn, alice: User, bob: User, team: Team, way: str
) -> None:
    fax = builders.inbound(team) if way == "inbound" else builders.outbound(team, outbox="rejected")
    assert f'href="{log_of(fax)}"' in logged_in(alice).get(f"/faxes/{fax.pk}/").text
    assert f'href="{log_of(fax)}"' not in logged_in(bob).get(f"/faxes/{fax.pk}/").text


def test_a_team_does_not_read_what_another_did_with_it(
    logged_in: LogIn, alice: User, charlie: User, root: User, fax: Fax, other_team: Team
) -> None:
    """An entry stays in the chain of the team whose fax it was then."""
    looks.opened(alice, fax)
    Fax.objects.filter(pk=fax.pk).update(team=other_team)
    fax.team = other_team
    looks.opened(charlie, fax)
    name = "the fax from +17735550188"
    assert said(logged_in(charlie), fax) == [f"Charlie looked at {name}"]
    assert said(logged_in(root), fax) == [f"Charlie looked at {name}", f"Alice looked at {name}"]
    Membership.objects.create(user=charlie, team=Team.objects.get(slug="front-desk"), role=Role.MANAGER)
    assert len(said(logged_in(charlie), fax)) == 2


def test_a_long_log_has_pages(logged_in: LogIn, alice: User, fax: Fax) -> None:
    with transaction.atomic():
        audit.record(*[audit.Entry("fax.tag", by=alice, on=fax, team=fax.team, data={"tag": n}) for n in range(70)])
    client = logged_in(alice)
    first = client.get(log_of(fax))
    assert len(first.context["rows"]) == 50
    rest = client.get(f"{log_of(fax)}?before={first.context['older']}")
    assert [row.entry.data["tag"] for row in rest.context["rows"]] == list(range(19, -1, -1))
    assert "Newest" in rest.text


def test_an_old_fax_is_looked_for_however_long_ago(logged_in: LogIn, alice: User, fax: Fax) -> None:
    """An id is no name: it is found at any time."""
    looks.opened(alice, fax)
    assert "last 30 days" not in logged_in(alice).get(log_of(fax)).text


def test_a_fax_nobody_has_seen(logged_in: LogIn, alice: User, fax: Fax) -> None:
    assert "Nobody has" in logged_in(alice).get(log_of(fax)).text
