"""Telnyx's failure reasons in plain words: what happened, whose side it is on, and what to do next.

The set is open; a reason that is not here is shown as it is. Sources: https://support.telnyx.com/en/articles/4967498
and https://developers.telnyx.com/api/programmable-fax/view-fax. Telnyx never sends a failed fax again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

THEIRS = "their side"
OURS = "our side"
TELNYX = "Telnyx"
LINE = "the line in between"
NOBODY_KNOWS = "not known"

AGAIN = "Send it again."
LATER = "Send it again in a few minutes."
CALL = "Send it again later. If it fails once more, call them and ask whether their fax machine is on."
CHECK_NUMBER = "Check the number with them, then send a new fax to the right one."
ASK_SENDER = "Ask the sender to send it again."
ASK_ADMIN = "Ask your administrator to look at the Telnyx account. The fax can be sent again afterwards."
OTHER_MACHINE = "Send it again. If it fails once more, ask them for another fax number or another machine."


@dataclass(frozen=True)
class Reason:
    word: str
    sentence: str
    who: str
    next: str


SHARED = {
    "account_disabled": Reason("account disabled", "Telnyx has disabled the account.", OURS, ASK_ADMIN),
    "user_channel_limit_exceeded": Reason(
        "all lines in use", "The account had as many calls under way as Telnyx allows it.", OURS, LATER
    ),
    "connection_channel_limit_exceeded": Reason(
        "all lines in use", "The fax application had as many calls under way as it allows.", OURS, LATER
    ),
    "service_unavailable": Reason("Telnyx trouble", "Telnyx had a fault of its own.", TELNYX, LATER),
    "media_processing_exception": Reason(
        "pages not processed", "Telnyx stumbled over the pages while processing them.", TELNYX, AGAIN
    ),
    "fax_signaling_error": Reason(
        "call broke down",
        "The two machines lost each other while agreeing on the speed or confirming a page.",
        LINE,
        OTHER_MACHINE,
    ),
}

OUTBOUND = SHARED | {
    # The document.
    "file_size_limit_exceeded": Reason(
        "file too large",
        "The document is larger than the 50 MB that Telnyx takes.",
        OURS,
        "Split it into several faxes, or scan it in black and white, and send it anew.",
    ),
    "page_count_limit_exceeded": Reason(
        "too many pages",
        "The fax has more than the 350 pages that Telnyx takes.",
        OURS,
        "Split it into several faxes and send it anew.",
    ),
    "file_download_failed": Reason(
        "pages not fetched",
        "Telnyx could not fetch the pages from this portal.",
        OURS,
        "Send it again. If it fails once more, ask your administrator whether Telnyx can reach this portal.",
    ),
    "file_format_invalid": Reason(
        "file not readable",
        "Telnyx could not read the document as a PDF.",
        OURS,
        "Print the file to a new PDF, or scan it again, and send it anew.",
    ),
    # The other end.
    "user_busy": Reason("line was busy", "The other line was busy.", THEIRS, LATER),
    "fax_initial_communication_timeout": Reason(
        "no fax machine",
        "Somebody or something answered, but no fax tones came.",
        THEIRS,
        "Call the number: if a person answers, it is no fax line. Else send the fax again.",
    ),
    "receiver_no_answer": Reason("no answer", "The phone rang and nobody picked up.", THEIRS, CALL),
    "receiver_no_response": Reason("no answer", "The other end never rang or did not connect in time.", THEIRS, CALL),
    "receiver_decline": Reason(
        "call refused",
        "The other end refused the call.",
        THEIRS,
        "Call them: they may be blocking faxes, or your number.",
    ),
    "receiver_call_dropped": Reason(
        "call cut off", "The call ended before all pages were through. Some pages may have arrived.", THEIRS, AGAIN
    ),
    "receiver_communication_error": Reason(
        "no connection", "The call could not be put through to the other end.", LINE, LATER
    ),
    "receiver_incompatible_destination": Reason(
        "no fax line", "The other end cannot take this kind of call.", THEIRS, CHECK_NUMBER
    ),
    "receiver_recovery_on_timer_expire": Reason(
        "no connection", "Their phone company did not answer in time.", LINE, LATER
    ),
    "invalid_ecm_response_from_receiver": Reason(
        "call broke down", "The other machine answered with something that makes no sense.", THEIRS, OTHER_MACHINE
    ),
    # The number.
    "receiver_unallocated_number": Reason(
        "number not in service", "The number is valid, but nobody has it.", THEIRS, CHECK_NUMBER
    ),
    "receiver_invalid_number_format": Reason(
        "not a number", "Telnyx does not take this as a fax number.", OURS, CHECK_NUMBER
    ),
    "destination_invalid": Reason("not a number", "No call can be made to this number.", OURS, CHECK_NUMBER),
    "destination_unreachable": Reason("not reachable", "No phone company could reach this number.", LINE, CALL),
    # The account.
    "no_outbound_profile": Reason(
        "sending not set up", "The fax application has no outbound voice profile, so it cannot send.", OURS, ASK_ADMIN
    ),
    "destination_not_in_countries_whitelist": Reason(
        "country not allowed", "The account does not allow calls to this country.", OURS, ASK_ADMIN
    ),
    "destination_not_in_service_plan": Reason(
        "number not in the plan", "The account's plan does not cover calls to this number.", OURS, ASK_ADMIN
    ),
    "outbound_profile_channel_limit_exceeded": Reason(
        "all lines in use", "The outbound profile had as many calls under way as it allows.", OURS, LATER
    ),
    "outbound_profile_daily_spend_limit_exceeded": Reason(
        "daily limit reached",
        "The account has spent what it may spend in a day.",
        OURS,
        "Send it again tomorrow, or ask your administrator to raise the limit.",
    ),
    "unverified_origination_number": Reason(
        "sender not verified", "Telnyx has not verified the number this was sent from.", OURS, ASK_ADMIN
    ),
    "unverified_destination_not_allowed": Reason(
        "number not verified", "The account may call verified numbers only, and this is not one.", OURS, ASK_ADMIN
    ),
    # A failure that says it succeeded: the vendor's own words are that it has to look into it.
    "success": Reason(
        "outcome unclear",
        "Telnyx says both that this failed and that it succeeded.",
        TELNYX,
        "Ask the other side whether it arrived before you send it again.",
    ),
}
# One page of the vendor's documents spells it so.
OUTBOUND["page_count_limit_limit_exceeded"] = OUTBOUND["page_count_limit_exceeded"]

INBOUND = {name: replace(reason, next=ASK_SENDER) for name, reason in SHARED.items()} | {
    "carrier_lost": Reason("line lost", "The phone company lost the call.", LINE, ASK_SENDER),
    "sender_call_dropped": Reason("call cut off", "The call ended before all pages were here.", THEIRS, ASK_SENDER),
    "sender_canceled": Reason(
        "sender hung up", "The sender hung up before all pages were here.", THEIRS, "Wait: they may be sending it anew."
    ),
    "sender_communication_error": Reason("no connection", "The sender's call broke down.", THEIRS, ASK_SENDER),
    "received": Reason(
        "outcome unclear", "Telnyx says both that this failed and that it was received.", TELNYX, ASK_SENDER
    ),
}


def reason_of(failure_reason: str, *, outbound: bool) -> Reason:
    """What a reason means; one we do not know is shown as Telnyx wrote it."""
    known = (OUTBOUND if outbound else INBOUND).get(failure_reason)
    if known:
        return known
    next_step = CALL if outbound else ASK_SENDER
    if not failure_reason:
        return Reason("failed", "Telnyx reports a failure and gives no reason.", NOBODY_KNOWS, next_step)
    return Reason(failure_reason, f"Telnyx gives the reason “{failure_reason}”.", NOBODY_KNOWS, next_step)
