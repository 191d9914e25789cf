from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.audit.anchors import Anchor, Unsigned, read_anchors
from accounts.audit.verify import Kind, Tally, verify
from accounts.models import Team


class Command(BaseCommand):
    help = (
        "Walk every chain of the audit log. Names what was altered, removed, inserted or cut off, and exits non-zero."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="anchors to hold it against, not AUDIT_ANCHOR")

    def handle(self, *, anchor: Path | None, **options: Any) -> None:
        tally, found = Tally(walked=self._walked), Counter[Kind]()
        names = {str(team.pk): f"{team.name} ({team.pk})" for team in Team.objects.all()}
        try:
            for finding in verify(tally, self._anchors(anchor)):
                found[finding.kind] += 1
                self.stdout.write(finding.said(names.get(finding.chain, finding.chain)))
        except OSError as error:
            raise CommandError(f"The anchors could not be read to their end. {error}") from error
        self.stdout.write(f"Chains: {tally.chains}, entries: {tally.entries}, anchors: {tally.anchors}.")
        if found:
            counted = ", ".join(f"{kind}: {found[kind]}" for kind in Kind if found[kind])
            raise CommandError(f"The audit log is not as it was written ({counted}): see the lines above.")

    def _anchors(self, given: Path | None) -> Iterable[Anchor | Unsigned]:
        path = given or Path(settings.AUDIT_ANCHOR)
        if given or path.exists():
            return read_anchors(path)
        self.stderr.write(f"There is no {path} yet: a tail that was cut off with its head would not be seen.")
        return []

    def _walked(self, chain: str, entries: int) -> None:
        if entries % 100_000 == 0:
            self.stderr.write(f"{chain}: {entries} entries so far")
