"""`sync_telnyx`: what it reads, what it says, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from applications.models import PhoneNumber
from faxes.models import Fax
from sync.models import SyncRun
from telnyx_sandbox.server import Server

pytestmark = pytest.mark.django_db


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def said(*arguments: str, out: StringIO | None = None) -> str:
    out = out or StringIO()
    call_command("sync_telnyx", *arguments, stdout=out)
    return out.getvalue()


def test_a_recent_run_says_what_it_saw(sandbox: Server) -> None:
    words = said()
    assert words.startswith("Recent faxes, in ") and "2 applications" in words and "4 numbers" in words


def test_everything_is_read_on_demand(sandbox: Server, line: PhoneNumber) -> None:
    sandbox.sandbox.fill(30, days=90)
    assert "new here" not in said()
    words = said("--full")
    assert words.startswith("Everything, in ") and "30 faxes compared" in words
    assert Fax.objects.count() == 30


def test_a_full_run_may_begin_later(sandbox: Server, line: PhoneNumber) -> None:
    sandbox.sandbox.fill(30, days=30)
    since = timezone.now() - timedelta(days=10)
    said("--full", "--since", f"{since:%Y-%m-%d}")
    assert 10 <= Fax.objects.count() <= 12
    run = SyncRun.objects.filter(kind="full").latest("started_at")
    assert run.window_start is not None and f"{run.window_start:%H:%M:%S %Z}" == "00:00:00 UTC"


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("since", ["0001-01-01", "0001-01-01T00:00:00+14:00", "1999-12-31"])
def test_a_time_before_all_faxes_is_as_good_as_any(sandbox: Server, line: PhoneNumber, full: bool, since: str) -> None:
    sandbox.sandbox.fill(30, days=30)
    assert "30 faxes compared" in said(*["--full"] * full, "--since", since)
    assert SyncRun.objects.latest("started_at").window_start == datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "2026-02-30T10:00", "9" * 30])
def test_what_is_no_time_is_told(sandbox: Server, since: str) -> None:
    with pytest.raises(CommandError, match="is no time"):
        said("--since", since)
    assert not SyncRun.objects.exists()


def test_a_time_to_come_is_told(sandbox: Server) -> None:
    with pytest.raises(CommandError, match="yet to come"):
        said("--since", "2999-01-01T00:00:00Z")


def test_a_partial_run_names_the_part_and_fails(sandbox: Server) -> None:
    sandbox.sandbox.faults.add(method="GET", path="/v2/phone_numbers", action="status", status=403, times=None)
    out = StringIO()
    with pytest.raises(CommandError, match="is incomplete"):
        said(out=out)
    assert "2 applications" in out.getvalue()


def test_a_run_that_could_ask_for_nothing_does_not_say_that_telnyx_has_nothing(
    sandbox: Server, settings: Settings
) -> None:
    settings.TELNYX_API_KEY = ""
    out = StringIO()
    with pytest.raises(CommandError, match="API key"):
        said(out=out)
    assert "nothing was read" in out.getvalue() and "Telnyx has nothing" not in out.getvalue()


def test_a_terminal_shows_a_bar(sandbox: Server, line: PhoneNumber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    sandbox.sandbox.fill(600, days=20)
    words = said("--full", out=Terminal())
    assert "\r" in words and "·" in words and words.rstrip().endswith(".")
    # What it saw has a line of its own, and the bar is one line of a usual terminal.
    *bars, told = words.split("\r\x1b[2K")
    assert told.startswith("Everything, in ") and max(map(len, bars)) < 80
    assert any("600 of about 600 faxes compared" in bar for bar in bars)


@pytest.mark.parametrize("out", [StringIO, Terminal])
def test_who_has_to_wait_is_told_for_what(sandbox: Server, out: type[StringIO]) -> None:
    until = timezone.now() + timedelta(seconds=0.3)
    SyncRun.objects.create(kind="recent", due_at=until, window_start=until)
    words = said(out=out())
    assert f"Recent faxes: laid aside until {until:%H:%M:%S} UTC. Telnyx asked to slow down." in words
    assert words.count("laid aside") == 1 and words.endswith("4 numbers.\n")


class Interrupted(Terminal):
    """Somebody presses Ctrl-C as soon as the bar appears."""

    pressed = False

    def write(self, text: str) -> int:
        if text.startswith("\r") and not self.pressed:
            self.pressed = True
            raise KeyboardInterrupt
        return super().write(text)


def test_who_breaks_it_off_leaves_a_run_that_goes_on(sandbox: Server, line: PhoneNumber) -> None:
    sandbox.sandbox.fill(30, days=20)
    with pytest.raises(CommandError, match="Laid aside"):
        said("--full", out=Interrupted())
    run = SyncRun.objects.get(kind="full")
    assert run.finished_at is None
    said("--full")
    run.refresh_from_db()
    assert run.is_complete and Fax.objects.count() == 30
