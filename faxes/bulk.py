"""The one door for a whole page of a listing: what `mirror.apply_remote()` would do fax by fax, in few statements.

A page is sorted first. What changes nothing is left alone, new faxes that need nothing but a row are made by one
statement, and rows of which only what Telnyx says changes are changed by another. Every value comes from the mirror's
own functions. Whatever has to do with a send of ours, with another status or with a doubt goes through the mirror by
itself: that is `Sorted.rest`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils import timezone

from faxes import rows, timeline
from faxes.mirror import Report, fresh, take_in, told_at
from faxes.models import Attempt, Fax, FaxEvent
from faxes.outbox import FOLLOWED, KEPT_AT_TELNYX
from faxes.routing import House, tie
from faxes.rows import Kept, as_kept
from faxes.states import Direction, Outbox
from faxes.tokens import token_of
from faxes.unchanged import says_nothing_new

# What a report may change in a row without anything else happening to the fax.
CHANGING = (
    "connection_id",
    "failure_reason",
    "client_state",
    "media_name",
    "media_url",
    "page_count",
    "call_duration_secs",
    "created_at",
    "raw",
    "remote_at",
    "gone_at",
    "poll_at",
    "media",
    "link_dies_at",
    "due_at",
)
# All that the mirror looks at.
READ = ("telnyx_id", "direction", "status", "heard_at", *FOLLOWED, *CHANGING)


class New(NamedTuple):
    report: Report
    fax: Fax


@dataclass
class Sorted:
    """A page, by what it takes. Each report is in one of these."""

    unchanged: list[Report] = field(default_factory=list)
    new: list[New] = field(default_factory=list)
    changed: list[Report] = field(default_factory=list)
    # Deleted here for good.
    deleted: list[Report] = field(default_factory=list)
    rest: list[Report] = field(default_factory=list)


def sort(reports: Sequence[Report]) -> Sorted:
    """What each report of a page takes. Reads, in as many statements as for any other page, and writes nothing but
    correspondents that are missing."""
    page, found = _Page(reports), Sorted()
    for report in reports:
        page.place(report, found)
    house = House([one.fax.our_number for one in found.new], [one.report.text("connection_id") for one in found.new])
    for report, fax in found.new:
        house.settle(fax, connection_id=report.text("connection_id"))
        take_in(fax, report)
    # Outside of the transaction that will make the faxes: nobody is to wait for us while we wait for them.
    tie(one.fax for one in found.new)
    return found


def create(new: Sequence[New], *, quietly: bool) -> list[New]:
    """Store these faxes; those that somebody else has made meanwhile are left out of the answer. `quietly`: without a
    line in their timelines. Call it in a transaction."""
    # In the order that all keep to, so that nobody waits for somebody who waits for them.
    new = sorted(new, key=lambda one: one.report.telnyx_id)
    if rows.insert([one.fax for one in new], rows.INSERTED, unless=("telnyx_id",)) < len(new):
        made = set(Fax.objects.filter(pk__in=[one.fax.pk for one in new]).values_list("pk", flat=True))
        new = [one for one in new if one.fax.pk in made]
    if not quietly:
        FaxEvent.objects.bulk_create(filter(None, (_line(report, fax) for report, fax in new)))
    return new


def change(reports: Sequence[Report]) -> list[Report]:
    """Take in reports that change only what Telnyx says, under the locks of their faxes. Returns those that by now are
    more than that. Call it in a transaction."""
    by_id = {report.telnyx_id: report for report in reports}
    locked = Fax.objects.select_for_update(of=("self",)).filter(telnyx_id__in=by_id).order_by("pk")
    plain = []
    for fax in locked:
        report = by_id[str(fax.telnyx_id)]
        if _is_plain(fax, report) and not set(take_in(fax, report)) - set(CHANGING):
            plain.append(fax)
            del by_id[report.telnyx_id]
    rows.update(plain, CHANGING)
    return list(by_id.values())


class _Page:
    """What has to be known of a page to tell what each of its reports takes."""

    def __init__(self, reports: Collection[Report]) -> None:
        self._tokens = {report.telnyx_id: token for report in reports if (token := token_of(report.payload))}
        self._attempts = _attempts(self._tokens.values())
        kept = rows.read({report.telnyx_id for report in reports} - {""})
        news_since = as_kept(timezone.now() - KEPT_AT_TELNYX)
        self._unchanged = {
            report.telnyx_id
            for report in reports
            if (row := kept.get(report.telnyx_id))
            and self._is_settled(report, row)
            and says_nothing_new(row, report, news_since=news_since)
        }
        looked_at = kept.keys() - self._unchanged
        self._known = {fax.telnyx_id: fax for fax in Fax.objects.filter(telnyx_id__in=looked_at).only(*READ)}
        unknown = {report.telnyx_id for report in reports} - kept.keys() - {""}
        self._deleted = rows.deleted(unknown) if unknown else set()
        self._unsettled = list(Fax.objects.unsettled().values_list("from_number", "to_number")) if unknown else []
        self._ids = rows.new_ids(len(unknown))
        self._placed: set[str] = set()

    def place(self, report: Report, found: Sorted) -> None:
        if not report.telnyx_id or report.telnyx_id in self._placed:
            found.rest.append(report)
            return
        self._placed.add(report.telnyx_id)
        if report.telnyx_id in self._unchanged:
            found.unchanged.append(report)
        elif (fax := self._known.get(report.telnyx_id)) is not None:
            self._place_known(report, fax, found)
        elif report.telnyx_id in self._deleted:
            found.deleted.append(report)
        elif self._is_nobodys(report):
            found.new.append(New(report, fresh(report, id=next(self._ids))))
        else:
            found.rest.append(report)

    def _place_known(self, report: Report, fax: Fax, found: Sorted) -> None:
        if not _is_plain(fax, report) or not self._is_settled(report, fax):
            found.rest.append(report)
        elif not (changed := take_in(fax, report)):
            found.unchanged.append(report)
        elif set(changed) <= set(CHANGING):
            found.changed.append(report)
        else:
            found.rest.append(report)

    def _is_settled(self, report: Report, fax: Fax | Kept) -> bool:
        """The attempt whose token the report carries is this fax's and over, or another's, of which it says nothing."""
        attempt = self._attempts.get(self._tokens.get(report.telnyx_id, ""))
        if attempt is None:
            return True
        if fax.id not in (attempt.fax_id, as_kept(attempt.fax_id)):
            return bool(fax.outbox)
        return attempt.state == Attempt.State.ACCEPTED and bool(attempt.telnyx_id) and fax.outbox == Outbox.ACCEPTED

    def _is_nobodys(self, report: Report) -> bool:
        """A fax that no send of ours can be waiting for."""
        if self._tokens.get(report.telnyx_id) in self._attempts:
            return False
        direction = report.text("direction")
        if direction == Direction.INBOUND:
            return True
        return direction == Direction.OUTBOUND and not report.is_event and not self._may_be_awaited(report)

    def _may_be_awaited(self, report: Report) -> bool:
        """A number that the report leaves out could be any."""
        if not self._unsettled:
            return False
        sender, recipient = report.text("from"), report.text("to")
        return any(sender in ("", ours) and recipient in ("", theirs) for ours, theirs in self._unsettled)


def _is_plain(fax: Fax, report: Report) -> bool:
    """Nothing becomes of the fax by this report: its status stays, and no send is waiting for an answer."""
    return report.status_of(fax) in ("", fax.status) and fax.outbox in ("", Outbox.ACCEPTED)


def _attempts(tokens: Collection[str]) -> dict[str, Attempt]:
    return {attempt.token: attempt for attempt in Attempt.objects.filter(token__in=list(tokens))} if tokens else {}


def _line(report: Report, fax: Fax) -> FaxEvent | None:
    status = report.status_of(fax)
    if not status:
        return None
    return timeline.status_line(fax, status, source=report.source, at=told_at(report), payload=report.payload)
