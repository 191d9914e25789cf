"""A carrier that names the same fax twice: neither of our faxes is lost over it, and none is sent unasked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Team
from faxes import outbox
from faxes.mirror import Report, apply_remote
from faxes.models import Attempt, Fax, FaxEvent
from faxes.states import Outbox
from faxes.tokens import client_state
from tests import builders


def answer(telnyx_id: str, **said: str) -> Report:
    payload = {"direction": "outbound", "from": builders.OURS, "to": builders.THEIRS, "status": "queued", **said}
    return Report(telnyx_id, payload, timezone.now(), FaxEvent.Source.ANSWER)


@pytest.fixture
def first(team: Team) -> Fax:
    return builders.accepted(team, status="delivered", telnyx_id="the-one-id")


def test_an_answer_that_names_another_fax_of_ours_leaves_both_rows(team: Team, first: Fax) -> None:
    second = builders.outbound(team, outbox=Outbox.SUBMITTING, to_number="+14155550100")
    attempt = builders.attempt(second, Attempt.State.POSTING)
    apply_remote(answer("the-one-id"), attempt=attempt)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.telnyx_id, first.attempts.count()) == ("the-one-id", 1)
    assert (second.telnyx_id, second.outbox) == (None, Outbox.SUBMITTING)
    attempt.refresh_from_db()
    assert attempt.state == Attempt.State.POSTING


def test_an_event_with_the_token_of_one_and_the_id_of_the_other_leaves_both_rows(team: Team, first: Fax) -> None:
    second = builders.uncertain(team, to_number="+14155550100")
    apply_remote(answer("the-one-id", client_state=client_state(second.attempts.get().token)))
    assert Fax.objects.count() == 2
    second.refresh_from_db()
    assert second.outbox == Outbox.UNCERTAIN


@pytest.mark.parametrize("state", [Attempt.State.POSTING, Attempt.State.ACCEPTED, Attempt.State.UNCERTAIN])
def test_what_has_begun_to_post_is_never_simply_ready_again(team: Team, state: str) -> None:
    fax = builders.outbound(team, outbox=Outbox.SUBMITTING, line_held=True)
    attempt = builders.attempt(fax, state)
    Fax.objects.filter(pk=fax.pk).update(owner=attempt.owner, leased_until=timezone.now() - timedelta(seconds=1))
    outbox.recover_abandoned()
    fax.refresh_from_db()
    assert fax.outbox == Outbox.UNCERTAIN
