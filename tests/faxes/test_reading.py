"""Unread is per user and honest: it counts what somebody on the team has not seen, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Membership, Team, User
from faxes import reading
from faxes.models import Fax, ReadMark
from tests import builders
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def old(team: Team, **columns: Any) -> Fax:
    """A fax of long before anybody joined."""
    return builders.inbound(team, heard_at=timezone.now() - timedelta(days=400), **columns)


def unread_of(user: User) -> set[Any]:
    """The user's unread faxes, which every way of asking must agree on."""
    found = set(reading.unread(user).values_list("pk", flat=True))
    assert reading.unread_count(user) == min(len(found), reading.MOST)
    assert reading.unread_ids(user, Fax.objects.values_list("pk", flat=True)) == found
    return found


def test_a_new_fax_is_unread_for_each_on_the_team_until_they_read_it(team: Team, bob: User, vera: User) -> None:
    fax = builders.inbound(team)
    reading.mark_read(vera, [fax])
    assert unread_of(bob) == {fax.pk} and unread_of(vera) == set()
