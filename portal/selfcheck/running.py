"""Running self-checks, when somebody asks and every night. What they find is kept on the application's row."""

from __future__ import annotations

import time
from datetime import timedelta

import structlog
from django.db import DatabaseError
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from applications.mirror import storable
from applications.models import FaxApplication
from applications.telnyx import Patience
from portal.selfcheck.facts import Traffics, gather, traffic_lately
from portal.selfcheck.lines import judge

log = structlog.get_logger(__name__)

# Somebody waits in front of a browser, and may ask again.
BRIEFLY = Patience(attempts=1, read_timeout=5.0)
# Older findings are looked at anew when somebody opens the page.
FRESH = timedelta(hours=1)
# A night's checks: how many at most, and in how many seconds.
MOST, LONGEST = 500, 600.0


def check_application(
    *, application: FaxApplication, traffics: Traffics | None = None, patience: Patience | None = BRIEFLY
) -> None:
    """Look at everything now, and keep what was found on the row. Telnyx's silence is a finding and no error."""
    facts = gather(application, traffics=traffics, patience=patience)
    kept = [storable(finding.as_json()) for finding in judge(facts)]
    # Whoever began to look later knows better, unless a clock that was wrong says so.
    older = Q(checked_at__lt=facts.began) | Q(checked_at__gt=timezone.now())
    if facts.application.checked_at is None:
        # Where it was not, and is now, something has been changed since this look.
        older |= Q(checked_at=None)
    # What was judged by the faxes of one team is not kept for another that has it by now.
    whose = {"pk": application.pk, "team": facts.application.team_id}
    FaxApplication.objects.filter(older, **whose).update(findings=kept, checked_at=facts.began)


def is_fresh(application: FaxApplication) -> bool:
    return application.checked_at is not None and application.checked_at > timezone.now() - FRESH


def check_all(
    *,
    among: QuerySet[FaxApplication] | None = None,
    most: int = MOST,
    within: float = LONGEST,
    patience: Patience | None = None,
) -> int:
    """Check every application that Telnyx still has, or those `among` these, those first that were not checked for
    longest. Returns how many were. The trouble of one holds up no other, and what a night has no time for comes first
    in the next."""
    until = time.monotonic() + within
    rows = FaxApplication.objects.all() if among is None else among
    applications = rows.filter(gone_at=None).order_by(F("checked_at").asc(nulls_first=True), "pk")
    traffics = traffic_lately()
    count = 0
    for application in applications[:most]:
        if time.monotonic() >= until:
            break
        try:
            check_application(application=application, traffics=traffics, patience=patience)
        except (DatabaseError, ValueError, FaxApplication.DoesNotExist) as error:
            log.warning("selfcheck.stumbled", application=str(application.pk), error=type(error).__name__)
            continue
        count += 1
    return count
