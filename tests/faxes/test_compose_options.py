"""More options: only what differs from Telnyx's own defaults is said to Telnyx, and in its words."""

from __future__ import annotations

import inspect

import pytest

from faxes.models import Fax
from telnyx_api import Client
from tests import builders
from tests.sheets import Sheet, text_of


@pytest.fixture
def sheet(bob, team, logged_in) -> Sheet:
    sheet = Sheet(logged_in(bob), builders.number(team))
    sheet.upload()
    return sheet


@pytest.mark.parametrize(
    ("chosen", "options"),
    [
        ({}, {}),
        ({"quality": "high", "black_threshold": "95", "from_display_name": "  "}, {}),
        ({"quality": "normal"}, {"quality": "normal"}),
        ({"quality": "very_high"}, {"quality": "very_high"}),
        ({"quality": "ultra_light"}, {"quality": "ultra_light"}),
        ({"quality": "ultra_dark"}, {"quality": "ultra_dark"}),
        ({"monochrome": "on"}, {"monochrome": True}),
        ({"monochrome": "on", "black_threshold": "95"}, {"monochrome": True}),
        ({"monochrome": "on", "black_threshold": "1"}, {"monochrome": True, "black_threshold": 1}),
        ({"black_threshold": "40"}, {}),
        ({"black_threshold": "nonsense"}, {}),
        ({"from_display_name": " St. Mary-Clinic_2~!+ "}, {"from_display_name": "St. Mary-Clinic_2~!+"}),
        ({"from_display_name": "x" * 128}, {"from_display_name": "x" * 128}),
        ({"without_t38": "on"}, {"t38_enabled": False}),
    ],
)
def test_what_is_chosen_is_what_telnyx_is_told(sheet, chosen, options):
    assert sheet.send(**chosen).status_code == 302
    fax = Fax.objects.get()
    assert fax.options == options
    assert fax.options.keys() <= inspect.signature(Client.send_fax).parameters.keys()


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"quality": "best"}, "Choose one of the listed qualities."),
        ({"monochrome": "on", "black_threshold": "0"}, "Type a whole number from 1 to 100."),
        ({"monochrome": "on", "black_threshold": "101"}, "Type a whole number from 1 to 100."),
        ({"monochrome": "on", "black_threshold": "12.5"}, "Type a whole number from 1 to 100."),
        ({"monochrome": "on", "black_threshold": "9" * 5000}, "Type a whole number from 1 to 100."),
        ({"from_display_name": "x" * 129}, "The display name has 129 characters; at most 128 are allowed."),
        ({"from_display_name": "Praxis Müller"}, "may hold letters (A to Z), digits, spaces and - _ ~ ! . + only."),
        ({"from_display_name": "a\r\nTo: <sip:b>"}, "may hold letters (A to Z), digits, spaces and - _ ~ ! . + only."),
        ({"from_display_name": "nul\x00"}, "Null characters are not allowed."),
    ],
)
def test_what_telnyx_would_refuse_is_refused_here_and_in_view(sheet, chosen, said):
    answer = sheet.send(**chosen)
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert '<details class="options" open>' in page
    assert not Fax.objects.exists()


def test_options_stay_folded_until_one_is_chosen(sheet):
    assert '<details class="options" >' in " ".join(sheet.post("sentence/").content.decode().split())
    chosen = sheet.post("sentence/", without_t38="on").content.decode()
    assert '<details class="options" open>' in " ".join(chosen.split())
