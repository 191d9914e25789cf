"""The log as it is in production, with its triggers; and a provider of single sign-on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from accounts import audit
from accounts.append_only import create_triggers
from accounts.models import LogEntry, Team, User
from tests.accounts.provider import CLIENT_ID, SECRET, Provider, providing

GROUPS = (
    "fax-desk = front-desk:member; fax-leads = front-desk:manager; "
    "CN=Audit,DC=example = records:viewer; x = gone:member"
)


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


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    """A provider that is configured as ours, and says that `ann` is in no group."""
    with providing() as provider:
        settings.PUBLIC_URL = "http://testserver"
        settings.OIDC_NAME = "Example ID"
        settings.OIDC_SERVER_URL, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = provider.url, CLIENT_ID, SECRET
        settings.OIDC_GROUPS, settings.OIDC_GROUP_CLAIM = GROUPS, "groups"
        provider.claims = {
            "sub": "u-1",
            "email": "ann@example.com",
            "email_verified": True,
            "preferred_username": "ann",
            "given_name": "Ann",
            "family_name": "Novak",
            "groups": [],
        }
        yield provider
