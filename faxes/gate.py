"""When the account as a whole may not send: rate limits of ours and Telnyx's, and a refused account.

A shut gate keeps faxes *ready*. It opens by time after a 429; when Telnyx refuses the account (no key, no funds), one
probe a minute tries again. Rate limits: https://developers.telnyx.com/docs/overview/rate-limiting.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, QuerySet
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
    Gate.objects.filter(name=TELNYX).delete()


def closed_reason() -> str:
    """Why nothing is being sent right now, or an empty string: for the bar on every page."""
    gate = Gate.objects.filter(name=TELNYX).first()
    return gate.reason if gate else ""


def may_pass() -> bool:
    """May one more fax go out now? A gate whose time has come lets exactly one worker through per minute to probe."""
    now = timezone.now()
    gate = Gate.objects.filter(name=TELNYX)
    if gate.exists():
        return gate.filter(closed_until__lte=now).update(closed_until=now + PROBE_EVERY) == 1
    return not settings.SEND_RATE_ACCOUNT or _recent().count() < settings.SEND_RATE_ACCOUNT


def teams_over_rate() -> list[UUID]:
    """The teams that have sent as many faxes in the last minute as one team may."""
    if not settings.SEND_RATE_TEAM:
        return []
    counts = _recent().order_by().values("fax__team").annotate(sent=Count("pk"))
    return [row["fax__team"] for row in counts.filter(sent__gte=settings.SEND_RATE_TEAM) if row["fax__team"]]


def wait_of(error: TelnyxError) -> timedelta:
    """How long a refusal of the whole account lasts: what the 429's headers say, bounded, else our own pace."""
    if not isinstance(error, RateLimited):
        return PROBE_EVERY
    if error.retry_after is None:
        return AFTER_429
    return min(timedelta(seconds=max(error.retry_after, 1.0)), LONGEST_429)


def _recent() -> QuerySet[Attempt]:
    return Attempt.objects.filter(posted_at__gt=timezone.now() - WINDOW)
