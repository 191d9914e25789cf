"""The faxes that move: what is on its way, and what came in and went out last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import Team, User
from applications.models import PhoneNumber
from faxes.listing import INBOX, SENT, Show, newest_of
from faxes.models import Fax
from faxes.views.lists import Row, row_of
from portal.dashboard.facts import list_of

SHOWN = 6
LISTS = ((SENT, Show.GOING), (SENT, Show.ALL), (INBOX, Show.ALL))
# What takes longer than that is not waited for with eyes on the screen.
SOON_OVER = timedelta(minutes=15)


@dataclass(frozen=True)
class Moving:
    """The newest of each, the newest first, and no fax in both. `latest` also tells which are faxes of ours."""

    going: Sequence[Row]
    latest: Sequence[tuple[Row, bool]]

    @property
    def changes_soon(self) -> bool:
        since = timezone.now() - SOON_OVER
        rows = [*self.going, *(row for row, _ in self.latest)]
        return any(row.is_open and row.at > since for row in rows)


def moving(user: User, team: Team | None = None) -> Moving:
    """Two questions: for the faxes, and for the names of the lines they went over."""
    lists = [list_of(user, team, box, show) for box, show in LISTS]
    # Only what the user sees: that somebody else calls the number is the affair of those.
    calls = Fax.objects.visible_to(user).filter(to_number=OuterRef("to_number"), line_held=True)
    faxes = list(newest_of(lists, 2 * SHOWN).annotate(line_in_use=Exists(calls)))
    labels = _labels(user, faxes)
    rows = [(row_of(fax, labels, line_in_use=vars(fax)["line_in_use"]), fax.is_outbound) for fax in faxes]
    going = [row for row, is_sent in rows if is_sent and row.is_open][:SHOWN]
    return Moving(going, [(row, is_sent) for row, is_sent in rows if row not in going][:SHOWN])


def _labels(user: User, faxes: Iterable[Fax]) -> Mapping[str, str]:
    lines = PhoneNumber.objects.visible_to(user).filter(phone_number__in={fax.our_number for fax in faxes})
    return dict(lines.exclude(label="").values_list("phone_number", "label"))
