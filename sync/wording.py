"""Runs and gaps as they read to a person. Words that we do not know are shown as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from contacts.numbers import format_number
from faxes.wording import BAD, GOOD, OPEN, WAIT, State, seconds, state_of
from sync.models import Gap, SyncRun

# What a run counts, in the order in which it is told; one of them, and many. What is about how it was done is left out.
COUNTED = {
    "faxes": ("fax compared", "faxes compared"),
    "faxes_new": ("new here", "new here"),
    "faxes_changed": ("brought up to date", "brought up to date"),
    "faxes_gone": ("gone at Telnyx", "gone at Telnyx"),
    "faxes_waits": ("waiting for a send to be settled", "waiting for a send to be settled"),
    "faxes_stumbled": ("could not be recorded", "could not be recorded"),
    "faxes_not_asked": ("not asked about", "not asked about"),
    "undelivered": ("lost webhook made up for", "lost webhooks made up for"),
    "gaps": ("gap found", "gaps found"),
    "applications": ("application", "applications"),
    "applications_gone": ("application gone at Telnyx", "applications gone at Telnyx"),
    "numbers": ("number", "numbers"),
    "numbers_gone": ("number gone at Telnyx", "numbers gone at Telnyx"),
}
UNTOLD = ("slices", "faxes_unchanged", "faxes_applied", "faxes_deleted", "faxes_asked", "faxes_found")
PARTS = {
    "applications": "applications",
    "numbers": "numbers",
    "faxes": "faxes",
    "undelivered": "events that could not be delivered",
}

WHAT = {"fax": "Fax", "status": "How a fax ended", "application": "Application", "number": "Number"}
DONE = {
    ("here", "created"): "It was added here.",
    ("here", "updated"): "It was brought up to date here.",
    ("here", "pages lost"): "It is here, but its pages are lost: Telnyx has them no more. Ask the sender again.",
    ("there", "kept"): "It is kept here, and marked as gone at Telnyx.",
}


@dataclass(frozen=True)
class Progress:
    """How far a run is. `share` goes from 0 to 100, and is None where nobody knows the whole."""

    text: str
    share: int | None


def kind_of(run: SyncRun) -> str:
    return run.get_kind_display() or "No kind"


def took(run: SyncRun) -> str:
    if run.finished_at is None:
        return ""
    whole = round((run.finished_at - run.started_at).total_seconds())
    return seconds(whole) if whole else "less than a second"


def counts_of(run: SyncRun) -> list[str]:
    """What it counted, a few words each; what is nothing is left out."""
    counts = run.counts if isinstance(run.counts, Mapping) else {}
    known = [f"{counts[key]:,} {words[counts[key] != 1]}" for key, words in COUNTED.items() if _counts(counts, key)]
    return known + list(_unknown(counts))


def state_of_run(run: SyncRun) -> State:
    if run.finished_at is None:
        if run.due_at and run.due_at > timezone.now():
            return State("laid aside", WAIT, "Telnyx asked to slow down. The run goes on by itself.")
        if run.leased_until is None or run.leased_until < timezone.now():
            return State("waiting", WAIT, "It waits for the worker to take it up.")
        return State("under way", WAIT, "")
    if run.error:
        return State("incomplete", BAD, run.error)
    if run.is_baseline:
        return State("complete", GOOD, "The first one: what it found had not gone missing.")
    return State("complete", GOOD, "")


def progress_of(run: SyncRun) -> Progress:
    cursor = run.cursor if isinstance(run.cursor, Mapping) else {}
    faxes, expected = _number(run.counts, "faxes"), _number(cursor, "expected")
    done = [PARTS.get(name, str(name)) for name in cursor.get("done", [])]
    told = f"Done with {_and(done)}. " if done else ""
    if "faxes" in cursor.get("done", []) or not (faxes or expected):
        return Progress(told.strip() or "It has just begun.", None)
    if not expected:
        return Progress(f"{told}{faxes:,} {COUNTED['faxes'][faxes != 1]} so far.", None)
    # More may come in while the list is read.
    share = min(100, round(100 * faxes / expected))
    return Progress(f"{told}{faxes:,} of about {max(expected, faxes):,} faxes compared.", share)


def what_of(gap: Gap) -> str:
    return WHAT.get(gap.what, gap.what) or "Something"


def name_of(gap: Gap) -> str:
    """Of what it is about, as it read when the gap was found."""
    data = gap.data if isinstance(gap.data, Mapping) else {}
    if name := str(data.get("name") or ""):
        return format_number(name)
    outbound = data.get("direction") == "outbound"
    number = format_number(str(data.get("to" if outbound else "from") or ""))
    return f"{'to' if outbound else 'from'} {number}" if number else gap.telnyx_id


def done_of(gap: Gap) -> str:
    """What was done about it."""
    data = gap.data if isinstance(gap.data, Mapping) else {}
    done = DONE.get((gap.side, gap.outcome), gap.outcome) or "Nothing was done about it yet."
    if gap.what == "status" and data.get("after"):
        return f"It was {_status(data.get('before'))} here, and {_status(data.get('after'))} at Telnyx. {done}"
    return done


def state_of_gap(gap: Gap) -> State:
    """How its fax stands by now; of what is no fax, whether anything is left to do."""
    if gap.fax is not None:
        return state_of(gap.fax)
    return State("settled", GOOD, "") if gap.settled_at else State("open", WAIT, "")


def _status(status: Any) -> str:
    word = str(status or "")
    return OPEN[word][0] if word in OPEN else f"“{word}”" if word not in ("delivered", "received", "failed") else word


def _counts(counts: Mapping[str, Any], key: str) -> bool:
    return isinstance(counts.get(key), int) and counts[key] > 0


def _unknown(counts: Mapping[str, Any]) -> Iterator[str]:
    for key, value in counts.items():
        if key not in UNTOLD and value and not (key in COUNTED and isinstance(value, int)):
            yield f"{str(key).replace('_', ' ')}: {value:,}" if isinstance(value, int) else f"{key}: {value}"


def _number(values: Any, key: str) -> int:
    value = values.get(key) if isinstance(values, Mapping) else None
    return value if isinstance(value, int) and value > 0 else 0


def _and(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
