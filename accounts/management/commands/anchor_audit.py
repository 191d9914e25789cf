from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.audit.anchors import write_anchors


class Command(BaseCommand):
    help = "Write down, signed and outside of the database, where each chain of the audit log ends now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="the file to add to, instead of AUDIT_ANCHOR")

    def handle(self, *, anchor: Path | None, **options: Any) -> None:
        path = anchor or Path(settings.AUDIT_ANCHOR)
        try:
            count = write_anchors(path)
        except OSError as error:
            raise CommandError(f"The anchors could not be written to {path}. {error}") from error
        self.stdout.write(f"Chains anchored in {path}: {count}.")
