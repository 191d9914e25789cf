"""What people ask for about applications and numbers."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import Team, User
from applications.mirror import apply_application, apply_number, mark_row_gone
from applications.models import FaxApplication, PhoneNumber
from applications.telnyx import client
from telnyx_api import NotFound


def assign_application(*, by: User | None, application: FaxApplication, team: Team | None) -> None:
    """Give an application to a team: its numbers without a team of their own follow it."""
    with transaction.atomic():
        FaxApplication.objects.filter(pk=application.pk).update(team=team)
        audit.record(*_moved("application.assign", by, application, application.team, team))
    application.team = team


def assign_number(*, by: User | None, number: PhoneNumber, team: Team | None) -> None:
    """Give a number to a team. What arrived before stays where it is."""
    with transaction.atomic():
        PhoneNumber.objects.filter(pk=number.pk).update(team=team)
        audit.record(*_moved("number.assign", by, number, number.team, team))
    number.team = team


def label_number(*, by: User | None, number: PhoneNumber, label: str) -> None:
    """Give a number a name that people know it by, such as “Front desk”."""
    with transaction.atomic():
        PhoneNumber.objects.filter(pk=number.pk).update(label=label)
        data = {"before": number.label, "after": label}
        audit.record(audit.Entry("number.label", by=by, on=number, team=number.owner, data=data))
    number.label = label


def refresh_application(*, application: FaxApplication) -> bool:
    """Fetch an application and mirror it. False when Telnyx has it no more, which is kept in mind.

    Raises TelnyxError when it could not be asked, and ValueError where the settings allow no question.
    https://developers.telnyx.com/api-reference/programmable-fax-applications/retrieve-a-fax-application
    """
    try:
        with client() as telnyx:
            answer = telnyx.get_fax_application(str(application.telnyx_id))
    except NotFound:
        mark_row_gone(application)
        return False
    apply_application(answer)
    return True


def refresh_number(*, number: PhoneNumber) -> bool:
    """Fetch a phone number and mirror it. False when the account has it no more, which is kept in mind.

    Raises TelnyxError when Telnyx could not be asked, and ValueError where the settings allow no question.
    https://developers.telnyx.com/api-reference/phone-number-configurations/retrieve-a-phone-number
    """
    try:
        with client() as telnyx:
            answer = telnyx.get_phone_number(str(number.telnyx_id))
    except NotFound:
        mark_row_gone(number)
        return False
    apply_number(answer)
    return True


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


def _moved(
    action: str, by: User | None, on: FaxApplication | PhoneNumber, before: Team | None, after: Team | None
) -> list[audit.Entry]:
    """One entry in the chain of each team concerned, so that both can see what moved."""
    data = {"before": str(before or ""), "after": str(after or "")}
    teams = {team.pk: team for team in (before, after) if team is not None}
    return [audit.Entry(action, by=by, on=on, team=team, data=data) for team in teams.values() or [None]]
