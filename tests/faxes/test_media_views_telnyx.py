"""The signed link for Telnyx: it gives the pages to whoever has it, and proves that Telnyx has the fax."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from faxes import links, outbox
from faxes.links import link_to
from faxes.mirror import Report, apply_remote
from faxes.models import Attempt, Fax
from faxes.states import Outbox
from sync.steps import settle
from telnyx_api import parse_event
from tests import builders
from tests.webhooks.telnyx import event

pytestmark = pytest.mark.django_db

PAGES = b"%PDF-1.4 the pages"


def posting(team: Team) -> Attempt:
    """A fax that is being handed over by a link to its pages."""
    fax = builders.outbound(team, outbox=Outbox.SUBMITTING, line_held=True, document=builders.document(PAGES))
    attempt = builders.attempt(fax, Attempt.State.POSTING, posted_at=timezone.now())
    Fax.objects.filter(pk=fax.pk).update(owner=attempt.owner, leased_until=timezone.now() + timedelta(minutes=2))
    return attempt


def uncertain(team: Team) -> Attempt:
    return builders.uncertain(team, document=builders.document(PAGES)).attempts.get()


def ask(attempt: Attempt, method: str = "get") -> Any:
    """What a stranger without a session gets by the link."""
    client = Client()
    answer = getattr(client, method)(link_to(attempt))
    # Read to its end, the file is closed as by a server.
    answer.pages = b"".join(answer)
    assert "sessionid" not in client.cookies
    return answer


def test_the_link_gives_the_pages(team: Team) -> None:
    answer = ask(posting(team))
    assert (answer.status_code, answer.pages) == (200, PAGES)
    assert (answer["Content-Type"], answer["Content-Length"]) == ("application/pdf", str(len(PAGES)))
    assert answer["X-Content-Type-Options"] == "nosniff" and "no-store" in answer["Cache-Control"]
    assert answer["X-Frame-Options"] == "DENY"


def test_telnyx_may_go_on_where_it_was_cut_off(team: Team) -> None:
    answer: Any = Client().get(link_to(posting(team)), headers={"Range": "bytes=9-"})
    assert (answer.status_code, b"".join(answer)) == (206, PAGES[9:])


def test_a_link_expires(team: Team) -> None:
    attempt = posting(team)
    now = timezone.now()
    with time_machine.travel(now - links.LIFETIME - timedelta(seconds=5), tick=False):
        expired = link_to(attempt)
    with time_machine.travel(now - links.LIFETIME + timedelta(minutes=1), tick=False):
        fresh = link_to(attempt)
    assert Client().get(expired).status_code == 404
    assert b"".join(Client().get(fresh)) == PAGES


def test_forged_links_lead_to_nothing(team: Team) -> None:
    attempt = posting(team)
    good = link_to(attempt)
    forged = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        f"/m/{attempt.token}",
        f"/m/{signing.dumps(attempt.token, salt='another purpose')}",
        f"/m/{signing.dumps('no such token', salt=links.SALT)}",
        "/m/%00",
        "/m/" + "x" * 5000,
    ]
    assert [Client().get(address).status_code for address in forged] == [404] * len(forged)
    attempt.refresh_from_db()
    assert "fetched_at" not in attempt.evidence


def test_other_methods_are_not_allowed(team: Team) -> None:
    assert ask(posting(team), "post").status_code == 405


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_fetch_settles_an_uncertain_fax(team: Team, method: str, wakes: list[tuple[str, float]]) -> None:
    attempt = uncertain(team)
    assert ask(attempt, method).status_code == 200
    attempt.refresh_from_db()
    fax = attempt.fax
    assert (attempt.state, fax.outbox, fax.telnyx_id) == (Attempt.State.ACCEPTED, Outbox.ACCEPTED, None)
    assert attempt.settled_at is not None and attempt.evidence["fetched_at"]
    assert (fax.owner, fax.due_at, fax.line_held) == (None, None, False)
    assert [event.kind for event in fax.events.all()] == ["settled", "accepted"]
    # Nothing sends it again, and nothing looks for evidence any more.
    assert settle.drain() == 0
    assert outbox.claim_ready() is None


def test_a_fetch_while_the_send_is_under_way_is_remembered_until_it_is_needed(team: Team) -> None:
    attempt = posting(team)
    for _ in range(2):
        ask(attempt)
    attempt.refresh_from_db()
    fax = attempt.fax
    assert (attempt.state, fax.outbox) == (Attempt.State.POSTING, Outbox.SUBMITTING)
    assert not fax.events.exists()
    # The answer is lost: but Telnyx has been here.
    outbox.doubt(fax, attempt, why="no answer")
    fax.refresh_from_db()
    attempt.refresh_from_db()
    assert (attempt.state, fax.outbox, fax.tries) == (Attempt.State.ACCEPTED, Outbox.ACCEPTED, 0)
    assert [event.kind for event in fax.events.all()] == ["uncertain", "settled", "accepted"]


def test_a_clear_no_outweighs_a_fetch(team: Team) -> None:
    """Telnyx may look at the pages before it refuses them."""
    attempt = posting(team)
    ask(attempt)
    outbox.reject(attempt.fax, attempt, problem={"code": "10015", "title": "Bad Request"})
    attempt.refresh_from_db()
    assert (attempt.state, attempt.fax.outbox) == (Attempt.State.REJECTED, Outbox.REJECTED)


def test_the_id_comes_later_with_the_token(team: Team) -> None:
    attempt = uncertain(team)
    ask(attempt)
    facts = {"direction": "outbound", "status": "delivered", "media_name": attempt.token}
    apply_remote(Report.of_event(parse_event(event("fax.delivered", fax_id="carrier-1", **facts))))
    attempt.refresh_from_db()
    assert (attempt.telnyx_id, attempt.fax.telnyx_id, attempt.fax.status) == ("carrier-1", "carrier-1", "delivered")
    assert Fax.objects.count() == 1


@pytest.mark.parametrize("state", [Attempt.State.NOT_SENT, Attempt.State.REJECTED, Attempt.State.UPLOADING])
def test_the_link_of_an_attempt_that_was_given_up_is_dead(team: Team, state: str) -> None:
    """Should Telnyx come after all, it must not get pages that may leave once more by a newer attempt."""
    fax = builders.outbound(team, document=builders.document(PAGES))
    attempt = builders.attempt(fax, state)
    assert ask(attempt).status_code == 404
    attempt.refresh_from_db()
    assert (attempt.state, attempt.evidence) == (state, {})


def test_an_accepted_fax_may_be_fetched_again(team: Team) -> None:
    fax = builders.accepted(team, document=builders.document(PAGES))
    assert ask(fax.attempts.get()).status_code == 200
    fax.refresh_from_db()
    assert (fax.outbox, fax.line_held) == (Outbox.ACCEPTED, True)


def test_pages_that_are_gone_are_not_found(team: Team) -> None:
    attempt = posting(team)
    assert attempt.fax.document is not None
    attempt.fax.document.file.storage.delete(str(attempt.fax.document.file.name))
    assert ask(attempt).status_code == 404
