"""When the account as a whole may not send: rate limits of ours and Telnyx's, and a refused account.

A shut gate keeps faxes *ready*. It opens by time after a 429; when Telnyx refuses the account (no key, no funds), one
probe a minute tries again. Rate limits: https://developers.telnyx.com/docs/overview/rate-limiting.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from faxes.models import Attempt, Gate
from telnyx_api import RateLimited, TelnyxError

TELNYX = "telnyx"
PROBE_EVERY = timedelta(seconds=60)
AFTER_429 = timedelta(seconds=10)
LONGEST_429 = timedelta(minutes=10)
WINDOW = timedelta(minutes=1)


def shut(reason: str, *, wait: timedelta) -> None:
    row = Gate(name=TELNYX, reason=reason[:255], closed_until=timezone.now() + wait)
    Gate.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["name"], update_fields=["reason", "closed_until"]
    )


def open_up() -> None:
    """Telnyx took a fax: whatever shut the gate is over."""
    gate = Gate.objects.filter(name=TELNYX)
    # Nearly always it is open, and a DELETE would take the write lock for nothing.
    if gate.exists():
        gate.delete()


def closed_reason() -> str:
    """Why nothing is being sent right now, or an empty string: for the bar on every page."""
    gate = Gate.objects.filter(name=TELNYX).first()
    return gate.reason if gate else ""


def is_open() -> bool:
    """May the account send one more fax now?"""
    if Gate.objects.filter(name=TELNYX).exists():
        return False
    return not settings.SEND_RATE_ACCOUNT or _recent().count() < settings.SEND_RATE_ACCOUNT


def may_probe() -> bool:
    """A shut gate whose time has come lets exactly one worker through per minute. Ask only with a fax in hand."""
    now = timezone.now()
    due = Gate.objects.filter(name=TELNYX, closed_until__lte=now)
    return due.update(closed_until=now + PROBE_EVERY) == 1


def teams_over_rate() -> list[UUID]:
    """The teams that have sent as many faxes in the last minute as one team may."""
    if not settings.SEND_RATE_TEAM:
        return []
    # Counted here: for a GROUP BY, SQLite reads all faxes in the order of their teams.
    sent = Counter(_recent().order_by().values_list("fax__team", flat=True))
    return [team for team, count in sent.items() if team and count >= settings.SEND_RATE_TEAM]


def wait_of(error: TelnyxError) -> timedelta:
    """How long a refusal of the whole account lasts: what the 429's headers say, bounded, else our own pace."""
    if not isinstance(error, RateLimited):
        return PROBE_EVERY
    if error.retry_after is None:
        return AFTER_429
    return min(timedelta(seconds=max(error.retry_after, 1.0)), LONGEST_429)


def _recent() -> QuerySet[Attempt]:
    return Attempt.objects.filter(posted_at__gt=timezone.now() - WINDOW)
