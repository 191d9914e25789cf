"""What a self-check finds: lines with a state and a reason, as they are kept on the application's row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from accounts.access import AnyUser
from accounts.models import Role
from applications.models import FaxApplication
from telnyx_api.reading import moment


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


RANK = {State.OK: 0, State.UNKNOWN: 1, State.WARN: 2, State.BAD: 3}


@dataclass(frozen=True)
class Finding:
    """One line. `title` says how it stands, and ends in the time `at` where there is one; `why` says why it matters and
    what to do. `mend` names what one click can do about it, `offer` is what the button says, `value` is what would be
    written, and `judged` what stood there when it was found wrong."""

    code: str
    state: State
    title: str
    why: str
    at: datetime | None = None
    mend: str = ""
    offer: str = ""
    value: Any = None
    judged: Any = None

    def with_mend(self, mend: str, offer: str, value: Any, *, judged: Any) -> Self:
        return replace(self, mend=mend, offer=offer, value=value, judged=judged)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"at": self.at.isoformat() if self.at else None}

    @classmethod
    def read(cls, kept: Any) -> Self | None:
        """The line as it was kept; None for what another version of the portal kept otherwise."""
        if not isinstance(kept, Mapping) or str(kept.get("state")) not in RANK:
            return None
        words = {name: str(kept.get(name) or "") for name in ("code", "title", "why", "mend", "offer")}
        value, judged = kept.get("value"), kept.get("judged")
        return cls(state=State(kept["state"]), at=moment(kept, "at"), value=value, judged=judged, **words)


def findings_of(application: FaxApplication) -> list[Finding]:
    """What the last self-check found, the worst first; empty before the first one."""
    kept = application.findings if isinstance(application.findings, list) else []
    found = [finding for line in kept if (finding := Finding.read(line))]
    return sorted(found, key=lambda finding: -RANK[finding.state])


def worst_of(findings: Iterable[Finding]) -> State | None:
    return max((finding.state for finding in findings), key=RANK.__getitem__, default=None)


def worst(application: FaxApplication) -> State | None:
    """How the application stands by its worst line; None before the first self-check."""
    return worst_of(findings_of(application))


@dataclass(frozen=True)
class Complaint:
    """A line that needs the manager, and where."""

    application: FaxApplication
    finding: Finding


def complaints(user: AnyUser) -> list[Complaint]:
    """What is not as it should be with the applications that the user manages, the worst first. From what was kept:
    Telnyx is not asked. What is gone is not checked any more, so nothing of it would ever get better."""
    rows = FaxApplication.objects.visible_to(user, at_least=Role.MANAGER).filter(gone_at=None).exclude(checked_at=None)
    found = [
        Complaint(row, finding)
        for row in rows.only("application_name", "telnyx_id", "findings")
        for finding in findings_of(row)
        if finding.state in (State.BAD, State.WARN)
    ]
    return sorted(found, key=lambda complaint: -RANK[complaint.finding.state])
