from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from faxes.verify import Kind, Tally, verify


class Command(BaseCommand):
    help = "Compare every stored file with what was stored. Exits non-zero when one is missing, altered or orphaned."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="compare sizes only, without reading the files")

    def handle(self, *, quick: bool, **options: Any) -> None:
        tally, found = Tally(), Counter[Kind]()
        try:
            for finding in verify(tally, quick=quick):
                found[finding.kind] += 1
                self.stdout.write(str(finding))
        except OSError as error:
            raise CommandError(f"The check stopped early. {error}") from error
        self.stdout.write(f"Documents: {tally.documents}, files: {tally.files}, {_counted(found)}.")
        if found.keys() - {Kind.UNFINISHED}:
            raise CommandError("The archive is not as it should be: see the lines above.")


def _counted(found: Counter[Kind]) -> str:
    return ", ".join(f"{kind}: {found[kind]}" for kind in Kind)
