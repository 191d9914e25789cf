"""Deleting a fax application at Telnyx, for good. Its row and its faxes stay here.

https://developers.telnyx.com/api-reference/programmable-fax-applications/deletes-a-fax-application
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import access, audit
from accounts.models import Role, User
from applications.lease import held
from applications.mirror import mark_row_gone
from applications.models import FaxApplication, PhoneNumber
from applications.services.updating import BUSY
from applications.telnyx import WHILE_SOMEBODY_WAITS, client
from telnyx_api import BadAnswer, Client, Conflict, NotFound, TelnyxError

GONE = "Telnyx has this application no more, so there is nothing to delete."
ATTACHED = "Numbers are attached to this application. Attach them elsewhere first, then delete it."
IN_USE = (
    "Telnyx says that numbers still use this application. Somebody may have attached them a moment ago: refresh the "
    "numbers, attach them elsewhere, then delete it."
)
# https://developers.telnyx.com/development/api-fundamentals/api-errors
CODE_IN_USE = "10021"


def delete_application(*, by: User, application: FaxApplication) -> None:
    """Delete it at Telnyx and keep in mind that it is gone there. A lost answer is settled by looking.

    Raises ValidationError while numbers use it, TelnyxError where Telnyx refuses or cannot be asked, and ValueError
    where the settings allow no question; then it is as it was.
    """
    with held(FaxApplication.objects.filter(pk=application.pk)) as mine:
        if not mine:
            raise ValidationError(BUSY)
        application = FaxApplication.objects.select_related("team").get(pk=application.pk)
        access.require(by, application.team, at_least=Role.MANAGER)
        if application.gone_at or not application.telnyx_id:
            raise ValidationError(GONE)
        if PhoneNumber.objects.attached_to(application).exists():
            raise ValidationError(ATTACHED)
        with client(WHILE_SOMEBODY_WAITS) as telnyx:
            _delete(telnyx, application.telnyx_id)
        with transaction.atomic():
            mark_row_gone(application)
            data = {"telnyx_id": application.telnyx_id}
            audit.record(audit.Entry("application.delete", by=by, on=application, team=application.team, data=data))


def _delete(telnyx: Client, telnyx_id: str) -> None:
    lost: TelnyxError | None = None
    try:
        telnyx.delete_fax_application(telnyx_id)
    except NotFound:
        # Somebody was faster: it is as was wished.
        return
    except TelnyxError as error:
        if isinstance(error, Conflict) or any(item.code == CODE_IN_USE for item in error.pointers):
            raise ValidationError(IN_USE) from error
        if error.outcome_known:
            raise
        lost = error
    # A success, too, is looked at: whoever answers in Telnyx's place answers anything with 200.
    is_there = _is_there(telnyx, telnyx_id)
    if is_there or (is_there is None and lost is not None):
        raise lost or BadAnswer("Telnyx said that the application is deleted, and still shows it.")


def _is_there(telnyx: Client, telnyx_id: str) -> bool | None:
    """Does Telnyx show it? None where that cannot be learned."""
    try:
        telnyx.get_fax_application(telnyx_id)
    except NotFound:
        return False
    except TelnyxError:
        return None
    return True
