"""Drift: where Telnyx shows something else than what we last wrote there.

Somebody changed it in Telnyx's console, or Telnyx kept it another way. Nothing here asks Telnyx or changes anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.fields.json import KT

from accounts.access import AnyUser
from accounts.models import Role
from applications.fields import LABELS, in_words
from applications.mirror import APPLICATION_KEYS, promoted
from applications.models import FaxApplication, PhoneNumber
from applications.written import Writable, Written, written_value
from contacts.numbers import format_number

# All that we ever write of a number.
OF_NUMBERS = {"connection_id": "connection_id"}


@dataclass(frozen=True)
class Difference:
    """One column, as we last wrote it and as Telnyx last showed it."""

    column: str
    written: Written
    theirs: Any
    reported_at: datetime | None
    names: Mapping[str, str]

    @property
    def ours(self) -> Any:
        return self.written.value

    @property
    def label(self) -> str:
        return LABELS.get(self.column, self.column)

    @property
    def ours_in_words(self) -> str:
        return self._in_words(self.ours)

    @property
    def theirs_in_words(self) -> str:
        return self._in_words(self.theirs)

    @property
    def seal(self) -> str:
        """Another one as soon as either side is: whoever decides has seen what they decide about."""
        said = json.dumps([self.column, self.ours, self.theirs], sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def _in_words(self, value: Any) -> str:
        if self.column == "connection_id":
            return self.names.get(str(value)) or (f"another application ({value})" if value else "")
        return in_words(self.column, value)


@dataclass(frozen=True)
class Drifted:
    """An application or a number, and what differs."""

    row: Writable
    differences: Sequence[Difference]

    @property
    def is_number(self) -> bool:
        return isinstance(self.row, PhoneNumber)

    @property
    def title(self) -> str:
        return format_number(str(self.row)) if self.is_number else str(self.row)


def drift_of(row: Writable, names: Mapping[str, str] | None = None) -> list[Difference]:
    """What differs, in the order of Telnyx's fields. `names` tells applications by their ids.

    What we never wrote cannot differ, nor what Telnyx does not show, such as fax_email_recipient. Of what is gone
    nothing can be restored, so it has no drift.
    """
    if row.gone_at:
        return []
    keys = APPLICATION_KEYS if isinstance(row, FaxApplication) else OF_NUMBERS
    found = []
    for column in promoted(type(row), keys, row.raw):
        written, theirs = written_value(row, column), getattr(row, column)
        if written and not same(column, written.value, theirs):
            found.append(Difference(column, written, theirs, row.remote_at, names or {}))
    return found


def names_for(user: AnyUser) -> dict[str, str]:
    """The names of the applications that the user sees, by Telnyx's ids. Those of other teams keep theirs."""
    return _names(FaxApplication.objects.visible_to(user))


def names_of_all() -> dict[str, str]:
    """The names of all applications, for the administrators."""
    return _names(FaxApplication.objects.all())


def _names(applications: QuerySet[FaxApplication]) -> dict[str, str]:
    return {str(row.telnyx_id): str(row) for row in applications.only("application_name", "telnyx_id")}


def drifted(user: AnyUser) -> list[Drifted]:
    """All that drifted of what the user manages, applications first, by name and number."""
    names = names_for(user)
    return [Drifted(row, found) for row in _candidates(user) if (found := drift_of(row, names))]


def drift_in_words(user: AnyUser) -> str:
    """How much drifted of what the user manages: “1 application and 2 numbers”, or nothing. It takes two small
    questions."""
    rows = [row for row in _candidates(user) if drift_of(row)]
    numbers = sum(isinstance(row, PhoneNumber) for row in rows)
    counted = ((len(rows) - numbers, "application"), (numbers, "number"))
    return " and ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count)


def _candidates(user: AnyUser) -> list[Writable]:
    """The applications that we wrote at all, of which there are few, and the numbers of which the database sees that
    they are attached elsewhere."""
    manages = Role.MANAGER
    applications = FaxApplication.objects.visible_to(user, at_least=manages).filter(gone_at=None).exclude(written={})
    numbers = PhoneNumber.objects.visible_to(user, at_least=manages).filter(gone_at=None)
    written = numbers.annotate(ours=KT("written__connection_id__value")).filter(ours__isnull=False)
    elsewhere = written.exclude(ours=F("connection_id"))
    return [*applications.select_related("team"), *elsewhere.select_related("team")]


def same(column: str, ours: Any, theirs: Any) -> bool:
    """Does the column say the same on both sides?"""
    # Tags are a set to Telnyx.
    if column == "tags" and isinstance(ours, list) and isinstance(theirs, list):
        return sorted(map(str, ours)) == sorted(map(str, theirs))
    return bool(ours == theirs)
