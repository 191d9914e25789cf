"""Take in what Telnyx says, by the page or one by one, and write down what we had not been told."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.conf import settings
from django.db import DatabaseError, reset_queries, transaction

from faxes import bulk
from faxes.mirror import Report, Verdict, apply_remote, fresh, status_under_lock
from faxes.states import Media
from sync.gaps import Gaps
from sync.hand import Hand
from wake import wake

log = structlog.get_logger(__name__)


class Taker:
    """Counts what it does on the run in hand. `unusable` are the ids of faxes of which nobody can say whether they were
    sent or received."""

    def __init__(self, hand: Hand, gaps: Gaps) -> None:
        self._hand = hand
        self.gaps = gaps
        self.unusable: set[str] = set()

    def page(self, reports: Sequence[Report]) -> None:
        """All reports of a page. What cannot be written down is left out, named in the log and counted."""
        for report in self._rest_of(reports):
            self.one(report)
        self._hand.keep()
        if settings.DEBUG:
            # Django notes every statement while it debugs, and those of whole pages are long.
            reset_queries()

    def one(self, report: Report) -> Verdict | None:
        """One report, by itself. None where it could not be written down."""
        try:
            with transaction.atomic():
                verdict = self._one(report)
        except (DatabaseError, ValueError) as error:
            log.error("sync.fax_stumbled", telnyx_id=report.telnyx_id, error=str(error))
            self._hand.counts["faxes_stumbled"] += 1
            return None
        if verdict is Verdict.UNUSABLE:
            self.unusable.add(report.telnyx_id)
        return verdict

    def _rest_of(self, reports: Sequence[Report]) -> list[Report]:
        """Take them in at once, and return those that have to be taken in by themselves."""
        try:
            return self._in_bulk(reports)
        except (DatabaseError, ValueError) as error:
            log.warning("sync.page_stumbled", reports=len(reports), error=str(error))
        if len(reports) <= 1:
            return list(reports)
        # One of them is to blame, or it was a passing trouble, and the others must not suffer for it.
        half = len(reports) // 2
        return [*self._rest_of(reports[:half]), *self._rest_of(reports[half:])]

    def _in_bulk(self, reports: Sequence[Report]) -> list[Report]:
        found = bulk.sort(reports)
        rest = found.rest + self._create(found.new) + self._change(found.changed)
        self._hand.counts["faxes_unchanged"] += len(found.unchanged)
        self._hand.counts["faxes_deleted"] += len(found.deleted)
        return rest

    def _create(self, new: Sequence[bulk.New]) -> list[Report]:
        """Those that somebody else has made meanwhile are left."""
        if not new:
            return []
        history: list[bulk.New] = []
        news: list[bulk.New] = []
        for one in new:
            (history if self.gaps.is_history(one.fax) else news).append(one)
        with transaction.atomic():
            made = bulk.create(history, quietly=True)
            news = bulk.create(news, quietly=False)
            self.gaps.created(one.fax for one in news)
            if any(one.fax.media == Media.WAITING for one in (*made, *news)):
                # What they were sorted for has woken it too early.
                transaction.on_commit(lambda: wake("archive"))
        self._hand.counts["faxes_new"] += len(made) + len(news)
        done = {one.report.telnyx_id for one in (*made, *news)}
        return [one.report for one in new if one.report.telnyx_id not in done]

    def _change(self, changed: Sequence[Report]) -> list[Report]:
        if not changed:
            return []
        with transaction.atomic():
            rest = bulk.change(changed)
        self._hand.counts["faxes_changed"] += len(changed) - len(rest)
        return rest

    def _one(self, report: Report) -> Verdict:
        before = status_under_lock(report.telnyx_id)
        is_history = before is None and self.gaps.is_history(fresh(report))
        verdict, fax = apply_remote(report, quietly=is_history)
        counts = self._hand.counts
        if fax is None:
            counts[f"faxes_{verdict.value}"] += 1
        elif before is None and not fax.outbox:
            counts["faxes_new"] += 1
            self.gaps.created([fax])
        else:
            counts["faxes_unchanged" if before == fax.status else "faxes_changed"] += 1
            self.gaps.ended(fax, before=before or "", at=report.at)
        return verdict
