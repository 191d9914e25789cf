"""The audit log as it is read: by whom, narrowed to what, and however long it is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.models import LogEntry, Membership, Role, Team, User
from tests import builders

pytestmark = pytest.mark.django_db

LogIn = Callable[[User], Client]
NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)


def record(*entries: audit.Entry) -> None:
    with transaction.atomic():
        audit.record(*entries)


def said(client: Client, **query: str) -> list[str]:
    """The sentences of a page of the log, without those of who looked at it."""
    rows = client.get("/audit/", query).context["rows"]
    return [str(row.sentence) for row in rows if not row.entry.action.startswith("session.")]


@pytest.fixture
def log(team: Team, other_team: Team, alice: User, bob: User, charlie: User, root: User) -> dict[str, Any]:
    """What happened in two teams and in the house, in this order, and the number that somebody faxed from."""
    fax = builders.inbound(team, from_number="+13125550171")
    theirs = builders.inbound(other_team, from_number="+14155550199")
    with time_machine.travel(NOW, tick=False) as clock:
        for one in [
            audit.Entry("team.create", by=root, on=team, team=team),
            audit.Entry("fax.view", by=alice, on=fax, team=team),
            audit.Entry("fax.download", by=bob, on=fax, team=team),
            audit.Entry("fax.view", by=charlie, on=theirs, team=other_team),
            audit.Entry("fax.purge", on=theirs, team=other_team),
            audit.Entry("user.create", by=root, on=bob),
        ]:
            record(one)
            clock.shift(timedelta(hours=12))
    return {"fax": fax, "theirs": theirs}


OURS = [
    "Bob downloaded the fax from +13125550171",
    "Alice looked at the fax from +13125550171",
    "root made the team Front desk",
]
THEIRS = ["The portal deleted the fax from +14155550199 for good", "Charlie looked at the fax from +14155550199"]
HOUSE = ["root made the account of Bob"]


@pytest.mark.usefixtures("log")
def test_managers_read_the_chains_of_their_teams(logged_in: LogIn, alice: User, charlie: User) -> None:
    assert said(logged_in(alice)) == OURS
    assert said(logged_in(charlie)) == THEIRS


@pytest.mark.usefixtures("log")
def test_administrators_read_all_of_it(logged_in: LogIn, root: User) -> None:
    client = logged_in(root)
    assert said(client) == HOUSE + THEIRS + OURS
    assert said(client, team="(house)") == HOUSE
    assert said(client, team="records") == THEIRS


@pytest.mark.usefixtures("log")
def test_who_manages_two_teams_reads_both(logged_in: LogIn, alice: User, other_team: Team) -> None:
    Membership.objects.create(user=alice, team=other_team, role=Role.MANAGER)
    client = logged_in(alice)
    assert said(client) == THEIRS + OURS
    assert said(client, team="records") == THEIRS
    Membership.objects.filter(team=other_team).update(role=Role.MEMBER)
    assert said(client) == OURS
    assert client.get("/audit/", {"team": "records"}).status_code == 404


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("who", ["bob", "vera"])
def test_others_are_refused(logged_in: LogIn, vera: User, who: str) -> None:
    client = logged_in(User.objects.get(username=who))
    assert client.get("/audit/").status_code == 403
    assert client.get("/audit/export/").status_code == 403
    assert '"/audit/"' not in client.get("/faxes/sent/").text


def test_anonymous_people_go_to_the_log_in(client: Client, db: None) -> None:
    assert client.get("/audit/?team=x")["Location"] == "/accounts/login/?next=/audit/%3Fteam%3Dx"


@pytest.mark.parametrize("query", [{"team": "records"}, {"team": "(house)"}, {"before": "x"}, {"team": "nowhere"}])
def test_what_is_not_theirs_is_not_found(
    logged_in: LogIn, alice: User, log: dict[str, Any], query: dict[str, str]
) -> None:
    client = logged_in(alice)
    assert client.get("/audit/", query).status_code == 404
    theirs = LogEntry.objects.get(action="fax.purge")
    for entry in (theirs.pk, uuid.uuid4()):
        assert client.get("/audit/", {"before": str(entry)}).status_code == 404


def test_nothing_of_another_team_is_told(logged_in: LogIn, alice: User, log: dict[str, Any], charlie: User) -> None:
    client = logged_in(alice)
    for query in ({"about": str(log["theirs"].pk)}, {"about": "+14155550199"}, {"person": str(charlie.pk)}):
        page = client.get("/audit/", query)
        assert page.context["rows"] == []
        assert "0199</strong>" not in page.text and "Charlie" not in page.text


@pytest.mark.parametrize(
    ("query", "sentences"),
    [
        ({"action": "fax.view"}, [THEIRS[1], OURS[1]]),
        ({"action": "fax.teleport"}, []),
        ({"person": "alice"}, [OURS[1]]),
        ({"person": "portal"}, [THEIRS[0]]),
        ({"person": "alice", "action": "fax.download"}, []),
        ({"about": "fax"}, OURS[:2]),
        ({"about": "312 555-01"}, OURS[:2]),
        ({"about": "(312) 555 0171"}, OURS[:2]),
        ({"about": "front", "since": "2026-03-01"}, [OURS[2]]),
        ({"since": "2026-03-10", "until": "2026-03-10"}, [OURS[0], OURS[1]]),
        ({"since": "2026-03-11"}, HOUSE + THEIRS),
        ({"until": "2026-03-09"}, [OURS[2]]),
        ({"about": "100%"}, []),
        ({"team": "front-desk", "action": "fax.download"}, [OURS[0]]),
    ],
)
def test_it_can_be_narrowed(
    logged_in: LogIn, root: User, alice: User, log: dict[str, Any], query: dict[str, str], sentences: list[str]
) -> None:
    if query.get("person") == "alice":
        query = query | {"person": str(alice.pk)}
    if query.get("about") == "fax":
        query = {"about": f"https://fax.example/faxes/{log['fax'].pk}/"}
    with time_machine.travel(NOW + timedelta(days=4)):
        assert said(logged_in(root), **query) == sentences


def test_names_are_looked_for_lately_unless_somebody_says_since_when(
    logged_in: LogIn, alice: User, log: dict[str, Any]
) -> None:
    with time_machine.travel(NOW + timedelta(days=30, hours=18)):
        client = logged_in(alice)
        page = client.get("/audit/", {"about": "312"})
        assert said(client, about="312") == OURS[:1]
        assert "last 30 days" in page.text
        assert said(client, about="312", since="2026-01-01") == OURS[:2]
        assert "last 30 days" in client.get("/audit/", {"about": "nobody at all"}).text


@pytest.mark.parametrize("query", ["since=tomorrow", "until=2026-02-30", "since=2026-03-10&until=2026-03-09"])
def test_what_makes_no_sense_is_said_and_left_out(logged_in: LogIn, alice: User, query: str) -> None:
    page = logged_in(alice).get(f"/audit/?{query}")
    assert page.status_code == 200
    assert "was left out" in page.text


@pytest.mark.parametrize("word", ["\x00", "\ud800", "'", "%", "_", "<script>alert(1)</script>", "x" * 5000, "１２３"])
@pytest.mark.parametrize("key", ["team", "person", "action", "about", "since", "until", "before"])
def test_no_question_breaks_it(logged_in: LogIn, root: User, key: str, word: str) -> None:
    page = logged_in(root).get("/audit/", {key: word.encode("utf-8", "surrogatepass")})
    assert page.status_code in (200, 404)
    assert "<script>alert" not in page.text


def test_names_that_mean_mischief_are_text(logged_in: LogIn, alice: User, team: Team) -> None:
    alice.first_name, team.name = "<img src=x onerror=alert(1)>", "</summary><script>alert(2)</script>"
    record(audit.Entry("<b>bold</b>", by=alice, on=team, team=team, data={"<i>": {"<u>": "<script>"}, "after": "<b>"}))
    page = logged_in(alice).get("/audit/").text
    assert "<img src=x" not in page and "<script>alert" not in page and "<b>bold" not in page and "<u>" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_unknown_actions_and_things_show_as_themselves(logged_in: LogIn, alice: User, team: Team) -> None:
    record(audit.Entry("fax.teleport", by=alice, team=team))
    client = logged_in(alice)
    assert said(client) == ["Alice fax.teleport"]
    page = client.get("/audit/", {"action": "fax.teleport"})
    assert "Alice" in page.text
    assert re.search(r'<option value="fax.teleport"\s+selected>fax.teleport</option>', page.text)


def test_pages_follow_one_another(logged_in: LogIn, alice: User, team: Team, other_team: Team) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for number in range(120):
            chains = (team, other_team, None)
            record(*[audit.Entry("fax.tag", by=alice, on=one, team=one, data={"tag": number}) for one in chains])
            # Many at the same moment, and a clock that goes back now and then.
            clock.shift(timedelta(seconds=(0, 1, 0, -1, 2)[number % 5]))
    for at_least in (Role.MEMBER, Role.MANAGER):
        Membership.objects.update_or_create(user=alice, team=other_team, defaults={"role": at_least})
        client = logged_in(alice)
        seen, query = [], "action=fax.tag"
        while True:
            page = client.get(f"/audit/?{query}")
            seen += [row.entry for row in page.context["rows"]]
            if not page.context["older"]:
                break
            query = page.context["older"]
        read = {str(team.pk)} | ({str(other_team.pk)} if at_least is Role.MANAGER else set())
        expected = LogEntry.objects.filter(chain__in=read, action="fax.tag").order_by("-at", "-id")
        assert seen == list(expected)
        assert page.context["newest"] == "action=fax.tag"


def test_it_is_counted_to_a_thousand(logged_in: LogIn, alice: User, team: Team) -> None:
    record(audit.Entry("fax.view", by=alice, on=team, team=team))
    client = logged_in(alice)
    assert "1 entry" in client.get("/audit/").text
    record(*[audit.Entry("fax.view", by=alice, on=team, team=team)] * 1000)
    assert "1,000+ entries" in client.get("/audit/").text


def test_a_long_log_asks_no_more_of_the_database(logged_in: LogIn, root: User, team: Team) -> None:
    fax = builders.inbound(team)
    client = logged_in(root)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/audit/").status_code == 200
        return len(queries)

    record(audit.Entry("fax.view", by=root, on=fax, team=team))
    few = asked()
    record(*[audit.Entry("fax.view", by=root, on=fax, team=team)] * 200)
    assert asked() == few <= 20


def test_a_fax_that_is_there_can_be_opened(logged_in: LogIn, alice: User, log: dict[str, Any]) -> None:
    address = f'href="/faxes/{log["fax"].pk}/"'
    client = logged_in(alice)
    assert address in client.get("/audit/").text
    log["fax"].delete()
    assert address not in client.get("/audit/").text


def test_reading_it_is_offered_where_the_line_is_run(logged_in: LogIn, alice: User) -> None:
    page = logged_in(alice).get("/audit/").text
    assert 'href="/audit/"' in page and 'aria-current="page">Audit' in page


def test_only_looking_is_allowed(logged_in: LogIn, alice: User) -> None:
    client = logged_in(alice)
    assert client.post("/audit/").status_code == client.post("/audit/export/").status_code == 405
    assert client.head("/audit/").status_code == 200
    assert client.head("/audit/export/").status_code == 405


def test_a_removed_manager_reads_nothing_from_the_next_request_on(logged_in: LogIn, alice: User) -> None:
    client = logged_in(alice)
    assert client.get("/audit/").status_code == 200
    alice.memberships.all().delete()
    assert client.get("/audit/").status_code == 403


def test_times_are_said_in_full(logged_in: LogIn, alice: User, log: dict[str, Any]) -> None:
    assert "Monday, March 9, 2026, 15:00:00 UTC" in logged_in(alice).get("/audit/").text
    assert timezone.get_current_timezone_name() == "UTC"
