"""What is to be looked after on the line: quiet numbers, of which all on a team are told; for who manages it, what the
self-checks found wrong, and where Telnyx shows something else than was set here. Nothing here asks Telnyx."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from accounts import access
from accounts.models import Role, User
from applications.drift import drift_in_words
from faxes import quiet
from faxes.quiet import Silence
from faxes.wording import BAD, WAIT
from portal.selfcheck import Complaint, State, complaints

MOST_QUIET_LINES = 10
MOST_NOTES = 4


@dataclass(frozen=True)
class Note:
    """What is wrong, with which applications, and where one looks. It may end in a time."""

    names: str
    text: str
    tone: str
    url: str
    at: datetime | None = None


@dataclass(frozen=True)
class Line:
    """The worst notes first; `more` of them are not shown. `drifted` says how many things differ at Telnyx."""

    quiet: Sequence[Silence] = ()
    notes: Sequence[Note] = ()
    more: int = 0
    drifted: str = ""

    @property
    def for_manager(self) -> int:
        return len(self.notes) + self.more + bool(self.drifted)

    @property
    def is_empty(self) -> bool:
        return not (self.quiet or self.for_manager)


def line_of(user: User, *, any_quiet: bool) -> Line:
    """At most five small questions, and none but for managers where no line of the house is quiet."""
    silences = quiet.silences(user, most=MOST_QUIET_LINES) if any_quiet else []
    if not access.holds_somewhere(user, at_least=Role.MANAGER):
        return Line(silences)
    notes = _notes(complaints(user))
    return Line(silences, notes[:MOST_NOTES], max(0, len(notes) - MOST_NOTES), drift_in_words(user))


def _notes(found: Iterable[Complaint]) -> list[Note]:
    """What is wrong with several applications in the same way is one note."""
    alike: dict[tuple[str, str], list[Complaint]] = {}
    for complaint in found:
        alike.setdefault((complaint.finding.code, complaint.finding.title), []).append(complaint)
    return [_note(same) for same in alike.values()]


def _note(same: Sequence[Complaint]) -> Note:
    finding = same[0].finding
    names = ", ".join(str(complaint.application) for complaint in same[:3])
    several = reverse("applications:list")
    one = reverse("applications:detail", args=[same[0].application.pk]) + "#check"
    return Note(
        f"{names}, …" if len(same) > 3 else names,
        finding.title,
        BAD if finding.state is State.BAD else WAIT,
        one if len(same) == 1 else several,
        finding.at,
    )
