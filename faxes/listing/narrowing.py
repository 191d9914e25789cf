"""What the filters let through, as conditions on faxes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, time
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, CharField, F, Field, Func, Q, UUIDField
from django.db.models.sql.compiler import SQLCompiler

from accounts import access
from accounts.models import Team, User
from faxes.listing.filters import Filters, Show
from faxes.missing import missing_media
from faxes.models import Fax, FaxQuerySet


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
    "from_number": CharField(),
    "to_number": CharField(),
}
PLAIN = {f"plain_{name}": Unindexed(F(name), output_field=kind) for name, kind in KINDS.items()}


def narrowed(filters: Filters, indexed: Collection[str]) -> FaxQuerySet:
    """The faxes that the filters let through, of any team. What was searched for is not asked here.

    Of the columns that have to equal something, only those in `indexed` can lead to an index.
    """
    faxes = _of_days(filters, _shown(filters).alias(**PLAIN))
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
        case _:
            return Fax.objects.kept()


def _equal(filters: Filters) -> Iterator[tuple[str, Any]]:
    yield "direction", filters.box.direction
    if filters.show is Show.FAILED:
        yield "status", "failed"
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
