from __future__ import annotations

from collections import Counter
from typing import Any, cast

from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError

from faxes.models import Document
from faxes.reencrypt import Outcome, reencrypt
from faxes.storage.encrypted import EncryptedStorage

SAY_EACH = 100


class Command(BaseCommand):
    help = "Seal every stored file with the first of MEDIA_ENCRYPTION_KEYS. Killed, it goes on where it stopped."

    def handle(self, **options: Any) -> None:
        if not cast(EncryptedStorage, storages["default"]).keys:
            raise CommandError("MEDIA_ENCRYPTION_KEYS is empty, so there is no key to seal files with.")
        total = Document.objects.filter(purged_at=None).count()
        counts = Counter[Outcome]()
        for document, outcome, why in reencrypt():
            counts[outcome] += 1
            if outcome == Outcome.FAILED:
                self.stderr.write(f"{document.pk}: {why}")
            if counts.total() % SAY_EACH == 0:
                self.stdout.write(f"{counts.total()} of {total}")
        self.stdout.write(", ".join(f"{outcome}: {counts[outcome]}" for outcome in Outcome))
        if counts[Outcome.FAILED]:
            raise CommandError("Some documents are as they were: see the lines above, then run it again.")
