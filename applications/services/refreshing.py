"""Asking Telnyx anew about one application or number, or about all numbers."""

from __future__ import annotations

from django.utils import timezone

from applications.mirror import apply_application, apply_number, mark_gone, mark_row_gone
from applications.models import FaxApplication, PhoneNumber
from applications.telnyx import WHILE_SOMEBODY_WAITS, client
from telnyx_api import NotFound
from telnyx_api.listing import Listing


def refresh_application(*, application: FaxApplication) -> bool:
    """Fetch an application and mirror it. False when Telnyx has it no more, which is kept in mind.

    Raises TelnyxError when it could not be asked, and ValueError where the settings allow no question.
    https://developers.telnyx.com/api-reference/programmable-fax-applications/retrieve-a-fax-application
    """
    try:
        with client(WHILE_SOMEBODY_WAITS) as telnyx:
            answer = telnyx.get_fax_application(str(application.telnyx_id))
    except NotFound:
        mark_row_gone(application)
        return False
    apply_application(answer)
    return True


def refresh_numbers() -> int:
    """Mirror every number that the account has, and mark those as gone that a complete listing shows no more. Returns
    how many there are.

    Raises TelnyxError when Telnyx could not be asked, and ValueError where the settings allow no question; what came
    until then is kept. https://developers.telnyx.com/api-reference/phone-number-configurations/list-phone-numbers
    """
    begun = timezone.now()
    with client(WHILE_SOMEBODY_WAITS) as telnyx:
        listing = Listing(lambda number: telnyx.phone_numbers_page(number=number))
        count = sum(apply_number(payload) is not None for payload in listing)
    if listing.is_complete:
        mark_gone(PhoneNumber, seen=listing.ids, at=begun)
    return count


def refresh_number(*, number: PhoneNumber) -> bool:
    """Fetch a phone number and mirror it. False when the account has it no more, which is kept in mind.

    Raises TelnyxError when Telnyx could not be asked, and ValueError where the settings allow no question.
    https://developers.telnyx.com/api-reference/phone-number-configurations/retrieve-a-phone-number
    """
    try:
        with client(WHILE_SOMEBODY_WAITS) as telnyx:
            answer = telnyx.get_phone_number(str(number.telnyx_id))
    except NotFound:
        mark_row_gone(number)
        return False
    apply_number(answer)
    return True
