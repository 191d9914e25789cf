"""The dashboard: what needs somebody, with the way there; what is on its way; and that it looks again without noise."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Role, Team, User
from applications.models import PhoneNumber
from contacts.models import Correspondent
from faxes import reading
from faxes.models import Fax
from faxes.states import Media, Outbox
from sync.models import Gap, Heartbeat, SyncRun
from tests import builders
from tests.faxes.test_list_speed import plan_of

SCRIPT = {"HX-Request": "true"}
MOST_QUERIES = 14


@pytest.fixture
def home(logged_in: Callable[[User], Client]) -> Callable[..., str]:
    """A function that gives the page as somebody sees it."""

    def seen_by(user: User, query: str = "") -> str:
        response = logged_in(user).get(f"/{query}")
        assert response.status_code == 200
        return str(response.content.decode())

    return seen_by


def received(team: Team | None, **columns: Any) -> Fax:
    return builders.inbound(team, **{"status": "received", "media": Media.ARCHIVED} | columns)


def read(team: Team | None, **columns: Any) -> Fax:
    return received(team, **{"handled_at": timezone.now()} | columns)


def failed(team: Team | None, **columns: Any) -> Fax:
    why = {"status": "failed", "failure_reason": "user_busy"} | columns
    return builders.outbound(team, outbox=Outbox.ACCEPTED, **why)


def part(page: str, name: str) -> str:
    """What stands in a part of the page, tags and all."""
    begin = page.index(f'id="home-{name}"')
    after = page.find(' data-version="', page.index('data-version="', begin) + 20)
    return page[page.rindex("<", 0, begin) : after if after > 0 else len(page)]


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def cards(page: str) -> dict[str, tuple[str, str, str]]:
    """Number, line and address of each card, by its id."""
    found = re.findall(r'<li class="card need[^"]*">\s*<a id="need-(\w+)" href="([^"]+)">(.*?)</li>', page, re.DOTALL)
    told = {}
    for name, address, inner in found:
        number = words(inner[inner.index("<strong") : inner.index("</strong>")])
        told[name] = (number, words(inner[inner.index("</a>") :]), html.unescape(address))
    return told


NEEDS: dict[str, Callable[[Team, User], Fax]] = {
    "unread": lambda team, user: received(team),
    "mine": lambda team, user: received(team, assigned_to=user),
    "stuck": lambda team, user: failed(team),
    "uncertain": lambda team, user: builders.uncertain(team),
    "missing": lambda team, user: received(team, media=Media.MISSING),
}


@pytest.mark.parametrize("name", NEEDS)
def test_a_card_leads_to_exactly_the_faxes_it_counts(
    home: Callable[..., str], logged_in: Callable[[User], Client], bob: User, team: Team, other_team: Team, name: str
) -> None:
    Membership.objects.create(user=bob, team=other_team)
    for place in range(3):
        fax = NEEDS[name](other_team if place else team, bob)
        Fax.objects.filter(pk=fax.pk).update(to_number=f"+1415555010{place}", line_held=False)
    read(team)
    builders.outbound(team, outbox=Outbox.ACCEPTED, status="delivered")
    for query, count in (("", 3), ("?team=records", 2), ("?team=front-desk", 1)):
        number, _, address = cards(home(bob, query))[name]
        assert number == str(count)
        listed = logged_in(bob).get(address).content.decode()
        assert listed.count(" data-row") == count, address


def test_what_needs_nobody_is_said_in_words_and_not_in_zeros(home: Callable[..., str], bob: User, team: Team) -> None:
    read(team)
    page = home(bob)
    assert cards(page) == {}
    assert "Nothing needs you." in page


def test_a_card_tells_how_old_the_oldest_is(home: Callable[..., str], bob: User, team: Team) -> None:
    now = timezone.now()
    for minutes in (5, 46, 20):
        received(team, created_at=now - timedelta(minutes=minutes), assigned_to=bob)
    builders.outbound(team, outbox=Outbox.UNCERTAIN, created_at=now - timedelta(hours=3))
    told = cards(home(bob))
    assert told["unread"][1] == "oldest 46 minutes"
    assert told["mine"][1] == "oldest 46 minutes"
    assert told["uncertain"][1] == "being looked for at Telnyx, oldest 3 hours"


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (-5, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (400 * 86400, "400 days"),
    ],
)
def test_ages_are_said_as_people_say_them(home: Callable[..., str], bob: User, team: Team, ago: int, said: str) -> None:
    received(team, created_at=timezone.now() - timedelta(seconds=ago))
    assert cards(home(bob))["unread"][1] == f"oldest {said}"


def test_counting_ends_and_then_nothing_is_called_the_oldest(home: Callable[..., str], bob: User, team: Team) -> None:
    received(team)
    Fax.objects.bulk_create(
        Fax(direction="inbound", team=team, status="received", media=Media.ARCHIVED) for _ in range(120)
    )
    assert cards(home(bob))["unread"] == ("99+", "", "/faxes/inbox/?show=unread")


def test_what_failed_is_told_with_its_reasons(home: Callable[..., str], bob: User, team: Team) -> None:
    for reason in ("user_busy", "receiver_unallocated_number", "user_busy", "levitation"):
        failed(team, failure_reason=reason)
    builders.outbound(team, outbox=Outbox.REJECTED)
    assert cards(home(bob))["stuck"][:2] == ("5", "2 × line was busy · levitation · number not in service · …")


def test_faxes_without_a_team_are_for_administrators(
    home: Callable[..., str], bob: User, root: User, team: Team
) -> None:
    received(None, created_at=timezone.now() - timedelta(hours=2))
    assert "unrouted" not in cards(home(bob))
    told = cards(home(root))
    assert told["unrouted"] == ("1", "give each to its team, oldest 2 hours", "/faxes/inbox/?show=unrouted")
    assert "unrouted" not in cards(home(root, "?team=front-desk"))


@pytest.mark.parametrize("slug", ["records", "nowhere", "%00", "front-desk%00"])
def test_a_team_of_others_is_not_found(
    logged_in: Callable[[User], Client], bob: User, other_team: Team, slug: str
) -> None:
    assert logged_in(bob).get(f"/?team={slug}").status_code == 404


def test_the_rail_counts_all_teams_whichever_one_looks_at(
    home: Callable[..., str], bob: User, team: Team, other_team: Team
) -> None:
    Membership.objects.create(user=bob, team=other_team)
    received(team)
    received(other_team)
    for query in ("", "?team=records"):
        assert 'data-unread="2"' in home(bob, query)


# What moves.


def test_what_is_on_its_way_is_told_with_how_it_stands(home: Callable[..., str], bob: User, team: Team) -> None:
    builders.number(team, label="Referrals")
    known = Correspondent.objects.create(team=team, number=builders.THEIRS, name="Lakeview <Imaging>")
    builders.accepted(team, status="sending", correspondent=known, document=builders.document(pages=4))
    builders.accepted(team, status="levitating", to_number="+14155550101")
    builders.uncertain(team, to_number="+14155550102")
    builders.outbound(team, outbox=Outbox.ACCEPTED, status="delivered", to_number="+14155550103")
    going = words(part(home(bob), "going"))
    assert "Lakeview <Imaging> +1 773 555 0188 · from Referrals 4 pages" in going
    assert " sending " in f"{going} " and " levitating " in f"{going} "
    assert "uncertain" in going and "0103" not in going


def test_a_fax_waits_for_the_line_where_another_of_theirs_is_under_way(
    home: Callable[..., str], bob: User, team: Team
) -> None:
    builders.accepted(team, status="sending")
    waiting = builders.outbound(team, outbox=Outbox.READY)
    assert "waiting: line in use" in home(bob)
    # One that was tried in vain waits for something else.
    Fax.objects.filter(pk=waiting.pk).update(tries=1)
    assert "line in use" not in home(bob)


def test_that_others_call_the_number_is_not_told(
    home: Callable[..., str], bob: User, team: Team, other_team: Team
) -> None:
    builders.accepted(other_team, status="sending")
    builders.outbound(team, outbox=Outbox.READY)
    going = part(home(bob), "going")
    assert "waiting" in going and "line in use" not in going


def test_more_than_are_shown_are_counted(home: Callable[..., str], bob: User, team: Team) -> None:
    for place in range(9):
        builders.accepted(team, status="queued", to_number=f"+1415555010{place}")
    going = part(home(bob), "going")
    assert going.count(" data-row") == 6
    assert "3 more" in words(going) and 'href="/faxes/sent/?show=going"' in going


def test_what_is_on_its_way_is_not_told_twice(home: Callable[..., str], bob: User, team: Team) -> None:
    for place in range(6):
        builders.accepted(team, status="queued", to_number=f"+1415555010{place}")
    delivered = builders.accepted(team, status="delivered", created_at=timezone.now() - timedelta(hours=1))
    page = home(bob)
    assert part(page, "going").count(" data-row") == 6
    assert re.findall(r'id="last-([^"]+)"', part(page, "latest")) == [str(delivered.pk)]


def test_the_last_faxes_are_of_both_directions_the_newest_first(
    home: Callable[..., str], bob: User, team: Team
) -> None:
    builders.number(team, label="Referrals")
    now = timezone.now()
    for place in range(8):
        at = now - timedelta(minutes=place)
        number = f"+1415555010{place}"
        if place % 2:
            read(team, from_number=number, created_at=at)
        else:
            way = {"status": "delivered", "to_number": number, "from_number": builders.OURS}
            builders.outbound(team, outbox=Outbox.ACCEPTED, created_at=at, **way)
    received(team, from_number="+14155550199", trashed_at=now)
    latest = words(part(home(bob), "latest"))
    assert re.findall(r"(to|from) \+1 415 555 010(\d)", latest) == [
        ("to", "0"),
        ("from", "1"),
        ("to", "2"),
        ("from", "3"),
        ("to", "4"),
        ("from", "5"),
    ]
    assert "sent from Referrals" in latest and "received on Referrals" in latest


# Looking again.


def looks(page: str) -> dict[str, str]:
    """The address of each look of the page, by how often it happens."""
    found = re.findall(r'hx-get="([^"]+)"\s+hx-trigger="every (\d+)s"\s+hx-target="#home"', page)
    return {seconds: html.unescape(address) for address, seconds in found}


def test_a_page_that_shows_everything_is_answered_with_nothing(
    home: Callable[..., str], logged_in: Callable[[User], Client], bob: User, team: Team
) -> None:
    fax = builders.accepted(team, status="sending")
    page, client = home(bob), logged_in(bob)
    assert sorted(looks(page)) == ["25", "4"]
    for address in looks(page).values():
        assert client.get(address, headers=SCRIPT).status_code == 204
    Fax.objects.filter(pk=fax.pk).update(status="delivered")
    for address in looks(page).values():
        news = client.get(address, headers=SCRIPT)
        assert news.status_code == 200
        told = news.content.decode()
        assert "<html" not in told and "delivered" in part(told, "latest")
        # Nothing is under way any more, so nobody looks every few seconds.
        assert list(looks(told)) == ["25"]
        assert client.get(looks(told)["25"], headers=SCRIPT).status_code == 204


def test_the_quick_look_asks_for_what_moves_alone(
    home: Callable[..., str], logged_in: Callable[[User], Client], bob: User, team: Team
) -> None:
    builders.accepted(team, status="sending")
    address, client = looks(home(bob))["4"], logged_in(bob)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address, headers=SCRIPT).status_code == 204
    assert len(asked) <= 5


def test_what_has_been_under_way_for_long_is_not_looked_at_every_few_seconds(
    home: Callable[..., str], bob: User, team: Team
) -> None:
    builders.outbound(team, outbox=Outbox.READY, created_at=timezone.now() - timedelta(hours=1))
    page = home(bob)
    assert "waiting" in part(page, "going") and list(looks(page)) == ["25"]


def test_parts_that_did_not_change_keep_their_version(home: Callable[..., str], bob: User, team: Team) -> None:
    builders.accepted(team, status="sending")
    read(team)

    def versions() -> dict[str, str]:
        return dict(re.findall(r'id="home-(\w+)"\s+data-version="(\w+)"', home(bob)))

    before = versions()
    received(team)
    after = versions()
    assert {name for name in before if before[name] != after[name]} == {"needs", "latest", "looks"}


def test_a_look_goes_on_in_the_team_that_is_looked_at(
    home: Callable[..., str], logged_in: Callable[[User], Client], bob: User, team: Team
) -> None:
    address = looks(home(bob, "?team=front-desk"))["25"]
    assert "team=front-desk" in address
    assert logged_in(bob).get(address, headers=SCRIPT).status_code == 204


def test_who_was_taken_off_the_team_is_told_so_on_the_page_itself(
    home: Callable[..., str], logged_in: Callable[[User], Client], bob: User, team: Team
) -> None:
    received(team)
    address = looks(home(bob))["25"]
    bob.memberships.all().delete()
    response = logged_in(bob).get(address, headers=SCRIPT)
    assert (response.content, response["HX-Refresh"]) == (b"", "true")
    page = home(bob)
    assert "You are on no team yet" in page and "<strong>bob</strong>" in page
    assert "every 25s" not in page[page.index("<main") :]


# The cost.


def fill(team: Team, user: User, count: int) -> None:
    for number in (f"+1415{uuid.uuid4().int % 10**7:07}" for _ in range(count)):
        known = Correspondent.objects.create(team=team, number=number, name=f"Office of {number}")
        received(team, assigned_to=user, correspondent=known)
        received(team, media=Media.MISSING)
        failed(team, to_number=number, correspondent=known)
        builders.uncertain(team, to_number=number)
        builders.outbound(team, outbox=Outbox.READY, to_number=number)


def asked_by(client: Client, address: str = "/") -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


@pytest.mark.parametrize("name", ["bob", "vera", "alice", "root"])
def test_it_asks_as_often_for_much_as_for_little(
    logged_in: Callable[[User], Client], team: Team, bob: User, vera: User, alice: User, root: User, name: str
) -> None:
    user = {"bob": bob, "vera": vera, "alice": alice, "root": root}[name]
    client = logged_in(user)
    line = builders.number(team, label="Front desk")
    PhoneNumber.objects.filter(pk=line.pk).update(quiet_since=timezone.now() - timedelta(hours=5))
    run = SyncRun.objects.create(finished_at=timezone.now())
    Heartbeat.beat("worker")
    Heartbeat.beat("telnyx")
    fill(team, bob, 1)
    received(None)
    Gap.objects.create(run=run, side=Gap.Side.HERE, what="fax", telnyx_id="1")
    few = asked_by(client)
    fill(team, bob, 12)
    for place in range(5):
        another = Team.objects.create(name=f"Team {place}", slug=f"team-{place}")
        for person, role in ((bob, Role.MEMBER), (vera, Role.VIEWER), (alice, Role.MANAGER)):
            Membership.objects.create(user=person, team=another, role=role)
        builders.number(another, f"+1646555010{place}", label=another.name)
        fill(another, bob, 2)
        received(None)
        Gap.objects.create(run=run, side=Gap.Side.HERE, what="fax", telnyx_id=f"more {place}")
    assert asked_by(client) == few <= MOST_QUERIES
    assert asked_by(client, "/?team=front-desk") <= MOST_QUERIES + 1


# Few rows, which SQLite walks; all else are slices and what was counted of them.
WALKED = re.compile(r"SCAN (slice_\d+|counted|U0 USING (COVERING )?INDEX (gap_open|delivery_list|sync_run_list))$")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the figures of real tables.")
@pytest.mark.parametrize("name", ["bob", "root"])
def test_no_number_of_it_walks_through_all_faxes(
    logged_in: Callable[[User], Client], team: Team, other_team: Team, bob: User, root: User, name: str
) -> None:
    Membership.objects.create(user=bob, team=other_team)
    for one in (team, other_team):
        fill(one, bob, 3)
    client = logged_in({"bob": bob, "root": root}[name])
    with CaptureQueriesContext(connection) as asked:
        client.get("/")
    plans = [line for query in list(asked) if "faxes_fax" in query["sql"] for line in plan_of(query["sql"])]
    assert any("fax_under_way (team_id=?)" in line for line in plans)
    walked = [line for line in plans if line.startswith("SCAN") and not WALKED.match(line)]
    # The numbers of the account, for a quiet one.
    assert walked == ["SCAN U0"]


def test_marks_and_reading_keep_the_count_true(home: Callable[..., str], bob: User, team: Team) -> None:
    first, second = received(team), received(team)
    reading.mark_read(bob, [first])
    assert cards(home(bob))["unread"][0] == "1"
    reading.mark_unread(bob, [first])
    reading.mark_read(bob, [second])
    assert cards(home(bob))["unread"][0] == "1"
