"""Whose an application or a number is."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import Team, User
from applications.models import FaxApplication, PhoneNumber


def assign_application(*, by: User | None, application: FaxApplication, team: Team | None) -> None:
    """Give an application to a team: its numbers without a team of their own follow it."""
    with transaction.atomic():
        before = (
            FaxApplication.objects.select_for_update(of=("self",)).select_related("team").get(pk=application.pk).team
        )
        FaxApplication.objects.filter(pk=application.pk).update(team=team)
        audit.record(*moved("application.assign", by, application, before, team))
    application.team = team


def assign_number(*, by: User | None, number: PhoneNumber, team: Team | None) -> None:
    """Give a number to a team. What arrived before stays where it is."""
    with transaction.atomic():
        before = PhoneNumber.objects.select_for_update(of=("self",)).select_related("team").get(pk=number.pk).team
        PhoneNumber.objects.filter(pk=number.pk).update(team=team)
        audit.record(*moved("number.assign", by, number, before, team))
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
