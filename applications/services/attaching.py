"""Which fax application a number is attached to: asked of Telnyx first, then mirrored, then logged."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import access, audit
from accounts.models import Role, Team, User
from applications.mirror import apply_number, mark_row_gone, usable_id
from applications.models import FaxApplication, PhoneNumber
from applications.telnyx import WHILE_SOMEBODY_WAITS, client
from applications.written import note_written
from telnyx_api import Client, NotFound, TelnyxError
from telnyx_api import PhoneNumber as NumberPayload

GONE = "Telnyx has this number no more, so it cannot be attached to anything."
ELSEWHERE = "Somebody has attached this number elsewhere meanwhile. Look at it again, then decide."
UNKNOWN = "Telnyx does not know this application. Choose another, or refresh this one on its own page."
NOT_DONE = "Telnyx gave no clear answer, and does not show the change. Try once more."
KEEP_A_TEAM = (
    "This number belongs to its application's team, and taken off it would be nobody's. "
    "Give it to a team of its own first."
)


def attach_number(
    *, by: User, number: PhoneNumber, application: FaxApplication | None, seen: str | None = None
) -> PhoneNumber:
    """Attach a number to a fax application, or to none. Returns the number as Telnyx shows it afterwards, which may be
    otherwise than asked. `seen` is the connection_id on the page on which somebody decided.

    Raises PermissionDenied for who does not manage both sides, also where that comes to light only at Telnyx;
    ValidationError where the number or the application is gone, or somebody was faster; TelnyxError when Telnyx
    refuses, cannot be asked, or nobody can tell what came of it; ValueError where the settings allow no question.
    https://developers.telnyx.com/api-reference/phone-number-configurations/update-a-phone-number
    """
    number = _as_it_stands(number)
    _require_say(by, number, application)
    wanted = _wanted(number, application)
    asked_at = timezone.now()
    try:
        with client(WHILE_SOMEBODY_WAITS) as telnyx:
            # Somebody may attach it elsewhere while the answer is on its way.
            apply_number(telnyx.get_phone_number(str(number.telnyx_id)), asked_at=asked_at)
            before = _as_it_stands(number)
            if seen is not None and seen != before.connection_id:
                raise ValidationError({"application": ELSEWHERE})
            # Until now it stood as the mirror had it, and by now it may be another team's.
            _require_say(by, before, application)
            answer = _patched(telnyx, before, wanted)
    except NotFound as error:
        mark_row_gone(number)
        raise ValidationError({"application": GONE}) from error
    with transaction.atomic():
        apply_number(answer)
        note_written(number, {"connection_id": wanted}, by)
        after = _as_it_stands(number)
        FaxApplication.objects.filter(telnyx_id__in=[before.connection_id, after.connection_id]).to_be_checked()
        data = {"before": _named(before), "after": str(application or "")}
        if after.connection_id != wanted:
            data["shown"] = _named(after)
        teams = _concerned(before.owner, after.owner)
        audit.record(*(audit.Entry("number.attach", by=by, on=after, team=team, data=data) for team in teams))
    return after


def _as_it_stands(number: PhoneNumber) -> PhoneNumber:
    return PhoneNumber.objects.select_related("team").get(pk=number.pk)


def _require_say(by: User, number: PhoneNumber, application: FaxApplication | None) -> None:
    """Of both sides: whose the number is, and whose it becomes."""
    access.require(by, number.owner, at_least=Role.MANAGER)
    if application is not None:
        now = FaxApplication.objects.select_related("team").get(pk=application.pk)
        access.require(by, now.team, at_least=Role.MANAGER)
    elif number.team is None and not access.is_admin(by):
        raise ValidationError({"application": KEEP_A_TEAM})


def _wanted(number: PhoneNumber, application: FaxApplication | None) -> str:
    """The connection_id to ask for. Empty takes the number off, because Telnyx's description allows no null."""
    if number.gone_at or not number.telnyx_id:
        raise ValidationError({"application": GONE})
    if application is None:
        return ""
    if application.gone_at or not application.telnyx_id:
        raise ValidationError({"application": f"Telnyx has the application “{application}” no more. Choose another."})
    return application.telnyx_id


def _patched(telnyx: Client, number: PhoneNumber, wanted: str) -> NumberPayload:
    """What Telnyx shows after the change. Where its answer is lost or tells nothing, the number is asked for.

    Raises NotFound where the number is gone, and the error of the change where nobody can tell what came of it.
    """
    telnyx_id = str(number.telnyx_id)
    try:
        answer = telnyx.update_phone_number(telnyx_id, connection_id=wanted)
    except NotFound as error:
        telnyx.get_phone_number(telnyx_id)
        raise ValidationError({"application": UNKNOWN}) from error
    except TelnyxError as error:
        if error.outcome_known:
            raise
        return _settled(telnyx, telnyx_id, wanted, error)
    if answer.id == telnyx_id and "connection_id" in answer.raw:
        return answer
    return telnyx.get_phone_number(telnyx_id)


def _settled(telnyx: Client, telnyx_id: str, wanted: str, error: TelnyxError) -> NumberPayload:
    """The number after a change whose answer is lost."""
    try:
        answer = telnyx.get_phone_number(telnyx_id)
    except NotFound:
        raise
    except TelnyxError as silence:
        raise error from silence
    if usable_id(answer.connection_id) != wanted:
        apply_number(answer)
        raise ValidationError({"application": NOT_DONE}) from error
    return answer


def _named(number: PhoneNumber) -> str:
    """What the number is attached to, for the log, which its own team reads: another team's application by its id."""
    application = number.application
    return str(application) if application and application.team == number.owner else number.connection_id


def _concerned(*teams: Team | None) -> list[Team | None]:
    """Each team once, so that both sides of a move have it in their log; the house's where there is none."""
    known = {team.pk: team for team in teams if team}
    return list(known.values()) or [None]
