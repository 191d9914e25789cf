"""Reconcile with Telnyx: what webhooks told is what its lists show, or it is mended here."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import access, audit
from accounts.models import User
from faxes.outbox import KEPT_AT_TELNYX
from sync.hand import Watch
from sync.models import SyncRun
from sync.slices import EARLIEST
from sync.steps.run import take_up
from wake import wake

# A listing may show a fax a little after it was made.
OVERLAP = timedelta(hours=1)
# Seconds between two looks at a run that is in other hands, or laid aside.
PAUSE = 0.5


def request_run(*, by: User | None, kind: str, since: datetime | None = None) -> SyncRun:
    """Have the worker make a run of this kind: the one that is under way already, if there is one.

    A recent run reaches back to `since` at least, a full one to `since` at most. Raises PermissionDenied for whoever is
    no administrator (`by` is None for the portal itself), and ValidationError.
    """
    if by is not None and not access.is_admin(by):
        raise PermissionDenied
    if since is not None and since > timezone.now():
        raise ValidationError({"since": "This time is yet to come. Choose an earlier one."})
    # Times of the year 1 can neither be kept nor counted with.
    since = max(since, EARLIEST) if since else None
    with transaction.atomic():
        run = _unfinished(SyncRun.Kind(kind), by, since)
        if by is not None:
            audit.record(audit.Entry("sync.request", by=by, on=run, data={"kind": run.kind, "since": run.window_start}))
        transaction.on_commit(lambda: wake("sync"))
    return run


def plan_full_run() -> None:
    """The nightly pass over everything: what no recent run could see."""
    request_run(by=None, kind=SyncRun.Kind.FULL)


def run_now(
    *,
    by: User | None = None,
    kind: str,
    since: datetime | None = None,
    watch: Watch | None = None,
    idle: Callable[[SyncRun], None] | None = None,
) -> SyncRun:
    """A run that began no sooner than this call, brought to its end in this process. Where another has one in hand, or
    Telnyx asks to slow down, this waits. `watch` is called with the `Hand` as it goes on, `idle` with the run, over and
    over, while this waits."""
    begun = timezone.now()
    while True:
        run = request_run(by=by, kind=kind, since=since)
        _bring_to_its_end(run, watch, idle)
        if run.started_at >= begun:
            return run


def sync_recent(*, window: timedelta | None = None) -> SyncRun:
    """One recent run, now. A run that Telnyx interrupted keeps what it brought and says what stopped it."""
    return run_now(kind=SyncRun.Kind.RECENT, since=timezone.now() - window if window else None)


def _unfinished(kind: SyncRun.Kind, by: User | None, since: datetime | None) -> SyncRun:
    """The run of this kind that is not at its end, made if there is none."""
    while True:
        now = timezone.now()
        fresh = SyncRun(kind=kind, by=by, started_at=now, due_at=now, window_start=_window_start(kind, since, now))
        SyncRun.objects.bulk_create([fresh], ignore_conflicts=True)
        # Another's may come to its end just between the two statements.
        if run := SyncRun.objects.filter(kind=kind, finished_at=None).first():
            return run


def _window_start(kind: SyncRun.Kind, since: datetime | None, now: datetime) -> datetime | None:
    """Telnyx has no list of what changed (https://developers.telnyx.com/api/programmable-fax/list-faxes), so a window
    of `created_at` is read again each time.

    A recent run goes so far back, and at least to the last complete one: what came in during an outage is found after
    it. The first one looks for everything whose pages Telnyx may still have.
    """
    if kind == SyncRun.Kind.FULL:
        return since
    # A full run that was told to begin later may have left something out.
    ended = SyncRun.objects.filter(Q(kind=SyncRun.Kind.RECENT) | Q(window_start=None), finished_at__isnull=False)
    # Whatever else it was kept from, such as the list of webhooks, it has seen the faxes.
    known = (run.started_at for run in ended.iterator(chunk_size=20) if run.has_read_faxes)
    known_until = next(known, now - KEPT_AT_TELNYX)
    window = timedelta(hours=settings.SYNC_WINDOW_HOURS)
    return min(now - window, known_until - OVERLAP, since or now)


def _bring_to_its_end(run: SyncRun, watch: Watch | None, idle: Callable[[SyncRun], None] | None) -> None:
    while run.finished_at is None:
        is_ours = take_up(SyncRun.objects.filter(pk=run.pk), watch)
        run.refresh_from_db()
        if not is_ours and run.finished_at is None:
            if idle is not None:
                idle(run)
            time.sleep(PAUSE)
