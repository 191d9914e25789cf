"""What the door refuses is counted: by day and reason, with the last time and address, and never in the request."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import InterfaceError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from tests.processes import wait_for
from tests.threads import at_once
from tests.webhooks.telnyx import DOOR, Telnyx, event
from webhooks.authentication import MAX_BODY
from webhooks.models import Delivery, Refusal, Refused
from webhooks.refusals import KEPT, forget_old

NO_TIME = "the timestamp is missing or not a number"
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


def forge(**environ: Any) -> int:
    """The status that a stranger gets."""
    return Client().post(DOOR, b"{}", content_type="application/json", **environ).status_code


def told() -> list[tuple[str, int]]:
    return sorted(Refusal.objects.values_list("reason", "count"))


@pytest.mark.django_db
def test_each_is_counted_under_its_reason_and_nothing_is_kept(telnyx: Telnyx) -> None:
    before = timezone.now()
    body = event()
    for headers in [{}, {}, telnyx.headers(b"another body"), telnyx.headers(body, seconds_ago=900)]:
        assert Client().post(DOOR, body, content_type="application/json", headers=headers).status_code == 403
    assert Client().post(DOOR, b"x" * (MAX_BODY + 1), content_type="application/json").status_code == 413
    assert told() == [
        ("the body is too large", 1),
        ("the signature does not match", 1),
        (NO_TIME, 2),
        ("the timestamp is too old or in the future", 1),
    ]
    assert not Delivery.objects.exists()
    summary = Refusal.objects.summary()
    assert summary is not None and before < summary.last_at < timezone.now()
    assert (summary.count, summary.last_address, summary.last_reason) == (5, "127.0.0.1", "the body is too large")


@pytest.mark.django_db
def test_what_is_accepted_is_not_counted(telnyx: Telnyx) -> None:
    assert Delivery.objects.last_received_at() is None
    telnyx.post(event())
    assert Refusal.objects.summary() is None
    assert Delivery.objects.last_received_at() == Delivery.objects.get().received_at


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.4", "127.0.0.1"),
        (1, "198.51.100.4", "198.51.100.4"),
        (1, "6.6.6.6, 198.51.100.4", "198.51.100.4"),
        (2, "6.6.6.6, 198.51.100.4, 10.0.0.1", "198.51.100.4"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (2, "198.51.100.4", "127.0.0.1"),
        (1, "<script>", ""),
        (1, "x" * 4000, ""),
    ],
)
def test_the_last_address_is_the_one_our_own_proxies_saw(
    telnyx: Telnyx, settings: Settings, proxies: int, forwarded: str, address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert forge(headers={"X-Forwarded-For": forwarded}) == 403
    assert Refusal.objects.get().last_address == address


@pytest.mark.django_db
def test_behind_a_socket_file_there_is_no_address(telnyx: Telnyx) -> None:
    assert forge(REMOTE_ADDR="") == 403
    assert Refusal.objects.get().last_address == ""


@pytest.mark.django_db
def test_processes_add_up_whoever_writes_last() -> None:
    later, earlier = NOON + timedelta(seconds=2), NOON
    Refusal.objects.add([Refused(3, later, "192.0.2.1", NO_TIME)])
    Refusal.objects.add([Refused(4, earlier, "192.0.2.2", NO_TIME), Refused(1, earlier, "192.0.2.3", "another")])
    assert told() == [("another", 1), (NO_TIME, 7)]
    assert Refusal.objects.summary() == Refused(8, later, "192.0.2.1", NO_TIME)
    Refusal.objects.add([Refused(1, later + timedelta(seconds=1), "192.0.2.4", NO_TIME)])
    assert Refusal.objects.summary() == Refused(9, later + timedelta(seconds=1), "192.0.2.4", NO_TIME)


@pytest.mark.django_db
def test_each_day_has_its_row_for_a_month() -> None:
    today = timezone.now()
    for days in (0, 1, KEPT, KEPT + 1, 400):
        Refusal.objects.add([Refused(1, today - timedelta(days=days), "", NO_TIME)])
    assert forget_old() == 2
    assert min(Refusal.objects.values_list("day", flat=True)) == today.date() - timedelta(days=KEPT)
    assert isinstance(Refusal.objects.latest("day").day, date)
    assert forget_old() == 0


@pytest.mark.django_db(transaction=True)
def test_a_flood_is_few_rows_and_no_work_for_its_requests(telnyx: Telnyx, settings: Settings) -> None:
    settings.REFUSALS_WRITTEN_AFTER = 0.05

    def stranger() -> list[int]:
        with CaptureQueriesContext(connection) as queries:
            statuses = [forge(REMOTE_ADDR="192.0.2.9") for _ in range(50)]
        assert len(queries) == 0
        return statuses

    assert at_once(*[stranger] * 8) == [[403] * 50] * 8
    wait_for(lambda: sum(Refusal.objects.values_list("count", flat=True)) == 400, what="the count of all")
    # Two where midnight was in between.
    assert Refusal.objects.count() <= 2


@pytest.mark.django_db(transaction=True)
def test_a_stranger_neither_waits_for_the_database_nor_is_forgotten(telnyx: Telnyx, settings: Settings) -> None:
    settings.REFUSALS_WRITTEN_AFTER = 0.01
    with transaction.atomic():
        # On SQLite this is the one lock there is to write; on PostgreSQL, that of the row.
        Refusal.objects.add([Refused(1, timezone.now(), "", NO_TIME)])
        assert [forge() for _ in range(5)] == [403] * 5
        assert told() == [(NO_TIME, 1)]
    wait_for(lambda: sum(Refusal.objects.values_list("count", flat=True)) == 6, what="the count of all")


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_forgets_nothing(telnyx: Telnyx) -> None:
    """psycopg has an error of its own for that, which is none of the database."""

    def is_lost(*_: Any) -> None:
        raise InterfaceError("the connection is closed")

    with connection.execute_wrapper(is_lost):
        assert forge() == 403
    assert forge() == 403
    assert [count for _, count in told()] == [2]


@pytest.mark.django_db(transaction=True)
def test_what_the_database_did_not_take_is_written_with_the_next(telnyx: Telnyx) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE webhooks_refusal RENAME TO aside")
        assert forge() == 403
        cursor.execute("ALTER TABLE aside RENAME TO webhooks_refusal")
    assert forge() == 403
    assert [count for _, count in told()] == [2]
