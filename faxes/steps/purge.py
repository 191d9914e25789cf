"""Delete for good what is due: the bin, what outlived its team's policy, and files that nobody needs.

In this order, so that a kill at any line leaves nothing that the next run does not finish:

1. In one short transaction, under the locks of the faxes: look once more whether each is due, then write down that it
   goes. Its files get their `purged_at`; its row is deleted or told of it; timeline, tombstone and audit log say so.
   From then on the pages are shown to nobody, and a legal hold comes too late.
2. Outside of it, every file with a `purged_at` is deleted, then its page images.
3. Only then the document's row goes, or loses the name of the file where a fax still shows what had been there.

So there is no file without a row, and no row that promises a missing file. A storage that does not delete a file holds
up no other: it is asked again the next day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import Team
from faxes import reading, retention
from faxes.files import remove
from faxes.models import Attempt, Batch, Document, Fax, FaxEvent, Tombstone
from faxes.states import Outbox

log = structlog.get_logger(__name__)

# So many rows are decided in one transaction, which is then over in a fraction of a second.
CHUNK = 50
# So many keys are read at a time, which may mean looking at all rows, and putting them in order.
KEYS = 5000


@dataclass
class Summary:
    """What went, or would go: faxes by team, and files."""

    bin: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    uploads: int = 0
    strays: int = 0
    files: int = 0
    failed: int = 0
    marks: int = 0

    def lines(self) -> list[str]:
        """For a person to read, nothing said of what there was none of."""
        by_team = {"from the bin": self.bin, "past their team's time": self.records, "pages of faxes": self.pages}
        told = [f"{team}, {what}: {n}" for what, teams in by_team.items() for team, n in sorted(teams.items())]
        files = {
            "Uploads no longer needed": self.uploads,
            "Files nobody refers to": self.strays,
            "Files deleted": self.files,
            "Marks of read faxes no longer needed": self.marks,
            "Files that could not be deleted, to be tried again": self.failed,
        }
        return told + [f"{what}: {n}" for what, n in files.items() if n]


def drain(now: datetime | None = None, *, dry_run: bool = False) -> Summary:
    """Delete all that is due. With `dry_run`, say what would go, and touch nothing."""
    now = now or timezone.now()
    summary = Summary()
    for pks in _chunks(retention.in_bin(now)):
        _purge_faxes(pks, now, summary, dry_run)
    for team in Team.objects.filter(keep_records_days__isnull=False):
        for pks in _chunks(retention.outlived(team, now)):
            _purge_faxes(pks, now, summary, dry_run)
    for team in Team.objects.filter(keep_media_days__isnull=False):
        for pks in _chunks(retention.with_old_pages(team, now)):
            _purge_pages(pks, now, summary, dry_run)
    for pks in _chunks(retention.abandoned(now) | retention.used_up(now)):
        _purge_uploads(pks, now, summary, dry_run)
    for pks in _chunks(retention.strays(now)):
        _purge_strays(pks, now, summary, dry_run)
    if not dry_run:
        _forget_candidates()
        _delete_files(summary)
        summary.marks = reading.compact(now=now)
        log.info("purge.done", said=summary.lines())
    return summary


def _chunks(rows: models.QuerySet[Any]) -> Iterator[list[UUID]]:
    """The keys of the rows in small chunks, each once, whatever becomes of those before."""
    rows = rows.order_by("pk")
    pks = list(rows.values_list("pk", flat=True)[:KEYS])
    while pks:
        yield from (pks[at : at + CHUNK] for at in range(0, len(pks), CHUNK))
        pks = list(rows.filter(pk__gt=pks[-1]).values_list("pk", flat=True)[:KEYS])


def _locked(which: Q) -> list[Fax]:
    """The faxes, locked in the order of their keys, as everybody does who locks several."""
    rows = Fax.objects.select_for_update(of=("self",)).select_related("team").defer("raw")
    return list(rows.filter(which).order_by("pk"))


def _purge_faxes(pks: Sequence[UUID], now: datetime, summary: Summary, dry_run: bool) -> None:
    """Delete those of the faxes for good that are still due, with all that hangs on them."""
    with transaction.atomic():
        # Later tries of a fax lose their tie to it, and are locked for that.
        locked = _locked(Q(pk__in=pks) | Q(retry_of__in=pks))
        due = {fax: why for fax in locked if fax.pk in set(pks) and (why := retention.record_due(fax, now))}
        for fax, why in due.items():
            told = summary.bin if why == retention.BIN else summary.records
            told[_team_name(fax)] += 1
        if due and not dry_run:
            _delete(due, now)


def _delete(due: dict[Fax, str], now: datetime) -> None:
    ids = [fax.pk for fax in due]
    documents = _documents_of(due)
    entries = [_obituary(fax, documents, why=why) for fax, why in due.items()]
    names = _telnyx_ids(due)
    Tombstone.objects.bulk_create([Tombstone(telnyx_id=name, at=now) for name in names], ignore_conflicts=True)
    Fax.objects.filter(pk__in=ids).delete()
    _condemn(_unused(documents), now)
    audit.record(*entries)


def _telnyx_ids(due: Collection[Fax]) -> list[str]:
    """By which ids Telnyx may speak of the faxes again. An attempt may have led to a second fax, which has a row of its
    own and is none of these."""
    tried = Attempt.objects.filter(fax__in=list(due)).exclude(telnyx_id="").values_list("telnyx_id", flat=True)
    names = {fax.telnyx_id for fax in due if fax.telnyx_id} | set(tried)
    staying = Fax.objects.filter(telnyx_id__in=names).exclude(pk__in=[fax.pk for fax in due])
    return sorted(names.difference(staying.values_list("telnyx_id", flat=True)))


def _forget_candidates() -> None:
    """What was noted of a fax while it might have been that of an uncertain send goes with the fax."""
    seen = Attempt.objects.filter(evidence__has_key="candidates")
    for pks in _chunks(seen):
        with transaction.atomic():
            for attempt in seen.filter(pk__in=pks).select_for_update():
                candidates = attempt.evidence["candidates"]
                gone = set(Tombstone.objects.filter(pk__in=list(candidates)).values_list("pk", flat=True))
                if gone:
                    attempt.evidence["candidates"] = {name: candidates[name] for name in candidates.keys() - gone}
                    attempt.save(update_fields=["evidence"])


def _obituary(fax: Fax, documents: dict[UUID, Document], *, why: str, action: str = "fax.purge") -> audit.Entry:
    """For the audit log: what went, and by which rule. Nothing else will tell."""
    files = [documents[pk] for pk in (fax.document_id, fax.original_id) if pk in documents]
    data = {
        "why": why,
        "direction": fax.direction,
        "from": fax.from_number,
        "to": fax.to_number,
        "made": fax.created_at,
        "telnyx_id": fax.telnyx_id or "",
        "pages": files[0].pages if files else fax.page_count,
        "sha256": [document.sha256 for document in files],
    }
    return audit.Entry(action, on=fax, team=fax.team, data=data)


def _purge_pages(pks: Sequence[UUID], now: datetime, summary: Summary, dry_run: bool) -> None:
    """Delete the pages of the faxes, and leave the rest. What several faxes share stays until it is due for all."""
    with transaction.atomic():
        shared = _ids(Fax.objects.filter(pk__in=pks))
        users = Q(document__in=shared) | Q(original__in=shared)
        _locked(users)
        # Once more: while we waited, one of them may have been sent again, as another fax with the same pages.
        faxes = _locked(users)
        wanted = _wanted(faxes, now)
        going = {fax for fax in faxes if not wanted & {fax.document_id, fax.original_id}}
        # Where all of a fax is due, this is said of the fax and not of its pages.
        told = [fax for fax in going if not retention.record_due(fax, now)]
        summary.pages.update(_team_name(fax) for fax in told if fax.pk in set(pks))
        if going and not dry_run:
            _delete_pages(going, told, now)


def _wanted(faxes: Sequence[Fax], now: datetime) -> set[UUID | None]:
    """The documents that one of the faxes still needs, or that another fax of its sheet is just about to."""
    sheets = {fax.batch_id for fax in faxes if fax.batch_id}
    preparing = Fax.objects.filter(batch__in=sheets, outbox=Outbox.PREPARING)
    growing = set(preparing.values_list("batch", flat=True))
    needing = [fax for fax in faxes if fax.batch_id in growing or not retention.pages_due(fax, now)]
    return {pk for fax in needing for pk in (fax.document_id, fax.original_id) if pk}


def _delete_pages(going: set[Fax], told: Sequence[Fax], now: datetime) -> None:
    documents = {pk: document for pk, document in _documents_of(going).items() if document.purged_at is None}
    told = [fax for fax in told if {fax.document_id, fax.original_id} & documents.keys()]
    _condemn(list(documents), now)
    days = {fax.pk: fax.team.keep_media_days if fax.team else None for fax in told}
    FaxEvent.objects.bulk_create(
        FaxEvent(fax=fax, kind="purged_media", source=FaxEvent.Source.PORTAL, at=now, data={"days": days[fax.pk]})
        for fax in told
    )
    audit.record(*[_obituary(fax, documents, why="pages", action="fax.purge_media") for fax in told])


def _purge_uploads(pks: Sequence[UUID], now: datetime, summary: Summary, dry_run: bool) -> None:
    """Take the files off sheets that nobody sent, or that have been sent. The sheets stay, and are empty."""
    with transaction.atomic():
        _locked(Q(batch__in=pks))
        list(Batch.objects.select_for_update().filter(pk__in=pks).order_by("pk"))
        due = (retention.abandoned(now) | retention.used_up(now)).filter(pk__in=pks).values("pk")
        files = Document.objects.filter(batch__in=list(due.values_list("pk", flat=True)))
        summary.uploads += files.count() if dry_run else files.update(batch=None, purged_at=now)


def _purge_strays(pks: Sequence[UUID], now: datetime, summary: Summary, dry_run: bool) -> None:
    files = retention.strays(now).filter(pk__in=pks)
    summary.strays += files.count() if dry_run else files.update(purged_at=now)


def _ids(faxes: models.QuerySet[Fax]) -> set[UUID]:
    return {pk for pair in faxes.values_list("document", "original") for pk in pair if pk}


def _documents_of(faxes: dict[Fax, str] | set[Fax]) -> dict[UUID, Document]:
    """The faxes' files, locked. Read after the faxes' locks were got, so that a purge next door is seen."""
    ids = {pk for fax in faxes for pk in (fax.document_id, fax.original_id) if pk}
    rows = Document.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    return {document.pk: document for document in rows}


def _unused(documents: dict[UUID, Document]) -> list[UUID]:
    users = Fax.objects.filter(Q(document__in=list(documents)) | Q(original__in=list(documents)))
    used = _ids(users)
    return [pk for pk in documents if pk not in used]


def _condemn(ids: Sequence[UUID], now: datetime) -> None:
    Document.objects.filter(pk__in=ids, purged_at=None).update(purged_at=now)


def _delete_files(summary: Summary) -> None:
    """Every file that was written off, also by a run that died before it came to this."""
    written_off = Document.objects.filter(purged_at__isnull=False).exclude(file="")
    for pks in _chunks(written_off):
        # Another purge may have come to them first.
        for document in written_off.filter(pk__in=pks):
            try:
                _delete_file(document)
            except OSError as error:
                log.error("purge.storage", document=str(document.pk), error=str(error))
                summary.failed += 1
            else:
                summary.files += 1


def _delete_file(document: Document) -> None:
    """Raises OSError, and then nothing says that the file is gone."""
    remove(document)
    row = Document.objects.filter(pk=document.pk)
    if Fax.objects.filter(Q(document=document) | Q(original=document)).exists():
        row.update(file="")
    else:
        row.delete()


def _team_name(fax: Fax) -> str:
    return fax.team.name if fax.team else "No team"
