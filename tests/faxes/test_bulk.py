"""A page of reports at once leaves the same rows as the same reports one by one, in few statements."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounts.models import Team, User
from contacts.models import Correspondent
from faxes import bulk, rows
from faxes.mirror import Report, Verdict, apply_remote
from faxes.models import Attempt, Fax, FaxEvent, Tombstone, blank
from faxes.states import Media, Outbox
from faxes.tokens import client_state
from telnyx_api import Fax as FaxPayload
from tests import builders
from tests.builders import OURS, THEIRS

NOW = timezone.now().replace(microsecond=0)
EARLIER, LATER = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)
# What differs between two rows made a moment apart, or by chance.
BY_CHANCE = {"id", "correspondent_id", "heard_at", "poll_at", "due_at", "link_dies_at"}


def listed(telnyx_id: str, **said: Any) -> Report:
    facts = {"id": telnyx_id, "direction": "inbound", "from": THEIRS, "to": OURS, "status": "received"}
    payload = {**facts, "created_at": NOW.isoformat(), "updated_at": NOW.isoformat(), **said}
    given = {key: value for key, value in payload.items() if value is not ...}
    return Report.of_fax(FaxPayload(given), source=FaxEvent.Source.SYNC, asked_at=LATER)


def at_once(reports: Sequence[Report], *, quietly: bool = False) -> bulk.Sorted:
    """A page as the sync applies it."""
    found = bulk.sort(reports)
    with transaction.atomic():
        made = bulk.create(found.new, quietly=quietly)
    left = [one.report for one in found.new if one not in made]
    with transaction.atomic():
        left += bulk.change(found.changed)
    for report in [*left, *found.rest]:
        apply_remote(report)
    return found


def one_by_one(reports: Sequence[Report]) -> None:
    for report in reports:
        apply_remote(report)


def test_a_blank_fax_is_what_django_makes() -> None:
    given = {"telnyx_id": "1", "direction": "inbound", "created_at": NOW, "heard_at": NOW}
    ours, theirs = (vars(make(**given)).copy() for make in (blank, Fax))
    made, usual = ours.pop("_state"), theirs.pop("_state")
    assert (ours.pop("id") != theirs.pop("id")) and ours == theirs
    assert vars(made) == vars(usual) and made.adding
    assert ours["raw"] is not vars(blank())["raw"]


def test_ids_made_at_once_are_as_random_as_others() -> None:
    ids = list(rows.new_ids(1000))
    assert len(set(ids)) == 1000 and {(each.version, each.variant) for each in ids} == {(4, uuid.RFC_4122)}


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="asks SQLite")
def test_sqlite_has_more_at_hand_only_while_many_are_stored() -> None:
    def asked() -> dict[str, int]:
        with connection.cursor() as cursor:
            return {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in rows.WHOLESALE}

    usual = asked()
    with pytest.raises(ValueError, match="stop"), rows.wholesale():
        assert asked() == rows.WHOLESALE != usual
        raise ValueError("stop")
    assert asked() == usual


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def state() -> list[Any]:
    """Everything there is about faxes, but for what is made by chance. Times of ours are there, or are not."""
    rows = []
    for fax in Fax.objects.select_related("correspondent").order_by("telnyx_id", "to_number"):
        columns = {name: value for name, value in vars(fax).items() if not name.startswith("_")}
        there: dict[str, Any] = {name: columns[name] is not None for name in BY_CHANCE}
        soon = fax.heard_at > NOW - timedelta(minutes=5)
        # Only our own clock has fractions here.
        there["created_at"] = bool(fax.created_at.microsecond) or fax.created_at
        events = [(event.kind, event.source, event.occurred_at, event.data) for event in fax.events.order_by("kind")]
        attempts = [(each.state, each.telnyx_id, each.evidence) for each in fax.attempts.all()]
        number = fax.correspondent.number if fax.correspondent else None
        rows.append((columns | there | {"soon": soon, "number": number}, events, attempts))
    return rows


def both_ways(reports: Sequence[Report]) -> bulk.Sorted:
    """Apply a page to what there is, both ways, and leave it applied. Asserts that both come to the same."""
    with undone():
        one_by_one(reports)
        expected = state()
    found = at_once(reports)
    assert state() == expected
    return found


def ids(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


# New faxes: what is said of them, and where they belong.


NEW: dict[str, dict[str, Any]] = {
    "received": {"media_url": "https://x/y.pdf", "page_count": 2},
    "received long ago": {"created_at": "2020-01-01T00:00:00Z", "media_url": "https://x/y.pdf"},
    "receiving": {"status": "receiving"},
    "an inbound delivered": {"status": "delivered", "media_url": "https://x/y.pdf"},
    "failed": {"status": "failed", "failure_reason": "sender_call_dropped"},
    "failed with pages": {"status": "failed", "media_url": "https://x/y.pdf"},
    "sent": {"direction": "outbound", "from": OURS, "to": THEIRS, "status": "delivered", "call_duration_secs": 38},
    "sending": {"direction": "outbound", "from": OURS, "to": THEIRS, "status": "sending"},
    "a word nobody knows": {"status": "teleporting", "unheard_of": {"a": [1, None, "ä", "💡", '"\\']}},
    "without a status": {"status": ...},
    "without a time": {"created_at": ..., "updated_at": ...},
    "a time that is none": {"created_at": "yesterday", "updated_at": 7},
    "without numbers": {"from": ..., "to": None},
    "from somebody else's number": {"to": "+14155550100"},
    "without a direction": {"direction": ...},
    "in a direction nobody knows": {"direction": "sideways"},
    "with a token of nobody": {"direction": "outbound", "from": OURS, "client_state": client_state("0" * 32)},
    "spoilt": {"failure_reason": "a\x00b\ud800", "media_name": ["x"], "page_count": 10**400, "raw_only": float("inf")},
    "too long": {"status": "x" * 100, "failure_reason": "y" * 500, "from": "z" * 100},
    "a list of links": {"media_url": ["https://x/1.pdf", "https://x/2.pdf"]},
}


@pytest.mark.parametrize("said", NEW.values(), ids=NEW)
@pytest.mark.parametrize("routed", ["team", "application", "nobody"])
def test_a_new_fax_is_the_same_row(team: Team, bob: User, said: dict[str, Any], routed: str) -> None:
    application = builders.application(team if routed == "application" else None)
    if routed != "nobody":
        number = builders.number(team if routed == "team" else None, connection_id=application.telnyx_id)
        number.default_assignee = bob
        number.save()
    both_ways([listed("carrier-1", connection_id=application.telnyx_id, **said)])


def test_a_page_of_new_faxes_is_made_at_once(team: Team) -> None:
    builders.number(team)
    reports = [listed(telnyx_id, **said) for telnyx_id, said in zip(ids(len(NEW)), NEW.values(), strict=True)]
    found = both_ways(reports)
    # All but those of which nobody can say whether they were sent.
    assert (len(found.new), len(found.rest)) == (len(NEW) - 2, 2)


def test_a_fax_listed_twice_in_a_page_is_one(team: Team) -> None:
    both_ways([listed("carrier-1", status="receiving"), listed("carrier-1", status="received")])
    assert Fax.objects.get().status == "received"


def test_what_was_deleted_here_stays_deleted(team: Team) -> None:
    Tombstone.objects.create(telnyx_id="carrier-1")
    found = both_ways([listed("carrier-1"), listed("carrier-2")])
    assert [report.telnyx_id for report in found.deleted] == ["carrier-1"]
    assert [fax.telnyx_id for fax in Fax.objects.all()] == ["carrier-2"]


def test_quietly_there_is_no_line_in_the_timeline(team: Team) -> None:
    at_once([listed("carrier-1")], quietly=True)
    assert Fax.objects.get().status == "received" and not FaxEvent.objects.exists()


def test_a_fax_that_another_makes_meanwhile_is_left_to_it(team: Team) -> None:
    reports = [listed("carrier-1"), listed("carrier-2")]
    found = bulk.sort(reports)
    builders.inbound(team, telnyx_id="carrier-1", status="receiving")
    with transaction.atomic():
        made = bulk.create(found.new, quietly=False)
    assert [one.report.telnyx_id for one in made] == ["carrier-2"]
    assert Fax.objects.get(telnyx_id="carrier-1").status == "receiving"
    assert [event.fax.telnyx_id for event in FaxEvent.objects.all()] == ["carrier-2"]


# Sends of ours whose outcome is open, or not.


@pytest.mark.parametrize("outbox", [Outbox.SUBMITTING, Outbox.UNCERTAIN, Outbox.ACCEPTED, Outbox.REJECTED])
@pytest.mark.parametrize("carries", ["client_state", "media_name", "nothing"])
@pytest.mark.parametrize("state", [Attempt.State.POSTING, Attempt.State.ACCEPTED, Attempt.State.NOT_SENT])
@pytest.mark.parametrize("known", [True, False])
def test_a_listed_send_of_ours_goes_the_mirrors_way(
    team: Team, outbox: str, carries: str, state: str, known: bool
) -> None:
    builders.number(team)
    fax = builders.outbound(team, outbox=outbox, telnyx_id="carrier-1" if known else None, status="")
    attempt = builders.attempt(fax, state, telnyx_id="carrier-1" if known else "")
    token = {"client_state": client_state(attempt.token), "media_name": attempt.token}.get(carries)
    said = {carries: token} if token else {}
    facts = {"direction": "outbound", "from": OURS, "to": THEIRS, "status": "sending", **said}
    both_ways([listed("carrier-1", **facts), listed("carrier-2", **facts)])
    both_ways([listed("carrier-1", **facts), listed("carrier-2", **facts)])


@pytest.mark.parametrize("missing", ["from", "to", "direction"])
def test_a_fax_that_may_be_the_one_we_wait_for_is_not_made(team: Team, missing: str) -> None:
    builders.uncertain(team)
    facts = {"direction": "outbound", "from": OURS, "to": THEIRS, missing: ...}
    found = both_ways([listed("carrier-1", **facts), listed("carrier-2", **facts | {"to": "+14155550100"})])
    assert found.rest and Fax.objects.get(telnyx_id=None).attempts.get().evidence["candidates"]


# Faxes that are known.


ROWS: dict[str, dict[str, Any]] = {
    "blank": {"status": ""},
    "received": {"status": "received", "media": Media.ARCHIVED, "remote_at": NOW},
    "received, its pages awaited": {"status": "received", "media": Media.WAITING, "remote_at": EARLIER},
    "received, its pages missing": {"status": "received", "media": Media.MISSING, "media_url": "https://x/old.pdf"},
    "received, and nobody looks for its pages": {"status": "received", "remote_at": LATER},
    "heard of long ago": {"status": "received", "heard_at": NOW - timedelta(days=30), "remote_at": NOW},
    "still coming in": {"status": "receiving", "remote_at": NOW, "poll_at": NOW},
    "gone": {"status": "received", "gone_at": NOW, "media": Media.ARCHIVED, "remote_at": NOW},
    "gone since it was listed": {"status": "received", "gone_at": LATER, "media": Media.ARCHIVED, "remote_at": NOW},
    "told in fractions": {"status": "received", "remote_at": NOW + timedelta(microseconds=500), "page_count": 7},
    "full": {
        "status": "received",
        "remote_at": EARLIER,
        "connection_id": "77",
        "page_count": 3,
        "call_duration_secs": 60,
        "media_url": "https://x/old.pdf",
        "raw": {"status": "received", "extra": [1, {"b": None}]},
    },
    "sent": {"direction": "outbound", "status": "delivered", "remote_at": NOW},
    "sent, the number still held": {"direction": "outbound", "status": "delivered", "line_held": True},
    "being sent": {"direction": "outbound", "status": "sending", "remote_at": EARLIER, "line_held": True},
    "sent by us": {"direction": "outbound", "status": "delivered", "outbox": Outbox.ACCEPTED, "remote_at": NOW},
}
SAID: dict[str, dict[str, Any]] = {
    "nothing": {"status": ..., "created_at": ..., "updated_at": ...},
    "the same": {},
    "more": {"page_count": 2, "call_duration_secs": 38, "connection_id": "78"},
    "less": {"page_count": None, "connection_id": None},
    "a new link": {"media_url": "https://x/new.pdf"},
    "later": {"updated_at": LATER.isoformat(), "page_count": 4},
    "earlier": {"updated_at": EARLIER.isoformat(), "page_count": 5, "media_url": "https://x/older.pdf"},
    "without a time": {"updated_at": ..., "page_count": 6},
    "another day": {"created_at": (NOW - timedelta(days=3)).isoformat()},
    "another end": {"status": "failed", "failure_reason": "carrier_lost"},
    "an earlier status": {"status": "receiving"},
    "delivered": {"status": "delivered"},
    "a word nobody knows": {"status": "teleporting"},
    "spoilt": {"failure_reason": "a\x00b", "page_count": True, "unheard_of": ["\ud800"]},
    "without a direction": {"direction": ..., "page_count": 2},
}


def existing(team: Team, telnyx_id: str = "carrier-1", **columns: Any) -> Fax:
    ends = {"from_number": OURS, "to_number": THEIRS} if columns.get("direction") == "outbound" else {}
    columns = {"direction": "inbound", "from_number": THEIRS, "to_number": OURS, **ends, "created_at": NOW, **columns}
    if columns.get("outbox"):
        columns["document"] = builders.document()
    fax = Fax.objects.create(team=team, telnyx_id=telnyx_id, **columns)
    if fax.status:
        fax.events.create(kind=f"status:{fax.status}", source=FaxEvent.Source.WEBHOOK)
    return fax


@pytest.mark.parametrize("columns", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_a_known_fax_becomes_the_same_row(team: Team, columns: dict[str, Any], said: dict[str, Any]) -> None:
    existing(team, **columns)
    reports = [listed("carrier-1", **{"direction": columns.get("direction", "inbound"), **said})]
    both_ways(reports)
    # And once more, when most of it is old.
    both_ways(reports)


def test_all_of_them_in_one_page(team: Team) -> None:
    pairs = list(itertools.product(ROWS.values(), SAID.values()))
    for number, (columns, _) in enumerate(pairs):
        held = {"line_held": False} if number else {}
        existing(team, f"carrier-{number:03}", **columns | held)
    reports = [
        listed(f"carrier-{number:03}", **{"direction": columns.get("direction", "inbound"), **said})
        for number, (columns, said) in enumerate(pairs)
    ]
    first, second = both_ways(reports), at_once(reports)
    assert first.changed and first.rest and second.unchanged


words = st.sampled_from([..., None, "", "x", "received", "failed", "receiving", "a\x00", 3, True, ["x"], {"a": 1}])
times = st.sampled_from([..., None, "x", *(moment.isoformat() for moment in (EARLIER, NOW, LATER))])
statuses = st.sampled_from(["", "receiving", "received", "failed", "teleporting"])
payloads = st.fixed_dictionaries(
    {"status": words, "media_url": words, "page_count": words, "failure_reason": words, "new": words},
    optional={"updated_at": times, "created_at": times, "direction": words, "connection_id": words},
)
columns = st.fixed_dictionaries(
    {"status": statuses, "media": st.sampled_from(["", *Media.values])},
    optional={
        "remote_at": st.sampled_from([None, EARLIER, NOW, LATER, NOW + timedelta(microseconds=5)]),
        "raw": st.sampled_from([{}, {"status": "received"}, {"new": "x", "page_count": None}]),
        "page_count": st.sampled_from([None, 3]),
        "media_url": st.sampled_from(["", "x"]),
        "failure_reason": st.sampled_from(["", "x"]),
        "gone_at": st.sampled_from([None, NOW, LATER]),
        "poll_at": st.sampled_from([None, NOW]),
        "heard_at": st.sampled_from([NOW, NOW - timedelta(days=30)]),
    },
)


@examples(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(page=st.lists(st.tuples(st.none() | columns, payloads), min_size=1, max_size=6))
def test_any_page_comes_to_the_same(team: Team, page: list[tuple[dict[str, Any] | None, dict[str, Any]]]) -> None:
    with undone():
        for number, (row, _) in enumerate(page):
            if row is not None:
                existing(team, f"carrier-{number}", **row)
        both_ways([listed(f"carrier-{number}", **said) for number, (_, said) in enumerate(page)])


# What it costs, and what it leaves alone.


def queries(reports: Sequence[Report]) -> int:
    with CaptureQueriesContext(connection) as captured:
        found = at_once(reports)
    assert not found.rest
    return len([one for one in captured if "SAVEPOINT" not in one["sql"]])


def test_a_page_takes_the_same_statements_however_long_it_is(team: Team) -> None:
    builders.number(team)
    for step in range(3):
        counts = set()
        for number, size in enumerate((2, 40)):
            name, pages = f"{number}-{{}}", None if step == 0 else 1 if step == 1 else 2
            reports = [listed(name.format(one), page_count=pages, **{"from": f"+1{one}"}) for one in range(size)]
            counts.add(queries(reports))
        # New; changed; and, having been changed already, unchanged.
        assert len(counts) == 1 and counts.pop() <= (14, 9, 9)[step]


def test_nothing_is_written_where_nothing_is_new(team: Team) -> None:
    reports = [listed(telnyx_id) for telnyx_id in ids(20)]
    at_once(reports)
    with CaptureQueriesContext(connection) as captured:
        found = at_once(reports)
    assert len(found.unchanged) == 20
    assert not [one for one in captured if one["sql"].lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]


def test_our_columns_stay_ours(team: Team, alice: User) -> None:
    fax = existing(team, status="received", media=Media.ARCHIVED)
    ours = {"assigned_to": alice, "handled_at": NOW, "legal_hold": True, "rotation": {"1": 90}}
    Fax.objects.filter(pk=fax.pk).update(**ours)
    found = at_once([listed("carrier-1", page_count=9)])
    fax.refresh_from_db()
    assert (len(found.changed), fax.page_count) == (1, 9)
    assert {name: getattr(fax, name) for name in ours} == ours


def test_a_correspondent_is_found_or_made_once(team: Team) -> None:
    builders.number(team)
    known = Correspondent.objects.create(team=team, number=THEIRS, name="Harbour Clinic")
    at_once([listed("carrier-1"), listed("carrier-2"), *(listed(f"x-{n}", **{"from": "+1415"}) for n in range(3))])
    assert set(Fax.objects.filter(from_number=THEIRS).values_list("correspondent", flat=True)) == {known.pk}
    assert Correspondent.objects.filter(number="+1415").count() == 1


def test_a_report_that_becomes_more_than_a_change_is_handed_back(team: Team) -> None:
    """As when a webhook tells the end between the look at the page and the lock on the row."""
    fax = existing(team, status="receiving", poll_at=NOW)
    report = listed("carrier-1", status="receiving", page_count=2)
    found = bulk.sort([report])
    assert found.changed == [report]
    Fax.objects.filter(pk=fax.pk).update(status="received")
    with transaction.atomic():
        assert bulk.change(found.changed) == [report]
    fax.refresh_from_db()
    assert (fax.status, fax.page_count) == ("received", None)


def test_datetimes_and_words_come_back_as_they_went_in(team: Team) -> None:
    at = datetime.fromisoformat("2026-11-20T13:00:00.123456+01:00")
    at_once([listed("carrier-1", updated_at=at.isoformat(), note="100 % “ä” 💡 \\ ' ; --", status="ünknown")])
    fax = Fax.objects.get()
    assert (fax.remote_at, fax.raw["note"], fax.status) == (at, "100 % “ä” 💡 \\ ' ; --", "ünknown")
    assert apply_remote(listed("carrier-1"))[0] is Verdict.APPLIED
