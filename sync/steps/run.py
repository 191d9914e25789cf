"""Work a sync run that is due, under a lease, from where its cursor stands.

A run whose worker died is taken up again when its lease has ended. One that Telnyx asks to slow down is laid aside for
so long. A part that fails is named in the run's error, and then the run was a partial one.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import models
from django.utils import timezone

from applications.telnyx import client
from faxes import rows
from faxes.claims import claim
from sync import gaps
from sync.hand import LEASE, Hand, Lost, Partial, Watch
from sync.models import Heartbeat, SyncRun
from sync.parts import PARTS
from telnyx_api import Client, RateLimited, TelnyxError
from wake import wake

log = structlog.get_logger(__name__)

# Where Telnyx does not say how long to wait; and however long it says.
SLOW_DOWN, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
# So often in a row a run is taken up without getting any further, by workers that die or stumble.
MOST_TRIES = 8
# What a run may have brought work for.
WOKEN = ("process", "submit", "archive", "settle", "poll")


def drain() -> int:
    """Work until nothing is due. Returns how many runs were taken up."""
    count = 0
    while take_up(SyncRun.objects.all()):
        count += 1
    return count


def take_up(runs: models.QuerySet[SyncRun], watch: Watch | None = None) -> bool:
    """Work one of these runs, if one is due and free."""
    run = claim(runs.filter(finished_at=None), lease=LEASE)
    if run is None:
        return False
    hand = Hand(run, watch)
    with structlog.contextvars.bound_contextvars(run_id=str(run.pk), kind=run.kind):
        try:
            _work(hand)
        except Lost:
            log.warning("sync.lease_lost")
        except KeyboardInterrupt:
            hand.put_off(timezone.now())
            raise
    return True


def _work(hand: Hand) -> None:
    _begin(hand)
    if hand.tries > MOST_TRIES:
        _finish(hand, "It was taken up again and again and got no further. The worker's log tells more.")
        return
    try:
        with client() as telnyx, rows.wholesale():
            for name in PARTS:
                if name not in hand.done:
                    _carry_out(name, telnyx, hand)
    except RateLimited as error:
        _lay_aside(hand, error)
        return
    except ValueError as error:
        # The settings allow no client.
        _finish(hand, str(error))
        return
    _finish(hand, "\n".join(f"{PARTS[name].title}: {error}" for name, error in hand.errors.items()))


def _begin(hand: Hand) -> None:
    if not hand.cursor:
        hand.run.is_baseline = not SyncRun.objects.that_read("faxes").exists()
        hand.run.save(update_fields=["is_baseline"])
    hand.cursor["tries"] = hand.tries + 1
    hand.save()


def _carry_out(name: str, telnyx: Client, hand: Hand) -> None:
    """One part to its end. Raises RateLimited, after which it is not at its end."""
    error, has_answered = "", True
    try:
        PARTS[name].work(telnyx, hand)
    except RateLimited:
        raise
    except (TelnyxError, Partial) as failure:
        log.warning("sync.partial", part=name, error=str(failure))
        # Where something is missing from what Telnyx told, it has answered all the same.
        error, has_answered = str(failure), isinstance(failure, Partial)
    if name == "faxes" and has_answered:
        Heartbeat.beat("telnyx")
    hand.end_part(name, error)


def _lay_aside(hand: Hand, error: RateLimited) -> None:
    wait = timedelta(seconds=error.retry_after) if error.retry_after else SLOW_DOWN
    until = timezone.now() + min(wait, LONGEST_WAIT)
    log.info("sync.slowed_down", until=until.isoformat())
    hand.put_off(until)
    wake("sync", after=(until - timezone.now()).total_seconds())


def _finish(hand: Hand, error: str) -> None:
    gaps.settle()
    hand.finish(error)
    for step in WOKEN:
        wake(step)
