from __future__ import annotations

import time
from argparse import ArgumentParser
from shutil import get_terminal_size
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sync.hand import Hand
from sync.management.listing import moment
from sync.models import SyncRun
from sync.services import run_now
from sync.wording import counts_of, kind_of, progress_of, state_of_run, took

BAR = 30
# Seconds between two lines where nobody watches a bar.
SELDOM = 10.0
# Back to the beginning of the line, which is then empty.
CLEAR = "\r\x1b[2K"


class Command(BaseCommand):
    help = "Reconcile applications, numbers and faxes with Telnyx. Exits non-zero when the run was partial."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--full", action="store_true", help="every fax, and not the recent ones alone")
        parser.add_argument("--since", metavar="2026-11-01", help="read faxes made since then, UTC")

    def handle(self, *, full: bool, since: str | None, **options: Any) -> None:
        kind = SyncRun.Kind.FULL if full else SyncRun.Kind.RECENT
        progress = Progress(self.stdout)
        try:
            run = run_now(kind=kind, since=moment(since), watch=progress, idle=progress.waits)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except KeyboardInterrupt:
            self.stdout.write("")
            raise CommandError("Laid aside. The worker goes on with it, and so does this command.") from None
        progress.end()
        nothing = "nothing was read" if run.error else "Telnyx has nothing that this run looks for"
        told = ", ".join(counts_of(run)) or nothing
        self.stdout.write(f"{kind_of(run)}, in {took(run)}: {told}.")
        if run.error:
            raise CommandError(f"The sync is incomplete. {run.error} What it brought is kept; run it again.")


class Progress:
    """On a terminal a bar that is drawn over and over; elsewhere a line now and then."""

    def __init__(self, out: Any) -> None:
        self._out: Any = out
        self._is_seen = bool(out.isatty())
        # A bar is there from the start.
        self._said_at = 0.0 if self._is_seen else time.monotonic()
        self._waited_for = ""

    def __call__(self, hand: Hand) -> None:
        now = time.monotonic()
        if now - self._said_at < (0.1 if self._is_seen else SELDOM):
            return
        self._said_at = now
        hand.run.counts = dict(hand.counts)
        progress = progress_of(hand.run)
        if not self._is_seen:
            self._out.write(progress.text)
            return
        full = round(BAR * (progress.share or 0) / 100)
        text = _fitting(progress.text, get_terminal_size().columns - BAR - 4)
        self._out.write(f"{CLEAR}[{'█' * full}{'·' * (BAR - full)}] {text}", ending="")
        self._out.flush()

    def waits(self, run: SyncRun) -> None:
        """Somebody else has the run in hand, or it is laid aside: told once for as long as that is so."""
        state, until = state_of_run(run), ""
        if run.due_at and run.due_at > timezone.now():
            until = f" until {run.due_at:%H:%M:%S} UTC"
        if state.word + until != self._waited_for:
            self._waited_for = state.word + until
            self.end()
            self._out.write(f"{kind_of(run)}: {state.word}{until}. {state.sentence or 'This waits for its end.'}")

    def end(self) -> None:
        """Take the bar away: what is said next has its line."""
        if self._is_seen:
            self._out.write(CLEAR, ending="")


def _fitting(text: str, room: int) -> str:
    """A bar that goes on in a second line would leave the first one behind each time. The last sentence tells most."""
    return text if len(text) <= room else text.removesuffix(".").rpartition(". ")[2][:room]
