"""Whatever Telnyx says, or never says: no number is blocked for good, and no fax waits without an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team
from faxes import outbox
from faxes.mirror import Report, apply_remote
from faxes.models import Fax, FaxEvent
from faxes.states import Media
from faxes.steps import archive
from tests import builders


def reported(fax: Fax, status: str) -> Fax:
    payload = {"direction": "outbound", "status": status}
    apply_remote(Report(str(fax.telnyx_id), payload, timezone.now(), FaxEvent.Source.ANSWER, retrieved=True))
    fax.refresh_from_db()
    return fax


@pytest.mark.parametrize("status", ["sending", "canceled", "a word nobody knows"])
def test_a_call_without_an_end_frees_its_number_after_a_day(team: Team, status: str) -> None:
    fax = builders.accepted(team, status="sending")
    assert reported(fax, status).line_held
    long_ago = timezone.now() - timedelta(hours=25)
    Fax.objects.update(created_at=long_ago)
    assert reported(fax, status).line_held
    fax.attempts.update(started_at=long_ago)
    assert not reported(fax, status).line_held
    assert fax.poll_at is not None and outbox.whose_turn().count() == 0


@pytest.mark.parametrize("year", [1, 9999])
def test_pages_of_a_fax_from_nowhere_in_time_are_looked_for(settings: Settings, team: Team, year: int) -> None:
    settings.TELNYX_API_KEY = ""
    fax = builders.inbound(
        team, media=Media.WAITING, due_at=timezone.now(), created_at=datetime(year, 12, 31, tzinfo=UTC)
    )
    archive.drain()
    fax.refresh_from_db()
    assert (fax.media, fax.leased_until) == (Media.WAITING, None)
