"""What may be deleted, and when: faxes in the bin after thirty days, pages and records as their team's policy says.

A legal hold keeps a fax whatever its age, and so does anything that is still to happen to it. Ages are counted by our
own clock, from when we first heard of a fax or made it: Telnyx's may be wrong, and what is gone is gone. It counts only
for what a listing showed as history long after it had happened.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Team
from faxes.models import Batch, Document, Fax, FaxQuerySet
from faxes.outbox import KEPT_AT_TELNYX
from faxes.states import OPEN_OUTBOX, Media, Outbox

IN_BIN = timedelta(days=30)
# A sheet that nobody sent may be taken up again until then.
UNSENT = timedelta(days=7)
# Longer than any lease: what nobody refers to after that, nobody will.
UNUSED = timedelta(days=1)
# As good as never, and still a date.
LONGEST = 36_500

BIN, RECORDS = "bin", "records"


def in_bin(now: datetime) -> FaxQuerySet:
    return Fax.objects.filter(trashed_at__lt=now - IN_BIN, legal_hold=False)


def outlived(team: Team, now: datetime) -> FaxQuerySet:
    """Faxes older than the team keeps anything of them."""
    return Fax.objects.filter(team=team, heard_at__lt=_before(now, team.keep_records_days), legal_hold=False)


def with_old_pages(team: Team, now: datetime) -> FaxQuerySet:
    """Faxes older than the team keeps pages, and whose pages are here."""
    faxes = Fax.objects.filter(team=team, heard_at__lt=_before(now, team.keep_media_days), legal_hold=False)
    return faxes.filter(document__isnull=False, document__purged_at=None)


def record_due(fax: Fax, now: datetime) -> str:
    """Why all that is known of the fax is to be deleted, BIN or RECORDS; empty where it stays. Ask under its lock."""
    if fax.legal_hold or not _rests(fax, now):
        return ""
    if fax.trashed_at and fax.trashed_at < now - IN_BIN:
        return BIN
    days = fax.team.keep_records_days if fax.team else None
    return RECORDS if days and fax.heard_at < _before(now, days) else ""


def pages_due(fax: Fax, now: datetime) -> bool:
    """Are the fax's pages to be deleted, whether or not all the rest goes too? Ask under its lock."""
    if fax.legal_hold or not _rests(fax, now):
        return False
    days = fax.team.keep_media_days if fax.team else None
    return bool(days and fax.heard_at < _before(now, days)) or bool(record_due(fax, now))


def abandoned(now: datetime) -> QuerySet[Batch]:
    """Sheets that nobody sent, and on which nobody has put a file for days."""
    recent = Document.objects.filter(batch=OuterRef("pk"), created_at__gte=now - UNSENT)
    return _with_files().filter(~Exists(recent), sent_at=None, created_at__lt=now - UNSENT)


def used_up(now: datetime) -> QuerySet[Batch]:
    """Sheets that were sent: what leaves is another file, made of those on the sheet. They stay where a fax is still to
    be made of them, or one is held that never was."""
    held = Q(legal_hold=True, document=None)
    needing = Fax.objects.filter(Q(outbox=Outbox.PREPARING) | held, batch=OuterRef("pk"))
    return _with_files().filter(~Exists(needing), sent_at__lt=now - UNUSED)


def strays(now: datetime) -> QuerySet[Document]:
    """Files that no fax and no sheet has, or that never were whole."""
    old = Document.objects.filter(purged_at=None, batch=None, created_at__lt=now - UNUSED)
    shown, came = Fax.objects.filter(document=OuterRef("pk")), Fax.objects.filter(original=OuterRef("pk"))
    return old.filter(~Exists(shown), ~Exists(came))


def _with_files() -> QuerySet[Batch]:
    return Batch.objects.filter(Exists(Document.objects.filter(batch=OuterRef("pk"))))


def _rests(fax: Fax, now: datetime) -> bool:
    """Nothing more will happen to it. What never came to an end counts too, once Telnyx keeps nothing of it."""
    if fax.outbox in OPEN_OUTBOX or fax.media == Media.WAITING or (fax.leased_until and fax.leased_until > now):
        return False
    return (fax.is_over and fax.due_at is None) or fax.heard_at < now - KEPT_AT_TELNYX


def _before(now: datetime, days: int | None) -> datetime:
    return now - timedelta(days=min(days or LONGEST, LONGEST))
