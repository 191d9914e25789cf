"""What e-mails say: that something happened, when, and where to look. Who and which number only where the team's policy
allows it, as e-mail is read by others on its way."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format

from accounts.middleware import zone_of
from accounts.models import Team
from contacts.numbers import format_number
from faxes.models import Fax, FaxEvent
from faxes.wording import state_of
from notifications.recipients import Reader
from notifications.topics import Topic

SENTENCES = {
    Topic.RECEIVED: "A fax came in for {team}",
    Topic.DELIVERED: "Your fax has arrived",
    Topic.FAILED: "A fax did not get through",
    Topic.ASSIGNED: "A fax was given to you",
}
WHY_PERSON = "You asked to be told. Change that here: {settings}"
WHY_KEEPER = (
    "You look after the number that it came to. Who does is for the managers of {team} to say; what else you are told "
    "of, you choose here: {settings}"
)
WHY_BOX = "This mailbox is told of the faxes of {team}. Its managers change that here: {settings}"


MANY = {
    Topic.RECEIVED: "{count} faxes came in for {team}",
    Topic.DELIVERED: "{count} of your faxes have arrived",
    Topic.FAILED: "{count} faxes did not get through",
    Topic.ASSIGNED: "{count} faxes were given to you",
}


def letter(topic: Topic, event: FaxEvent, reader: Reader) -> tuple[str, str]:
    """The subject and the text, in the reader's time zone."""
    fax = event.fax
    team = " ".join(str(fax.team).split())
    subject = SENTENCES[topic].format(team=team)
    lines = [f"{subject}, on {_when(event.occurred_at or event.at, reader)}.", *_particulars(topic, fax)]
    lines += ["", f"Look at it: {absolute(reverse('faxes:detail', args=[fax.pk]))}", "", "--"]
    return subject, "\n".join([*lines, _why(fax.team, reader, team), ""])


def digest(topic: Topic, team: Team, count: int, reader: Reader) -> tuple[str, str]:
    """One e-mail about many at once."""
    name = " ".join(team.name.split())
    subject = MANY[topic].format(count=count, team=name)
    place = reverse("faxes:sent" if topic is Topic.DELIVERED else "faxes:inbox")
    show = {Topic.ASSIGNED: "?show=mine", Topic.FAILED: "?show=failed"}.get(topic, "")
    lines = [f"{subject}.", "", f"Look at them: {absolute(place + show)}", "", "--", _why(team, reader, name), ""]
    return subject, "\n".join(lines)


def absolute(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"


def _when(moment: datetime, reader: Reader) -> str:
    zone = zone_of(reader.user) if reader.user else None
    there = moment.astimezone(zone or ZoneInfo(settings.TIME_ZONE))
    return f"{date_format(there, 'F j')} at {there:%H:%M} ({there.tzname()})"


def _particulars(topic: Topic, fax: Fax) -> list[str]:
    if fax.team is None or fax.team.phi_free_mail:
        return []
    name = fax.correspondent.name if fax.correspondent else ""
    far = " · ".join(filter(None, [" ".join(name.split()), format_number(fax.other_number)]))
    pages = fax.document.pages if fax.document else fax.page_count
    facts = {
        "To" if fax.is_outbound else "From": far,
        "Pages": str(pages or ""),
        "What happened": state_of(fax).sentence if topic is Topic.FAILED else "",
    }
    return ["", *(f"{fact}: {said}" for fact, said in facts.items() if said)]


def _why(team: Team | None, reader: Reader, name: str) -> str:
    if reader.user is not None:
        why = WHY_KEEPER if reader.as_keeper else WHY_PERSON
        return why.format(team=name, settings=absolute(reverse("notifications:mine")))
    page = reverse("portal:team_notifications", args=[team.slug]) if team else ""
    return WHY_BOX.format(team=name, settings=absolute(page))
