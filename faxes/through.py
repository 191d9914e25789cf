"""How many faxes go through an application, for its page. Each question walks an index no longer than 30 days of faxes,
or those under way: there is none by application."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from accounts import access
from accounts.access import AnyUser
from applications.models import FaxApplication
from faxes.models import Fax, FaxQuerySet
from faxes.states import Direction

LATELY = timedelta(days=30)


def faxes_through(user: AnyUser, application: FaxApplication) -> list[str]:
    """Sentences about faxes that the user sees: those under way, and those of the last 30 days."""
    if not application.telnyx_id:
        return []
    under_way = _under_way(user, application.telnyx_id)
    counts = lately(user, application.telnyx_id).aggregate(
        received=Count("pk", filter=Q(direction=Direction.INBOUND)),
        sent=Count("pk", filter=Q(direction=Direction.OUTBOUND)),
    )
    sentences = [f"Faxes: {under_way:,} under way at this moment"] if under_way else []
    return [*sentences, "Faxes: {received:,} received and {sent:,} sent in the last 30 days".format(**counts)]


def lately(user: AnyUser, telnyx_id: str) -> FaxQuerySet:
    """By the lists' own index for who sees some teams, and by that of all faxes for administrators."""
    faxes = Fax.objects.kept().filter(connection_id=telnyx_id, created_at__gte=timezone.now() - LATELY)
    if access.is_admin(user):
        return faxes
    return faxes.filter(team__in=access.team_ids(user), direction__in=[Direction.INBOUND, Direction.OUTBOUND])


def going(telnyx_id: str) -> FaxQuerySet:
    """Whoever is not at its end is asked about later."""
    return Fax.objects.filter(poll_at__isnull=False, connection_id=telnyx_id)


def _under_way(user: AnyUser, telnyx_id: str) -> int:
    teams = going(telnyx_id).order_by().values_list("team_id", flat=True)
    mine = set(access.team_ids(user))
    return sum(access.is_admin(user) or team in mine for team in teams)
