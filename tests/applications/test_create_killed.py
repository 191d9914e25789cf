"""A process that dies anywhere while it makes an application: at Telnyx there is one, and the team has it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import LogEntry, Team, User
from applications.models import FaxApplication, PendingApplication
from applications.services import create_application
from applications.services.settling import settle_application
from telnyx_sandbox.server import Server
from tests.applications.telnyx import calls, named

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL; what was not committed is lost."""


class Fate:
    """Counts the database calls and ends everything before or after the appointed one."""

    def __init__(self, at: int | None, *, before: bool) -> None:
        self.at, self.before, self.calls = at, before, 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.calls += 1
        if self.before and self.calls == self.at:
            raise Killed
        result = execute(sql, params, many, context)
        if self.calls == self.at:
            raise Killed
        return result


def attempt(by: User, team: Team, name: str, fate: Fate) -> None:
    values = {"application_name": name, "webhook_event_url": "https://fax.example/webhooks/telnyx"}
    try:
        with connection.execute_wrapper(fate):
            create_application(by=by, token=uuid.uuid4(), team=team, values=values)
    finally:
        # As it is with the process gone.
        connection.close()


def recovered() -> PendingApplication | None:
    """Hours later: whatever was under way has ended, and the worker has looked."""
    PendingApplication.objects.update(ends_at=timezone.now() - timedelta(hours=1), leased_until=None)
    pending = PendingApplication.objects.first()
    return settle_application(pending=pending) if pending else None


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_process_killed_anywhere_loses_and_doubles_nothing(
    sandbox: Server, team: Team, alice: User, before: bool
) -> None:
    # The first of the team begins its chain of the log.
    attempt(alice, team, "Records", Fate(None, before=before))
    whole = Fate(None, before=before)
    attempt(alice, team, "Pharmacy", whole)
    ends = set()
    for at in range(1, whole.calls + 1):
        name = f"Pharmacy {at}"
        PendingApplication.objects.all().delete()
        with pytest.raises(Killed):
            attempt(alice, team, name, Fate(at, before=before))
        pending = recovered()
        ends.add(pending and pending.state)
        if pending is None or pending.state == PendingApplication.State.NOT_MADE:
            assert named(sandbox, name) == [], f"after a kill at call {at}"
            attempt(alice, team, name, Fate(None, before=before))
        [there] = named(sandbox, name)
        row = FaxApplication.objects.get(application_name=name)
        assert (row.telnyx_id, row.team) == (there["id"], team), f"after a kill at call {at}"
        assert LogEntry.objects.filter(action="application.create", object_id=str(row.pk)).count() == 1
    # Killed early nothing was asked; killed after the wish it is looked for; killed at the end it is found.
    assert ends >= {None, "made"}
    assert calls(sandbox, "POST") == whole.calls + 2
