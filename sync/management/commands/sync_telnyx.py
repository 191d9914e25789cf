from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sync.services import sync_recent


class Command(BaseCommand):
    help = "Reconcile applications, numbers and recent faxes with Telnyx. Exits non-zero when the run was partial."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hours", type=float, metavar="N", help="how far back to read faxes (SYNC_WINDOW_HOURS)")

    def handle(self, *, hours: float | None, **options: Any) -> None:
        run = sync_recent(window=timedelta(hours=hours) if hours else None)
        self.stdout.write(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in run.counts.items()))
        if run.error:
            raise CommandError(f"The sync stopped early: {run.error} What came before it is kept; run it again.")
