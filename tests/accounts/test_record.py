"""What an entry says: who, when, from where and what, in whatever words, and always in one chain."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts import audit
from accounts.audit.origin import asked_by
from accounts.audit.verify import Tally, verify
from accounts.models import LogEntry, LogHead, Team, User
from tests.threads import at_once

pytestmark = pytest.mark.django_db

NASTY = "Eve\r\n=HYPERLINK(1)\x00\u202e\ud800 " + "x" * 1000


def one(**columns: Any) -> LogEntry:
    """The entry that was written, as the database gives it back; its hash fits."""
    with transaction.atomic():
        audit.record(audit.Entry("fax.send", **columns))
    entry = LogEntry.objects.latest("at")
    assert audit.digest(entry) == entry.hash
    return entry


def from_where(proxies: int, settings: Settings, said: str = "", address: str = "192.0.2.1") -> str:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    with asked_by(RequestFactory().get("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR=said)):
        return one().address


@pytest.mark.parametrize(
    ("proxies", "said", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        (2, "10.9.9.9, 203.0.113.9, 198.51.100.7", "203.0.113.9"),
        # Not all of our proxies were passed, so that nothing in the header is theirs.
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:DB8::1]:443", "2001:db8::1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "fe80::1%" + "a" * 500, "fe80::1"),
        (1, "'; DROP TABLE", ""),
    ],
)
def test_from_where(settings: Settings, proxies: int, said: str, address: str) -> None:
    assert from_where(proxies, settings, said) == address


def test_no_address_is_none(settings: Settings) -> None:
    assert from_where(0, settings, address="") == ""


def test_the_browser_is_cut_short() -> None:
    with asked_by(RequestFactory().get("/", HTTP_USER_AGENT="Mozilla/5.0\t" + "x" * 5000)):
        agent = one().agent
    assert agent.startswith("Mozilla/5.0 xxx")
    assert len(agent) == 200


def test_the_worker_comes_from_nowhere() -> None:
    entry = one()
    assert (entry.address, entry.agent, entry.actor_id, entry.actor_name) == ("", "", "", "")


def test_a_name_is_one_line(alice: User) -> None:
    alice.first_name = NASTY
    entry = one(by=alice, on=alice)
    for name in (entry.actor_name, entry.object_name):
        assert name.startswith("Eve =HYPERLINK(1)? xxx")
        assert len(name) <= 200


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        1.0,
        -0.0,
        1e16,
        1e-7,
        1.5e300,
        math.inf,
        math.nan,
        2**70,
        "\x00nul",
        "half a pair \ud83d",
        "line\nline",
        {"a": [True, None, {"ü": "Ω"}]},
        timezone.now(),
        timedelta(days=1),
    ],
)
def test_what_is_hashed_is_what_comes_back(value: Any) -> None:
    one(data={"value": value, "before": {"value": value}})


@pytest.mark.parametrize("seed", range(5))
def test_numbers_of_all_sizes_come_back(seed: int) -> None:
    dice = random.Random(seed)
    one(data={"values": [dice.uniform(-1, 1) * 10 ** dice.randint(-20, 20) for _ in range(100)]})


def test_too_much_is_left_out() -> None:
    assert one(data={"text": "x" * 100_000}).data == {"text": "x" * 1999 + "…"}
    many = one(data={"list": list(range(1000)), "dict": {str(n): n for n in range(1000)}}).data
    assert (len(many["list"]), many["list"][-1]) == (201, "… 800 more")
    assert (len(many["dict"]), many["dict"]["…"]) == (201, "800 more")
    assert set(one(data={"texts": ["x" * 1000] * 100}).data) == {"left_out"}


def test_an_entry_without_a_change_is_refused(db: None) -> None:
    with transaction.atomic():
        audit.record()


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_nothing_is_recorded() -> None:
    with pytest.raises(RuntimeError, match="inside the transaction"):
        audit.record(audit.Entry("fax.send"))
    assert not LogEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_did_not_happen_is_not_recorded(team: Team) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record(audit.Entry("team.rename", on=team, team=team))
        1 / 0  # noqa: B018
    assert not LogEntry.objects.exists()
    assert not LogHead.objects.exists()


def test_one_stands_for_what_follows_soon(alice: User, bob: User, team: Team, other_team: Team) -> None:
    def look(by: User, on: Team = team, *, team: Team = team) -> int:
        entry = audit.Entry("fax.preview", by=by, on=on, team=team)
        audit.record_alone(entry, unless=["fax.view", "fax.preview"], within=timedelta(minutes=15))
        return LogEntry.objects.count()

    assert [look(alice), look(alice), look(bob), look(alice, other_team), look(alice)] == [1, 1, 2, 3, 3]
    # What belongs to another team since is seen by that one's managers.
    assert look(alice, team=other_team) == 4


@pytest.mark.django_db(transaction=True)
def test_one_stands_for_all_that_come_at_once(alice: User, team: Team) -> None:
    def look() -> None:
        entry = audit.Entry("fax.preview", by=alice, on=team, team=team)
        audit.record_alone(entry, unless=["fax.preview"], within=timedelta(minutes=15))

    at_once(*[look] * 6)
    assert LogEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_chains_that_many_write_to_do_not_fork(team: Team, other_team: Team) -> None:
    teams = [team, other_team, None]

    def write(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(15):
            with transaction.atomic():
                audit.record(*[audit.Entry("fax.send", team=one) for one in dice.sample(teams, dice.randint(1, 3))])

    at_once(*[lambda seed=seed: write(seed) for seed in range(8)])
    tally = Tally()
    assert [finding.detail for finding in verify(tally, []) if finding.chain] == []
    assert tally.chains == 3
    assert tally.entries == sum(LogHead.objects.values_list("sequence", flat=True)) == LogEntry.objects.count()


def test_an_entry_of_before_the_columns_is_whole(team: Team) -> None:
    """The hash of an entry without an origin is what it was before there was any."""
    entry = one(team=team)
    with connection.cursor() as cursor:
        cursor.execute("SELECT address, agent FROM accounts_logentry")
        assert cursor.fetchall() == [("", "")]
    assert audit.digest(entry) == entry.hash
    entry.address = "192.0.2.1"
    assert audit.digest(entry) != entry.hash
