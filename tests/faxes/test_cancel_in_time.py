"""A cancel that comes while a fax is being handed over, or while Telnyx refuses us, still counts."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team, User
from applications.models import PhoneNumber
from faxes import outbox, services
from faxes.models import Attempt, Fax
from faxes.states import Outbox
from faxes.steps import cancel, submit
from telnyx_sandbox.faults import Fault
from telnyx_sandbox.messages import Response
from telnyx_sandbox.server import Server
from tests import builders
from tests.papers import text_pdf


@pytest.fixture
def fax(line: PhoneNumber, team: Team) -> Fax:
    return builders.outbound(team, from_number=line.phone_number, document=builders.document(text_pdf(pages=1)))


def test_a_fax_cancelled_while_its_pages_are_uploaded_is_not_sent(sandbox: Server, fax: Fax, bob: User) -> None:
    claimed = outbox.claim_ready()
    assert claimed is not None
    services.cancel(by=bob, fax=fax)
    assert outbox.begin_posting(*claimed) is False
    fax.refresh_from_db()
    assert (fax.outbox, fax.line_held, fax.attempts.get().state) == (
        Outbox.CANCELLED,
        False,
        Attempt.State.NOT_SENT,
    )


class CancelledMeanwhile(Fault):
    """Takes the upload, but not before somebody has cancelled."""

    def spoil(self, answer: Response | None) -> Response:
        Fax.objects.update(cancel=Fax.Cancel.REQUESTED)
        connection.close()
        assert answer is not None
        return answer


@pytest.mark.django_db(transaction=True)
def test_the_step_ends_it_at_once(sandbox: Server, fax: Fax) -> None:
    sandbox.sandbox.faults.plan("POST", "/v2/media", CancelledMeanwhile("delay", after=True), times=1)
    submit.drain()
    fax.refresh_from_db()
    assert (fax.outbox, sandbox.sandbox.faxes()) == (Outbox.CANCELLED, [])


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500])
def test_a_refused_account_does_not_make_a_cancel_come_too_late(
    sandbox: Server, fax: Fax, bob: User, status: int
) -> None:
    submit.drain()
    services.cancel(by=bob, fax=fax)
    sandbox.sandbox.faults.add(method="POST", path="/v2/faxes/*/actions/cancel", action="status", status=status)
    cancel.drain()
    fax.refresh_from_db()
    assert (fax.cancel, fax.leased_until) == (Fax.Cancel.REQUESTED, None)
    assert fax.due_at is not None and fax.due_at > timezone.now()
    Fax.objects.update(due_at=timezone.now())
    cancel.drain()
    fax.refresh_from_db()
    assert fax.cancel == Fax.Cancel.ACCEPTED


def test_without_a_usable_key_a_cancel_waits(sandbox: Server, settings: Settings, fax: Fax, bob: User) -> None:
    submit.drain()
    services.cancel(by=bob, fax=fax)
    settings.TELNYX_API_KEY = "bad key"
    cancel.drain()
    fax.refresh_from_db()
    assert (fax.cancel, fax.leased_until) == (Fax.Cancel.REQUESTED, None)
