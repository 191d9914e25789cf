"""Settling drift: Telnyx's word is taken, or ours is written once more. For one field, or for several at once."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import access, audit
from accounts.models import Role, Team, User
from applications.drift import Difference, drift_of
from applications.models import FaxApplication, PhoneNumber
from applications.services.attaching import attach_number
from applications.services.updating import update_application
from applications.written import Writable, note_written

LOOK_AGAIN = "One of the two sides is another one by now. Look at both again, then decide."
NOT_KNOWN = "We know the application no more that this number was attached to. Keep theirs, or attach it anew."
NOT_YOURS = (
    "This number was attached to an application of a team that you do not manage. Keep theirs, or ask an administrator."
)


def keep_theirs(*, by: User, row: Writable, seals: Collection[str]) -> list[Difference]:
    """Take Telnyx's word in the differences with these seals, as if we had written it. Returns what was settled.

    Raises ValidationError where a side has changed since it was shown; then nothing is done.
    """
    with transaction.atomic():
        row = _locked(row)
        access.require(by, _owner(row), at_least=Role.MANAGER)
        chosen = _chosen(row, seals)
        note_written(row, {one.column: one.theirs for one in chosen}, by)
        if isinstance(row, FaxApplication):
            FaxApplication.objects.filter(pk=row.pk).to_be_checked()
        kind = "application" if isinstance(row, FaxApplication) else "number"
        data = {one.column: {"ours": one.ours, "theirs": one.theirs} for one in chosen}
        audit.record(audit.Entry(f"{kind}.keep_theirs", by=by, on=row, team=_owner(row), data=data))
    return chosen


def restore_ours(*, by: User, row: Writable, seals: Collection[str]) -> list[Difference]:
    """Write to Telnyx once more what we last wrote, in the differences with these seals and nowhere else. Returns what
    Telnyx shows otherwise even then.

    Raises as `keep_theirs`, `update_application` and `attach_number` do.
    """
    if isinstance(row, FaxApplication):
        chosen = _chosen(FaxApplication.objects.get(pk=row.pk), seals)
        ours, shown = {one.column: one.ours for one in chosen}, {one.column: one.theirs for one in chosen}
        after: Writable = update_application(by=by, application=row, changes=ours, shown=shown)
    else:
        chosen = _chosen(PhoneNumber.objects.get(pk=row.pk), seals)
        application = _application(by, chosen[0].ours)
        after = attach_number(by=by, number=row, application=application, seen=chosen[0].theirs)
    columns = {one.column for one in chosen}
    return [one for one in drift_of(after) if one.column in columns]


def _locked(row: Writable) -> Writable:
    locked: Writable = type(row)._default_manager.select_for_update().get(pk=row.pk)
    return locked


def _chosen(row: Writable, seals: Collection[str]) -> list[Difference]:
    chosen = [one for one in drift_of(row) if one.seal in seals]
    if not chosen or len(chosen) != len(set(seals)):
        raise ValidationError(LOOK_AGAIN)
    return chosen


def _owner(row: Writable) -> Team | None:
    return row.team if isinstance(row, FaxApplication) else row.owner


def _application(by: User, telnyx_id: str) -> FaxApplication | None:
    """Where the number was attached; None where it was not."""
    if not telnyx_id:
        return None
    application = FaxApplication.objects.select_related("team").filter(telnyx_id=telnyx_id).first()
    if application is None:
        raise ValidationError(NOT_KNOWN)
    if not access.may(by, application.team, at_least=Role.MANAGER):
        raise ValidationError(NOT_YOURS)
    return application
