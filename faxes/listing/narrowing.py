"""What the filters let through, as conditions on faxes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    F,
    Field,
    Func,
    OuterRef,
    Q,
    QuerySet,
    UUIDField,
    When,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from accounts import access
from accounts.models import Team, User
from faxes.listing.filters import SENT, Filters, Show
from faxes.missing import missing_media
from faxes.models import Fax, FaxQuerySet
from faxes.states import Outbox


class Unindexed(Func):
    """The same value, which SQLite looks for in no index. PostgreSQL has figures of its tables and knows best.

    https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_
    """

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


KINDS: dict[str, Field[Any, Any]] = {
    "team_id": UUIDField(),
    "assigned_to_id": BigIntegerField(),
    "direction": CharField(),
    "status": CharField(),
    "outbox": CharField(),
    "from_number": CharField(),
    "to_number": CharField(),
}
PLAIN = {f"plain_{name}": Unindexed(F(name), output_field=kind) for name, kind in KINDS.items()}
# What was sent and got nowhere: failed, but not because we stopped it; or refused.
NOWHERE = Q(plain_status="failed") & ~Q(cancel=Fax.Cancel.ACCEPTED) | Q(plain_outbox=Outbox.REJECTED)
# What failed longer ago is settled, one way or the other.
LATELY = timedelta(days=7)


def is_in(rows: QuerySet[Any]) -> Q:
    """Is there such a row for this fax? Asked fax by fax: PostgreSQL would turn a plain EXISTS round, and sort all."""
    return Q(Exact(Case(When(Exists(rows), then=True), default=False), True))


def sent_nowhere(filters: Filters) -> bool:
    """Is the list one of sent faxes that did not get through?"""
    return filters.box is SENT and filters.show in (Show.FAILED, Show.STUCK)


def narrowed(filters: Filters, indexed: Collection[str]) -> FaxQuerySet:
    """The faxes that the filters let through, of any team. What was searched for is not asked here.

    Of the columns that have to equal something, only those in `indexed` can lead to an index.
    """
    faxes = _of_days(filters, _shown(filters).alias(**PLAIN))
    if sent_nowhere(filters):
        faxes = faxes.filter(NOWHERE)
    for name, value in _equal(filters):
        faxes = faxes.filter(**{name if name in indexed else f"plain_{name}": value})
    if filters.application:
        faxes = faxes.filter(connection_id=filters.application.telnyx_id)
    return faxes


def teams_of(filters: Filters) -> Sequence[Team | None]:
    """Whose faxes are listed. None stands for those of no team."""
    if filters.show is Show.UNROUTED:
        return [] if filters.team else [None]
    if filters.team:
        return [filters.team]
    return [*filters.teams, None] if access.is_admin(filters.user) else filters.teams


def of_teams(filters: Filters) -> Q:
    """The same as a condition, which leads to no index."""
    teams = teams_of(filters)
    routed = Q(plain_team_id__in=[team.pk for team in teams if team])
    return routed | Q(plain_team_id=None) if None in teams else routed


def _shown(filters: Filters) -> FaxQuerySet:
    match filters.show:
        case Show.MISSING:
            return missing_media(Fax.objects.kept())
        case Show.BIN:
            return Fax.objects.filter(trashed_at__isnull=False)
        case Show.OPEN | Show.MINE | Show.UNROUTED:
            return Fax.objects.kept().filter(handled_at=None)
        case Show.DONE:
            return Fax.objects.kept().filter(handled_at__isnull=False)
        case Show.GOING | Show.UNCERTAIN:
            return Fax.objects.kept().under_way()
        case Show.STUCK:
            return _stuck(Fax.objects.kept())
        case _:
            return Fax.objects.kept()


def _stuck(faxes: FaxQuerySet) -> FaxQuerySet:
    """What was sent from here lately, got nowhere, and waits for somebody. Each try stands for those before it."""
    first = Coalesce(OuterRef("retry_of"), OuterRef("pk"))
    later = Fax.objects.filter(retry_of=first, attempt__gt=OuterRef("attempt"))
    waiting = faxes.filter(handled_at=None, created_at__gte=timezone.now() - LATELY)
    return waiting.exclude(outbox="").exclude(is_in(later))


def _equal(filters: Filters) -> Iterator[tuple[str, Any]]:
    yield "direction", filters.box.direction
    if filters.show is Show.FAILED and not sent_nowhere(filters):
        yield "status", "failed"
    if filters.show is Show.UNCERTAIN:
        yield "outbox", Outbox.UNCERTAIN
    if filters.show is Show.MINE:
        yield "assigned_to_id", filters.user.pk
    if filters.assignee:
        yield "assigned_to_id", filters.assignee.pk if isinstance(filters.assignee, User) else None
    if filters.number:
        yield filters.box.our_number, filters.number.phone_number


def _of_days(filters: Filters, faxes: FaxQuerySet) -> FaxQuerySet:
    if filters.since:
        faxes = faxes.filter(created_at__gte=datetime.combine(filters.since, time.min, UTC))
    if filters.until:
        faxes = faxes.filter(created_at__lte=datetime.combine(filters.until, time.max, UTC))
    return faxes
