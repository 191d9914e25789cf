"""What needs somebody now: each a number, a telling line, and the way to exactly those faxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from django.urls import reverse

from accounts.models import Team, User
from faxes.listing import SENT, Show, some_of
from faxes.reasons import reason_of
from faxes.states import Outbox
from faxes.wording import BAD, PLAIN, UNSURE, WAIT
from portal.dashboard.facts import MANY, Facts, list_of

# So many reasons are named.
MOST_REASONS = 3
REFUSED = "refused"


@dataclass(frozen=True)
class Need:
    """A card: its number in words, and the line below it, which may end in how old the oldest is."""

    id: str
    name: str
    number: str
    tone: str
    url: str
    line: str = ""
    oldest: datetime | None = None

    def of(self, team: Team | None) -> Self:
        return replace(self, url=f"{self.url}&team={team.slug}") if team else self


def needs_of(user: User, team: Team | None, facts: Facts) -> list[Need]:
    """The cards that say something; none where nobody is needed. One question, for the reasons of what failed."""
    return [need.of(team) for need in _needs(user, team, facts)]


def _needs(user: User, team: Team | None, facts: Facts) -> Iterator[Need]:
    if facts.unread:
        yield _need("unread", "Unread", facts.unread, PLAIN, Show.UNREAD, oldest=facts.oldest_unread)
    if facts.mine:
        yield _need("mine", "Assigned to you", facts.mine, PLAIN, Show.MINE, oldest=facts.oldest_mine)
    if reasons := _reasons_of_stuck(user, team):
        yield _need("stuck", "Failed", len(reasons), BAD, Show.STUCK, line=_in_words(reasons))
    if facts.uncertain:
        line, oldest = "being looked for at Telnyx", facts.oldest_uncertain
        yield _need("uncertain", "Uncertain", facts.uncertain, UNSURE, Show.UNCERTAIN, line=line, oldest=oldest)
    if facts.missing:
        yield _need("missing", "Pages missing", facts.missing, BAD, Show.MISSING, line="try now, or ask the sender")
    if facts.unrouted:
        line, oldest = "give each to its team", facts.oldest_unrouted
        yield _need("unrouted", "Without a team", facts.unrouted, WAIT, Show.UNROUTED, line=line, oldest=oldest)


def _need(
    id: str, name: str, count: int, tone: str, show: Show, *, line: str = "", oldest: datetime | None = None
) -> Need:
    address = reverse("faxes:sent" if show in (Show.STUCK, Show.UNCERTAIN) else "faxes:inbox")
    address = f"{address}?show={show.value}"
    if count >= MANY:
        # Counting ended before it came to the oldest.
        return Need(id, name, f"{MANY - 1}+", tone, address, line)
    return Need(id, name, str(count), tone, address, line, oldest)


def _reasons_of_stuck(user: User, team: Team | None) -> list[str]:
    stuck = some_of(list_of(user, team, SENT, Show.STUCK), MANY).values_list("outbox", "failure_reason")
    return [REFUSED if outbox == Outbox.REJECTED else reason_of(reason, outbound=True).word for outbox, reason in stuck]


def _in_words(reasons: list[str]) -> str:
    """“line was busy · 2 × no answer”, the most frequent first."""
    counted = sorted(Counter(reasons).items(), key=lambda item: (-item[1], item[0]))
    words = [word if count == 1 else f"{count} × {word}" for word, count in counted[:MOST_REASONS]]
    return " · ".join([*words, "…"] if len(counted) > MOST_REASONS else words)
