"""What becomes of a number's faxes, in sentences: as it is, and before it is moved."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team
from applications.models import FaxApplication, PhoneNumber
from applications.outlook import Outlook, outlook_of, what_changes
from tests import builders

DESK, RECORDS = Team(name="Front desk"), Team(name="Records")


def application(team: Team | None, **columns: Any) -> FaxApplication:
    said = {"application_name": "Line", "active": True, "outbound_voice_profile_id": "7", "telnyx_id": "1"}
    return FaxApplication(team=team, **(said | columns))


@pytest.mark.parametrize(
    ("outlook", "receives", "sends"),
    [
        (Outlook(None, application(DESK)), "come in for Front desk", "Front desk can send from it"),
        (Outlook(RECORDS, application(DESK)), "come in for Records", "Records can send from it"),
        (Outlook(RECORDS, application(None)), "come in for Records", "Records can send from it"),
        (Outlook(None, application(None)), "only administrators see them", "it belongs to no team"),
        (Outlook(DESK, None), "No faxes come in", "attached to no fax application"),
        (Outlook(None, None), "No faxes come in", "attached to no fax application"),
        (Outlook(DESK, application(DESK, active=False)), "No faxes come in.", "its application is switched off"),
        (Outlook(DESK, application(DESK, active=None)), "come in for", "can send"),
        (Outlook(DESK, application(DESK, gone_at=timezone.now())), "No faxes come in.", "has its application no more"),
        (Outlook(DESK, application(DESK, outbound_voice_profile_id="")), "come in for", "no outbound voice profile"),
    ],
)
def test_a_number_has_an_outlook(outlook: Outlook, receives: str, sends: str) -> None:
    assert receives in outlook.receives and sends in outlook.sends


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            Outlook(None, application(DESK)),
            Outlook(None, application(RECORDS)),
            [
                "Faxes to it come in for Records. So far they come in for Front desk.",
                "Records can send from it.",
                "What arrived before stays with Front desk.",
            ],
        ),
        (
            Outlook(DESK, application(DESK)),
            Outlook(DESK, application(RECORDS, active=False)),
            [
                "No faxes come in.",
                "Nothing can be sent from it: its application is switched off.",
            ],
        ),
        (
            Outlook(DESK, application(DESK)),
            Outlook(DESK, None),
            [
                "No faxes come in.",
                "Nothing can be sent from it: it is attached to no fax application.",
            ],
        ),
        (
            Outlook(DESK, None),
            Outlook(RECORDS, None),
            [
                "No faxes come in.",
                "Nothing can be sent from it: it is attached to no fax application.",
                "What arrived before stays with Front desk.",
            ],
        ),
        (
            Outlook(None, None),
            Outlook(None, application(DESK)),
            ["Faxes to it come in for Front desk.", "Front desk can send from it."],
        ),
    ],
)
def test_a_move_says_what_changes(before: Outlook, after: Outlook, said: list[str]) -> None:
    assert what_changes(before, after) == said


@pytest.mark.parametrize("columns", [{}, {"active": False}, {"gone_at": timezone.now()}, {"active": None}])
def test_it_says_of_who_sends_what_the_compose_page_offers(team: Team, columns: dict[str, Any]) -> None:
    line = builders.number(team)
    FaxApplication.objects.update(outbound_voice_profile_id="7", **columns)
    offered = PhoneNumber.objects.sendable().filter(pk=line.pk).exists()
    assert ("can send from it" in outlook_of(line).sends) == offered
