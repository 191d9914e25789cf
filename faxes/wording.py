"""How a fax stands, in words that people read instead of codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contacts.numbers import format_number
from faxes.models import Fax
from faxes.reasons import ASK_SENDER, OURS, TELNYX, reason_of
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
class Clock:
    """A sentence about time, which ends in its moment. One that `counts_down` is about the time until then."""

    text: str
    moment: datetime | None = None
    counts_down: bool = False


PREPARING = State("preparing", WAIT, "Its pages are being put together.")
WAITING = State("waiting", WAIT, "It is ready and waits for its turn to call this number.")
LINE_IN_USE = State(
    "waiting: line in use", PLAIN, "Another of your faxes is under way to this number; then it is its turn."
)
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


def state_of(fax: Fax, *, line_in_use: bool = False) -> State:
    """How the fax stands, from its own row alone; and from knowing that another fax is under way to its number."""
    if not fax.is_outbound:
        return _inbound(fax)
    if fax.outbox == Outbox.REJECTED:
        return _rejected(fax)
    if fax.outbox == Outbox.CANCELLED:
        return CANCELLED_HERE
    if fax.outbox in (Outbox.ACCEPTED, ""):
        return _at_telnyx(fax)
    if line_in_use and fax.outbox == Outbox.READY and not (fax.cancel or fax.tries):
        return LINE_IN_USE
    return STOPPING if fax.cancel else _leaving(fax)


def far_end(fax: Fax) -> str:
    """“to Loop Orthopedics”, “from +1 312 555 0142”."""
    name = fax.correspondent.name if fax.correspondent else ""
    way = "to" if fax.is_outbound else "from"
    return f"{way} {name or format_number(fax.other_number) or 'an unknown number'}"


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
        clocks.append(Clock(f"Trying for the {ordinal(fax.tries)} time now."))
    elif fax.problem and fax.due_at:
        # From then on the state says how often.
        tried = "" if fax.tries >= LATE else f"{_tried(fax.tries)} "
        clocks.append(Clock(f"{tried}The next try is", fax.due_at, counts_down=fax.due_at > now))
    return clocks


def ordinal(number: int) -> str:
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
