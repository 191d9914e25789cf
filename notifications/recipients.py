"""Who is told of a fax, as they wished and as their standing allows at this moment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from accounts import access
from accounts.models import Role, Team, User
from applications.models import PhoneNumber
from faxes.models import FaxEvent
from notifications.models import Wish
from notifications.topics import Topic


@dataclass(frozen=True)
class Reader:
    """Somebody, or a mailbox of the team."""

    address: str
    user: User | None = None
    # Told for looking after the number, whatever they wished.
    as_keeper: bool = False

    @property
    def key(self) -> str:
        return f"user {self.user.pk}" if self.user else f"box {self.address}"


def of(event: FaxEvent, topic: Topic) -> list[Reader]:
    """Whoever is to be told of this, each once. Nobody is who is not on the fax's team any more."""
    team = event.fax.team
    if team is None:
        return []
    keepers, wishing = _keepers(event, topic), _wishing(event, team, topic)
    allowed = access.people(team, at_least=Role.VIEWER).filter(pk__in=keepers | wishing).exclude(email="")
    readers = {
        user.email.lower(): Reader(user.email, user, as_keeper=user.pk not in wishing)
        for user in allowed.order_by("pk")
    }
    for address in _boxes(team, topic):
        readers.setdefault(address.lower(), Reader(address))
    return list(readers.values())


def wish_of(user: User, team: Team) -> Wish:
    """What a person wants to be told of a team's faxes; where they never said, the defaults, unsaved."""
    return Wish.objects.filter(user=user, team=team).first() or Wish(user=user, team=team)


def numbers_of(user: User, teams: Collection[Team]) -> list[PhoneNumber]:
    """The numbers of these teams that a person looks after, and is told of whatever they wish."""
    kept = PhoneNumber.objects.filter(notify=user, gone_at=None).select_related("team")
    return [number for number in kept if number.owner in teams]


def _keepers(event: FaxEvent, topic: Topic) -> set[int]:
    """The ids of who looks after the number that a fax came to."""
    if topic is Topic.ASSIGNED or event.fax.is_outbound:
        return set()
    numbers = PhoneNumber.objects.filter(phone_number=event.fax.to_number).exclude(notify=None)
    return {user for user in numbers.values_list("notify", flat=True) if user is not None}


def _wishing(event: FaxEvent, team: Team, topic: Topic) -> set[int]:
    """The ids of who wants to know. Of a fax that was sent that may be its sender, of one that was given away who got
    it, of one that came in whoever has said so."""
    fax = event.fax
    if topic is Topic.ASSIGNED or fax.is_outbound:
        concerned = event.data.get("to_id") if topic is Topic.ASSIGNED else fax.created_by_id
        wish = Wish.objects.filter(user=concerned, team=team).first() or Wish()
        return {concerned} if concerned and getattr(wish, topic.value) else set()
    wanting = Wish.objects.filter(team=team, user__isnull=False, received=True).values_list("user", flat=True)
    return {user for user in wanting if user is not None}


def _boxes(team: Team, topic: Topic) -> list[str]:
    if topic is Topic.ASSIGNED:
        return []
    wanted = Q(**{topic.value: True})
    return list(Wish.objects.filter(wanted, team=team).exclude(address="").values_list("address", flat=True))
