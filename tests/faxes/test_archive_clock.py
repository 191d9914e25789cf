"""When a link dies: as it says itself, or as Telnyx documents it, and never by what a hostile one makes up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from faxes.clock import dies_at

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
