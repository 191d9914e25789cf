"""Whose an application or a number is."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import access, audit
from accounts.models import Role, Team, User
from applications.models import FaxApplication, PhoneNumber

GIVEN_MEANWHILE = "Somebody has given this number to another team meanwhile. Look at it again, then decide."


def assign_application(*, by: User | None, application: FaxApplication, team: Team | None) -> None:
    """Give an application to a team: its numbers without a team of their own follow it."""
    with transaction.atomic():
        # Without a join: PostgreSQL would show the team of before the wait for the lock.
        before = FaxApplication.objects.select_for_update().get(pk=application.pk).team
        FaxApplication.objects.filter(pk=application.pk).update(team=team)
        audit.record(*moved("application.assign", by, application, before, team))
    application.team = team


def assign_number(*, by: User | None, number: PhoneNumber, team: Team | None) -> None:
    """Give a number to a team. What arrived before stays where it is."""
    with transaction.atomic():
        before = PhoneNumber.objects.select_for_update().get(pk=number.pk).team
        PhoneNumber.objects.filter(pk=number.pk).update(team=team)
        audit.record(*moved("number.assign", by, number, before, team))
    number.team = team


def give_number(*, by: User, number: PhoneNumber, team: Team | None, seen: str) -> None:
    """Give a number to a team, or leave it to its application's, as a manager of both sides. `seen` is the id of the
    number's own team on the page on which somebody decided, empty where it had none.

    Raises PermissionDenied for who does not manage both sides, and ValidationError where somebody was faster.
    """
    with transaction.atomic():
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
