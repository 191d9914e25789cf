"""A self-check as a page shows it."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.urls import reverse

from applications.models import FaxApplication
from portal.selfcheck.findings import Finding, State, findings_of, worst_of
from portal.selfcheck.running import is_fresh


class Pill(NamedTuple):
    tone: str
    word: str


OF_LINE = {
    State.OK: Pill("good", "fine"),
    State.WARN: Pill("wait", "careful"),
    State.BAD: Pill("bad", "wrong"),
    State.UNKNOWN: Pill("unsure", "not known"),
}
OF_ALL = {
    None: Pill("plain", "not checked yet"),
    State.OK: Pill("good", "all is well"),
    State.WARN: Pill("wait", "careful"),
    State.BAD: Pill("bad", "needs you"),
    State.UNKNOWN: Pill("unsure", "not all is known"),
}


class Place(NamedTuple):
    """Where a person goes about what no click mends: the words of the link, the page's name, and where on it."""

    words: str
    page: str
    anchor: str = ""


PLACES = {
    "failover": Place("Edit the failover URL", "applications:edit", "#id_webhook_event_failover_url"),
    "profile": Place("Choose a profile", "applications:edit", "#id_outbound_voice_profile_id"),
    "numbers": Place("Go to the numbers", "applications:numbers"),
    "accepted": Place("See the events", "webhooks:console"),
    "refused": Place("See the events", "webhooks:console"),
}


class Shown(NamedTuple):
    """A line with its word, and perhaps a link."""

    finding: Finding
    pill: Pill
    link: str
    words: str


def _shown(finding: Finding, application: FaxApplication) -> Shown:
    place = PLACES.get(finding.code)
    pill = OF_LINE[finding.state]
    if place is None or finding.mend or finding.state in (State.OK, State.UNKNOWN):
        return Shown(finding, pill, "", "")
    of_one = [application.pk] if place.page == "applications:edit" else []
    return Shown(finding, pill, reverse(place.page, args=of_one) + place.anchor, place.words)


def pill_of(application: FaxApplication) -> Pill:
    """How the application stands, in one word."""
    return OF_ALL[worst_of(findings_of(application))]


def panel_of(application: FaxApplication) -> dict[str, Any]:
    """The context of `portal/_check.html`: what needs somebody first, and what is fine apart from it."""
    lines = [_shown(finding, application) for finding in findings_of(application)]
    return {
        "application": application,
        "pill": pill_of(application),
        "troubles": [line for line in lines if line.finding.state is not State.OK],
        "fine": [line for line in lines if line.finding.state is State.OK],
        "is_fresh": is_fresh(application),
    }


def summary_of(application: FaxApplication) -> str:
    """One sentence for who does not see the lines."""
    states = [finding.state for finding in findings_of(application)]
    troubles = len(states) - states.count(State.OK)
    if not troubles:
        return "Checked: all is well."
    return f"Checked: {troubles} of {len(states)} lines {'needs' if troubles == 1 else 'need'} a look."
