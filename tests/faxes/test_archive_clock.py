"""When a link dies: as it says itself, or as Telnyx documents it, and never by what a hostile one makes up."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from faxes.clock import dies_at
from faxes.models import Fax
from faxes.wording import Clock, clock_of
from tests import builders

TOLD = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
USUAL = TOLD + timedelta(minutes=10)
AMAZON = "https://s3.example/fax.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-Expires={seconds}"


def amazon(date: str, seconds: str) -> str:
    return AMAZON.format(date=date, seconds=seconds)


@pytest.mark.parametrize("link", ["", "https://s3.example/fax.pdf", "https://s3.example/fax.pdf?expires=1", "nonsense"])
def test_a_link_that_says_nothing_lives_ten_minutes(link: str) -> None:
    assert dies_at(link, TOLD) == USUAL


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (amazon("20261120T120000Z", "600"), TOLD + timedelta(seconds=600)),
        (amazon("20261120T115500Z", "7200"), TOLD + timedelta(seconds=6900)),
        # It was dead before we heard of it.
        (amazon("20261120T110000Z", "60"), TOLD - timedelta(minutes=59)),
        (amazon("20261120T120000Z", "0"), TOLD),
        (amazon("20261120T120000Z", "604800"), TOLD + timedelta(days=7)),
    ],
)
def test_a_link_of_amazons_says_itself_when_it_dies(link: str, expected: datetime) -> None:
    assert dies_at(link, TOLD) == expected


@pytest.mark.parametrize(
    "link",
    [
        amazon("20261120T120000Z", "604801"),
        amazon("20261120T120000Z", "-600"),
        amazon("20261120T120000Z", "6e2"),
        amazon("20261120T120000Z", "٦٠٠"),
        amazon("20261120T120000Z", ""),
        amazon("20261120T120000Z", "9" * 5000),
        amazon("20261320T120000Z", "600"),
        amazon("", "600"),
        amazon("now", "600"),
        amazon("99991231T235959Z", "604800"),
        amazon("99990101T000000Z", "600"),
        amazon("00010101T000000Z", "600"),
        "https://[::1/fax.pdf?X-Amz-Date=20261120T120000Z&X-Amz-Expires=600",
        "https://s3.example/fax.pdf?" + "&".join(["X-Amz-Date=20261120T120000Z"] * 1000),
        "https://s3.example/fax.pdf?X-Amz-Date=%00&X-Amz-Expires=%00",
        "\x00\ud800",
    ],
)
def test_what_cannot_be_true_counts_for_nothing(link: str) -> None:
    assert dies_at(link, TOLD) == USUAL


# What the page says of it


def on_its_way(**columns: Any) -> Fax:
    columns.setdefault("media", "waiting")
    return Fax(direction="inbound", status="received", **columns)


NO = {"code": "link_dead", "detail": "The link has expired."}
SOON, AGO = TOLD + timedelta(minutes=7), TOLD - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, []),
        ({"media": "archived", "link_dies_at": SOON}, []),
        ({"link_dies_at": SOON}, [Clock("Telnyx's link to them dies", SOON, counts_down=True)]),
        ({"link_dies_at": AGO}, [Clock("Telnyx is asked for a new link. The last one died", AGO)]),
        ({"problem": NO, "tries": 1, "due_at": SOON}, [Clock("Tried once. The next try is", SOON, counts_down=True)]),
        ({"problem": NO, "tries": 6, "due_at": AGO}, [Clock("The next try is", AGO)]),
        ({"problem": NO, "tries": 3, "owner": uuid.uuid4()}, [Clock("Trying for the 3rd time now.")]),
        ({"problem": NO, "tries": 12, "owner": uuid.uuid4()}, [Clock("Trying for the 12th time now.")]),
        (
            {"media": "missing", "problem": NO, "tries": 40},
            [Clock("Tried 40 times. Nobody tries any more, unless you say so.")],
        ),
    ],
)
def test_the_clock_tells_how_the_race_stands(columns: dict[str, Any], expected: list[Clock]) -> None:
    assert clock_of(on_its_way(**columns), TOLD) == expected


def test_the_page_has_the_clock_and_says_the_time_without_a_script(
    logged_in: Callable[[User], Client], team: Team, bob: User
) -> None:
    dies_at = timezone.now() + timedelta(minutes=7)
    fax = builders.inbound(team, status="received", media="waiting", link_dies_at=dies_at)
    page = logged_in(bob).get(f"/faxes/{fax.pk}/").content.decode()
    clock = page.partition("Telnyx&#x27;s link to them dies")[2][:300]
    assert 'data-as="countdown"' in clock and f"{dies_at:at %b} {dies_at.day}, {dies_at:%H:%M:%S} UTC</time>" in clock


def test_the_page_says_when_it_is_tried_again(logged_in: Callable[[User], Client], team: Team, bob: User) -> None:
    due_at = timezone.now() + timedelta(hours=1)
    fax = builders.inbound(team, status="received", media="waiting", problem=NO, tries=6, due_at=due_at)
    page = logged_in(bob).get(f"/faxes/{fax.pk}/").content.decode()
    assert "The next try is" in page and "Tried 6 times. The link has expired." in page
    assert 'id="fetch-again"' in page
