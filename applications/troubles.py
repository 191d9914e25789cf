"""What went wrong with Telnyx, in words for the person who asked, each beside the field that it is about."""

from __future__ import annotations

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from applications.fields import LABELS, column_at
from telnyx_api import (
    AccountInactive,
    Conflict,
    ErrorItem,
    Forbidden,
    Invalid,
    NoFunds,
    NotFound,
    NotSent,
    RateLimited,
    TelnyxError,
    Unauthorized,
)

UNCLEAR = (
    "Telnyx gave no clear answer, and it is not known whether it has your change. Nothing was changed here. Try again "
    "in a minute: a change that arrives twice is the same change."
)
UNREADABLE = "Telnyx gave no answer that could be read. Try again in a minute."
IN_WORDS: dict[type[TelnyxError], str] = {
    NotSent: "Telnyx cannot be reached at this moment. Nothing was changed. Try again in a minute.",
    Unauthorized: "Telnyx does not accept this portal's API key. Nothing was changed. Ask your administrator to set "
    "another one.",
    Forbidden: "This portal's API key may not change fax applications. Nothing was changed. Ask your administrator.",
    AccountInactive: "The Telnyx account is not active. Nothing was changed. Ask your administrator.",
    NoFunds: "The Telnyx account has no funds left. Nothing was changed. Ask your administrator to fill it up.",
    NotFound: "Telnyx has no such application any more. Nothing was changed.",
}
NO_KEY = "This portal has no usable API key for Telnyx. Nothing was changed. Ask your administrator to set one."


def problems_of(error: TelnyxError | ValueError, *, unclear: str = UNCLEAR) -> dict[str, list[str]]:
    """Sentences by column, in Telnyx's own words where it names a field; of no field, under NON_FIELD_ERRORS."""
    if not isinstance(error, Invalid | Conflict) or not error.pointers:
        return {NON_FIELD_ERRORS: [sentence_of(error, unclear=unclear)]}
    problems: dict[str, list[str]] = {}
    for item in error.pointers:
        # Some name the field as if it were a parameter of the address.
        column = column_at(item.pointer) or column_at(item.parameter)
        if column in LABELS:
            problems.setdefault(column, []).append(f"Telnyx says: {_said(item)}")
        else:
            problems.setdefault(NON_FIELD_ERRORS, []).append(f"Telnyx refused this: {_said(item)}")
    return problems


def mendable(error: ValidationError) -> dict[str, list[str]]:
    """What a service refused, by column as in `problems_of()`."""
    return error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}


def sentence_of(error: TelnyxError | ValueError, *, unclear: str = UNCLEAR) -> str:
    """What happened and what to do about it; `unclear` is said where nobody knows what happened."""
    if not isinstance(error, TelnyxError):
        return NO_KEY
    if isinstance(error, RateLimited):
        wait = f"{error.retry_after:.0f} seconds" if error.retry_after else "a minute"
        return f"Telnyx has too much to do for this account right now. Nothing was changed. Try again in {wait}."
    if not error.outcome_known:
        return unclear
    for kind, sentence in IN_WORDS.items():
        if isinstance(error, kind):
            return sentence
    return f"Telnyx refused this, and nothing was changed: {error.detail or error.title or error}"


def _said(item: ErrorItem) -> str:
    return item.detail or item.title or f"code {item.code}"
