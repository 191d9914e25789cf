"""Received faxes whose pages should be here and are not: the alarm for whoever can ask the sender again."""

from __future__ import annotations

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.access import AnyUser, scope
from accounts.models import Team
from faxes.clock import USUAL_LIFE
from faxes.models import Fax, FaxQuerySet
from faxes.states import Media

# More than that are as bad, and counting stops here.
MANY = 100
NOT_HERE = (Media.WAITING, Media.MISSING)


def missing_media(faxes: FaxQuerySet) -> FaxQuerySet:
    """Those of `faxes` whose pages were given up, or are not here ten minutes after we heard of the fax though Telnyx's
    link to them is dead or led nowhere. What somebody has handled or thrown away is nobody's alarm any more."""
    # A long fax takes more than ten minutes to come in: the time of the call is no delay of ours.
    stuck = Q(tries__gt=1) | Q(link_dies_at=None) | Q(link_dies_at__lte=timezone.now())
    late = stuck & Q(media=Media.WAITING, heard_at__lte=timezone.now() - USUAL_LIFE)
    # The second condition says nothing new, but the index of open work can answer it.
    return faxes.filter(Q(media=Media.MISSING) | late, media__in=NOT_HERE, handled_at=None, trashed_at=None)


def missing_of(user: AnyUser, *, team: Team | None = None) -> FaxQuerySet:
    """The user's faxes that raise the alarm, of one team or of all, in no order."""
    # Not the plain column: the database would begin with all faxes of the teams, and these are few.
    faxes = missing_media(Fax.objects.order_by()).alias(whose=Coalesce(F("team"), Value(None)))
    faxes = faxes.filter(**scope(user, field="whose"))
    return faxes.filter(whose=team.pk) if team else faxes


def count_missing(user: AnyUser | None = None) -> int:
    """How many of the user's faxes raise the alarm, at most MANY; without a user, of all faxes."""
    faxes = missing_media(Fax.objects.order_by())
    # Nearly always there is none in the whole house, and then this is all that is asked.
    if not faxes.exists():
        return 0
    return (missing_of(user) if user else faxes)[:MANY].count()
