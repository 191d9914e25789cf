"""The console's list: deliveries newest first, a page at a time, without an index for most of its filters.

Whoever is at the door would pay for such an index with every event. So what is searched for is found by its ids, and so
are the deliveries of who has few faxes, and those in a state that few are in; everything else is walked from the newest
on, and not for ever: after some days (or, for administrators, deliveries) the page says how far it has looked, and
offers to look further back. How far that is must not depend on what other teams receive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import access
from accounts.models import Team
from contacts.models import Correspondent
from contacts.numbers import parse_number
from faxes.listing.keyset import Place, beyond, first_page
from faxes.models import Fax
from webhooks.filters import Filters
from webhooks.models import Delivery, DeliveryQuerySet

KEY = "received_at"
# Most deliveries are in others. These have an index of their own.
RARE = (Delivery.State.FAILED, Delivery.State.PENDING)
# Of one number, the newest faxes.
SEARCHED = 200


@dataclass(frozen=True)
class Bounds:
    """How much a page shows; how many faxes, or deliveries, are handed from one query to the next, because who has more
    of them meets them soon; and how far a walk goes at once: a manager's so long, an administrator's so many rows."""

    page: int = 50
    few: int = 2000
    reach: timedelta = timedelta(days=3)
    reached: int = 10_000


@dataclass(frozen=True)
class Page:
    """`older` is where the next page begins. Where fewer than a page were found, `looked_back_to` says how far a walk
    has gone without having come to the end."""

    deliveries: Sequence[Delivery]
    older: Place | None = None
    looked_back_to: datetime | None = None


def page_of(filters: Filters, bounds: Bounds = Bounds()) -> Page:
    size = bounds.page
    found = _found(filters, bounds)
    if found is not None:
        return _full_page(_newest(found, filters, size + 1), size)
    bound = _bound(filters, bounds) if _sifts(filters) else None
    rows = beyond(_owned(_sifted(filters), filters), KEY, filters.before)
    if bound is not None:
        rows = rows.filter(received_at__gte=bound)
    page = _full_page(list(rows.defer("body")[: size + 1]), size)
    if page.older or bound is None:
        return page
    return Page(page.deliveries, Place(bound, UUID(int=0)), bound)


def faxes_of(filters: Filters, deliveries: Sequence[Delivery]) -> dict[str, Fax]:
    """The faxes that deliveries are about, by Telnyx's ids, as far as they may be seen."""
    told = {delivery.fax_telnyx_id for delivery in deliveries} - {""}
    # Asked for teams as well, SQLite would go through all faxes of theirs.
    faxes = Fax.objects.filter(telnyx_id__in=told).order_by().select_related("correspondent", "team").defer("raw")
    teams = None if access.is_admin(filters.user) else access.team_ids(filters.user)
    return {str(fax.telnyx_id): fax for fax in faxes if teams is None or fax.team_id in teams}


def _full_page(rows: list[Delivery], size: int) -> Page:
    page = first_page(rows, KEY, size)
    return Page(page.rows, page.older)


def _whose(filters: Filters) -> list[Team] | None:
    """The teams whose deliveries are listed; None for all, and those of nobody."""
    if filters.team:
        return [filters.team]
    return None if access.is_admin(filters.user) else list(filters.teams)


def _sifts(filters: Filters) -> bool:
    """Is anything asked that a walk may meet never or rarely?"""
    return bool(filters.state or filters.event_type) or _whose(filters) is not None


def _sifted(filters: Filters) -> DeliveryQuerySet:
    """What the filters let through, whatever is searched for and whosever it is, in the order of the list."""
    rows = _of_days(filters)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.event_type:
        rows = rows.filter(event_type=filters.event_type)
    return rows


def _of_days(filters: Filters) -> DeliveryQuerySet:
    rows = Delivery.objects.order_by("-received_at", "-pk")
    if filters.since:
        rows = rows.filter(received_at__gte=datetime.combine(filters.since, time.min, UTC))
    if filters.until:
        rows = rows.filter(received_at__lte=datetime.combine(filters.until, time.max, UTC))
    return rows


def _owned(rows: DeliveryQuerySet, filters: Filters) -> DeliveryQuerySet:
    teams = _whose(filters)
    return rows if teams is None else rows.of_teams([team.pk for team in teams])


def _bound(filters: Filters, bounds: Bounds) -> datetime | None:
    """How far back a walk goes; None for all the way."""
    if access.is_admin(filters.user):
        ahead = beyond(_of_days(filters), KEY, filters.before).values_list("received_at", flat=True)
        return ahead[bounds.reached : bounds.reached + 1].first()
    bound = _begin(filters) - bounds.reach
    # Before there was a team, nothing was told of its faxes; and before the days that are asked for, nothing is wanted.
    goes_on = any(team.created_at < bound for team in filters.teams)
    return bound if goes_on and not (filters.since and bound.date() < filters.since) else None


def _begin(filters: Filters) -> datetime:
    """Where a walk begins: never at what others have received. The hour that has begun counts as a whole, so that the
    page reads the same from poll to poll."""
    this_hour = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    last = datetime.combine(filters.until, time.max, UTC) if filters.until else this_hour
    return filters.before.at if filters.before else min(last, this_hour)


def _found(filters: Filters, bounds: Bounds) -> QuerySet[Delivery] | None:
    """What a search, a state or the user's few faxes lead to; None where only a walk leads anywhere."""
    if filters.search:
        return _owned(_sifted(filters), filters).filter(_named(filters))
    if filters.state in RARE:
        rare = _owned(Delivery.objects.filter(state=filters.state).order_by(), filters)
        ids = list(rare.values_list("pk", flat=True)[: bounds.few + 1])
        if len(ids) <= bounds.few:
            return _sifted(filters).filter(pk__in=ids)
    teams = _whose(filters)
    if teams is None:
        return None
    few = _telnyx_ids(Fax.objects.filter(team__in=teams).order_by(), bounds.few + 1)
    return _sifted(filters).filter(fax_telnyx_id__in=few) if len(few) <= bounds.few else None


def _newest(rows: QuerySet[Delivery], filters: Filters, size: int) -> list[Delivery]:
    """Put in order here: told to put them in order, a database might walk all deliveries instead of the ids."""
    places = rows.order_by().values_list("received_at", "pk")
    before = (filters.before.at, filters.before.id) if filters.before else None
    wanted = sorted((place for place in places if before is None or place < before), reverse=True)[:size]
    by_id = Delivery.objects.order_by().defer("body").in_bulk([pk for _, pk in wanted])
    return [by_id[pk] for _, pk in wanted if pk in by_id]


def _named(filters: Filters) -> Q:
    """The deliveries that a search names: by an id of the event, of the delivery or of its fax, or by the number at the
    other end of the fax."""
    word = filters.search
    named = Q(event_id=word)
    faxes = [word]
    try:
        pk = UUID(word)
    except ValueError:
        faxes += _of_number(filters)
    else:
        named |= Q(pk=pk)
        faxes += _telnyx_ids(Fax.objects.filter(pk=pk), 1)
    return named | Q(fax_telnyx_id__in=faxes)


def _of_number(filters: Filters) -> list[str]:
    try:
        number = parse_number(filters.search)
    except ValidationError:
        return []
    faxes = Fax.objects.visible_to(filters.user)
    known = Correspondent.objects.filter(number=number, team__in=filters.teams)
    found = _telnyx_ids(faxes.filter(correspondent__in=known).order_by("-created_at"), SEARCHED)
    if access.is_admin(filters.user):
        # Without a team they have no correspondent. They are few.
        theirs = Q(from_number=number) | Q(to_number=number)
        found += _telnyx_ids(faxes.filter(theirs, team=None), SEARCHED)
    return found


def _telnyx_ids(faxes: QuerySet[Fax], most: int) -> list[str]:
    return [str(pk) for pk in faxes.filter(telnyx_id__isnull=False).values_list("telnyx_id", flat=True)[:most]]
