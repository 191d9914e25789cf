from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from faxes.steps import purge


class Command(BaseCommand):
    help = "Delete for good what is due: the bin, faxes and pages past their team's time, files nobody needs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and touch nothing")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        summary = purge.drain(dry_run=dry_run)
        for line in summary.lines() or ["Nothing is due."]:
            self.stdout.write(line)
        if summary.failed:
            raise CommandError("The storage did not delete every file. The log says which; run it again.")
