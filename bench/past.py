"""A past for a portal: received and sent faxes of teams large and small, and what people did with them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Model
from django.utils import timezone

from accounts.models import Membership, Team, User
from applications.models import PhoneNumber
from contacts.models import Correspondent
from faxes.models import Document, Fax, ReadMark
from faxes.states import Direction, Media, Outbox

# The teams' shares of all faxes, in percent. Ann and Ben are on the first, the fifth and the last.
SHARES = (40.0, 25.0, 15.0, 10.0, 6.0, 2.5, 1.0, 0.5)
THEIRS = (0, 4, 7)
NAMES = ("", "", "Harbour Clinic", "Dr. Okafor", "Radiology")
APART = timedelta(minutes=2)
# So many faxes came since Ann's counting of unread ones begins, and so many of them she has not read.
LATELY, UNREAD = 400, 20
BATCH = 2000


def fill(received: int) -> User:
    """Makes so many received faxes and half as many sent ones, and returns Ann, who sees nearly half of them."""
    chance, newest = random.Random(1), timezone.now()
    ann, ben = User.objects.bulk_create([User(username=name, email=f"{name}@example.com") for name in ("ann", "ben")])
    teams = Team.objects.bulk_create([Team(name=f"Team {nr}", slug=f"team-{nr}") for nr in range(len(SHARES))])
    since = newest - LATELY * APART
    Membership.objects.bulk_create(
        [Membership(user=person, team=teams[nr], read_before=since) for person in (ann, ben) for nr in THEIRS]
    )
    for team, line in zip(teams, _lines(), strict=True):
        PhoneNumber.objects.create(telnyx_id=line, phone_number=line, team=team, label=team.name)
    _store(_faxes(chance, received, teams, [ann, ben], newest))
    lately = Fax.objects.received().filter(heard_at__gt=since).order_by("-heard_at")
    _store(ReadMark(user=ann, fax=fax) for fax in lately[UNREAD:])
    return ann


def _faxes(
    chance: random.Random, received: int, teams: Sequence[Team], people: Sequence[User], newest: datetime
) -> Iterator[Fax]:
    """The newest first. Every third was sent."""
    known = [_correspondents(chance, team, received, share) for team, share in zip(teams, SHARES, strict=True)]
    lines, page = _lines(), {"bytes": 1, "pages": 2, "content_type": "application/pdf", "stored_at": newest}
    document = Document.objects.create(kind=Document.Kind.RECEIVED, file="none.pdf", sha256="0" * 64, **page)
    for number in range(received + received // 2):
        (nr,), at = chance.choices(range(len(teams)), SHARES), newest - number * APART
        other = chance.choice(known[nr])
        fax = Fax(team=teams[nr], correspondent=other, document=document, created_at=at, heard_at=at)
        if number % 3 == 2:
            _was_sent(fax, lines[nr], other.number)
        else:
            _came_in(fax, lines[nr], other.number, chance.random(), people)
        yield fax


def _was_sent(fax: Fax, line: str, other: str) -> None:
    fax.direction, fax.from_number, fax.to_number = Direction.OUTBOUND, line, other
    fax.outbox, fax.status = Outbox.ACCEPTED, "delivered"


def _came_in(fax: Fax, line: str, other: str, lot: float, people: Sequence[User]) -> None:
    """One in three waits for somebody, one in fifty has failed, one in a hundred was thrown away."""
    fax.direction, fax.from_number, fax.to_number = Direction.INBOUND, other, line
    fax.status, fax.media = "failed" if lot < 0.02 else "received", Media.ARCHIVED
    fax.handled_at = fax.created_at if lot < 0.66 else None
    fax.trashed_at = fax.created_at if lot > 0.99 else None
    fax.assigned_to = people[0] if lot < 0.1 else people[1] if lot < 0.7 else None


def _correspondents(chance: random.Random, team: Team, received: int, share: float) -> list[Correspondent]:
    """Each is good for twenty faxes."""
    rows = [
        Correspondent(team=team, number=f"+1773{number:07}", name=f"{chance.choice(NAMES)} {number}".strip())
        for number in chance.sample(range(10_000_000), max(5, int(received * share / 2000)))
    ]
    return Correspondent.objects.bulk_create(rows, batch_size=BATCH)


def _lines() -> list[str]:
    return [f"+131257900{nr:02}" for nr in range(len(SHARES))]


def _store(rows: Iterable[Any]) -> None:
    rest: Iterator[Model] = iter(rows)
    while batch := list(islice(rest, BATCH)):
        type(batch[0])._default_manager.bulk_create(batch)
