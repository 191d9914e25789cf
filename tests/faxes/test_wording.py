from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team, User
from faxes import story
from faxes.models import Document, Fax, FaxEvent
from faxes.reasons import INBOUND, NOBODY_KNOWS, OURS, OUTBOUND, TELNYX, reason_of
from faxes.states import RANK, Outbox
from faxes.story import line_of
from faxes.wording import pages, seconds, state_of
from tests import builders

# Telnyx's list of fax errors and its type of failure reasons: https://support.telnyx.com/en/articles/4967498.
SENDING = """
    file_size_limit_exceeded page_count_limit_exceeded file_download_failed file_format_invalid
    fax_initial_communication_timeout fax_signaling_error receiver_call_dropped receiver_communication_error
    receiver_decline receiver_invalid_number_format receiver_no_response receiver_recovery_on_timer_expire
    receiver_unallocated_number service_unavailable success
""".split()
RECEIVING = """
    fax_signaling_error carrier_lost sender_call_dropped sender_canceled sender_communication_error received
""".split()
NO_DIRECTION_GIVEN = """
    media_processing_exception user_busy receiver_no_answer receiver_incompatible_destination destination_unreachable
    destination_invalid invalid_ecm_response_from_receiver account_disabled no_outbound_profile
    destination_not_in_countries_whitelist destination_not_in_service_plan user_channel_limit_exceeded
    outbound_profile_channel_limit_exceeded connection_channel_limit_exceeded
    outbound_profile_daily_spend_limit_exceeded unverified_origination_number unverified_destination_not_allowed
""".split()


def outbound(**columns: Any) -> Fax:
    columns.setdefault("outbox", Outbox.ACCEPTED)
    return Fax(direction="outbound", from_number=builders.OURS, to_number=builders.THEIRS, **columns)


def inbound(**columns: Any) -> Fax:
    return Fax(direction="inbound", from_number=builders.THEIRS, to_number=builders.OURS, **columns)


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({"outbox": Outbox.READY}, "waiting: line in use"),
        ({"outbox": Outbox.READY, "tries": 1}, "waiting"),
        ({"outbox": Outbox.READY, "cancel": Fax.Cancel.REQUESTED}, "cancelling"),
        ({"outbox": Outbox.SUBMITTING}, "handing over"),
        ({"outbox": Outbox.PREPARING}, "preparing"),
        ({"outbox": Outbox.ACCEPTED, "status": "sending"}, "sending"),
        ({"outbox": Outbox.ACCEPTED, "status": "delivered"}, "delivered"),
        ({"outbox": Outbox.REJECTED}, "not sent"),
    ],
)
def test_only_what_waits_for_its_turn_waits_for_the_line(columns: dict[str, Any], word: str) -> None:
    assert state_of(outbound(**columns), line_in_use=True).word == word


@pytest.mark.parametrize("failure_reason", SENDING + NO_DIRECTION_GIVEN)
def test_every_reason_why_sending_fails_is_told_in_plain_words(failure_reason: str) -> None:
    state = state_of(outbound(status="failed", failure_reason=failure_reason))
    assert state.tone == "bad"
    assert "_" not in f"{state.word} {state.sentence} {state.next}"
    assert state.sentence.endswith(".")
    assert state.who and state.who != NOBODY_KNOWS
    assert state.next.endswith(".")


@pytest.mark.parametrize("failure_reason", RECEIVING + sorted(set(INBOUND)))
def test_every_reason_why_receiving_fails_is_told_in_plain_words(failure_reason: str) -> None:
    state = state_of(inbound(status="failed", failure_reason=failure_reason))
    assert (state.tone, "_" in f"{state.word} {state.sentence}") == ("bad", False)
    assert state.who != NOBODY_KNOWS
    # Whoever receives cannot send it again.
    assert not state.next.startswith("Send")


@pytest.mark.parametrize("reason", [*OUTBOUND.values(), *INBOUND.values()])
def test_a_word_for_the_pill_is_short(reason: Any) -> None:
    assert 0 < len(reason.word) <= 24


@pytest.mark.parametrize("outbound", [True, False])
def test_a_reason_we_do_not_know_is_shown_as_it_is(outbound: bool) -> None:
    reason = reason_of("cosmic_rays", outbound=outbound)
    assert (reason.word, reason.who) == ("cosmic_rays", NOBODY_KNOWS)
    assert "cosmic_rays" in reason.sentence
    assert reason.next


def test_a_failure_without_a_reason_still_says_what_to_do() -> None:
    state = state_of(outbound(status="failed"))
    assert (state.word, state.tone) == ("failed", "bad")
    assert state.next


def test_a_reason_of_the_other_direction_is_not_taken_for_ours() -> None:
    assert reason_of("sender_canceled", outbound=True).word == "sender_canceled"


@pytest.mark.parametrize(
    ("columns", "word", "tone"),
    [
        ({"outbox": "preparing"}, "preparing", "wait"),
        ({"outbox": "ready"}, "waiting", "wait"),
        ({"outbox": "ready", "tries": 2}, "waiting", "wait"),
        ({"outbox": "submitting"}, "handing over", "wait"),
        ({"outbox": "uncertain"}, "uncertain", "unsure"),
        ({"outbox": "submitting", "cancel": "requested"}, "cancelling", "wait"),
        ({"outbox": "uncertain", "cancel": "requested"}, "cancelling", "wait"),
        ({"outbox": "cancelled"}, "cancelled", "plain"),
        ({"outbox": "rejected", "problem": {"title": "No", "detail": "No."}}, "not sent", "bad"),
        ({"outbox": "rejected", "cancel": "requested"}, "not sent", "bad"),
        ({}, "with Telnyx", "wait"),
        ({"status": "queued"}, "queued", "wait"),
        ({"status": "media.processed"}, "queued", "wait"),
        ({"status": "originated"}, "calling", "wait"),
        ({"status": "sending"}, "sending", "wait"),
        ({"status": "sending.started"}, "sending", "wait"),
        ({"status": "sending", "cancel": "requested"}, "cancelling", "wait"),
        ({"status": "sending", "cancel": "accepted"}, "cancelling", "wait"),
        ({"status": "sending", "cancel": "refused"}, "sending", "wait"),
        ({"status": "delivered"}, "delivered", "good"),
        ({"status": "delivered", "cancel": "accepted"}, "delivered", "good"),
        ({"status": "failed", "cancel": "accepted", "failure_reason": "user_busy"}, "cancelled", "plain"),
        ({"status": "failed", "cancel": "refused", "failure_reason": "user_busy"}, "line was busy", "bad"),
        ({"status": "failed", "failure_reason": "user_busy", "outbox": ""}, "line was busy", "bad"),
        ({"status": "sending", "gone_at": "2026-11-20"}, "gone at Telnyx", "unsure"),
        ({"status": "delivered", "gone_at": "2026-11-20"}, "delivered", "good"),
        ({"status": "quantum.leap"}, "quantum.leap", "wait"),
    ],
)
def test_the_state_of_a_fax_on_its_way_out(columns: dict[str, Any], word: str, tone: str) -> None:
    state = state_of(outbound(**columns))
    assert (state.word, state.tone) == (word, tone)
    assert state.sentence.endswith(".")


@pytest.mark.parametrize(
    ("columns", "word", "tone"),
    [
        ({}, "with Telnyx", "wait"),
        ({"status": "initiated"}, "coming in", "wait"),
        ({"status": "receiving"}, "coming in", "wait"),
        ({"status": "media.processing"}, "coming in", "wait"),
        ({"status": "received", "media": "waiting"}, "fetching pages", "wait"),
        ({"status": "received", "media": "waiting", "problem": {"detail": "No."}}, "fetching pages", "wait"),
        ({"media": "waiting", "problem": {"detail": "No."}, "tries": 2}, "fetching pages", "wait"),
        ({"media": "waiting", "problem": {"detail": "No."}, "tries": 3}, "pages missing", "bad"),
        ({"status": "received", "media": "archived"}, "received", "good"),
        ({"status": "received", "media": "archived", "gone_at": "2026-11-20"}, "received", "good"),
        ({"status": "received", "media": "missing"}, "pages missing", "bad"),
        ({"status": "received"}, "not kept", "plain"),
        ({"status": "failed", "failure_reason": "carrier_lost"}, "line lost", "bad"),
        ({"status": "failed", "failure_reason": "carrier_lost", "media": "archived"}, "line lost", "bad"),
        ({"status": "receiving", "gone_at": "2026-11-20"}, "gone at Telnyx", "unsure"),
        ({"status": "quantum.leap"}, "quantum.leap", "wait"),
    ],
)
def test_the_state_of_a_fax_on_its_way_in(columns: dict[str, Any], word: str, tone: str) -> None:
    state = state_of(inbound(**columns))
    assert (state.word, state.tone) == (word, tone)
    assert state.sentence.endswith(".")


def test_no_bad_or_unsure_state_leaves_a_person_without_a_next_step() -> None:
    troubled = [
        outbound(outbox="rejected"),
        outbound(outbox="uncertain"),
        outbound(status="sending", gone_at="2026-11-20"),
        inbound(status="received", media="missing"),
        inbound(status="receiving", gone_at="2026-11-20"),
    ]
    assert all(state_of(fax).next for fax in troubled)


def test_a_refusal_by_telnyx_is_told_in_its_own_words_and_ours_in_ours() -> None:
    theirs = {"code": "10016", "title": "Invalid number", "detail": "The 'to' number is wrong."}
    assert state_of(outbound(outbox="rejected", problem=theirs)).sentence == (
        "Telnyx refused it: The 'to' number is wrong."
    )
    ours = {"code": "encrypted", "title": "The document cannot be faxed", "detail": "“a.pdf” asks for a password."}
    assert state_of(outbound(outbox="rejected", problem=ours)).sentence == "“a.pdf” asks for a password."


def test_only_a_fax_that_has_pages_is_offered_to_be_sent_again() -> None:
    assert "again" not in state_of(outbound(outbox="rejected")).next
    document = Document(stored_at=timezone.now())
    fax = outbound(outbox="rejected", document=document)
    assert "send this one again" in state_of(fax).next
    document.purged_at = timezone.now()
    assert "again" not in state_of(fax).next


def test_a_fax_whose_pages_were_deleted_does_not_promise_them() -> None:
    document = Document(stored_at=timezone.now())
    received = inbound(status="received", media="archived", document=document)
    broken_off = inbound(status="failed", media="archived", document=document)
    assert "here" in state_of(received).sentence and "kept here" in state_of(broken_off).sentence
    document.purged_at = timezone.now()
    assert state_of(received).word == "received"
    assert "deleted" in state_of(received).sentence
    assert "kept here" not in state_of(broken_off).sentence


def test_the_timeline_says_why_pages_were_deleted() -> None:
    line = line_of(FaxEvent(fax=inbound(), kind="purged_media", data={"days": 90}))
    assert (line.text, line.detail) == ("Pages deleted", "The team keeps pages for 90 days.")


def test_a_delivery_after_a_cancel_says_that_it_was_too_late() -> None:
    assert "too late" in state_of(outbound(status="delivered", cancel="accepted")).sentence


def test_missing_pages_say_why() -> None:
    fax = inbound(status="received", media="missing", problem={"detail": "The link has expired."})
    assert "The link has expired." in state_of(fax).sentence


@pytest.mark.parametrize(
    ("code", "who", "word"),
    [
        ("link_dead", TELNYX, "try again by ourselves"),
        ("encrypted", TELNYX, "Ask the sender"),
        ("gone", TELNYX, "Ask the sender"),
        ("storage", OURS, "administrator"),
        ("kills_workers", OURS, "administrator"),
    ],
)
def test_pages_that_are_late_say_whose_trouble_it_is_and_what_helps(code: str, who: str, word: str) -> None:
    for tries in (1, 9):
        state = state_of(inbound(media="waiting", tries=tries, problem={"code": code, "detail": "No."}))
        assert (state.who, word in state.next) == (who, True)


@pytest.fixture
def fax(team: Team) -> Fax:
    return builders.accepted(team)


def said(fax: Fax, kind: str, by: User | None = None, **data: Any) -> tuple[str, str, str]:
    line = line_of(FaxEvent(fax=fax, kind=kind, by=by, data=data))
    return line.text, line.detail, line.tone


@pytest.mark.parametrize(
    ("kind", "data", "text", "detail", "tone"),
    [
        ("queued", {}, "Queued by Alice", "", "plain"),
        ("queued", {"again": "x"}, "Sent again by Alice", "", "plain"),
        ("prepared", {"pages": 4, "bytes": 2048}, "Pages put together", "4 pages, 2.0\xa0KB", "plain"),
        ("put_back", {"why": "worker_stopped"}, "Not sent yet", "The worker was stopped meanwhile. ", "wait"),
        ("put_back", {"why": "No route."}, "Not sent yet", "No route. It leaves by itself.", "wait"),
        ("accepted", {"telnyx_id": "x"}, "Taken by Telnyx", "", "good"),
        ("rejected", {"title": "Bad number", "detail": "Too short."}, "Not sent: Bad number", "Too short.", "bad"),
        ("rejected", {"title": "Not sent", "detail": "Ann looked."}, "Not sent", "Ann looked.", "bad"),
        ("cancelled", {}, "Cancelled by Alice", "", "plain"),
        ("cancel_requested", {}, "Cancelling asked for by Alice", "", "plain"),
        ("cancel_accepted", {}, "Telnyx agreed to stop it", "", "plain"),
        ("cancel_refused", {"detail": "It has ended."}, "Too late to cancel", "It has ended.", "wait"),
        ("uncertain", {"why": "worker_stopped"}, "No clear answer from Telnyx", "The worker was stopped", "unsure"),
        ("settled", {"found": True}, "Found at Telnyx", "", "good"),
        ("settled", {"found": False}, "Not at Telnyx", "", "plain"),
        ("twin", {"telnyx_id": "abc"}, "Telnyx has a second fax of this one", "Telnyx id abc", "bad"),
        ("archived", {"pages": 3, "seconds": 1.4}, "Pages copied here", "3 pages, rescued in 1.4 s", "good"),
        ("archived", {"pages": 3, "seconds": 0.0}, "Pages copied here", "3 pages, rescued at once", "good"),
        (
            "archived",
            {"seconds": 75.2, "tries": 3},
            "Pages copied here",
            "rescued in 1 min 15 s, at the 3rd try",
            "good",
        ),
        ("deleted_at_telnyx", {}, "Deleted at Telnyx by Alice", "What is here stays.", "plain"),
        ("kept_at_telnyx", {}, "Not deleted at Telnyx", "not the one that came", "bad"),
        ("archived", {"pages": 3, "announced": 5}, "Pages copied here", "Telnyx had announced 5 pages.", "wait"),
        ("media_failed", {"detail": "No link."}, "Pages not here yet", "No link.", "wait"),
        ("media_missing", {"detail": "No link."}, "Pages given up", "No link.", "bad"),
        ("media_wanted", {}, "Pages asked for once more by Alice", "", "plain"),
        ("routed", {"team": "Records"}, "Given to Records by Alice", "", "plain"),
        ("gone", {}, "No longer listed by Telnyx", "", "unsure"),
        ("status:queued", {}, "Telnyx put it in its queue", "", "plain"),
        ("status:delivered", {"page_count": 1, "call_duration_secs": 75}, "Delivered", "1 page, 1 min 15 s", "good"),
        ("status:received", {"page_count": 2, "partial_content": True}, "Received in part", "2 pages. Ask", "bad"),
        ("status:failed", {"failure_reason": "user_busy"}, "Failed: line was busy", "Their side.", "bad"),
        ("status:failed", {"failure_reason": "cosmic_rays"}, "Failed: cosmic_rays", "“cosmic_rays”.", "bad"),
        ("status:quantum.leap", {}, "Telnyx reports “quantum.leap”", "", "plain"),
        ("somebody_sneezed", {"x": 1}, "somebody_sneezed", "", "plain"),
    ],
)
def test_each_line_of_the_timeline_is_a_sentence(
    fax: Fax, alice: User, kind: str, data: dict[str, Any], text: str, detail: str, tone: str
) -> None:
    line = said(fax, kind, alice, **data)
    assert (line[0], line[2]) == (text, tone)
    assert detail in line[1]


@pytest.mark.parametrize("status", RANK)
def test_no_status_that_telnyx_documents_is_shown_raw(fax: Fax, status: str) -> None:
    assert status not in said(fax, f"status:{status}")[0]


def test_what_the_portal_did_by_itself_names_nobody(fax: Fax) -> None:
    assert said(fax, "cancelled")[0] == "Cancelled"
    assert said(fax, "deleted_at_telnyx")[:2] == (
        "Deleted at Telnyx",
        "As its application asks, now that it is safe here.",
    )


def test_the_failure_that_ends_a_cancelled_fax_reads_as_its_end(team: Team) -> None:
    fax = builders.accepted(team, status="failed", cancel="accepted")
    assert said(fax, "status:failed", failure_reason="user_busy") == ("Stopped by Telnyx", "As you asked.", "plain")


@pytest.mark.parametrize("nonsense", ["four", "", [1], None])
def test_nonsense_where_a_number_belongs_breaks_no_line(fax: Fax, nonsense: Any) -> None:
    assert said(fax, "status:delivered", page_count=nonsense, call_duration_secs=nonsense)[:2] == ("Delivered", "")


def test_every_line_that_the_portal_writes_has_words() -> None:
    sources = [path.read_text() for path in Path(story.__file__).parent.rglob("*.py")]
    noted = {kind for source in sources for kind in re.findall(r'note\(\w+, "(\w+)"', source)}
    assert {"queued", "accepted", "archived"} < noted
    answers = {f"cancel_{answer}" for answer in Fax.Cancel.values}
    assert noted | answers | {Outbox.REJECTED.value, Outbox.CANCELLED.value} <= set(story.LINES)


@pytest.mark.parametrize(("count", "words"), [(None, ""), (0, "0 pages"), (1, "1 page"), (12, "12 pages")])
def test_pages_in_words(count: int | None, words: str) -> None:
    assert pages(count) == words


LONG = [(3600, "1 h 0 min"), (9000.5, "2 h 30 min"), (200_000, "2 d 7 h")]


@pytest.mark.parametrize(
    ("count", "words"), [(None, ""), (0, "0 s"), (1.4, "1.4 s"), (59, "59 s"), (125, "2 min 5 s"), *LONG]
)
def test_seconds_in_words(count: float | None, words: str) -> None:
    assert seconds(count) == words
