"""The lines of a self-check: what the facts mean, in words, and what one click can mend. Nothing here asks anybody.

Words, states and numbers of Telnyx's that we do not know make a line say so, and break none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from applications.fields import leads_here, odd_value
from portal.selfcheck.facts import Facts
from portal.selfcheck.findings import Finding, State
from telnyx_api import OutboundVoiceProfile, is_public_key
from telnyx_api.signature import WRONG_SIGNATURE, WRONG_TIME

Line = Callable[[Facts], Finding | None]

# What Telnyx documents, and what we write where a time-out makes no sense.
LEAST_TIMEOUT, MOST_TIMEOUT, GOOD_TIMEOUT = 0, 30, 10
# In seconds. Signatures are good for 300, and two machines may each be off a little.
CLOCK_OFF, CLOCK_WRONG = 60, 300
LONGEST_URL = 200


def judge(facts: Facts) -> list[Finding]:
    """Every line that these facts give cause for."""
    lines = HOUSE if facts.application.gone_at else OF_APPLICATION + HOUSE
    return [_exists(facts), *filter(None, (line(facts) for line in lines))]


def _exists(facts: Facts) -> Finding:
    if facts.application.gone_at:
        title, why = "Telnyx has no such application any more", "Give its numbers to another application."
        return Finding("exists", State.BAD, title, why)
    if facts.heard.trouble:
        why = f"{facts.heard.trouble} What follows is as Telnyx last told it."
        return Finding("exists", State.UNKNOWN, "Telnyx could not be asked", why)
    return Finding("exists", State.OK, "Telnyx has this application", "It answered when it was asked.")


def _active(facts: Facts) -> Finding:
    why = "Telnyx neither takes nor sends faxes through an application that is not active."
    if facts.application.active is None:
        return Finding("active", State.UNKNOWN, "Telnyx does not say whether it is active", why)
    if facts.application.active:
        return Finding("active", State.OK, "It is active", why)
    finding = Finding("active", State.BAD, "It is switched off", why)
    return finding.with_mend("activate", "Switch this application on", True, judged=False)


def _webhook(facts: Facts) -> Finding:
    why = "Telnyx tells its news there. What it does not tell us, only the sync finds, minutes later."
    url = facts.application.webhook_event_url
    if not facts.our_door:
        why = "PUBLIC_URL is not set, so this portal does not know its own address. Set it, and start the portal again."
        return Finding("webhook", State.UNKNOWN, "Nobody knows whether the webhook URL is ours", why)
    if leads_here(url):
        return Finding("webhook", State.OK, "The webhook URL is ours", why)
    title = f"The webhook URL leads elsewhere: {url[:LONGEST_URL]}" if url else "There is no webhook URL"
    finding = Finding("webhook", State.BAD, title, f"{why} Ours is {facts.our_door}.")
    return finding.with_mend("webhook", "Set the webhook URL to ours", facts.our_door, judged=url)


def _reachable(facts: Facts) -> Finding:
    titles = {
        State.OK: "Our door is open to the outside",
        State.WARN: "Our door answers slowly",
        State.BAD: "Our door is shut to the outside",
        State.UNKNOWN: "Nobody knows whether our door is open to the outside",
    }
    state = State(facts.probed.state)
    return Finding("reachable", state, titles[state], facts.probed.detail)


def _failover(facts: Facts) -> Finding:
    url, first = facts.application.webhook_event_failover_url, facts.application.webhook_event_url
    why = (
        "Telnyx goes there when the webhook URL does not answer. A second door on another machine would keep what comes"
        " while this one is down; without one, the sync finds it afterwards."
    )
    if not url:
        return Finding("failover", State.WARN, "There is no failover URL", why)
    if url == first or (leads_here(url) and leads_here(first)):
        return Finding("failover", State.WARN, "The failover URL is the same door once more", why)
    return Finding("failover", State.OK, "There is a failover URL", why)


def _timeout(facts: Facts) -> Finding:
    seconds = facts.application.webhook_timeout_secs
    why = "An event that we do not answer in time counts as lost, and Telnyx brings it again or gives up."
    if seconds is None and (odd := odd_value(facts.application, "webhook_timeout_secs")):
        title = f"Nobody knows how long Telnyx waits for our answer: it says “{odd[:40]}”"
        return Finding("timeout", State.UNKNOWN, title, why)
    if seconds is None:
        return Finding("timeout", State.OK, "Telnyx waits for our answer as long as it usually does", why)
    if 1 < seconds <= MOST_TIMEOUT:
        return Finding("timeout", State.OK, f"Telnyx waits {seconds} seconds for our answer", why)
    if LEAST_TIMEOUT <= seconds <= 1:
        title = "Telnyx waits only a second for our answer" if seconds else "Telnyx does not wait for our answer"
    else:
        title = f"The webhook time-out is {seconds} seconds, and Telnyx documents 0 to 30"
    offer = f"Set the time-out to {GOOD_TIMEOUT} seconds"
    return Finding("timeout", State.WARN, title, why).with_mend("timeout", offer, GOOD_TIMEOUT, judged=seconds)


def _profile(facts: Facts) -> Finding:
    heard, sends = facts.heard, facts.traffic.countries
    if trouble := heard.trouble or heard.profile_trouble:
        return Finding("profile", State.UNKNOWN, "Nobody knows the outbound voice profile", trouble)
    why = "Sending needs an outbound voice profile: it says where calls may go, and what they may cost."
    if heard.profile is None:
        there = facts.application.outbound_voice_profile_id
        title = "Telnyx does not have its outbound voice profile" if there else "There is no outbound voice profile"
        state = State.BAD if there or sends else State.WARN
        return _with_only_profile(Finding("profile", state, title, why), facts)
    name = _name(heard.profile)
    if heard.profile.enabled is None:
        title = f"Telnyx does not say whether the outbound voice profile {name} is on"
        return Finding("profile", State.UNKNOWN, title, why)
    if not heard.profile.enabled:
        title = f"The outbound voice profile {name} is switched off"
        return _with_only_profile(Finding("profile", State.BAD, title, why), facts)
    return Finding("profile", State.OK, f"Calls are paid by the outbound voice profile {name}", why)


def _with_only_profile(finding: Finding, facts: Facts) -> Finding:
    if len(facts.heard.usable) != 1:
        return finding
    only, there = facts.heard.usable[0], facts.application.outbound_voice_profile_id
    return finding.with_mend("profile", f"Use the profile {_name(only)}", only.id, judged=there)


def _name(profile: OutboundVoiceProfile) -> str:
    return f"“{(profile.name or profile.id or '')[:100]}”"


def _destinations(facts: Facts) -> Finding | None:
    profile = facts.heard.profile
    if profile is None:
        return None
    why = "Telnyx refuses faxes to countries that the outbound voice profile does not list. Add them there at Telnyx."
    if not profile.whitelisted_destinations and profile.raw.get("whitelisted_destinations") != []:
        return Finding("destinations", State.UNKNOWN, "Telnyx does not say which countries may be called", why)
    allowed = {destination.upper() for destination in profile.whitelisted_destinations}
    missing = facts.traffic.countries - allowed
    if not missing:
        listed = _listed(sorted(allowed)) or "none"
        return Finding("destinations", State.OK, f"All countries we send to may be called: {listed}", why)
    title = f"We send to countries that may not be called: {_listed(sorted(missing))}"
    # Where a number is, we know by its digits alone. What Telnyx refused, we know for certain.
    state = State.BAD if facts.traffic.refused & missing else State.WARN
    return Finding("destinations", state, title, why)


def _spending(facts: Facts) -> Finding | None:
    profile, spent_at = facts.heard.profile, facts.traffic.spent_at
    why = "Beyond the daily limit of the outbound voice profile Telnyx refuses every fax until the next day."
    if spent_at:
        return Finding("spending", State.BAD, "The daily spending limit was reached", why, at=spent_at)
    if profile is None or not profile.daily_spend_limit_enabled:
        return None
    limit = f"of {profile.daily_spend_limit[:20]} USD" if profile.daily_spend_limit else "of an unknown amount"
    return Finding("spending", State.OK, f"There is a daily spending limit {limit}, not reached", why)


def _numbers(facts: Facts) -> Finding:
    attached, active = sum(facts.numbers.values()), facts.numbers.get("active", 0)
    why = "Faxes come in on the numbers that are attached to an application, and go out from them."
    if not attached:
        return Finding("numbers", State.BAD, "No number is attached", why)
    others = [f"{count} {status or 'without a word'}" for status, count in facts.numbers.items() if status != "active"]
    if not active:
        return Finding("numbers", State.WARN, f"No attached number is active: {_listed(others)}", why)
    also = f", others are not: {_listed(others)}" if others else ""
    verb = "number is" if active == 1 else "numbers are"
    return Finding("numbers", State.OK, f"{active} {verb} attached and active{also}", why)


def _key(facts: Facts) -> Finding:
    why = "Without Telnyx's public key no event can be verified, and all are refused."
    if is_public_key(facts.public_key):
        return Finding("key", State.OK, "There is a public key to verify events with", why)
    title = "The public key is not one" if facts.public_key else "There is no public key"
    why += " Copy it from portal.telnyx.com, Keys & Credentials, Public Key, to TELNYX_PUBLIC_KEY."
    return Finding("key", State.BAD, title, why)


def _accepted(facts: Facts) -> Finding:
    at, newest = facts.told_at, facts.traffic.newest_at
    # Of what there was before us, nobody was to tell us. Telnyx's time and ours need not agree.
    is_ours = newest and (facts.known_since is None or newest > facts.known_since)
    if newest and is_ours and (at is None or at < newest - timedelta(seconds=CLOCK_WRONG)):
        title = "No event told of its last faxes" + (". The last one came" if at else "")
        why = "Faxes of this application came to light by the sync alone. Is the webhook URL ours, and our door open?"
        return Finding("accepted", State.WARN, title, why, at)
    if at is None:
        title, why = "No event about a fax of it has come lately", "The next fax will show whether they do."
        return Finding("accepted", State.UNKNOWN, title, why)
    why = "It was verified, and kept before it was answered."
    return Finding("accepted", State.OK, "The last event about its faxes came", why, at)


def _refused(facts: Facts) -> Finding:
    refused, at = facts.refused, facts.accepted_at
    if refused is None:
        why = "Whatever Telnyx has not signed is refused, counted and not kept."
        return Finding("refused", State.OK, "No event was refused in the last 30 days", why)
    count = "One event was refused" if refused.count == 1 else f"{refused.count} events were refused"
    said = f"{count} in the last 30 days; the last one from {refused.last_address or 'nobody knows where'}: "
    why = f"{said}{refused.last_reason}."
    if refused.last_reason in (WRONG_SIGNATURE, WRONG_TIME) and (at is None or refused.last_at > at):
        why += " If that was Telnyx: is TELNYX_PUBLIC_KEY of this account, and is our clock right?"
        return Finding("refused", State.WARN, "An event was refused after the last good one", why, refused.last_at)
    why += " Strangers try every door."
    return Finding("refused", State.OK, "Somebody was last refused", why, refused.last_at)


def _clock(facts: Facts) -> Finding:
    skew = facts.heard.clock_skew
    why = "Events are signed with a time. Where our clock is five minutes off, every one of them is refused."
    if skew is None:
        return Finding("clock", State.UNKNOWN, "Nobody knows whether our clock is right", f"Telnyx told no time. {why}")
    if abs(skew) < CLOCK_OFF:
        return Finding("clock", State.OK, "Our clock agrees with Telnyx's", why)
    state = State.BAD if abs(skew) >= CLOCK_WRONG else State.WARN
    title = f"Our clock is {_how_long(abs(skew))} {'ahead of' if skew > 0 else 'behind'} Telnyx's"
    return Finding("clock", state, title, f"{why} Have this machine set its clock by NTP.")


def _how_long(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _drift(facts: Facts) -> Finding | None:
    if not facts.application.written:
        return None
    if not facts.drift:
        why = "Nobody changed it in Telnyx's own console since."
        return Finding("drift", State.OK, "Telnyx has everything as it was last set here", why)
    what = "One field differs" if facts.drift == 1 else f"{facts.drift} fields differ"
    why = "Somebody changed it in Telnyx's own console, or Telnyx keeps it another way. Keep theirs, or restore ours."
    return Finding("drift", State.WARN, f"{what} from what was last set here", why)


def _listed(words: Iterable[str], most: int = 8) -> str:
    """The first few, and how many more."""
    all_of_them = [word[:40] for word in words]
    more = len(all_of_them) - most
    return ", ".join(all_of_them[:most]) + (f" and {more} more" if more > 0 else "")


OF_APPLICATION: tuple[Line, ...] = (
    _active,
    _webhook,
    _timeout,
    _failover,
    _numbers,
    _profile,
    _destinations,
    _spending,
    _drift,
)
HOUSE: tuple[Line, ...] = (_reachable, _key, _clock, _accepted, _refused)
