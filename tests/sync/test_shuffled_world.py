"""Whatever becomes of webhooks and listings on their way, one complete sync makes ours equal to the carrier's."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from accounts.models import Team
from applications.models import PhoneNumber
from applications.services import assign_number
from applications.telnyx import client
from faxes.mirror import Report, apply_remote
from faxes.models import Fax, FaxEvent
from faxes.states import Outbox
from faxes.steps import submit
from sync.services import sync_recent
from sync.steps import poll, settle
from telnyx_api import Fax as FaxPayload
from telnyx_sandbox.server import running
from tests import builders
from tests.papers import text_pdf
from webhooks import steps as process

KEY = "KEY0123456789"
LOST = ["reset", "status", "garbage"]
BUSY, BACKWARDS = "+13125550101", "+13125550132"


class World(RuleBasedStateMachine):
    """Faxes go out and come in; what Telnyx says of them is delivered late, twice, in any order, or never."""

    settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic())
        server = self.stack.enter_context(
            running(api_key=KEY, webhook_url="http://localhost/webhooks/telnyx", auto=False, deliver=[])
        )
        self.settings.TELNYX_API_BASE, self.settings.TELNYX_API_KEY = server.url, KEY
        self.settings.TELNYX_PUBLIC_KEY = server.public_key
        self.sandbox = server.sandbox
        self.door = Client()
        self.old_listings: list[list[FaxPayload]] = []
        self.sent = 0
        sync_recent()
        self.team = Team.objects.create(name="Front desk", slug="front-desk")
        for self.line in PhoneNumber.objects.all():
            assign_number(by=None, number=self.line, team=self.team)

    @rule(to=st.sampled_from([BUSY, BACKWARDS, None]), lost=st.sampled_from([*LOST, None]), taken=st.booleans())
    def send(self, to: str | None, lost: str | None, taken: bool) -> None:
        """A fax is handed over; the answer may get lost, with or without the fax."""
        self.sent += 1
        document = builders.document(text_pdf(pages=2), pages=2)
        to = to or f"+1415555{self.sent:04}"
        builders.outbound(self.team, from_number=self.line.phone_number, document=document, to_number=to)
        if lost:
            self.sandbox.faults.add(method="POST", path="/v2/faxes", action=lost, after=taken)
        submit.drain()
        self.sandbox.faults.clear()

    @rule(fail=st.sampled_from([None, "sender_call_dropped"]), pages=st.integers(1, 3))
    def receive(self, fail: str | None, pages: int) -> None:
        self.sandbox.receive(to=self.line.phone_number, from_=builders.THEIRS, pages=pages, fail=fail)

    @rule(seconds=st.sampled_from([1, 3, 30]))
    def time_passes(self, seconds: int) -> None:
        self.sandbox.advance(seconds)

    @precondition(lambda self: self.sandbox.pending_events)
    @rule(which=st.integers(0, 50), again=st.booleans())
    def a_webhook_arrives(self, which: int, again: bool) -> None:
        events = self.sandbox.pending_events
        signed = events[which % len(events)]
        if not again:
            events.remove(signed)
        headers = dict(signed.headers)
        answer = self.door.post(urlsplit(signed.url).path, signed.body, "application/json", headers=headers)
        assert answer.status_code == 200

    @precondition(lambda self: self.sandbox.pending_events)
    @rule(which=st.integers(0, 50))
    def a_webhook_is_lost(self, which: int) -> None:
        self.sandbox.pending_events.pop(which % len(self.sandbox.pending_events))

    @rule()
    def deliveries_are_processed(self) -> None:
        process.drain()

    @rule()
    def a_listing_is_read(self) -> None:
        with client() as telnyx:
            self.old_listings.append(list(telnyx.list_faxes()))

    @precondition(lambda self: self.old_listings)
    @rule(which=st.integers(0, 10))
    def an_old_listing_is_applied(self, which: int) -> None:
        for payload in reversed(self.old_listings[which % len(self.old_listings)]):
            apply_remote(Report.of_fax(payload, source=FaxEvent.Source.SYNC))

    @rule()
    def steps_run(self) -> None:
        Fax.objects.filter(outbox=Outbox.UNCERTAIN).update(due_at=timezone.now())
        settle.drain()
        poll.drain()
        submit.drain()

    def teardown(self) -> None:
        try:
            self.sandbox.advance(600)
            assert not sync_recent(window=timedelta(days=1)).error
            # Contradictions, if there were any, have asked for a retrieve.
            poll.drain()
            self.compare()
        finally:
            transaction.set_rollback(True)
            self.stack.close()

    def compare(self) -> None:
        carrier = {row["id"]: facts(row) for row in self.sandbox.faxes()}
        ours = {
            fax.telnyx_id: (fax.direction, fax.from_number, fax.to_number, fax.status, fax.failure_reason)
            for fax in Fax.objects.filter(telnyx_id__isnull=False)
        }
        assert ours == carrier
        tokens = [row.get("client_state") for row in self.sandbox.faxes() if row["direction"] == "outbound"]
        assert len(tokens) == len(set(tokens)), "A fax went out twice."
        assert not Fax.objects.exclude(telnyx_id=None).filter(line_held=True).exists()


def facts(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["direction"], row["from"], row["to"], row["status"], row.get("failure_reason") or "")


@pytest.mark.django_db
def test_one_complete_sync_makes_ours_equal_to_the_carriers(world_settings: Settings) -> None:
    World.settings = world_settings
    run_state_machine_as_test(
        World,
        settings=examples(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )


@pytest.fixture
def world_settings(settings: Settings) -> Settings:
    settings.UNCERTAIN_SETTLE_SECONDS = 1
    settings.SEND_DEADLINE_SECONDS = 2
    return settings
