"""The recorded events in every order we can think of: once, twice, late, backwards. They always end the same."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team
from faxes.models import Fax
from faxes.states import Media
from tests import builders
from tests.webhooks.telnyx import FIXTURES, Telnyx, recorded
from webhooks import steps
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db

NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
SENT, SENT_FAILED = "3f2a9c10-7be4-4d15-a6f8-1c0d9e8b7a62", "7c5e1d38-29fa-4b06-8e93-d4f5a6b7c801"
RECEIVED, RECEIVED_FAILED = "9d4b7e26-05c3-4f8a-b1d7-e6a2f3c48590", "ae5c8f37-16d4-409b-82e8-f7b3c4d596a1"

ENDS = {
    SENT: ("delivered", "", 2, 65, False),
    SENT_FAILED: ("failed", "user_busy", None, None, False),
    RECEIVED: ("received", "", 3, 81, False),
    RECEIVED_FAILED: ("failed", "sender_call_dropped", None, None, False),
}
STORY = {
    SENT: ["status:delivered", "status:media.processed", "status:queued", "status:sending"],
    SENT_FAILED: ["status:failed"],
    RECEIVED: ["status:media.processing", "status:received", "status:receiving"],
    RECEIVED_FAILED: ["status:failed"],
}


@pytest.fixture(autouse=True)
def _two_faxes_of_ours(team: Team) -> None:
    builders.number(team, "+12125550134")
    for digit, telnyx_id in enumerate((SENT, SENT_FAILED)):
        builders.accepted(
            team, telnyx_id=telnyx_id, from_number="+12125550134", to_number=f"+1415555017{digit}", status="queued"
        )


def replay(telnyx: Telnyx, names: Sequence[str]) -> dict[str, Any]:
    for name in names:
        assert telnyx.post(recorded(name)).status_code == 200
    steps.drain()
    return outcome()


def outcome() -> dict[str, Any]:
    return {
        str(fax.telnyx_id): (fax.status, fax.failure_reason, fax.page_count, fax.call_duration_secs, fax.line_held)
        for fax in Fax.objects.all()
    }


def stories() -> dict[str, list[str]]:
    """The timeline of each fax as far as Telnyx told it."""
    told = Fax.objects.filter(events__kind__startswith="status:").order_by("events__kind")
    lines = told.values_list("telnyx_id", "events__kind")
    return {
        telnyx_id: [kind for _, kind in group] for telnyx_id, group in itertools.groupby(sorted(lines), lambda x: x[0])
    }


def test_every_kind_of_event_is_recorded() -> None:
    assert len(NAMES) == 9


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("times", [1, 2])
def test_together(telnyx: Telnyx, backwards: bool, times: int) -> None:
    names = sorted(NAMES, reverse=backwards)
    assert replay(telnyx, names * times) == ENDS
    assert stories() == STORY
    assert set(Delivery.objects.values_list("state", "repeats")) == {("done", times - 1)}


@pytest.mark.parametrize("turn", range(9))
def test_one_by_one_beginning_anywhere(telnyx: Telnyx, turn: int) -> None:
    for name in NAMES[turn:] + NAMES[:turn]:
        replay(telnyx, [name])
    assert (outcome(), stories()) == (ENDS, STORY)


def test_a_processed_event_that_comes_again_changes_nothing(telnyx: Telnyx) -> None:
    replay(telnyx, NAMES)
    before = list(Fax.objects.order_by("pk").values())
    assert replay(telnyx, NAMES) == ENDS
    assert list(Fax.objects.order_by("pk").values()) == before
    assert steps.drain() == 0


def test_days_late(telnyx: Telnyx) -> None:
    """What arrived on time left its trace; the rest comes when all is over and changes only what is missing."""
    replay(telnyx, [name for name in NAMES if "delivered" in name or "received" in name or "failed" in name])
    Fax.objects.update(created_at=timezone.now() - timedelta(days=30))
    assert replay(telnyx, NAMES) == ENDS
    assert stories() == STORY


def test_the_far_end_is_kept_and_routed(telnyx: Telnyx, team: Team) -> None:
    replay(telnyx, NAMES)
    received = Fax.objects.get(telnyx_id=RECEIVED)
    assert (received.from_number, received.to_number, received.team) == ("+13035550119", "+12125550134", team)
    # Whatever time an event claims, it was sent just now, so its pages are looked for.
    assert received.media == Media.WAITING
