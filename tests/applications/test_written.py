"""What we last wrote to Telnyx, who did, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team, User
from applications.models import FaxApplication
from applications.written import Written, note_written, written_value
from tests import builders


def test_a_value_is_kept_with_its_writer_and_the_time(team: Team, alice: User) -> None:
    application = builders.application(team)
    before = timezone.now()
    note_written(application, {"webhook_timeout_secs": 25, "tags": ["front"]}, alice)
    kept = written_value(FaxApplication.objects.get(), "webhook_timeout_secs")
    assert kept is not None
    assert kept.at is not None
    assert (kept.value, kept.by) == (25, "Alice")
    assert before <= kept.at <= timezone.now()
    assert written_value(application, "tags") == written_value(FaxApplication.objects.get(), "tags")
    assert written_value(application, "active") is None


def test_a_value_is_kept_in_the_shape_of_its_column(team: Team) -> None:
    number = builders.number(team)
    note_written(number, {"connection_id": None}, None)
    kept = written_value(number, "connection_id")
    assert kept is not None
    assert (kept.value, kept.by) == ("", "")


def test_who_writes_another_column_meanwhile_is_remembered_too(team: Team, alice: User, bob: User) -> None:
    mine = builders.application(team)
    theirs = FaxApplication.objects.get()
    note_written(theirs, {"active": False}, bob)
    note_written(mine, {"application_name": "Ours"}, alice)
    row = FaxApplication.objects.get()
    assert (row.written["active"]["by"], row.written["application_name"]["by"]) == ("Bob", "Alice")
    assert mine.written == row.written


def test_nothing_but_the_note_is_saved(team: Team) -> None:
    application = builders.application(team, application_name="Front desk")
    application.application_name = "Not to be saved"
    note_written(application, {"application_name": "Front desk"}, None)
    assert FaxApplication.objects.get().application_name == "Front desk"


@pytest.mark.parametrize("note", [None, 5, "words", [], {}, {"by": "Alice"}])
def test_a_note_of_another_shape_is_none(note: Any) -> None:
    assert written_value(FaxApplication(written={"active": note}), "active") is None


@pytest.mark.parametrize("at", [None, "", "yesterday", "2026-13-45T00:00:00Z", "2026-11-03T10:00:00", 12])
def test_a_time_that_is_none_is_left_out(at: Any) -> None:
    row = FaxApplication(written={"active": {"value": True, "by": None, "at": at}})
    assert written_value(row, "active") == Written(True, "", None)


def test_a_time_is_aware() -> None:
    row = FaxApplication(written={"active": {"value": None, "by": "Alice", "at": "2026-11-03T10:00:00+00:00"}})
    assert written_value(row, "active") == Written(None, "Alice", datetime(2026, 11, 3, 10, tzinfo=UTC))
