"""Changing a fax application: Telnyx first, then its mirror with what is ours, then the log.

https://developers.telnyx.com/api-reference/programmable-fax-applications/update-a-fax-application
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import access, audit
from accounts.models import Role, User
from applications.drift import same
from applications.fields import DEMANDED, LABELS, WRITABLE, body_of, values_of
from applications.lease import LEASE, held
from applications.mirror import APPLICATION_KEYS, apply_application, fitted, mark_row_gone, promoted
from applications.models import FaxApplication
from applications.telnyx import WHILE_SOMEBODY_WAITS, client, fetch_application
from applications.written import note_written, written_value
from telnyx_api import BadAnswer, Client, NotFound, TelnyxError
from telnyx_api import FaxApplication as ApplicationPayload

GONE = "Telnyx has this application no more, so it cannot be changed."
OURS = ("fax_email_recipient", "delete_once_archived")
NOT_DONE = (
    "Telnyx gave no clear answer, and does not show your change. Here, too, nothing was changed. Try again: a change "
    "that arrives twice is the same change."
)
BUSY = "Somebody else is saving this application at this moment. Save again in a few seconds."


class ChangedMeanwhile(ValidationError):
    """Somebody changed these columns after they were shown to who decides now. Nothing was done."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.columns = list(columns)
        names = ", ".join(LABELS[column] for column in self.columns)
        super().__init__(f"Somebody changed this application meanwhile: {names}. Look at it again, then decide.")


def update_application(
    *, by: User, application: FaxApplication, changes: Mapping[str, Any], shown: Mapping[str, Any] | None = None
) -> FaxApplication:
    """Change the given columns, theirs and ours, all or none. Returns the application as it stands afterwards, which
    may be otherwise than asked where Telnyx keeps a value in a way of its own.

    `changes` is by column. `shown` is what `values_of()` said when the person was shown the application. The PATCH is
    made once, and never after the lease. Where its answer is lost, Telnyx is asked whether it has the change.

    Raises ChangedMeanwhile where `shown` holds no more, ValidationError for what a person can mend, TelnyxError when
    Telnyx refused or cannot be asked, and ValueError where the settings allow no question. Then nothing was changed
    here. After a TelnyxError with an unknown outcome Telnyx may have the change: asked for once more, it is noted and
    logged as if it had come then.
    """
    theirs = {column: changes[column] for column in WRITABLE if column in changes}
    with held(FaxApplication.objects.filter(pk=application.pk)) as mine:
        if not mine:
            raise ValidationError(BUSY)
        before = _as_it_stands(application)
        access.require(by, before.team, at_least=Role.MANAGER)
        if not theirs:
            _refuse_if_changed(before, shown, changes)
            return _keep(by, before, None, changes)
        deadline = time.monotonic() + LEASE.total_seconds() / 2
        with client(WHILE_SOMEBODY_WAITS) as telnyx:
            before = _fresh(telnyx, before)
            # Asking takes a while, in which somebody may have given it to another team.
            access.require(by, before.team, at_least=Role.MANAGER)
            _refuse_if_changed(before, shown, changes)
            answer = _patched(telnyx, before, theirs, deadline)
        return _keep(by, before, answer, changes, _unnoted(before, shown, theirs))


def _as_it_stands(application: FaxApplication) -> FaxApplication:
    return FaxApplication.objects.select_related("team").get(pk=application.pk)


def _fresh(telnyx: Client, application: FaxApplication) -> FaxApplication:
    """The application as Telnyx has it now: name and webhook URL travel with every change, so they must not be old."""
    try:
        if not application.telnyx_id:
            raise ValidationError(GONE)
        apply_application(fetch_application(telnyx, application.telnyx_id))
    except NotFound as error:
        mark_row_gone(application)
        raise ValidationError(GONE) from error
    return _as_it_stands(application)


def _refuse_if_changed(now: FaxApplication, shown: Mapping[str, Any] | None, changes: Mapping[str, Any]) -> None:
    """What is as it is asked for by now does not count: it may be a change of theirs whose answer was lost."""
    values = values_of(now)
    said = {column: value for column, value in (shown or {}).items() if column in values}
    changed = [column for column, value in said.items() if not same(column, value, values[column])]
    if others := [column for column in changed if column not in changes or not _is_so(now, column, changes[column])]:
        raise ChangedMeanwhile(others)


def _is_so(now: FaxApplication, column: str, asked: Any) -> bool:
    return same(column, fitted(FaxApplication._meta.get_field(column), asked), getattr(now, column))


def _unnoted(before: FaxApplication, shown: Mapping[str, Any] | None, theirs: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was asked for before, whose answer was lost, so that nobody has noted or logged it: by column, what was
    there before that."""
    columns = _asked(theirs).keys() & (shown or {}).keys()
    written = {column: written_value(before, column) for column in columns}
    noted = [column for column, note in written.items() if note and _is_so(before, column, note.value)]
    return {column: value for column, value in (shown or {}).items() if column in columns and column not in noted}


def _patched(telnyx: Client, before: FaxApplication, theirs: Mapping[str, Any], deadline: float) -> ApplicationPayload:
    """What Telnyx shows after the change."""
    telnyx_id = str(before.telnyx_id)
    document = body_of({**_demanded(before), **theirs})
    if missing := [column for column in DEMANDED if not document[column]]:
        raise ValidationError(
            {column: "Telnyx asks for it in every change, so it cannot be empty." for column in missing}
        )
    try:
        answer = telnyx.update_fax_application(telnyx_id, deadline=deadline, **document)
        if answer.id != telnyx_id:
            raise BadAnswer("Telnyx answered a change of one application with another one.")
    except TelnyxError as error:
        if error.outcome_known:
            raise
        seen = _looked_up(telnyx, telnyx_id)
        holds = _holds(seen, theirs) if seen else None
        if seen is None or holds is None:
            raise
        if not holds:
            raise ValidationError(NOT_DONE) from error
        return seen
    # Any field may be left out of an answer: then it does not tell how it came out.
    told_all = _shown(answer).keys() >= _asked(theirs).keys()
    return answer if told_all else _looked_up(telnyx, telnyx_id) or answer


def _demanded(before: FaxApplication) -> dict[str, Any]:
    """Name and webhook URL as Telnyx last said them, and not as far as they fit into a column of ours."""
    return {column: before.raw.get(column) or getattr(before, column) for column in DEMANDED}


def _looked_up(telnyx: Client, telnyx_id: str) -> ApplicationPayload | None:
    """The application as Telnyx has it; None where that cannot be learned."""
    try:
        seen = fetch_application(telnyx, telnyx_id)
    except TelnyxError:
        return None
    apply_application(seen)
    return seen


def _shown(payload: ApplicationPayload) -> dict[str, Any]:
    return promoted(FaxApplication, APPLICATION_KEYS, payload.raw)


def _asked(theirs: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for and will be shown, as the mirror would keep it."""
    asked = {column: theirs[column] for column in APPLICATION_KEYS.values() if column in theirs}
    return {column: fitted(FaxApplication._meta.get_field(column), value) for column, value in asked.items()}


def _holds(seen: ApplicationPayload, theirs: Mapping[str, Any]) -> bool | None:
    """Does Telnyx show what was asked for? What it never shows came with the rest, and by itself it proves nothing:
    then nobody knows."""
    asked, shown = _asked(theirs), _shown(seen)
    if not asked or not asked.keys() <= shown.keys():
        return None
    return all(same(column, value, shown[column]) for column, value in asked.items())


def _keep(
    by: User,
    before: FaxApplication,
    answer: ApplicationPayload | None,
    changes: Mapping[str, Any],
    unnoted: Mapping[str, Any] | None = None,
) -> FaxApplication:
    with transaction.atomic():
        # Without a join: PostgreSQL would show the team of before the wait for the lock.
        row = FaxApplication.objects.select_for_update().get(pk=before.pk)
        # Of theirs, a sync may have mirrored the change already; of ours, somebody may have changed it since.
        ours_now = {column: value for column, value in values_of(row).items() if column in OURS}
        was = {**values_of(before), **(unnoted or {}), **ours_now}
        if answer is not None:
            apply_application(answer)
            note_written(row, _written(before, changes), by)
        if ours := {column: changes[column] for column in OURS if column in changes}:
            FaxApplication.objects.filter(pk=row.pk).update(**ours)
        FaxApplication.objects.filter(pk=row.pk).to_be_checked()
        after = _as_it_stands(row)
        if entry := _entry(by, was, after):
            audit.record(entry)
    return after


def _written(before: FaxApplication, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What was written on somebody's word. What only travelled along does not settle a difference that was open."""
    asked = {column: changes[column] for column in APPLICATION_KEYS.values() if column in changes}
    along = {column: value for column, value in _demanded(before).items() if written_value(before, column) is None}
    return along | asked


def _entry(by: User, was: Mapping[str, Any], after: FaxApplication) -> audit.Entry | None:
    now = values_of(after)
    changed = [column for column in was if not same(column, was[column], now[column])]
    data = {"before": {name: was[name] for name in changed}, "after": {name: now[name] for name in changed}}
    return audit.Entry("application.update", by=by, on=after, team=after.team, data=data) if changed else None
