"""Runs, gaps and uncertain sends as the pages show them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from faxes.evidence import Seen, evidence_of
from faxes.models import Attempt
from faxes.services import candidates
from faxes.states import Outbox
from faxes.wording import GOOD, PLAIN, UNSURE, State, far_end
from sync.models import Gap, SyncRun
from sync.steps.settle import LISTINGS_NEEDED
from sync.wording import (
    Progress,
    counts_of,
    done_of,
    kind_of,
    name_of,
    progress_of,
    state_of_gap,
    state_of_run,
    took,
    what_of,
)

SENT = State("was sent", GOOD, "")
NEVER_SENT = State("was never sent", PLAIN, "")
OPEN = State("uncertain", UNSURE, "")


@dataclass(frozen=True)
class RunRow:
    id: UUID
    kind: str
    state: State
    counts: str
    by: str
    at: datetime
    took: str
    progress: Progress | None


@dataclass(frozen=True)
class GapRow:
    id: UUID
    what: str
    name: str
    done: str
    state: State
    fax_id: UUID | None
    run_id: UUID
    at: datetime


@dataclass(frozen=True)
class DoubtRow:
    """A send that is uncertain, or was. `awaited` says what would settle it, `next_look` when that is looked for."""

    id: UUID
    fax_id: UUID
    name: str
    team: str
    state: State
    seen: list[Seen]
    awaited: str
    next_look: datetime | None
    for_a_person: bool


def run_row(run: SyncRun) -> RunRow:
    return RunRow(
        id=run.pk,
        kind=kind_of(run),
        state=state_of_run(run),
        counts=", ".join(counts_of(run)),
        by=str(run.by or ""),
        at=run.started_at,
        took=took(run),
        # Until somebody takes it up it has not begun.
        progress=progress_of(run) if run.cursor and run.finished_at is None else None,
    )


def gap_row(gap: Gap) -> GapRow:
    return GapRow(
        id=gap.pk,
        what=what_of(gap),
        name=far_end(gap.fax) if gap.fax else name_of(gap),
        done=done_of(gap),
        state=state_of_gap(gap),
        fax_id=gap.fax_id,
        run_id=gap.run_id,
        at=gap.found_at,
    )


def doubt_row(attempt: Attempt) -> DoubtRow:
    fax = attempt.fax
    is_open = attempt.state == Attempt.State.UNCERTAIN and fax.outbox == Outbox.UNCERTAIN
    found = len(candidates(attempt)) if is_open else 0
    return DoubtRow(
        id=attempt.pk,
        fax_id=fax.pk,
        name=far_end(fax),
        team=fax.team.name if fax.team else "",
        state=OPEN if is_open else SENT if attempt.state == Attempt.State.ACCEPTED else NEVER_SENT,
        seen=evidence_of(attempt),
        awaited=_awaited(attempt, found) if is_open else "",
        next_look=fax.due_at if is_open else None,
        for_a_person=bool(found),
    )


def version_of(shown: Iterable[Any]) -> str:
    """Another one for whatever reads differently."""
    return hashlib.sha256(repr(list(shown)).encode()).hexdigest()[:16]


def _awaited(attempt: Attempt, found: int) -> str:
    if found:
        return "Awaited: somebody says which of the faxes at Telnyx it is."
    lists = len(attempt.evidence.get("listings", [])) or "none"
    without = f"{LISTINGS_NEEDED} complete lists without it, {lists} so far"
    return f"Awaited: a webhook or a list with its mark, or {without}."
