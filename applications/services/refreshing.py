"""Asking Telnyx anew about one application or number, or about all numbers."""

from __future__ import annotations

from django.utils import timezone

from applications.mirror import apply_application, apply_number, known_ids, mark_row_gone, missing
from applications.models import FaxApplication, PhoneNumber
from applications.telnyx import WHILE_SOMEBODY_WAITS, client
from telnyx_api import BadAnswer, NotFound
from telnyx_api.listing import Listing


def refresh_application(*, application: FaxApplication) -> bool:
    """Fetch an application and mirror it. False when Telnyx has it no more, which is kept in mind.

    Raises TelnyxError when it could not be asked, and ValueError where the settings allow no question.
    https://developers.telnyx.com/api-reference/programmable-fax-applications/retrieve-a-fax-application
    """
    asked_at = timezone.now()
    try:
        with client(WHILE_SOMEBODY_WAITS) as telnyx:
            answer = telnyx.get_fax_application(str(application.telnyx_id))
    except NotFound:
        mark_row_gone(application)
        return False
    apply_application(answer, asked_at=asked_at)
    return True


def refresh_numbers() -> int:
    """Mirror every number that the account has, and mark those as gone that a complete listing shows no more. Returns
    how many there are.

    Raises TelnyxError when Telnyx could not be asked, or lists less than it counts, and ValueError where the settings
    allow no question; what came until then is kept.
    https://developers.telnyx.com/api-reference/phone-number-configurations/list-phone-numbers
    """
    known, asked_at = known_ids(PhoneNumber), timezone.now()
    with client(WHILE_SOMEBODY_WAITS) as telnyx:
        listing = Listing(lambda number: telnyx.phone_numbers_page(number=number))
        count = sum(apply_number(payload, asked_at=asked_at) is not None for payload in listing)
    if listing.is_complete:
        for number in missing(PhoneNumber, known=known, listed=listing.ids):
            mark_row_gone(number)
    elif listing.shortage:
        raise BadAnswer(listing.shortage)
    return count


def refresh_number(*, number: PhoneNumber) -> bool:
    """Fetch a phone number and mirror it. False when the account has it no more, which is kept in mind.

    Raises TelnyxError when Telnyx could not be asked, and ValueError where the settings allow no question.
    https://developers.telnyx.com/api-reference/phone-number-configurations/retrieve-a-phone-number
    """
    asked_at = timezone.now()
    try:
        with client(WHILE_SOMEBODY_WAITS) as telnyx:
            answer = telnyx.get_phone_number(str(number.telnyx_id))
    except NotFound:
        mark_row_gone(number)
        return False
    apply_number(answer, asked_at=asked_at)
    return True
