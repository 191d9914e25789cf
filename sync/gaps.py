"""Write down where Telnyx and we disagreed, and what was done about it.

What is older than the window of the first run that read all faxes is history, and what a first fill finds had not gone
missing. What Telnyx may still tell by itself is no gap yet: it is remembered on the run, and looked at again by the
next one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Min, Q
from django.utils import timezone

from applications.models import Mirrored
from faxes.models import Fax, FaxEvent
from faxes.outbox import KEPT_AT_TELNYX
from faxes.states import FINAL, Media
from faxes.timeline import deletion_of
from sync.hand import Hand
from sync.models import Gap, SyncRun

# Telnyx tries to deliver an event several times, at one address and then at another.
ON_ITS_WAY = timedelta(minutes=5)
# Of the runs that began so long before the latest one that has ended, those are asked that left something to be looked
# at again. No run takes as long.
ANY_RUN = timedelta(days=30)

# What became of a gap whose pages Telnyx has no more.
PAGES_LOST = "pages lost"
CLOSED_AT_ONCE = 500

Awaited = Callable[[Collection[str]], set[str]]

_awaited: list[Awaited] = []


def await_from(asked: Awaited) -> None:
    """Register somebody who knows of faxes that are about to be told: of the ids given, those. Whoever it is stands to
    the right of us."""
    if asked not in _awaited:
        _awaited.append(asked)


class Finder(Protocol):
    """Whose gaps they are: a run in hand, or whoever looks between the runs."""

    run: SyncRun

    @property
    def is_first_fill(self) -> bool: ...

    def remember(self, young: list[dict[str, Any]]) -> None: ...

    def found(self, gaps: int) -> None: ...


class Gaps:
    """The gaps that somebody finds. Call it in the transaction of the change it tells of; `now` is Telnyx's."""

    def __init__(self, finder: Finder, now: Callable[[], datetime]) -> None:
        self._finder, self._now = finder, now
        self._known_from = _known_from(finder)

    def is_history(self, fax: Fax) -> bool:
        """Nobody had told us of it, and nobody was to."""
        return fax.created_at < self._known_from

    def created(self, faxes: Iterable[Fax]) -> None:
        """Telnyx listed these, and there was no row."""
        news = [fax for fax in faxes if not self.is_history(fax)]
        self._here("fax", [(fax, described(fax), fax.created_at) for fax in news], outcome="created")

    def ended(self, fax: Fax, *, before: str, at: datetime | None) -> None:
        """That it has ended was found out, and not told."""
        if self._finder.is_first_fill or before in FINAL or fax.status not in FINAL:
            return
        data = {**described(fax), "before": before, "after": fax.status}
        self._here("status", [(fax, data, at or fax.created_at)], outcome="updated")

    def lost(self, fax: Fax) -> None:
        """Telnyx has it no more, and nobody here had wished for that."""
        if not self._finder.is_first_fill and deletion_of(fax) is None:
            self._write(_gap("fax", fax, described(fax), side=Gap.Side.THERE, outcome="kept"))

    def mirrored(self, what: str, row: Mirrored, side: Gap.Side, *, outcome: str) -> None:
        """An application or a number that has appeared at Telnyx, or vanished from it."""
        if SyncRun.objects.that_read(f"{what}s").exists():
            data = {"name": str(row)}
            gap = Gap(side=side, what=what, telnyx_id=row.telnyx_id or "", data=data, outcome=outcome)
            gap.settled_at = timezone.now()
            self._write(gap)

    def look_again(self, hand: Hand) -> None:
        """At what earlier runs could not tell yet. What Telnyx has told by itself meanwhile was late, and not lost."""
        # First they are this run's own, then they are judged: whoever has a fax in hand may be waiting for the run that
        # left it, and must not wait for somebody who waits for the fax.
        with transaction.atomic():
            hand.remember([one for run in _runs_with_young(hand.run) for one in _taken_over(run)])
        with transaction.atomic():
            ripe, young = self._by_ripeness(_still_here(hand.recall()))
            hand.remember(young)
            self._judge(ripe)

    def _here(self, what: str, found: list[tuple[Fax, dict[str, Any], datetime]], *, outcome: str) -> None:
        seen = [
            {"telnyx_id": str(fax.telnyx_id), "what": what, "data": data, "at": at.isoformat(), "outcome": outcome}
            for fax, data, at in found
        ]
        ripe, young = self._by_ripeness(seen)
        self._finder.remember(young)
        faxes = {fax.telnyx_id: fax for fax, _, _ in found}
        self._write(*(_gap(what, faxes[one["telnyx_id"]], one["data"], outcome=outcome) for one in ripe))

    def _by_ripeness(self, seen: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What Telnyx would have told by now, and what it may still tell, or has told and nobody has applied."""
        awaited, latest = _awaited_of([one["telnyx_id"] for one in seen]), self._now() - ON_ITS_WAY
        ripe: list[dict[str, Any]] = []
        young: list[dict[str, Any]] = []
        for one in seen:
            is_ripe = one["telnyx_id"] not in awaited and _time_of(one) < latest
            (ripe if is_ripe else young).append(one)
        return ripe, young

    def _judge(self, ripe: list[dict[str, Any]]) -> None:
        ids = [one["telnyx_id"] for one in ripe]
        lines = FaxEvent.objects.filter(fax__telnyx_id__in=ids, source=FaxEvent.Source.WEBHOOK)
        told = set(lines.values_list("fax__telnyx_id", "kind"))
        heard = {telnyx_id for telnyx_id, _ in told}
        faxes = {fax.telnyx_id: fax for fax in Fax.objects.filter(telnyx_id__in=ids)}
        for one in ripe:
            telnyx_id, data = one["telnyx_id"], one["data"]
            line = (telnyx_id, f"status:{data.get('after')}"[:40])
            was_told = line in told if one["what"] == "status" else telnyx_id in heard
            if telnyx_id in faxes and not was_told:
                self._write(_gap(one["what"], faxes[telnyx_id], data, outcome=one["outcome"]))

    def _write(self, *gaps: Gap) -> None:
        for gap in gaps:
            gap.run = self._finder.run
        Gap.objects.bulk_create(gaps, ignore_conflicts=True)
        if gaps:
            self._finder.found(Gap.objects.filter(pk__in=[gap.pk for gap in gaps]).count())


def settle() -> int:
    """Close what is all here by now, its pages too, or never will be. Returns how many gaps that were."""
    now = timezone.now()
    ended = Q(fax__status__in=FINAL) | Q(fax__gone_at__isnull=False)
    all_here = Q(fax=None) | (ended & ~Q(fax__media__in=[Media.WAITING, Media.MISSING]))
    has_none = Q(fax__gone_at__isnull=False) | Q(fax__created_at__lt=now - KEPT_AT_TELNYX)
    lost = _close(Q(fax__media=Media.MISSING) & has_none, settled_at=now, outcome=PAGES_LOST)
    return lost + _close(all_here, settled_at=now)


def _close(which: Q, **columns: Any) -> int:
    # With the sides, which the index of what is open begins with.
    settled = Gap.objects.filter(which, settled_at=None, side__in=Gap.Side.values).select_for_update(of=("self",))
    closed = 0
    while True:
        with transaction.atomic():
            # In one order, so that two who close at once never wait for each other.
            pks = list(settled.order_by("pk").values_list("pk", flat=True)[:CLOSED_AT_ONCE])
            closed += Gap.objects.filter(pk__in=pks).update(**columns)
        if len(pks) < CLOSED_AT_ONCE:
            return closed


def described(fax: Fax) -> dict[str, Any]:
    """How the fax reads, so that the line stays true when it goes on."""
    return {
        "direction": fax.direction,
        "from": fax.from_number,
        "to": fax.to_number,
        "status": fax.status,
        "created_at": fax.created_at.isoformat(),
        "pages": fax.page_count,
    }


def _gap(what: str, fax: Fax, data: dict[str, Any], *, outcome: str, side: Gap.Side = Gap.Side.HERE) -> Gap:
    gap = Gap(side=side, what=what, telnyx_id=fax.telnyx_id or "", fax=fax, data=data, outcome=outcome)
    lacks_pages = fax.media in (Media.WAITING, Media.MISSING)
    if side == Gap.Side.THERE or (fax.status in FINAL and not lacks_pages):
        gap.settled_at = timezone.now()
    return gap


def _known_from(finder: Finder) -> datetime:
    """Of what was made since then we were to be told: there was a run that read all faxes back to then."""
    if finder.is_first_fill:
        return datetime.max.replace(tzinfo=UTC)
    # A list of something else that fails for ever must not make history of all that comes.
    runs = SyncRun.objects.that_read("faxes")
    if runs.filter(window_start=None).exists():
        return datetime.min.replace(tzinfo=UTC)
    return runs.aggregate(first=Min("window_start"))["first"] or finder.run.started_at


def _awaited_of(telnyx_ids: Collection[str]) -> set[str]:
    return set().union(*(asked(telnyx_ids) for asked in _awaited)) if telnyx_ids else set()


def _runs_with_young(run: SyncRun) -> list[SyncRun]:
    finished = SyncRun.objects.filter(finished_at__isnull=False).exclude(pk=run.pk)
    latest = finished.first()
    if latest is None:
        return []
    waiting = finished.filter(started_at__gte=latest.started_at - ANY_RUN, cursor__has_key="young")
    pks = list(waiting.values_list("pk", flat=True))
    return list(SyncRun.objects.select_for_update().filter(pk__in=pks).order_by("pk"))


def _still_here(young: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Less what was deleted here meanwhile, of which nothing may stay."""
    ids = {one["telnyx_id"] for one in young}
    here = set(Fax.objects.filter(telnyx_id__in=ids).values_list("telnyx_id", flat=True))
    return [one for one in young if one["telnyx_id"] in here]


def _time_of(young: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(young["at"])


def _taken_over(run: SyncRun) -> list[dict[str, Any]]:
    young: list[dict[str, Any]] = run.cursor.pop("young", [])
    if young:
        run.save(update_fields=["cursor"])
    return young
