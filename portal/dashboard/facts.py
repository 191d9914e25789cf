"""What the dashboard wants to know in numbers and times, asked for in one question.

Each number is a question within it that ends at a bound, and each goes through the user: no number says anything of
what others have. All of them hang on the user's own row, which is there also in a house where nothing has happened yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, Exists, IntegerField, QuerySet, Subquery
from django.utils import timezone

from accounts import access
from accounts.models import Team, User
from applications.models import PhoneNumber
from faxes import gate, reading
from faxes.listing import INBOX, SENT, Box, Filters, Show, some_of
from faxes.missing import missing_of
from faxes.models import FaxQuerySet, Gate
from notifications.models import Mail
from sync.models import Gap, Heartbeat, SyncRun
from webhooks.models import Delivery

# A mail server that is away for longer needs somebody.
LATE = timedelta(hours=1)
# More than that are as many: counting ends here.
MANY = 100


class CountOf(Subquery):
    """How many rows a question has that ends by itself."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()
    # Of a question that the database need not be asked, because nothing can be in its answer.
    empty_result_set_value = 0


class FirstOf(Subquery):
    """The earliest `created_at` in the answer to a question."""

    template = "(SELECT MIN(counted.created_at) FROM (%(subquery)s) AS counted)"
    output_field = DateTimeField()


@dataclass(frozen=True)
class Facts:
    """Numbers end at `MANY`, and then the oldest may be older than is said here. What only administrators are told is 0
    and None for everybody else."""

    unread: int
    oldest_unread: datetime | None
    mine: int
    oldest_mine: datetime | None
    going: int
    uncertain: int
    oldest_uncertain: datetime | None
    missing: int
    # Is any line of the house quiet? Whose, is another question.
    any_quiet: bool
    paused: str | None
    worker_at: datetime | None
    # When Telnyx last told a sync of its faxes.
    telnyx_at: datetime | None
    unrouted: int = 0
    oldest_unrouted: datetime | None = None
    gaps: int = 0
    # What the last sync lacks, in words; empty where it lacks nothing.
    sync_lacks: str | None = None
    late_mails: int = 0
    # Was some of the last night's work not done?
    night_lacks: bool = False
    webhook_at: datetime | None = None


def facts_of(user: User, team: Team | None = None) -> Facts:
    """Faxes are those of one team, or of all that the user sees; the house is the same for all."""
    asked = _of_faxes(user, team) | _of_house()
    if access.is_admin(user):
        asked |= _of_house_for_admins(user, team)
    found: Mapping[str, Any] = User.objects.filter(pk=user.pk).values(**asked).get()
    return Facts(**found)


def list_of(user: User, team: Team | None, box: Box, show: Show) -> Filters:
    """The list as its address shows it that says no more than this."""
    return Filters(user, box, access.teams(user), show, team=team)


def _of_faxes(user: User, team: Team | None) -> dict[str, Any]:
    return {
        **_counted("unread", reading.unread(user, team=team)),
        **_counted("mine", some_of(list_of(user, team, INBOX, Show.MINE), MANY)),
        **_counted("uncertain", some_of(list_of(user, team, SENT, Show.UNCERTAIN), MANY)),
        "going": CountOf(some_of(list_of(user, team, SENT, Show.GOING), MANY).values("pk")),
        "missing": CountOf(missing_of(user, team=team).values("pk")[:MANY]),
    }


def _counted(name: str, faxes: FaxQuerySet) -> dict[str, Any]:
    """How many there are, and since when the oldest of those."""
    counted, oldest = faxes.values("pk")[:MANY], faxes.values("created_at")[:MANY]
    return {name: CountOf(counted), f"oldest_{name}": FirstOf(oldest)}


def _of_house() -> dict[str, Any]:
    crying = PhoneNumber.objects.filter(quiet_since__isnull=False, quiet_dismissed_at=None, gone_at=None)
    return {
        "any_quiet": Exists(crying),
        "paused": Subquery(Gate.objects.filter(name=gate.TELNYX).values("reason")[:1]),
        "worker_at": Subquery(_beat("worker")),
        "telnyx_at": Subquery(_beat("telnyx")),
    }


def _of_house_for_admins(user: User, team: Team | None) -> dict[str, Any]:
    # What belongs to no team is not of this one.
    unrouted = {} if team else _counted("unrouted", some_of(list_of(user, team, INBOX, Show.UNROUTED), MANY))
    return {
        **unrouted,
        "gaps": CountOf(Gap.objects.filter(settled_at=None).order_by().values("pk")[:MANY]),
        "sync_lacks": Subquery(SyncRun.objects.filter(finished_at__isnull=False).values("error")[:1]),
        "late_mails": CountOf(_late_mails().order_by().values("pk")[:MANY]),
        "night_lacks": Exists(_beat("nightly failure")),
        "webhook_at": Subquery(Delivery.objects.order_by("-received_at", "-id").values("received_at")[:1]),
    }


def _beat(name: str) -> QuerySet[Heartbeat, Any]:
    return Heartbeat.objects.filter(name=name).values("at")


def _late_mails() -> QuerySet[Mail]:
    """E-mails that have been tried for a while, and still wait to leave."""
    return Mail.objects.filter(state=Mail.State.WAITING, tries__gt=0, created_at__lt=timezone.now() - LATE)
