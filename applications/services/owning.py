"""Whose an application or a number is."""

from __future__ import annotations

import hashlib

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import access, audit
from accounts.models import Role, Team, User
from applications.models import FaxApplication, PhoneNumber

MOVED_MEANWHILE = (
    "Somebody has given this application to another team meanwhile, or other numbers would go with it by now. "
    "Look at it again, then decide."
)
GIVEN_MEANWHILE = "Somebody has given this number to another team meanwhile. Look at it again, then decide."


def assign_application(*, by: User | None, application: FaxApplication, team: Team | None) -> None:
    """Give an application to a team: its numbers without a team of their own follow it."""
    with transaction.atomic():
        # Without a join: PostgreSQL would show the team of before the wait for the lock.
        before = FaxApplication.objects.select_for_update().get(pk=application.pk).team
        row = FaxApplication.objects.filter(pk=application.pk)
        row.update(team=team)
        if team != before:
            # What a self-check found was told by the faxes of the team before, and is not for the next one.
            row.update(findings=[], checked_at=None)
        audit.record(*moved("application.assign", by, application, before, team))
    application.team = team


def assign_number(*, by: User | None, number: PhoneNumber, team: Team | None) -> None:
    """Give a number to a team. What arrived before stays where it is."""
    with transaction.atomic():
        before = PhoneNumber.objects.select_for_update().get(pk=number.pk).team
        PhoneNumber.objects.filter(pk=number.pk).update(team=team)
        audit.record(*moved("number.assign", by, number, before, team))
    number.team = team


def give_application(*, by: User, application: FaxApplication, team: Team | None, seen: str) -> None:
    """Give an application to a team, or to none, as an administrator. `seen` is what `seen_of()` said when somebody
    decided.

    Raises PermissionDenied for everybody else, and ValidationError where something else would be moved by now.
    """
    access.require_admin(by)
    with transaction.atomic():
        row = FaxApplication.objects.select_for_update().get(pk=application.pk)
        if seen != seen_of(row):
            raise ValidationError(MOVED_MEANWHILE)
        assign_application(by=by, application=row, team=team)
    application.team = team


def seen_of(application: FaxApplication) -> str:
    """Whose an application is, and which numbers would go with it: the same text as long as that is so."""
    following = PhoneNumber.objects.attached_to(application).filter(team=None).order_by("pk")
    told = [application.team_id, *following.values_list("pk", flat=True)]
    return hashlib.sha256(" ".join(map(str, told)).encode()).hexdigest()[:32]


def give_number(*, by: User, number: PhoneNumber, team: Team | None, seen: str) -> None:
    """Give a number to a team, or leave it to its application's, as a manager of both sides. `seen` is the id of the
    number's own team on the page on which somebody decided, empty where it had none.

    Raises PermissionDenied for who does not manage both sides, and ValidationError where somebody was faster.
    """
    with transaction.atomic():
        # Its application first, so that it does not go elsewhere meanwhile, and the number unasked with it.
        FaxApplication.objects.select_for_update().filter(telnyx_id=number.connection_id).first()
        row = PhoneNumber.objects.select_for_update().get(pk=number.pk)
        access.require(by, row.owner, at_least=Role.MANAGER)
        if seen != str(row.team_id or ""):
            raise ValidationError(GIVEN_MEANWHILE)
        heir = team or (row.application.team if row.application else None)
        access.require(by, heir, at_least=Role.MANAGER)
        assign_number(by=by, number=row, team=team)
    number.team = team


def find_application(telnyx_id: str) -> FaxApplication:
    """The mirrored application with Telnyx's id. Raises ValidationError when the last sync did not see it."""
    application = FaxApplication.objects.filter(telnyx_id=telnyx_id).first()
    if application is None:
        raise ValidationError(f"No fax application {telnyx_id} is known. Run sync_telnyx first, or check the id.")
    return application


def find_number(phone_number: str) -> PhoneNumber:
    """The mirrored number in E.164. Raises ValidationError when the last sync did not see it."""
    number = PhoneNumber.objects.filter(phone_number=phone_number, gone_at=None).first()
    if number is None:
        raise ValidationError(f"No number {phone_number} is known. Run sync_telnyx first, or check the number.")
    return number


def moved(
    action: str, by: User | None, on: FaxApplication | PhoneNumber, before: Team | None, after: Team | None
) -> list[audit.Entry]:
    """One entry in the chain of each team concerned, so that both can see what moved."""
    data = {"before": str(before or ""), "after": str(after or "")}
    teams = {team.pk: team for team in (before, after) if team is not None}
    return [audit.Entry(action, by=by, on=on, team=team, data=data) for team in teams.values() or [None]]
