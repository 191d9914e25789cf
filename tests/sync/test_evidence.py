"""What settled an uncertain fax, told: on the attempt for the proof, and in the fax's timeline for whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone

import webhooks.steps
from accounts.models import Team, User
from applications.models import PhoneNumber
from faxes import outbox, services
from faxes.evidence import evidence_of
from faxes.links import link_to
from faxes.models import Attempt, Fax, FaxEvent
from faxes.states import Outbox
from faxes.steps import submit
from faxes.story import line_of
from sync.services import sync_recent
from sync.steps import settle
from telnyx_sandbox.server import Server
from tests import builders


@pytest.fixture
def fax(line: PhoneNumber, team: Team) -> Fax:
    return builders.outbound(team, from_number=line.phone_number)


def lose_the_answer(sandbox: Server, *, taken: bool) -> None:
    sandbox.sandbox.faults.add(method="POST", path="/v2/faxes", action="reset", after=taken)
    submit.drain()
    # Long enough ago that a list would show it.
    for attempt in Attempt.objects.all():
        since = timezone.now() - timedelta(minutes=10)
        attempt.evidence["since"] = since.isoformat()
        attempt.doubted_at = since
        attempt.save(update_fields=["evidence", "doubted_at"])


def look(fax: Fax) -> None:
    Fax.objects.filter(pk=fax.pk).update(due_at=timezone.now())
    settle.drain()


def told(fax: Fax) -> tuple[str, str]:
    """What the timeline says of how it was settled."""
    line = line_of(fax.events.get(kind="settled"))
    return line.text, line.detail


def seen(fax: Fax) -> list[str]:
    return [one.text for one in evidence_of(fax.attempts.earliest("started_at"))]


def test_a_webhook_settles_it(sandbox: Server, fax: Fax, deliver: Callable[[], list[int]]) -> None:
    lose_the_answer(sandbox, taken=True)
    sandbox.sandbox.advance(0.1)
    deliver()
    webhooks.steps.drain()
    assert told(fax) == ("Found at Telnyx", "A webhook carried its mark. It was sent, and once only.")
    assert seen(fax)[-1] == "A webhook carried its mark."


def test_a_list_settles_it(sandbox: Server, fax: Fax) -> None:
    lose_the_answer(sandbox, taken=True)
    assert not sync_recent().error
    assert told(fax)[1] == "A list of Telnyx's had it, with its mark. It was sent, and once only."
    first, last = evidence_of(fax.attempts.get())
    attempt = fax.attempts.get()
    assert first.text.startswith("No clear answer. ") and first.at == attempt.doubted_at
    assert (last.text, last.at) == ("A list of Telnyx's had it, with its mark.", attempt.settled_at)


def test_its_own_pages_being_fetched_settles_it(sandbox: Server, fax: Fax, client: Client) -> None:
    lose_the_answer(sandbox, taken=False)
    attempt = fax.attempts.get()
    address = link_to(attempt).removeprefix(settings.PUBLIC_URL)
    assert b"".join(client.get(address).streaming_content)  # type: ignore[attr-defined]
    assert told(fax)[1] == "Telnyx fetched its pages by a link that nobody else had. It was sent, and once only."
    attempt.refresh_from_db()
    settled_at = attempt.settled_at
    assert seen(fax)[-1] == "Telnyx fetched its pages by a link that nobody else had."
    # Its name comes later, and changes nothing about when it was settled, and by what.
    outbox.follow(fax, attempt=attempt, source=FaxEvent.Source.SYNC, in_doubt=False)
    attempt.refresh_from_db()
    assert attempt.settled_at == settled_at
    assert seen(fax)[-1] == "Telnyx fetched its pages by a link that nobody else had."


def test_lists_without_it_settle_it(sandbox: Server, fax: Fax) -> None:
    lose_the_answer(sandbox, taken=False)
    look(fax)
    assert seen(fax)[1:] == ["A complete list of what went to the number held nothing."]
    look(fax)
    absent = "2 complete lists of what went to this number lacked it."
    assert told(fax) == ("Not at Telnyx", f"{absent} It was never sent, so it may leave now.")
    assert seen(fax)[-1] == f"{absent} It was never sent."
    assert [one.at is not None for one in evidence_of(fax.attempts.earliest("started_at"))] == [True] * 4


def test_a_person_says_which_one_it_is(sandbox: Server, fax: Fax, bob: User) -> None:
    sandbox.sandbox.options.omit_fields = {"client_state", "media_name"}
    lose_the_answer(sandbox, taken=True)
    look(fax)
    assert seen(fax)[-1] == "A fax was seen that may be it: the numbers are the same, and the mark is left out."
    [telnyx_id] = services.candidates(fax.attempts.get())
    services.decide_sent(by=bob, fax=fax, telnyx_id=telnyx_id)
    assert told(fax)[1] == "Bob said which of the faxes there it is. It was sent, and once only."
    assert fax.events.get(kind="settled").by == bob
    assert seen(fax)[-1] == "Bob said which of the faxes there it is."


def test_a_person_says_that_it_is_not_there(sandbox: Server, fax: Fax, bob: User) -> None:
    lose_the_answer(sandbox, taken=False)
    services.decide_not_sent(by=bob, fax=fax)
    assert seen(fax)[-1] == "Bob made sure that Telnyx does not have this fax."


def test_a_worker_that_was_stopped_is_told(team: Team) -> None:
    fax = builders.outbound(team, outbox=Outbox.SUBMITTING, leased_until=timezone.now() - timedelta(seconds=1))
    Fax.objects.update(owner=builders.attempt(fax, Attempt.State.POSTING).owner)
    outbox.recover_abandoned()
    assert seen(fax) == ["No clear answer. The worker was stopped while it asked."]
    assert fax.attempts.get().doubted_at is not None


@pytest.mark.parametrize(
    "evidence", [{}, {"by": "telepathy"}, {"candidates": {}}, {"listings": []}, {"why": None}, {"listings": [{}]}]
)
@pytest.mark.parametrize("state", [*Attempt.State.values, "sideways"])
def test_whatever_is_on_record_can_be_read(team: Team, evidence: dict[str, Any], state: str) -> None:
    attempt = builders.attempt(builders.outbound(team), state, evidence=evidence)
    assert all(one.text for one in evidence_of(attempt))


def test_a_settled_line_of_old_has_words_too(team: Team) -> None:
    fax = builders.accepted(team)
    fax.events.create(kind="settled", source="telepathy", data={"found": True})
    assert told(fax) == ("Found at Telnyx", "It was sent, and once only.")


@pytest.mark.django_db(transaction=True)
def test_doubts_of_old_get_their_time(team: Team) -> None:
    fax = builders.uncertain(team)
    since = fax.attempts.get().evidence["since"]
    builders.attempt(builders.outbound(team, to_number="+14155550100"), Attempt.State.NOT_SENT)
    executor = MigrationExecutor(connection)
    executor.migrate([("faxes", "0011_doubted_at")])
    try:
        Attempt.objects.update(doubted_at=None)
    finally:
        call_command("migrate", verbosity=0)
    assert [one.isoformat() for one in Attempt.objects.values_list("doubted_at", flat=True) if one] == [since]
