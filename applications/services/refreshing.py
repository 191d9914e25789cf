"""Asking Telnyx anew about one application or number."""

from __future__ import annotations

from applications.mirror import apply_application, apply_number, mark_row_gone
from applications.models import FaxApplication, PhoneNumber
from applications.telnyx import client
from telnyx_api import NotFound


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
