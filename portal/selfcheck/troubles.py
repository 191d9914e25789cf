"""Why Telnyx could not be asked, in a sentence for the person who wants to know."""

from __future__ import annotations

from telnyx_api import AccountInactive, BadAnswer, Forbidden, RateLimited, Refused, TelnyxError, Unauthorized

IN_WORDS: dict[type[TelnyxError], str] = {
    Unauthorized: "Telnyx does not accept this portal's API key.",
    Forbidden: "This portal's API key may not ask for it.",
    AccountInactive: "The Telnyx account is not active.",
    RateLimited: "Telnyx has too much to do for this account right now.",
    BadAnswer: "Telnyx answered something that nobody can read.",
}


def why_not(error: TelnyxError | ValueError) -> str:
    """For an error of a call that only asked."""
    if not isinstance(error, TelnyxError):
        return "This portal has no usable API key for Telnyx."
    for kind, sentence in IN_WORDS.items():
        if isinstance(error, kind):
            return sentence
    if isinstance(error, Refused):
        return f"Telnyx refused the question: {(error.detail or error.title or str(error))[:200]}"
    return "Telnyx cannot be reached at this moment."
