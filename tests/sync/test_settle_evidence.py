"""What a listing proves about an uncertain fax, and what it does not: a wrong proof would send a fax twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team
from applications.models import PhoneNumber
from faxes.models import Attempt, Fax
from faxes.states import Outbox
from faxes.steps import submit
from sync.steps import settle
from telnyx_sandbox.server import Server
from tests import builders


@pytest.fixture
def lost_answer(sandbox: Server, line: PhoneNumber, team: Team) -> Fax:
    """A fax that Telnyx has taken and whose answer got lost, long ago."""
    fax = builders.outbound(team, from_number=line.phone_number)
    sandbox.sandbox.faults.add(method="POST", path="/v2/faxes", action="reset", after=True)
    submit.drain()
    long_ago = timezone.now() - timedelta(hours=1)
    Attempt.objects.update(evidence={"why": "x", "since": long_ago.isoformat()})
    return fax


def looked_for(fax: Fax, times: int = 3) -> Fax:
    for _ in range(times):
        Fax.objects.filter(pk=fax.pk).update(due_at=timezone.now())
        settle.drain()
    fax.refresh_from_db()
    return fax


@pytest.mark.parametrize("omitted", ["direction", "from", "to", "status", "created_at"])
def test_a_listed_fax_that_nobody_can_attribute_is_no_proof_of_absence(
    sandbox: Server, lost_answer: Fax, omitted: str
) -> None:
    sandbox.sandbox.options.omit_fields = {"client_state", "media_name", omitted}
    fax = looked_for(lost_answer)
    assert (fax.outbox, len(sandbox.sandbox.faxes())) == (Outbox.UNCERTAIN, 1)


@pytest.mark.parametrize("key", ["", "not a key"])
def test_without_a_usable_key_an_uncertain_fax_waits(
    settings: Settings, sandbox: Server, lost_answer: Fax, key: str
) -> None:
    settings.TELNYX_API_KEY = key
    fax = looked_for(lost_answer)
    assert (fax.outbox, fax.leased_until) == (Outbox.UNCERTAIN, None)


def test_a_fax_that_was_settled_while_it_was_taken_up_stops_nobody(
    sandbox: Server, line: PhoneNumber, team: Team
) -> None:
    """As when a webhook settles it between the claim and the look at its attempt."""
    overtaken = builders.uncertain(team, to_number="+14155550100", due_at=timezone.now() - timedelta(minutes=1))
    overtaken.attempts.update(state=Attempt.State.ACCEPTED)
    other = builders.uncertain(team)
    settle.drain()
    assert "listings" in other.attempts.get().evidence
