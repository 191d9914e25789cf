"""What goes through an application: counted by indexes, and of one's own teams only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Team, User
from faxes.through import faxes_through, going, lately
from tests import builders


def test_faxes_are_counted_for_who_may_see_them(team: Team, other_team: Team, alice: User, root: User) -> None:
    application = builders.application(team)
    through = {"connection_id": application.telnyx_id}
    old = timezone.now() - timedelta(days=31)
    builders.inbound(team, **through)
    builders.inbound(other_team, **through, poll_at=timezone.now())
    builders.inbound(None, **through)
    builders.inbound(team, **through, created_at=old)
    builders.inbound(team, **through, trashed_at=timezone.now())
    builders.inbound(team, connection_id="another")
    builders.accepted(team, **through, poll_at=timezone.now())
    assert faxes_through(alice, application) == [
        "Faxes: 1 under way at this moment",
        "Faxes: 1 received and 1 sent in the last 30 days",
    ]
    assert faxes_through(root, application) == [
        "Faxes: 2 under way at this moment",
        "Faxes: 3 received and 1 sent in the last 30 days",
    ]


def test_what_telnyx_has_no_id_for_has_no_faxes(team: Team, alice: User) -> None:
    assert faxes_through(alice, builders.application(team, telnyx_id=None)) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL goes by its figures, and there are none.")
def test_the_meant_indexes_are_used(team: Team, alice: User, root: User) -> None:
    assert "fax_list (team_id=? AND direction=? AND created_at>?)" in lately(alice, "77").order_by().explain()
    assert "fax_all (created_at>?)" in lately(root, "77").order_by().explain()
    assert "fax_poll_due" in going("77").order_by().explain()
