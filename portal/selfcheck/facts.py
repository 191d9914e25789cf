"""What a self-check needs to know, gathered before anything is judged: from Telnyx, from outside, from our own tables.

Nothing of it happens in a transaction, so that a slow network holds up nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max
from django.utils import timezone

from applications.drift import drift_of
from applications.fields import leads_here, our_door
from applications.mirror import apply_application, mark_row_gone
from applications.models import FaxApplication, PhoneNumber
from applications.profiles import remember
from applications.telnyx import Patience, client
from contacts.numbers import country_of
from faxes.models import Fax
from faxes.states import Direction
from portal.selfcheck.troubles import why_not
from sync.models import SyncRun
from telnyx_api import BadAnswer, Client, NotFound, OutboundVoiceProfile, TelnyxError
from webhooks.models import Delivery, Refusal, Refused
from webhooks.probe import Probed, probe

LATELY = timedelta(days=90)
A_DAY = timedelta(days=1)
# So long after a fax was made, events must have told of it.
EVENTS_TAKE = timedelta(hours=1)
# Only the newest faxes of the house are looked at, so that the question stays small whatever its past.
MOST_FAXES = 20_000
# Of the newest of these, events are looked for.
MOST_TOLD = 100
COUNTRY_REFUSED = "destination_not_in_countries_whitelist"
SPENT = "outbound_profile_daily_spend_limit_exceeded"


@dataclass(frozen=True)
class Heard:
    """What Telnyx says of an application beyond its own fields, which are mirrored.

    `trouble` says why it could not be asked about the application, `profile_trouble` about the profile; empty where it
    could. `usable` are the profiles to choose from, where the application has none that works.
    """

    trouble: str = ""
    profile: OutboundVoiceProfile | None = None
    profile_trouble: str = ""
    usable: Sequence[OutboundVoiceProfile] = ()
    clock_skew: float | None = None


@dataclass
class Traffic:
    """What went through an application lately: the countries that were called, those that Telnyx refused, when it last
    refused to spend more, within a day, the newest fax of which events must have told, and Telnyx's ids of the newest
    of all."""

    countries: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    spent_at: datetime | None = None
    newest_at: datetime | None = None
    newest: list[str] = field(default_factory=list)

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.countries | other.countries,
            self.refused | other.refused,
            _later(self.spent_at, other.spent_at),
            _later(self.newest_at, other.newest_at),
            self.newest + other.newest,
        )


# By Telnyx's id of the application, and by the team whose faxes went through it.
Traffics = Mapping[tuple[str, UUID | None], Traffic]


@dataclass(frozen=True)
class Facts:
    """Everything that is judged. `application` is its row after Telnyx was asked, `numbers` counts those that are
    attached by their status, `told_at` is when an event last told of its newest faxes, `accepted_at` when one last came
    at all, `known_since` when we began to look at Telnyx, and `public_key` what events are verified with."""

    application: FaxApplication
    heard: Heard
    probed: Probed
    traffic: Traffic
    numbers: Mapping[str, int]
    told_at: datetime | None
    accepted_at: datetime | None
    known_since: datetime | None
    refused: Refused | None
    drift: int
    public_key: str
    our_door: str
    began: datetime


def gather(
    application: FaxApplication,
    *,
    traffics: Traffics | None = None,
    patience: Patience | None = None,
) -> Facts:
    """Ask Telnyx, knock on our own door, and look into our tables. `traffics` are those of the whole house, where they
    are known already."""
    began = timezone.now()
    heard = ask(application, patience)
    row = FaxApplication.objects.get(pk=application.pk)
    url = row.webhook_event_url if leads_here(row.webhook_event_url) else our_door()
    traffic = _traffic(row, traffic_lately() if traffics is None else traffics)
    return Facts(
        application=row,
        heard=heard,
        probed=probe(url),
        traffic=traffic,
        numbers=_numbers(row),
        told_at=_told_at(traffic),
        accepted_at=Delivery.objects.last_received_at(),
        known_since=SyncRun.objects.order_by("started_at").values_list("started_at", flat=True).first(),
        refused=Refusal.objects.summary(),
        drift=len(drift_of(row)),
        public_key=settings.TELNYX_PUBLIC_KEY,
        our_door=our_door(),
        began=began,
    )


def ask(application: FaxApplication, patience: Patience | None = None) -> Heard:
    """Fetch an application with its profile, and mirror it. One that Telnyx has no more is marked as gone."""
    if not application.telnyx_id:
        return Heard(trouble="Telnyx has given it no id yet.")
    try:
        with client(patience) as telnyx:
            try:
                return _heard(telnyx, application)
            except TelnyxError as error:
                return Heard(trouble=why_not(error), clock_skew=telnyx.clock_skew)
    except ValueError as error:
        return Heard(trouble=why_not(error))


def _heard(telnyx: Client, application: FaxApplication) -> Heard:
    asked_at = timezone.now()
    try:
        answer = telnyx.get_fax_application(str(application.telnyx_id))
    except NotFound:
        mark_row_gone(application)
        return Heard(clock_skew=telnyx.clock_skew)
    if answer.id != application.telnyx_id:
        raise BadAnswer("Telnyx answered a question about one application with another one.")
    row = apply_application(answer, asked_at=asked_at)
    profile, usable = None, []
    try:
        profile = _profile(telnyx, row.outbound_voice_profile_id if row else "")
        if profile:
            remember(profile)
        if profile is None or profile.enabled is False:
            usable = _usable(telnyx)
    except (TelnyxError, ValueError) as error:
        return Heard(profile=profile, profile_trouble=why_not(error), clock_skew=telnyx.clock_skew)
    return Heard(profile=profile, usable=usable, clock_skew=telnyx.clock_skew)


def _profile(telnyx: Client, profile_id: str) -> OutboundVoiceProfile | None:
    """None where the application names none, or one that Telnyx does not have."""
    if not profile_id:
        return None
    try:
        return telnyx.get_outbound_voice_profile(profile_id)
    except NotFound:
        return None


def _usable(telnyx: Client) -> list[OutboundVoiceProfile]:
    """Those of the first page, which has 250: with more there is no question of the only one."""
    profiles = telnyx.outbound_voice_profiles_page().data
    return [profile for profile in profiles if profile.id and profile.enabled is not False]


def _numbers(row: FaxApplication) -> dict[str, int]:
    attached = PhoneNumber.objects.filter(connection_id=row.telnyx_id or "-", gone_at=None)
    return dict(attached.order_by().values_list("status").annotate(Count("pk")))


def _traffic(row: FaxApplication, traffics: Traffics) -> Traffic:
    """Of the application's own team: what others send through it is not for its managers to know. One without a team
    is for administrators, who see everything."""
    of_whom = [team for application, team in traffics if application == row.telnyx_id]
    seen = [traffics[str(row.telnyx_id), team] for team in of_whom if row.team_id in (None, team)]
    return sum(seen, Traffic())


def _told_at(traffic: Traffic) -> datetime | None:
    """Of these faxes alone: when others get theirs is not for everybody to know, nor does it show that Telnyx calls for
    this application, too."""
    told = Delivery.objects.filter(fax_telnyx_id__in=traffic.newest)
    last: datetime | None = told.aggregate(last=Max("received_at"))["last"]
    return last


def traffic_lately(now: datetime | None = None) -> Traffics:
    """What went on in the house: one walk over its newest faxes."""
    now = now or timezone.now()
    country = cache(country_of)
    found: defaultdict[tuple[str, UUID | None], Traffic] = defaultdict(Traffic)
    columns = ("connection_id", "team", "telnyx_id", "created_at", "direction", "to_number", "failure_reason")
    # Asked by time alone, so that any database walks the one index of all faxes.
    newest = Fax.objects.filter(created_at__gte=now - LATELY).order_by("-created_at", "-id").values_list(*columns)
    for connection_id, team, telnyx_id, created_at, direction, to_number, failure_reason in newest[:MOST_FAXES]:
        traffic = found[connection_id, team]
        if telnyx_id and len(traffic.newest) < MOST_TOLD:
            traffic.newest.append(telnyx_id)
        if created_at < now - EVENTS_TAKE:
            traffic.newest_at = _later(traffic.newest_at, created_at)
        if direction == Direction.OUTBOUND and (where := country(to_number)):
            traffic.countries.add(where)
            if failure_reason == COUNTRY_REFUSED:
                traffic.refused.add(where)
        if failure_reason == SPENT and created_at > now - A_DAY:
            traffic.spent_at = _later(traffic.spent_at, created_at)
    return found


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
