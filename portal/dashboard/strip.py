"""The health strip: in a few words whether the house is well, and if not, what is wrong and where one looks.

Members are told what concerns them. What is the house's as a whole, such as its last webhook, is for administrators: it
would tell everybody else when others get faxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from faxes.wording import BAD, GOOD, PLAIN, WAIT
from portal.dashboard.facts import MANY, Facts
from portal.dashboard.line import MOST_QUIET_LINES, Line
from portal.health import SYNC_SILENCE, WORKER_SILENCE, WORKER_SILENT, is_silent

CARD = "#home-line"


@dataclass(frozen=True)
class Fact:
    """A few words, and how long ago it was where there is such a time."""

    words: str
    at: datetime | None = None
    url: str = ""


@dataclass(frozen=True)
class Verdict:
    """A pill. One that somebody has to understand comes with a sentence, led by what it means for them."""

    word: str
    tone: str
    url: str = ""
    lead: str = ""
    sentence: str = ""


@dataclass(frozen=True)
class Strip:
    facts: Sequence[Fact]
    verdicts: Sequence[Verdict]


def strip_of(facts: Facts, line: Line, *, for_admin: bool, for_manager: bool) -> Strip:
    troubles = list(_troubles(facts))
    if for_admin:
        troubles += _house_troubles(facts)
    if line.quiet:
        word = _counted(len(line.quiet), "quiet line", "quiet lines", end=MOST_QUIET_LINES)
        troubles.append(Verdict(word, WAIT, CARD))
    if line.for_manager:
        tone = BAD if any(note.tone == BAD for note in line.notes) else WAIT
        troubles.append(Verdict(f"{line.for_manager} to look after", tone, CARD))
    return Strip(list(_facts(facts, for_admin, for_manager)), troubles or [_well(facts)])


def _troubles(facts: Facts) -> Iterator[Verdict]:
    if is_silent(facts.worker_at, since=WORKER_SILENCE):
        # Without a worker nobody asks Telnyx either: that it is silent, too, says nothing new.
        yield Verdict("worker silent", BAD, lead="Faxes are standing still.", sentence=WORKER_SILENT)
    elif facts.telnyx_at and is_silent(facts.telnyx_at, since=SYNC_SILENCE):
        sentence = "Faxes may be late. None is lost: what comes in meanwhile is found afterwards."
        yield Verdict("Telnyx silent", WAIT, lead="Telnyx cannot be reached.", sentence=sentence)
    if facts.paused:
        yield Verdict("sending paused", WAIT, lead="Sending is paused.", sentence=facts.paused)


def _house_troubles(facts: Facts) -> Iterator[Verdict]:
    # A sync that Telnyx did not answer is told already.
    if facts.sync_lacks and not is_silent(facts.telnyx_at, since=SYNC_SILENCE):
        yield Verdict("sync incomplete", WAIT, reverse("sync:overview"))
    if facts.gaps:
        yield Verdict(_counted(facts.gaps, "gap open", "gaps open"), WAIT, reverse("sync:overview"))
    if facts.late_mails:
        waiting = f"{reverse('admin:notifications_mail_changelist')}?state=waiting"
        yield Verdict(_counted(facts.late_mails, "e-mail waiting", "e-mails waiting"), WAIT, waiting)
    if facts.night_lacks:
        lead = "Some of last night's work failed."
        sentence = "Pages may be kept longer than they should. The worker's log says why: look for nightly.stumbled."
        yield Verdict("nightly work failed", WAIT, lead=lead, sentence=sentence)


def _facts(facts: Facts, for_admin: bool, for_manager: bool) -> Iterator[Fact]:
    console = reverse("webhooks:console")
    if for_admin:
        words = "last webhook" if facts.webhook_at else "no webhook yet"
        yield Fact(words, facts.webhook_at, console)
        yield Fact("last sync" if facts.telnyx_at else "no sync yet", facts.telnyx_at, reverse("sync:overview"))
    else:
        yield Fact("Telnyx answered", facts.telnyx_at) if facts.telnyx_at else Fact("Telnyx has not answered yet")
        if for_manager:
            yield Fact("webhooks", url=console)


def _well(facts: Facts) -> Verdict:
    return Verdict("all well", GOOD) if facts.telnyx_at else Verdict("not known yet", PLAIN)


def _counted(count: int, one: str, many: str, *, end: int = MANY) -> str:
    """In words. Who counted stopped at the end."""
    return f"{end - 1}+ {many}" if count >= end else f"{count} {one if count == 1 else many}"
