"""The submit step against a carrier that answers, refuses, stutters and falls silent: never lost, never twice."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team, User
from applications.models import PhoneNumber
from applications.services import assign_number
from applications.telnyx import client
from faxes import gate, outbox, services
from faxes.models import Attempt, Fax, Gate
from faxes.states import Outbox
from faxes.steps import cancel, submit
from faxes.tokens import client_state
from faxes.wording import state_of
from sync.services import sync_recent
from sync.steps import settle
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.telnyx import while_telnyx_thinks
from tests.papers import text_pdf

FAXES = "/v2/faxes"
MEDIA = "/v2/media"


@pytest.fixture
def fax(line: PhoneNumber, team: Team) -> Fax:
    return ready(team, line)


def ready(team: Team | None, line: PhoneNumber, **columns: Any) -> Fax:
    document = builders.document(text_pdf(pages=3), pages=3)
    return builders.outbound(team, from_number=line.phone_number, document=document, **columns)


def submit_one() -> bool:
    with client() as telnyx:
        return submit.submit_next(telnyx)


def settled(fax: Fax) -> Fax:
    """The fax after the settle step has had all the time it wants; what is ready again is sent."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        Fax.objects.filter(pk=fax.pk).update(due_at=timezone.now())
        settle.drain()
        submit.drain()
        fax.refresh_from_db()
        if fax.outbox not in (Outbox.UNCERTAIN, Outbox.READY):
            return fax
        if fax.outbox == Outbox.UNCERTAIN and services.candidates(fax.attempts.latest("started_at")):
            return fax
        time.sleep(0.05)
    return fax


def test_a_fax_is_handed_over_once_with_everything_telnyx_asks_for(
    sandbox: Server, line: PhoneNumber, fax: Fax
) -> None:
    Fax.objects.filter(pk=fax.pk).update(options={"quality": "very_high", "t38_enabled": False})
    submit.drain()
    fax.refresh_from_db()
    attempt = fax.attempts.get()
    [carrier] = sandbox.sandbox.faxes()
    assert (fax.outbox, fax.telnyx_id, fax.line_held) == (Outbox.ACCEPTED, carrier["id"], True)
    assert (attempt.state, attempt.telnyx_id) == (Attempt.State.ACCEPTED, carrier["id"])
    assert carrier["connection_id"] == line.connection_id
    assert carrier["client_state"] == client_state(attempt.token) and carrier["media_name"] == attempt.token
    assert carrier["quality"] == "very_high"
    assert carrier["webhook_url"] == "http://localhost:9/webhooks/telnyx"
    assert [event.kind for event in fax.events.all()] == ["accepted", "status:queued"]
    assert submit.drain() == 0


# What the carrier does with the POST, whether it has taken the fax, and how ours stands before any evidence.
FAULTS: dict[str, tuple[dict[str, Any], bool, str]] = {
    "reset before acceptance": ({"action": "reset"}, False, Outbox.UNCERTAIN),
    "reset after acceptance": ({"action": "reset", "after": True}, True, Outbox.UNCERTAIN),
    "read time-out": ({"action": "hang", "seconds": 3, "after": True}, True, Outbox.UNCERTAIN),
    "500 before acceptance": ({"action": "status", "status": 500}, False, Outbox.UNCERTAIN),
    "500 after acceptance": ({"action": "status", "status": 500, "after": True}, True, Outbox.UNCERTAIN),
    "502 before acceptance": ({"action": "status", "status": 502}, False, Outbox.UNCERTAIN),
    "502 after acceptance": ({"action": "status", "status": 502, "after": True}, True, Outbox.UNCERTAIN),
    "503 before acceptance": ({"action": "status", "status": 503}, False, Outbox.UNCERTAIN),
    "503 after acceptance": ({"action": "status", "status": 503, "after": True}, True, Outbox.UNCERTAIN),
    "408": ({"action": "status", "status": 408}, False, Outbox.UNCERTAIN),
    "garbage after acceptance": ({"action": "garbage", "after": True}, True, Outbox.UNCERTAIN),
    "garbage before acceptance": ({"action": "garbage"}, False, Outbox.UNCERTAIN),
    "truncated JSON": ({"action": "truncate", "after": True}, True, Outbox.UNCERTAIN),
    "empty answer": ({"action": "empty", "after": True}, True, Outbox.UNCERTAIN),
    "redirect": ({"action": "redirect"}, False, Outbox.UNCERTAIN),
    "429 with headers": (
        {"action": "status", "status": 429, "headers": {"x-ratelimit-reset": "2"}},
        False,
        Outbox.READY,
    ),
    "429 without headers": ({"action": "status", "status": 429}, False, Outbox.READY),
    "401": ({"action": "status", "status": 401}, False, Outbox.READY),
    "403": ({"action": "status", "status": 403}, False, Outbox.READY),
    "422": ({"action": "status", "status": 422}, False, Outbox.REJECTED),
    "404": ({"action": "status", "status": 404}, False, Outbox.REJECTED),
}


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_happens_to_the_post_there_is_one_fax(
    sandbox: Server, settings: Settings, fax: Fax, name: str
) -> None:
    fault, taken, then = FAULTS[name]
    settings.SEND_DEADLINE_SECONDS = 1
    sandbox.sandbox.faults.add(method="POST", path=FAXES, **fault)
    submit_one()
    fax.refresh_from_db()
    assert (fax.outbox, len(sandbox.sandbox.faxes())) == (then, int(taken))
    Gate.objects.update(closed_until=timezone.now() - timedelta(seconds=1))
    fax = settled(fax)
    if then == Outbox.REJECTED:
        assert fax.problem["detail"] and sandbox.sandbox.faxes() == []
        return
    [carrier] = sandbox.sandbox.faxes()
    assert (fax.outbox, fax.telnyx_id) == (Outbox.ACCEPTED, carrier["id"])
    assert fax.attempts.count() == (1 if taken else 2)


def test_a_refused_connection_has_sent_nothing(sandbox: Server, settings: Settings, fax: Fax) -> None:
    up = settings.TELNYX_API_BASE
    settings.TELNYX_API_BASE = "http://127.0.0.1:9/v2"
    submit_one()
    fax.refresh_from_db()
    assert (fax.outbox, fax.line_held, fax.attempts.get().state) == (Outbox.READY, False, Attempt.State.NOT_SENT)
    settings.TELNYX_API_BASE = up
    assert settled(fax).outbox == Outbox.ACCEPTED and len(sandbox.sandbox.faxes()) == 1


@pytest.mark.parametrize("fault", [{"action": "reset"}, {"action": "status", "status": 500}, {"action": "garbage"}])
def test_a_failed_upload_has_sent_nothing(sandbox: Server, fax: Fax, fault: dict[str, Any]) -> None:
    sandbox.sandbox.faults.add(method="POST", path=MEDIA, **fault)
    submit_one()
    fax.refresh_from_db()
    assert (fax.outbox, sandbox.sandbox.faxes()) == (Outbox.READY, [])
    assert settled(fax).outbox == Outbox.ACCEPTED and len(sandbox.sandbox.faxes()) == 1


def test_pages_that_cannot_be_read_cost_time_only(sandbox: Server, fax: Fax) -> None:
    assert fax.document is not None
    path = Path(fax.document.file.path)
    hidden = path.rename(path.with_suffix(".away"))
    submit_one()
    fax.refresh_from_db()
    assert (fax.outbox, sandbox.sandbox.faxes()) == (Outbox.READY, [])
    hidden.rename(path)
    assert settled(fax).outbox == Outbox.ACCEPTED


def test_fields_that_a_listing_leaves_out_leave_the_decision_to_a_person(
    sandbox: Server, fax: Fax, bob: User, vera: User
) -> None:
    sandbox.sandbox.options.omit_fields = {"client_state", "media_name"}
    sandbox.sandbox.faults.add(method="POST", path=FAXES, action="reset", after=True)
    submit_one()
    fax = settled(fax)
    [carrier] = sandbox.sandbox.faxes()
    assert fax.outbox == Outbox.UNCERTAIN
    assert set(services.candidates(fax.attempts.get())) == {carrier["id"]}
    services.decide_sent(by=bob, fax=fax, telnyx_id=carrier["id"])
    fax.refresh_from_db()
    assert (fax.outbox, fax.telnyx_id, len(sandbox.sandbox.faxes())) == (Outbox.ACCEPTED, carrier["id"], 1)


def test_a_listing_that_lags_is_no_evidence(sandbox: Server, settings: Settings, fax: Fax) -> None:
    """Only a listing begun long enough after the POST counts, and two of them."""
    settings.UNCERTAIN_SETTLE_SECONDS = 60
    sandbox.sandbox.options.listing_lag = 3600
    sandbox.sandbox.faults.add(method="POST", path=FAXES, action="reset", after=True)
    submit_one()
    for _ in range(4):
        Fax.objects.filter(pk=fax.pk).update(due_at=timezone.now())
        settle.drain()
    fax.refresh_from_db()
    assert (fax.outbox, "listings" in fax.attempts.get().evidence) == (Outbox.UNCERTAIN, False)


def test_an_incomplete_listing_is_no_evidence(sandbox: Server, fax: Fax) -> None:
    sandbox.sandbox.faults.add(method="POST", path=FAXES, action="reset")
    submit_one()
    Attempt.objects.update(evidence={"why": "x", "since": (timezone.now() - timedelta(hours=1)).isoformat()})
    sandbox.sandbox.faults.add(method="GET", path=FAXES, action="garbage", times=None)
    for _ in range(3):
        Fax.objects.filter(pk=fax.pk).update(due_at=timezone.now())
        settle.drain()
    fax.refresh_from_db()
    assert (fax.outbox, "listings" in fax.attempts.get().evidence) == (Outbox.UNCERTAIN, False)


def test_a_listing_with_a_fax_that_has_no_id_is_no_evidence(sandbox: Server, fax: Fax) -> None:
    sandbox.sandbox.options.omit_fields = {"id"}
    sandbox.sandbox.faults.add(method="POST", path=FAXES, action="reset", after=True)
    submit_one()
    Attempt.objects.update(evidence={"why": "x", "since": (timezone.now() - timedelta(hours=1)).isoformat()})
    for _ in range(3):
        Fax.objects.filter(pk=fax.pk).update(due_at=timezone.now())
        settle.drain()
    fax.refresh_from_db()
    assert (fax.outbox, "listings" in fax.attempts.get().evidence) == (Outbox.UNCERTAIN, False)


def test_one_call_at_a_time_per_number(
    sandbox: Server, fax: Fax, team: Team, other_team: Team, line: PhoneNumber
) -> None:
    """Across all teams; another number is not held up."""
    theirs = PhoneNumber.objects.filter(connection_id=line.connection_id).exclude(pk=line.pk).earliest("phone_number")
    assign_number(by=None, number=theirs, team=other_team)
    waiting = ready(other_team, theirs)
    elsewhere = ready(team, line, to_number="+14155550100")
    submit.drain()
    assert {row["to"] for row in sandbox.sandbox.faxes()} == {fax.to_number, elsewhere.to_number}
    waiting.refresh_from_db()
    assert waiting.outbox == Outbox.READY
    sandbox.sandbox.advance(600)
    sync_recent()
    submit.drain()
    waiting.refresh_from_db()
    assert waiting.outbox == Outbox.ACCEPTED


def test_an_owner_who_lost_the_lease_sends_nothing(sandbox: Server, fax: Fax) -> None:
    claimed = outbox.claim_ready()
    assert claimed is not None
    slow, attempt = claimed
    Fax.objects.filter(pk=fax.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert outbox.recover_abandoned() == 1
    assert outbox.begin_posting(slow, attempt) is False
    fax.refresh_from_db()
    assert (fax.outbox, fax.attempts.get().state) == (Outbox.READY, Attempt.State.NOT_SENT)


def test_a_worker_that_died_while_posting_leaves_an_uncertain_fax(fax: Fax) -> None:
    claimed = outbox.claim_ready()
    assert claimed is not None and outbox.begin_posting(*claimed)
    Fax.objects.filter(pk=fax.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    outbox.recover_abandoned()
    fax.refresh_from_db()
    assert (fax.outbox, fax.line_held) == (Outbox.UNCERTAIN, True)


@pytest.mark.parametrize("key", ["", "a bad key"])
def test_no_usable_key_keeps_faxes_and_says_why(sandbox: Server, settings: Settings, fax: Fax, key: str) -> None:
    settings.TELNYX_API_KEY = key
    submit.drain()
    fax.refresh_from_db()
    assert fax.outbox == Outbox.READY and "API key" in gate.closed_reason() and fax.attempts.count() == 0


def test_a_refused_account_is_probed_by_one_fax_a_minute(
    sandbox: Server, fax: Fax, team: Team, line: PhoneNumber
) -> None:
    ready(team, line, to_number="+14155550100")
    sandbox.sandbox.faults.add(method="POST", path=FAXES, action="status", status=403, times=None)
    submit.drain()
    assert sum(row.path == FAXES for row in sandbox.sandbox.requests if row.method == "POST") == 1
    assert "refuses this account (You do not have enough funds to perform this action). " in gate.closed_reason()
    Gate.objects.update(closed_until=timezone.now() - timedelta(seconds=1))
    Fax.objects.update(due_at=timezone.now())
    submit.drain()
    assert sum(row.path == FAXES and row.method == "POST" for row in sandbox.sandbox.requests) == 2
    sandbox.sandbox.faults.clear()
    Gate.objects.update(closed_until=timezone.now() - timedelta(seconds=1))
    Fax.objects.update(due_at=timezone.now())
    submit.drain()
    assert gate.closed_reason() == "" and len(sandbox.sandbox.faxes()) == 2


@pytest.mark.parametrize(("headers", "wait"), [({"x-ratelimit-reset": "7"}, 7), ({"retry-after": "40"}, 40), ({}, 10)])
def test_429_waits_as_long_as_its_headers_say(sandbox: Server, fax: Fax, headers: dict[str, str], wait: int) -> None:
    sandbox.sandbox.faults.add(method="POST", path=FAXES, action="status", status=429, headers=headers)
    submit.drain()
    fax.refresh_from_db()
    assert fax.due_at is not None
    assert wait - 3 < (fax.due_at - timezone.now()).total_seconds() <= wait
    assert submit.drain() == 0


@pytest.mark.parametrize("rate", ["SEND_RATE_ACCOUNT", "SEND_RATE_TEAM"])
def test_our_own_rates_hold(
    sandbox: Server, settings: Settings, fax: Fax, team: Team, line: PhoneNumber, rate: str
) -> None:
    setattr(settings, rate, 2)
    for digit in range(3):
        ready(team, line, to_number=f"+1415555010{digit}")
    submit.drain()
    assert len(sandbox.sandbox.faxes()) == 2
    Attempt.objects.update(posted_at=timezone.now() - timedelta(seconds=61))
    submit.drain()
    assert len(sandbox.sandbox.faxes()) == 4


def test_a_number_that_lost_its_application_rejects_in_words(sandbox: Server, fax: Fax, line: PhoneNumber) -> None:
    PhoneNumber.objects.filter(pk=line.pk).update(connection_id="")
    submit.drain()
    fax.refresh_from_db()
    assert fax.outbox == Outbox.REJECTED and "no longer attached" in fax.problem["detail"]


def test_what_is_another_teams_number_by_now_sends_nothing_for_us(
    sandbox: Server, fax: Fax, line: PhoneNumber, other_team: Team
) -> None:
    assign_number(by=None, number=line, team=other_team)
    submit.drain()
    fax.refresh_from_db()
    state = state_of(fax)
    assert (fax.outbox, sandbox.sandbox.faxes(), state.word) == (Outbox.REJECTED, [], "not sent")
    assert "belongs to another team by now. Choose another number" in state.sentence
    assert "send this one again" in state.next
    assert not [asked for asked in sandbox.sandbox.requests if asked.path == MEDIA], "Its pages stay here, too."


@pytest.mark.django_db(transaction=True)
def test_a_number_that_is_given_away_while_the_pages_travel_sends_nothing(
    sandbox: Server, fax: Fax, line: PhoneNumber, other_team: Team
) -> None:
    while_telnyx_thinks(
        sandbox, "POST", MEDIA, submit_one, lambda: assign_number(by=None, number=line, team=other_team)
    )
    fax.refresh_from_db()
    assert (fax.outbox, sandbox.sandbox.faxes()) == (Outbox.REJECTED, [])


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_fax(sandbox: Server, fax: Fax) -> None:
    threads = [threading.Thread(target=_drain_and_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sandbox.sandbox.faxes()) == 1 and fax.attempts.count() == 1


def _drain_and_close() -> None:
    from django.db import connection

    try:
        submit.drain()
    finally:
        connection.close()


def test_cancel_before_it_leaves_is_ours_alone(sandbox: Server, fax: Fax, bob: User) -> None:
    services.cancel(by=bob, fax=fax)
    fax.refresh_from_db()
    assert (fax.outbox, submit.drain(), sandbox.sandbox.faxes()) == (Outbox.CANCELLED, 0, [])


@pytest.mark.parametrize("taken", [True, False])
def test_cancel_while_uncertain_is_applied_when_settled(sandbox: Server, fax: Fax, bob: User, taken: bool) -> None:
    sandbox.sandbox.faults.add(method="POST", path=FAXES, action="reset", after=taken)
    submit_one()
    services.cancel(by=bob, fax=fax)
    fax = settled(fax)
    cancel.drain()
    fax.refresh_from_db()
    if not taken:
        assert (fax.outbox, sandbox.sandbox.faxes()) == (Outbox.CANCELLED, [])
        return
    assert fax.cancel == Fax.Cancel.ACCEPTED and len(sandbox.sandbox.faxes()) == 1
    sandbox.sandbox.advance(60)
    assert sandbox.sandbox.faxes()[0]["status"] == "failed"


def test_cancel_that_comes_too_late_is_told(sandbox: Server, fax: Fax, bob: User) -> None:
    submit.drain()
    sandbox.sandbox.advance(600)
    services.cancel(by=bob, fax=fax)
    cancel.drain()
    fax.refresh_from_db()
    assert fax.cancel == Fax.Cancel.REFUSED
    assert fax.events.filter(kind="cancel_refused").exists()
