"""One rule for every road: the same report changes a fax in the same way, whichever way Telnyx told it."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team, User
from faxes import triage
from faxes.mirror import Report, Verdict, apply_remote
from faxes.models import Attempt, Fax, FaxEvent
from faxes.states import Media, Outbox
from faxes.tokens import client_state
from telnyx_api import Fax as FaxPayload
from telnyx_api import parse_event
from tests import builders
from tests.builders import OURS, THEIRS

NOON = datetime.fromisoformat("2026-11-20T12:00:00.500000+00:00")
EARLIER, LATER = NOON - timedelta(minutes=1), NOON + timedelta(minutes=1)
# A retrieve is asked for just now, so that its time says nothing: it has tests of its own.
TOLD = ["webhook", "listing", "answer"]
ROADS = [*TOLD, "retrieve"]


def report(road: str, telnyx_id: str, *, at: datetime | None, **said: Any) -> Report:
    """What one road makes of the same facts."""
    facts = {"direction": "outbound", "from": OURS, "to": THEIRS} | said
    if road == "webhook":
        event = {"id": "e", "event_type": "fax.x", "occurred_at": at and at.isoformat()}
        body = json.dumps({"data": event | {"payload": {"fax_id": telnyx_id, **facts}}})
        # A number beyond all bounds is valid JSON, and Python's writer has no way to say it.
        return Report.of_event(parse_event(body.replace("Infinity", "1e400").encode()))
    payload = FaxPayload({"id": telnyx_id, **facts, **({"updated_at": at.isoformat()} if at else {})})
    source = FaxEvent.Source.ANSWER if road == "answer" else FaxEvent.Source.SYNC
    return Report.of_fax(payload, source=source, retrieved=road == "retrieve")


CASES = [
    # (status here, its time), (status told, its time), the status after it
    ("", None, "queued", NOON, "queued"),
    ("queued", NOON, "sending", LATER, "sending"),
    # The further status wins, whatever the clocks say.
    ("queued", NOON, "delivered", EARLIER, "delivered"),
    ("delivered", NOON, "sending", LATER, "delivered"),
    ("sending", NOON, "queued", LATER, "sending"),
    # Words nobody knows rank between the last open one and the end.
    ("sending", NOON, "teleporting", EARLIER, "teleporting"),
    ("teleporting", NOON, "sending", LATER, "teleporting"),
    ("teleporting", NOON, "failed", EARLIER, "failed"),
    # Within a rank time decides.
    ("sending", NOON, "sending.started", LATER, "sending.started"),
    ("sending", NOON, "sending.started", EARLIER, "sending"),
    ("delivered", NOON, "delivered", LATER, "delivered"),
    ("queued", NOON, "sending", None, "sending"),
]


@pytest.mark.parametrize("road", TOLD)
@pytest.mark.parametrize(("known", "known_at", "told", "told_at", "after"), CASES)
def test_status_goes_by_rank(
    team: Team, road: str, known: str, known_at: datetime | None, told: str, told_at: datetime | None, after: str
) -> None:
    fax = builders.accepted(team, status=known, remote_at=known_at)
    verdict, _ = apply_remote(report(road, str(fax.telnyx_id), at=told_at, status=told))
    fax.refresh_from_db()
    assert (verdict, fax.status) == (Verdict.APPLIED, after)


@pytest.mark.parametrize("road", TOLD)
def test_a_contradiction_changes_nothing_and_asks(team: Team, road: str) -> None:
    fax = builders.accepted(team, status="delivered", remote_at=NOON, page_count=3)
    apply_remote(report(road, str(fax.telnyx_id), at=LATER, status="failed", failure_reason="user_busy", page_count=0))
    fax.refresh_from_db()
    assert (fax.status, fax.failure_reason, fax.page_count) == ("delivered", "", 3)
    assert fax.poll_at is not None and fax.poll_at <= timezone.now()


@pytest.mark.parametrize("at", [LATER, EARLIER, None])
def test_only_a_retrieve_corrects_an_end_and_never_back_to_an_open_state(team: Team, at: datetime | None) -> None:
    """An event's time may lie after that of the record it made, so the record's time does not count."""
    fax = builders.accepted(team, status="delivered", remote_at=NOON)
    apply_remote(report("retrieve", str(fax.telnyx_id), at=at, status="failed", failure_reason="user_busy"))
    fax.refresh_from_db()
    assert (fax.status, fax.failure_reason) == ("failed", "user_busy")
    assert fax.remote_at is not None and fax.remote_at >= NOON
    apply_remote(report("retrieve", str(fax.telnyx_id), at=LATER, status="sending"))
    fax.refresh_from_db()
    assert fax.status == "failed"


@pytest.mark.parametrize("road", ROADS)
def test_absent_is_not_null(team: Team, road: str) -> None:
    fax = builders.accepted(team, status="sending", remote_at=NOON, page_count=3, connection_id="77")
    apply_remote(report(road, str(fax.telnyx_id), at=LATER, status="delivered"))
    fax.refresh_from_db()
    assert (fax.page_count, fax.connection_id) == (3, "77")
    apply_remote(report(road, str(fax.telnyx_id), at=LATER, status="delivered", page_count=None))
    fax.refresh_from_db()
    assert fax.page_count is None


@pytest.mark.parametrize("road", TOLD)
def test_an_older_report_fills_blanks_only(team: Team, road: str) -> None:
    fax = builders.accepted(team, status="delivered", remote_at=NOON, page_count=3)
    apply_remote(report(road, str(fax.telnyx_id), at=EARLIER, status="sending", page_count=1, connection_id="77"))
    fax.refresh_from_db()
    assert (fax.page_count, fax.connection_id, fax.remote_at) == (3, "77", NOON)


def test_times_in_whole_seconds_are_not_older_than_their_own_second(team: Team) -> None:
    fax = builders.accepted(team, status="delivered", remote_at=NOON, page_count=1)
    apply_remote(report("listing", str(fax.telnyx_id), at=NOON.replace(microsecond=0), page_count=3))
    fax.refresh_from_db()
    assert fax.page_count == 3


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("value", ["a\x00b", "\ud800", ["x"], {"a": 1}, 5, 1e400, True, "x" * 3000])
def test_no_word_or_type_of_theirs_breaks_a_write(team: Team, road: str, value: Any) -> None:
    fax = builders.accepted(team)
    odd = {"failure_reason": value, "page_count": value, "media_name": value, "unheard_of": value}
    verdict, _ = apply_remote(report(road, str(fax.telnyx_id), at=NOON, status="failed", **odd))
    fax.refresh_from_db()
    assert (verdict, fax.status) == (Verdict.APPLIED, "failed")


def test_every_order_and_repeat_of_the_same_reports_ends_the_same(team: Team) -> None:
    story: list[tuple[str, datetime, dict[str, Any]]] = [
        ("webhook", NOON, {"status": "queued"}),
        ("listing", NOON + timedelta(seconds=1), {"status": "media.processed"}),
        ("webhook", NOON + timedelta(seconds=2), {"status": "sending"}),
        ("webhook", NOON + timedelta(seconds=3), {"status": "delivered", "page_count": 3, "call_duration_secs": 60}),
    ]
    ends: set[tuple[Any, ...]] = set()
    for order in itertools.permutations(story):
        fax = builders.accepted(team, to_number=f"+1773555{len(ends):04}", status="")
        for road, at, said in [*order, order[0]]:
            apply_remote(report(road, str(fax.telnyx_id), at=at, **said))
        fax.refresh_from_db()
        ends.add((fax.status, fax.page_count, fax.call_duration_secs, fax.remote_at, fax.line_held))
        kinds = sorted(fax.events.filter(kind__startswith="status:").values_list("kind", flat=True))
        assert kinds == ["status:delivered", "status:media.processed", "status:queued", "status:sending"]
        fax.delete()
    assert ends == {("delivered", 3, 60, NOON + timedelta(seconds=3), False)}


@pytest.mark.parametrize("carrier", ["client_state", "media_name"])
@pytest.mark.parametrize("state", [Outbox.SUBMITTING, Outbox.UNCERTAIN])
def test_a_report_that_overtakes_the_answer_finds_its_fax(team: Team, carrier: str, state: str) -> None:
    fax = builders.outbound(team, outbox=state, line_held=True)
    attempt = builders.attempt(fax, Attempt.State.POSTING)
    token = {"client_state": client_state(attempt.token), "media_name": attempt.token}[carrier]
    telnyx_id = str(uuid.uuid4())
    apply_remote(report("webhook", telnyx_id, at=NOON, status="queued", **{carrier: token}))
    fax.refresh_from_db()
    attempt.refresh_from_db()
    assert (fax.outbox, fax.telnyx_id, fax.line_held) == (Outbox.ACCEPTED, telnyx_id, True)
    assert (attempt.state, attempt.telnyx_id) == (Attempt.State.ACCEPTED, telnyx_id)
    assert Fax.objects.count() == 1


def test_what_cannot_be_told_apart_waits_and_is_remembered(team: Team) -> None:
    fax = builders.uncertain(team)
    verdict, row = apply_remote(report("listing", "carrier-1", at=NOON, status="sending"))
    assert (verdict, row, Fax.objects.count()) == (Verdict.WAITS, None, 1)
    candidates = fax.attempts.get().evidence["candidates"]
    assert candidates == {"carrier-1": {"from": OURS, "to": THEIRS, "status": "sending"}}


@pytest.mark.parametrize("missing", ["from", "to"])
def test_a_report_without_numbers_may_be_anybodys(team: Team, missing: str) -> None:
    builders.uncertain(team)
    verdict, _ = apply_remote(report("listing", "carrier-1", at=NOON, status="sending", **{missing: None}))
    assert verdict is Verdict.WAITS


def test_another_line_does_not_wait(team: Team) -> None:
    builders.uncertain(team)
    verdict, fax = apply_remote(report("listing", "carrier-1", at=NOON, status="sending", to="+14155550100"))
    assert verdict is Verdict.APPLIED and fax is not None and fax.to_number == "+14155550100"


def test_a_row_made_before_we_knew_it_was_ours_is_absorbed(team: Team) -> None:
    """The token may come only later: then there is one fax, and it is the one we sent."""
    fax = builders.outbound(team, outbox=Outbox.REJECTED)
    attempt = builders.attempt(fax, Attempt.State.NOT_SENT)
    apply_remote(report("listing", "carrier-1", at=NOON, status="sending"))
    assert Fax.objects.count() == 2
    apply_remote(report("webhook", "carrier-1", at=LATER, status="delivered", media_name=attempt.token))
    fax.refresh_from_db()
    assert Fax.objects.count() == 1
    assert (fax.outbox, fax.telnyx_id, fax.status) == (Outbox.ACCEPTED, "carrier-1", "delivered")


def test_what_people_did_with_an_absorbed_row_is_not_lost(team: Team, alice: User) -> None:
    fax = builders.outbound(team, outbox=Outbox.REJECTED)
    attempt = builders.attempt(fax, Attempt.State.NOT_SENT)
    _, stray = apply_remote(report("listing", "carrier-1", at=NOON, status="sending"))
    assert stray
    Fax.objects.filter(pk=stray.pk).update(team=team)
    triage.note(by=alice, fax=stray, text="They never got it.")
    triage.tag(by=alice, faxes=[stray], name="court")
    triage.hold(by=alice, faxes=[stray])
    apply_remote(report("webhook", "carrier-1", at=LATER, status="delivered", media_name=attempt.token))
    fax = Fax.objects.get()
    assert [note.text for note in fax.notes.all()] == ["They never got it."]
    assert [tag.name for tag in fax.tags.all()] == ["court"] and fax.legal_hold


def test_a_second_fax_with_our_token_gets_its_own_row_and_a_line_in_the_timeline(team: Team) -> None:
    fax = builders.accepted(team, status="delivered")
    token = fax.attempts.get().token
    _, twin = apply_remote(report("webhook", "carrier-2", at=NOON, status="sending", media_name=token))
    assert twin is not None and twin.pk != fax.pk and twin.retry_of == fax
    assert fax.events.filter(kind="twin").exists()


def test_an_unknown_outbound_event_asks_for_a_retrieve(team: Team) -> None:
    assert apply_remote(report("webhook", "carrier-9", at=NOON, status="sending")) == (Verdict.UNKNOWN, None)


@pytest.mark.parametrize("telnyx_id", ["", "x" * 300])
def test_without_a_usable_id_there_is_nothing_to_hold_on_to(db: None, telnyx_id: str) -> None:
    assert apply_remote(report("listing", telnyx_id, at=NOON, status="sending")) == (Verdict.UNUSABLE, None)


def test_an_inbound_event_makes_its_row_and_routes_it(team: Team) -> None:
    builders.number(team)
    said = {"direction": "inbound", "from": THEIRS, "to": OURS, "status": "receiving"}
    _, fax = apply_remote(report("webhook", "in-1", at=NOON, **said))
    assert fax is not None and (fax.team, fax.status, fax.media) == (team, "receiving", "")
    assert fax.correspondent is not None and fax.correspondent.number == THEIRS


def test_an_inbound_delivered_means_received(team: Team) -> None:
    builders.number(team)
    now = timezone.now()
    said = {"direction": "inbound", "from": THEIRS, "to": OURS, "status": "delivered", "media_url": "https://x/y.pdf"}
    _, fax = apply_remote(report("webhook", "in-1", at=now, **said))
    assert fax is not None and (fax.status, fax.media) == ("received", "waiting")


def test_a_new_link_brings_missing_pages_back(team: Team) -> None:
    fax = builders.inbound(team, status="received", media="missing", media_url="https://x/old.pdf", remote_at=NOON)
    said = {"direction": "inbound", "status": "received", "media_url": "https://x/new.pdf"}
    apply_remote(report("webhook", str(fax.telnyx_id), at=LATER, **said))
    fax.refresh_from_db()
    assert (fax.media, fax.due_at is None) == ("waiting", False)


def test_our_columns_stay_ours(team: Team, other_team: Team) -> None:
    """What people set is not touched by what Telnyx says."""
    builders.number(other_team)
    fax = builders.accepted(team, options={"quality": "high"})
    apply_remote(report("listing", str(fax.telnyx_id), at=NOON, status="delivered", quality="normal", team="x"))
    fax.refresh_from_db()
    assert (fax.team, fax.options, fax.to_number) == (team, {"quality": "high"}, THEIRS)


@pytest.mark.parametrize("road", ROADS)
def test_a_report_without_its_direction_means_what_the_fax_is(team: Team, road: str) -> None:
    """Else the pages of a received fax would never be fetched."""
    fax = builders.inbound(team, status="receiving")
    told = report(road, str(fax.telnyx_id), at=NOON, status="delivered", direction=None)
    apply_remote(told)
    apply_remote(told)
    fax.refresh_from_db()
    assert (fax.status, fax.media, fax.poll_at) == ("received", "waiting", None)
    assert [event.kind for event in fax.events.all()] == ["status:received"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_event_of_received_faxes_needs_no_direction(team: Team, nothing: str | None) -> None:
    payload = {"fax_id": "in-1", "direction": nothing, "from": THEIRS, "to": OURS, "status": "receiving"}
    body = json.dumps({"data": {"id": "e", "event_type": "fax.receiving.started", "payload": payload}})
    verdict, fax = apply_remote(Report.of_event(parse_event(body.encode())))
    assert verdict is Verdict.APPLIED and fax and not fax.is_outbound


def undelivered(telnyx_id: str, *, at: datetime, **said: Any) -> Report:
    """An event that Telnyx could not deliver, read in its list of those."""
    event = {"id": "e", "event_type": "fax.x", "occurred_at": at.isoformat(), "payload": {"fax_id": telnyx_id, **said}}
    return Report.of_event(parse_event(json.dumps({"data": event}).encode()), source=FaxEvent.Source.SYNC)


def test_an_undelivered_event_tells_what_was_and_not_what_is(team: Team) -> None:
    fax = builders.inbound(team, status="receiving", gone_at=NOON)
    link = "https://x/y.pdf"
    apply_remote(undelivered(str(fax.telnyx_id), at=NOON, direction="inbound", status="received", media_url=link))
    fax.refresh_from_db()
    assert (fax.status, fax.gone_at) == ("received", NOON)
    assert fax.link_dies_at == NOON + timedelta(minutes=10)
    sent = {"direction": "outbound", "from": OURS, "to": THEIRS, "status": "sending"}
    assert apply_remote(undelivered("carrier-1", at=NOON, **sent)) == (Verdict.UNKNOWN, None)


@pytest.mark.parametrize("found_by", ["listing", "answer"])
def test_the_end_is_telnyxs_word_once_telnyx_tells_it(team: Team, found_by: str) -> None:
    """However late that event comes: then it was late, and not lost."""
    fax = builders.accepted(team, status="sending")
    at = NOON + timedelta(seconds=3)
    for road, told_at in ((found_by, NOON), ("webhook", at), (found_by, LATER)):
        apply_remote(report(road, str(fax.telnyx_id), at=told_at, status="delivered"))
    line = fax.events.get(kind="status:delivered")
    assert (line.source, line.occurred_at) == (FaxEvent.Source.WEBHOOK, at)


@pytest.mark.parametrize(
    ("retrieved", "asked_at", "line", "is_back"),
    [
        (False, LATER, "gone", True),
        (False, EARLIER, "gone", False),
        (False, None, "gone", False),
        (False, LATER, "deletion_asked", False),
        (False, LATER, "deleted_at_telnyx", False),
        (True, None, "deleted_at_telnyx", True),
    ],
)
def test_a_list_brings_back_only_what_went_before_it_was_asked_for_and_by_nobodys_wish(
    team: Team, retrieved: bool, asked_at: datetime | None, line: str, is_back: bool
) -> None:
    fax = builders.inbound(team, status="received", gone_at=NOON)
    fax.events.create(kind=line, source=FaxEvent.Source.SYNC)
    payload = FaxPayload({"id": fax.telnyx_id, "direction": "inbound", "status": "received"})
    apply_remote(Report.of_fax(payload, source=FaxEvent.Source.SYNC, retrieved=retrieved, asked_at=asked_at))
    fax.refresh_from_db()
    assert (fax.gone_at is None) == is_back


def test_the_link_of_an_event_may_be_a_list(team: Team) -> None:
    fax = builders.inbound(team, status="receiving")
    link = "https://x/y.pdf"
    apply_remote(
        report("webhook", str(fax.telnyx_id), at=NOON, direction="inbound", media_url=[link], status="received")
    )
    fax.refresh_from_db()
    assert fax.media_url == link


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_time_that_is_none_leaves_the_fax_where_it_is(team: Team, road: str, year: str) -> None:
    at = f"{year}-01-01T00:00:00Z"
    known = builders.inbound(team)
    for telnyx_id in (str(known.telnyx_id), "new"):
        apply_remote(
            report(road, telnyx_id, at=None, direction="inbound", status="received", created_at=at, updated_at=at)
        )
    for fax in Fax.objects.all():
        assert fax.created_at.year == fax.heard_at.year == timezone.now().year
        assert fax.raw["created_at"] == at and fax.media == Media.WAITING
