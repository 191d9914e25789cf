"""The log as it is in production: with its triggers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from accounts import audit
from accounts.append_only import create_triggers
from accounts.models import LogEntry, Team, User


@pytest.fixture
def guarded(db: None) -> None:
    """The database refuses to change the log, until the test's transaction ends."""
    create_triggers(connection)


@pytest.fixture
def written(team: Team, alice: User) -> Callable[..., list[LogEntry]]:
    """A function that puts so many entries on record, in the team's chain, and returns the chain."""

    def write(count: int, *, action: str = "fax.send", **columns: object) -> list[LogEntry]:
        with transaction.atomic():
            data = [{"number": number} | columns for number in range(count)]
            audit.record(*[audit.Entry(action, by=alice, on=team, team=team, data=one) for one in data])
        return list(LogEntry.objects.filter(chain=str(team.pk)).order_by("sequence"))

    return write
