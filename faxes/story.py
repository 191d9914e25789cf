"""What happened to a fax, a line for each event, in words that people read instead of codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat

from faxes.evidence import absent_from, found_by
from faxes.models import Fax, FaxEvent
from faxes.reasons import ASK_SENDER, NOBODY_KNOWS, reason_of
from faxes.wording import BAD, GOOD, PLAIN, UNSURE, WAIT, ordinal, pages, seconds


@dataclass(frozen=True)
class Line:
    """One line of the timeline."""

    text: str
    detail: str = ""
    tone: str = PLAIN


def line_of(event: FaxEvent) -> Line:
    """What happened, in words. Kinds and statuses we do not know are shown as they are."""
    kind, _, status = event.kind.partition(":")
    if kind == "status":
        return _status_line(event.fax, status, event.data)
    say = LINES.get(kind)
    return say(str(event.by or ""), {"source": event.source, **event.data}) if say else Line(event.kind)


STATUS_LINES = {
    "queued": "Telnyx put it in its queue",
    "media.processed": "Telnyx made its pages ready",
    "originated": "Telnyx called the number",
    "sending": "The other machine answered",
    "sending.started": "The other machine answered",
    "initiated": "A call came in",
    "receiving": "Pages came in",
    "media.processing": "All pages were at Telnyx",
}


def _status_line(fax: Fax, status: str, data: Mapping[str, Any]) -> Line:
    facts = [pages(_number(data, "page_count")), seconds(_number(data, "call_duration_secs"))]
    detail = ", ".join(filter(None, facts))
    if status == "failed":
        return _failed_line(fax, str(data.get("failure_reason", "")))
    if status in ("delivered", "received"):
        if data.get("partial_content"):
            return Line(f"{status.title()} in part", f"{detail}. {ASK_SENDER}".lstrip(". "), BAD)
        return Line(status.title(), detail, GOOD)
    return Line(STATUS_LINES.get(status, f"Telnyx reports “{status}”"), detail)


def _number(data: Mapping[str, Any], key: str) -> int | None:
    """What Telnyx reports where a number belongs may be anything."""
    value = data.get(key)
    return value if isinstance(value, int) else None


def _failed_line(fax: Fax, failure_reason: str) -> Line:
    if fax.cancel == Fax.Cancel.ACCEPTED:
        return Line("Stopped by Telnyx", "As you asked.")
    reason = reason_of(failure_reason or fax.failure_reason, outbound=fax.is_outbound)
    return Line(f"Failed: {reason.word}", f"{reason.sentence} {_whose(reason.who)}".strip(), BAD)


def _whose(who: str) -> str:
    return "" if who == NOBODY_KNOWS else f"{who[:1].upper()}{who[1:]}."


# Why a fax went back into the line, where the reason is one of ours and not an error's own words.
WHY = {
    "worker_stopped": "The worker was stopped meanwhile.",
    "not_at_telnyx": "Telnyx does not have it.",
}


def _why(data: Mapping[str, Any]) -> str:
    why = str(data.get("why", ""))
    return WHY.get(why, why)


def _queued(by: str, data: Mapping[str, Any]) -> Line:
    text = "Sent again" if "again" in data else "Queued"
    return Line(f"{text} by {by}" if by else text)


def _prepared(by: str, data: Mapping[str, Any]) -> Line:
    size = filesizeformat(data["bytes"]) if "bytes" in data else ""
    return Line("Pages put together", ", ".join(filter(None, [pages(data.get("pages")), size])))


def _rejected_line(by: str, data: Mapping[str, Any]) -> Line:
    title, detail = str(data.get("title", "")), str(data.get("detail", ""))
    text = title if title.lower().startswith("not sent") else f"Not sent: {title}" if title else "Not sent"
    return Line(text, detail, BAD)


def _settled(by: str, data: Mapping[str, Any]) -> Line:
    if data.get("found"):
        return Line("Found at Telnyx", f"{found_by(data.get('source'), by)} It was sent, and once only.".strip(), GOOD)
    return Line("Not at Telnyx", f"{absent_from(data.get('listings'))} It was never sent, so it may leave now.".strip())


def _archived(by: str, data: Mapping[str, Any]) -> Line:
    took, tries = data.get("seconds"), _number(data, "tries")
    rescued = f"rescued in {seconds(took)}" if took else "rescued at once" if took is not None else ""
    facts = [pages(data.get("pages")), rescued, f"at the {ordinal(tries)} try" if tries else ""]
    said = ", ".join(filter(None, facts))
    if "announced" in data:
        return Line("Pages copied here", f"{said}. Telnyx had announced {pages(data['announced'])}.", WAIT)
    return Line("Pages copied here", said, GOOD)


def _purged_media(by: str, data: Mapping[str, Any]) -> Line:
    days = _number(data, "days")
    kept = f"The team keeps pages for {days} day{'' if days == 1 else 's'}." if days else ""
    return Line("Pages deleted", kept)


def _deleted_at_telnyx(by: str, data: Mapping[str, Any]) -> Line:
    if by:
        return Line(f"Deleted at Telnyx by {by}", "What is here stays.")
    return Line("Deleted at Telnyx", "As its application asks, now that it is safe here.")


def _person(verb: str) -> Callable[[str, Mapping[str, Any]], Line]:
    return lambda by, data: Line(f"{verb} by {by}" if by else verb)


def _assigned(by: str, data: Mapping[str, Any]) -> Line:
    to = str(data.get("to", ""))
    if not to:
        return _person("Given back to all")(by, data)
    return Line(f"Taken by {by}") if data.get("own") else _person(f"Assigned to {to}")(by, data)


def _tagged(by: str, data: Mapping[str, Any]) -> Line:
    return _person(f"Tagged “{data.get('tag', '')}”")(by, data)


def _untagged(by: str, data: Mapping[str, Any]) -> Line:
    return _person(f"Tag “{data.get('tag', '')}” taken off")(by, data)


def _rotated(by: str, data: Mapping[str, Any]) -> Line:
    degrees = _number(data, "degrees")
    how = f"{degrees}° clockwise" if degrees else "As it came." if degrees == 0 else ""
    return Line(_person(f"Page {data.get('page', '')} turned")(by, data).text, how)


LINES: dict[str, Callable[[str, Mapping[str, Any]], Line]] = {
    "queued": _queued,
    "prepared": _prepared,
    "put_back": lambda by, data: Line("Not sent yet", f"{_why(data)} It leaves by itself.".lstrip(), WAIT),
    "accepted": lambda by, data: Line("Taken by Telnyx", "", GOOD),
    "rejected": _rejected_line,
    "cancelled": _person("Cancelled"),
    "cancel_requested": _person("Cancelling asked for"),
    "cancel_accepted": lambda by, data: Line("Telnyx agreed to stop it"),
    "cancel_refused": lambda by, data: Line("Too late to cancel", str(data.get("detail", "")), WAIT),
    "uncertain": lambda by, data: Line("No clear answer from Telnyx", _why(data), UNSURE),
    "settled": _settled,
    "twin": lambda by, data: Line(
        "Telnyx has a second fax of this one", f"Telnyx id {data.get('telnyx_id', 'not known')}", BAD
    ),
    "archived": _archived,
    "media_failed": lambda by, data: Line("Pages not here yet", str(data.get("detail", "")), WAIT),
    "media_wanted": _person("Pages asked for once more"),
    "media_missing": lambda by, data: Line("Pages given up", str(data.get("detail", "")), BAD),
    "purged_media": _purged_media,
    "deletion_asked": _person("Deletion at Telnyx asked for"),
    "deleted_at_telnyx": _deleted_at_telnyx,
    "kept_at_telnyx": lambda by, data: Line(
        "Not deleted at Telnyx", "The file stored here is not the one that came. Tell an administrator.", BAD
    ),
    "routed": lambda by, data: Line(f"Given to {data.get('team', 'a team')} by {by}"),
    "assigned": _assigned,
    "handled": _person("Marked handled"),
    "reopened": _person("Marked open again"),
    "noted": _person("Note"),
    "tagged": _tagged,
    "untagged": _untagged,
    "rotated": _rotated,
    "trashed": _person("Put into the bin"),
    "restored": _person("Taken out of the bin"),
    "held": _person("Legal hold set"),
    "released": _person("Legal hold released"),
    "mailed": lambda by, data: Line(f"E-mailed to {data.get('to', 'somebody')} by {by}"),
    "mail_failed": lambda by, data: Line(
        f"Could not be e-mailed to {data.get('to', 'somebody')}", str(data.get("detail", "")), BAD
    ),
    "mail_unsure": lambda by, data: Line(
        f"Perhaps e-mailed to {data.get('to', 'somebody')}", f"{data.get('detail', '')} Ask there.".lstrip(), UNSURE
    ),
    "forwarded": _person("Pages put on a new fax"),
    "gone": lambda by, data: Line("No longer listed by Telnyx", "", UNSURE),
}
