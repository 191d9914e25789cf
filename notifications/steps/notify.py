"""Read on in the faxes' timelines, and have e-mails sent about what people want to be told.

Timelines are read by the time of their lines. Transactions end out of order, so the last minutes are always read again,
and what has been told to whom is kept for as long. Whoever wrote the line knows nothing of all this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import Team
from faxes.models import FaxEvent
from notifications import outbox, recipients
from notifications.models import Cursor, Told
from notifications.recipients import Reader
from notifications.texts import digest, letter
from notifications.topics import KINDS, Topic, topic_of

log = structlog.get_logger(__name__)

NAME = "timelines"
# No transaction takes that long.
OVERLAP = timedelta(minutes=5)
# After an outage, what is older than this is no news any more; the portal shows it all the same.
NEWS = timedelta(days=1)
# More than so many of a kind at a time are one e-mail.
SINGLY = 3


class Group(NamedTuple):
    """What one reader is told of one team at a time."""

    reader: Reader
    topic: Topic
    team: Team


def drain() -> int:
    """Read to the end. Returns how many e-mails are to be sent."""
    now = timezone.now()
    # A house that begins to notify begins with what happens from now on.
    Cursor.objects.get_or_create(name=NAME, defaults={"at": now})
    with transaction.atomic():
        cursor = Cursor.objects.select_for_update().get(name=NAME)
        since = max(cursor.at - OVERLAP, now - NEWS)
        count = sum(_tell(group, keyed) for group, keyed in _groups(since, now).items())
        Told.objects.filter(at__lt=now - 2 * NEWS).delete()
        Cursor.objects.filter(name=NAME, at__lt=now).update(at=now)
    return count


def _groups(since: datetime, until: datetime) -> Mapping[Group, Mapping[str, FaxEvent]]:
    """For each group the lines it is to be told of, by a key that says who is told of what."""
    events = FaxEvent.objects.filter(kind__in=KINDS, at__gt=since, at__lte=until).order_by("at", "id")
    groups: defaultdict[Group, dict[str, FaxEvent]] = defaultdict(dict)
    for event in events.select_related("fax__team", "fax__created_by", "fax__correspondent", "fax__document", "by"):
        topic, team = topic_of(event), event.fax.team
        if topic is None or team is None:
            continue
        for reader in recipients.of(event, topic):
            key = f"{topic.value}:{topic.about(event)}:{reader.key}"
            groups[Group(reader, topic, team)].setdefault(key, event)
    return groups


def _tell(group: Group, keyed: Mapping[str, FaxEvent]) -> int:
    """Have the reader told of what they have not been told yet. Returns by how many e-mails."""
    reader, topic, team = group
    told = set(Told.objects.filter(key__in=list(keyed)).values_list("key", flat=True))
    new = {key: event for key, event in keyed.items() if key not in told}
    Told.objects.bulk_create([Told(key=key) for key in new])
    if len(new) > SINGLY:
        key = f"{next(iter(new))}:and {len(new) - 1} more"
        return _put(key, group, lambda: digest(topic, team, len(new), reader))
    return sum(_put_letter(key, group, event) for key, event in new.items())


def _put_letter(key: str, group: Group, event: FaxEvent) -> bool:
    reader, topic, team = group
    tells = {"fax": event.fax, "with_particulars": not team.phi_free_mail}
    return _put(key, group, lambda: letter(topic, event, reader), **tells)


def _put(key: str, group: Group, written: Callable[[], tuple[str, str]], **tells: Any) -> bool:
    """What is wrong with one letter, such as a time that no calendar has, must not keep all others from leaving."""
    reader, _, team = group
    try:
        with transaction.atomic():
            subject, text = written()
            return outbox.put(
                key=key, to=reader.address, subject=subject, text=text, team=team, user=reader.user, **tells
            )
    except (DatabaseError, ArithmeticError, LookupError, ValueError) as error:
        log.error("notify.stumbled", key=key, error=str(error))
        return False
