"""Telnyx's words for a refusal, whatever characters they hold: the fax ends once, and no other one is held up."""

from __future__ import annotations

import json

import pytest

from accounts.models import Team, User
from applications.models import PhoneNumber
from faxes import gate, services
from faxes.models import Fax
from faxes.states import Outbox
from faxes.steps import cancel, submit
from sync.models import SyncRun
from sync.services import sync_recent
from telnyx_api.refusals import refusal
from telnyx_sandbox.faults import Fault
from telnyx_sandbox.messages import Response
from telnyx_sandbox.server import Server
from tests import builders
from tests.papers import text_pdf

WORDS = "no \x00 such \ud800 number " + "x" * 3000
SPOILT = {"errors": [{"code": WORDS, "title": WORDS, "detail": WORDS, "source": {"pointer": WORDS}}]}


@pytest.fixture
def fax(line: PhoneNumber, team: Team) -> Fax:
    return builders.outbound(team, from_number=line.phone_number, document=builders.document(text_pdf(pages=1)))


class Spoilt(Fault):
    def spoil(self, answer: Response | None) -> Response:
        return Response(self.status, json.dumps(SPOILT).encode(), {"Content-Type": "application/json"})


def refuse(sandbox: Server, path: str, status: int, method: str = "POST") -> None:
    sandbox.sandbox.faults.plan(method, path, Spoilt("status", status), times=5)


@pytest.mark.parametrize("path", ["/v2/faxes", "/v2/media"])
@pytest.mark.parametrize(("status", "then"), [(422, Outbox.REJECTED), (403, Outbox.READY), (500, "")])
def test_a_refusal_is_kept_in_words_a_database_takes(
    sandbox: Server, fax: Fax, path: str, status: int, then: str
) -> None:
    refuse(sandbox, path, status)
    submit.drain()
    fax.refresh_from_db()
    assert fax.outbox == (then or (Outbox.READY if path == "/v2/media" else Outbox.UNCERTAIN))
    assert fax.leased_until is None
    assert ("such" in gate.closed_reason()) == (status == 403)


def test_a_refused_cancel_is_told(sandbox: Server, fax: Fax, bob: User) -> None:
    submit.drain()
    services.cancel(by=bob, fax=fax)
    refuse(sandbox, "/v2/faxes/*/actions/cancel", 422)
    cancel.drain()
    fax.refresh_from_db()
    assert fax.cancel == Fax.Cancel.REFUSED and fax.events.filter(kind="cancel_refused").exists()


def test_a_partial_sync_says_why(sandbox: Server, db: None) -> None:
    refuse(sandbox, "/v2/faxes", 403, "GET")
    sync_recent()
    assert "such" in SyncRun.objects.get().error


def test_errors_hold_nothing_that_cannot_be_written_down() -> None:
    error = refusal(422, {"x-request-id": "a\x00b"}, SPOILT)
    for said in (str(error), error.code, error.title, error.detail, error.pointers[0].pointer):
        assert said and "\x00" not in said and said.encode()
