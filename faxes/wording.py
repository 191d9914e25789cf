"""A fax's state and its story in words: what people read instead of codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat

from faxes.models import Fax, FaxEvent
from faxes.reasons import ASK_SENDER, NOBODY_KNOWS, OURS, TELNYX, reason_of
from faxes.states import Media, Outbox

GOOD, BAD, WAIT, UNSURE, PLAIN = "good", "bad", "wait", "unsure", "plain"


@dataclass(frozen=True)
class State:
    """A word for the pill, its tone, a sentence, whose problem it is (empty when it is nobody's) and what to do."""

    word: str
    tone: str
    sentence: str
    who: str = ""
    next: str = ""


@dataclass(frozen=True)
class Line:
    """One line of the timeline."""

    text: str
    detail: str = ""
    tone: str = PLAIN


@dataclass(frozen=True)
class Clock:
    """A sentence about time, which ends in its moment. One that `counts_down` is about the time until then."""

    text: str
    moment: datetime | None = None
    counts_down: bool = False


PREPARING = State("preparing", WAIT, "Its pages are being put together.")
WAITING = State("waiting", WAIT, "It is ready and waits for its turn to call this number.")
TRYING_ANEW = State("waiting", WAIT, "The last try got nowhere. Nothing was sent, and we try again soon.")
HANDING_OVER = State("handing over", WAIT, "Its pages are being handed to Telnyx.")
STOPPING = State("cancelling", WAIT, "It is being stopped. If it has left already, Telnyx is asked to stop it.")
STOPPING_THERE = State("cancelling", WAIT, "Telnyx has agreed to stop it and will report its end.")
CANCELLED_HERE = State("cancelled", PLAIN, "It was cancelled before it left. Nothing was sent.")
CANCELLED_THERE = State("cancelled", PLAIN, "Telnyx stopped it, as you asked. Pages before that may have arrived.")
UNCERTAIN = State(
    "uncertain",
    UNSURE,
    "Telnyx gave no clear answer: this fax may be on its way, or not. It is not sent twice: we look for it first.",
    TELNYX,
    "Wait: usually this settles by itself within minutes.",
)
GONE = "Telnyx no longer lists this fax and never told how it ended."
GONE_OUT = State(
    "gone at Telnyx", UNSURE, GONE, TELNYX, "Ask the other side whether it arrived before you send a new one."
)
GONE_IN = State("gone at Telnyx", UNSURE, GONE, TELNYX, ASK_SENDER)
FETCHING = State("fetching pages", WAIT, "It has arrived at Telnyx, and its pages are being copied here.")
RECEIVED = State("received", GOOD, "All its pages are here.")
READ_LONG_AGO = State("received", GOOD, "All its pages were here. They have been deleted since.")
KEEPS = "Nothing to do: we try again by ourselves, for as long as Telnyx keeps them, which is seven days."
MEND = "Nothing is lost yet: Telnyx keeps them for seven days. Tell an administrator, and the next try brings them."
# Codes of a fax's problem that are no fault of Telnyx's or of the sender's.
OUR_TROUBLE = ("storage", "stumbled", "worker_stopped", "kills_workers")
# And those that the next try will most likely meet again.
HARDLY_EVER = ("gone", "encrypted", "too_large", "too_many_pages", "bomb")
# So many tries, within seconds, are no accident any more.
LATE = 3
BEFORE_US = State(
    "not kept", PLAIN, "It arrived before this portal watched the line. Telnyx keeps pages for seven days only."
)

# Telnyx's open statuses: https://developers.telnyx.com/api/programmable-fax/view-fax.
OPEN = {
    "": ("with Telnyx", "Telnyx has taken it."),
    "queued": ("queued", "Telnyx has it and will call soon."),
    "media.processed": ("queued", "Telnyx has made its pages ready and will call soon."),
    "originated": ("calling", "Telnyx is calling the number."),
    "sending": ("sending", "The other machine has answered, and the pages are going through."),
    "sending.started": ("sending", "The other machine has answered, and the pages are going through."),
    "initiated": ("coming in", "A call with a fax is coming in."),
    "receiving": ("coming in", "Its pages are coming in."),
    "media.processing": ("coming in", "All pages are at Telnyx, which is making a file of them."),
}


def state_of(fax: Fax) -> State:
    """How the fax stands, from its own row alone."""
    if not fax.is_outbound:
        return _inbound(fax)
    if fax.outbox == Outbox.REJECTED:
        return _rejected(fax)
    if fax.outbox == Outbox.CANCELLED:
        return CANCELLED_HERE
    if fax.outbox in (Outbox.ACCEPTED, ""):
        return _at_telnyx(fax)
    return STOPPING if fax.cancel else _leaving(fax)


def line_of(event: FaxEvent) -> Line:
    """What happened, in words. Kinds and statuses we do not know are shown as they are."""
    kind, _, status = event.kind.partition(":")
    if kind == "status":
        return _status_line(event.fax, status, event.data)
    say = LINES.get(kind)
    return say(str(event.by or ""), event.data) if say else Line(event.kind)


def pages(count: int | None) -> str:
    """“1 page”, “4 pages”; empty where the number is not known."""
    return "" if count is None else f"{count} page{'' if count == 1 else 's'}"


def seconds(count: float | None) -> str:
    """“1.4 s”, “2 min 5 s”, “3 h 20 min”, “2 d 4 h”; empty where it is not known."""
    if count is None:
        return ""
    if count < 60:
        return f"{count:g} s"
    minutes, rest = divmod(round(count), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def _rejected(fax: Fax) -> State:
    """Not sent, in the words of whoever said no. Telnyx's codes are numbers; those of our own checks are words."""
    problem = fax.problem
    said = str(problem.get("detail") or problem.get("title") or "No reason was given.")
    if str(problem.get("code", "")).isdigit():
        said = f"Telnyx refused it: {said}"
    here = fax.document and fax.document.is_here
    again = "Correct that and start a new fax, or send this one again." if here else "Start a new fax."
    return State("not sent", BAD, said, OURS if "code" in problem else "", again)


def _leaving(fax: Fax) -> State:
    if fax.outbox == Outbox.READY:
        return TRYING_ANEW if fax.tries else WAITING
    return {Outbox.PREPARING: PREPARING, Outbox.SUBMITTING: HANDING_OVER}.get(Outbox(fax.outbox), UNCERTAIN)


def _at_telnyx(fax: Fax) -> State:
    if fax.status == "delivered":
        late = " It was too late to cancel it." if fax.cancel else ""
        return State("delivered", GOOD, f"The other machine confirmed every page.{late}")
    if fax.status == "failed":
        return CANCELLED_THERE if fax.cancel == Fax.Cancel.ACCEPTED else _failed(fax)
    if fax.gone_at:
        return GONE_OUT
    if fax.cancel == Fax.Cancel.ACCEPTED:
        return STOPPING_THERE
    return STOPPING if fax.cancel == Fax.Cancel.REQUESTED else _open(fax)


def _inbound(fax: Fax) -> State:
    if fax.status == "failed":
        return _failed(fax)
    if fax.media:
        if fax.media != Media.ARCHIVED:
            return _without_pages(fax)
        return READ_LONG_AGO if fax.document and fax.document.purged_at else RECEIVED
    if fax.status == "received":
        return BEFORE_US
    return GONE_IN if fax.gone_at else _open(fax)


def _without_pages(fax: Fax) -> State:
    detail = str(fax.problem.get("detail", ""))
    code = fax.problem.get("code")
    who, next_step = (OURS, MEND) if code in OUR_TROUBLE else (TELNYX, ASK_SENDER if code in HARDLY_EVER else KEEPS)
    if fax.media == Media.MISSING:
        lost = f"It arrived at Telnyx, but its pages could not be copied in time. {detail}".strip()
        return State("pages missing", BAD, lost, who, ASK_SENDER)
    if not detail:
        return FETCHING
    if fax.tries >= LATE:
        return State("pages missing", BAD, f"{_tried(fax.tries)} {detail}", who, next_step)
    missing = f"It has arrived at Telnyx, but its pages are not here yet. {detail}"
    return State("fetching pages", WAIT, missing, who, next_step)


def _tried(tries: int) -> str:
    return "Tried once." if tries == 1 else f"Tried {tries} times."


def clock_of(fax: Fax, now: datetime) -> list[Clock]:
    """How the race for the pages of a received fax stands; empty where there is none."""
    if fax.media == Media.MISSING:
        return [Clock(f"{_tried(fax.tries)} Nobody tries any more, unless you say so.")] if fax.tries else []
    if fax.media != Media.WAITING:
        return []
    clocks = []
    if fax.link_dies_at:
        alive = fax.link_dies_at > now
        words = "Telnyx's link to them dies" if alive else "Telnyx is asked for a new link. The last one died"
        clocks.append(Clock(words, fax.link_dies_at, counts_down=alive))
    if fax.problem and fax.owner:
        clocks.append(Clock(f"Trying for the {_ordinal(fax.tries)} time now."))
    elif fax.problem and fax.due_at:
        # From then on the state says how often.
        tried = "" if fax.tries >= LATE else f"{_tried(fax.tries)} "
        clocks.append(Clock(f"{tried}The next try is", fax.due_at, counts_down=fax.due_at > now))
    return clocks


def _ordinal(number: int) -> str:
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _failed(fax: Fax) -> State:
    reason = reason_of(fax.failure_reason, outbound=fax.is_outbound)
    here = fax.media == Media.ARCHIVED and fax.document and fax.document.is_here
    kept = " What had arrived is kept here." if here else ""
    return State(reason.word, BAD, reason.sentence + kept, reason.who, reason.next)


def _open(fax: Fax) -> State:
    unknown = fax.status, f"Telnyx reports “{fax.status}”, a word we do not know. We go on watching."
    word, sentence = OPEN.get(fax.status, unknown)
    late = " It is too late to cancel it." if fax.cancel == Fax.Cancel.REFUSED else ""
    return State(word, WAIT, sentence + late)


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
        return Line("Found at Telnyx", "It was sent, and once only.", GOOD)
    return Line("Not at Telnyx", "It was never sent, so it may leave now.")


def _archived(by: str, data: Mapping[str, Any]) -> Line:
    took, tries = data.get("seconds"), _number(data, "tries")
    rescued = f"rescued in {seconds(took)}" if took else "rescued at once" if took is not None else ""
    facts = [pages(data.get("pages")), rescued, f"at the {_ordinal(tries)} try" if tries else ""]
    said = ", ".join(filter(None, facts))
    if "announced" in data:
        return Line("Pages copied here", f"{said}. Telnyx had announced {pages(data['announced'])}.", WAIT)
    return Line("Pages copied here", said, GOOD)


def _purged_media(by: str, data: Mapping[str, Any]) -> Line:
    days = _number(data, "days")
    kept = f"The team keeps pages for {days} day{'' if days == 1 else 's'}." if days else ""
    return Line("Pages deleted", kept)


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
    "deleted_at_telnyx": lambda by, data: Line(
        "Deleted at Telnyx", "As its application asks, now that it is safe here."
    ),
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
    "forwarded": _person("Pages put on a new fax"),
    "gone": lambda by, data: Line("No longer listed by Telnyx", "", UNSURE),
}
