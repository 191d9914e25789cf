"""Lets the demo office's post come in by the sandbox, and has its people do a morning's work on it."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from applications.models import PhoneNumber
from applications.services import set_receiving
from contacts.models import Correspondent
from contacts.numbers import format_number
from faxes import drafts, reading, services, triage
from faxes.models import Fax
from faxes.sandbox import asking
from faxportal.demo.letters import Letter, as_pdf, as_tiff, drawn
from faxportal.demo.office import ARRIVALS, LABELS, NEW_APPLICATION, NEW_OFFICE, REFERRALS, Arrival

# How many of the newest faxes each has not opened yet.
UNREAD = {"ann": 4, "ben": 6, "vera": 9}
# To whom ann sends something. In the sandbox the second one's line is always busy, the third number is out of service,
# and the last machine takes its time: a second fax for it waits for the first.
RECIPIENTS = (
    ("+13125550142", "Loop Orthopedics"),
    ("+13125550101", "Dr. Ortega's office"),
    ("+13125550108", "Old Town Physical Therapy"),
    ("+13125550110", "Sheridan Road Hospital"),
    ("+13125550110", "Sheridan Road Hospital"),
)
ANSWER = Letter(
    "Front Desk Medical Group",
    "500 West Madison Street, Chicago · Phone +1 312 579 0010",
    "Appointment confirmed: M. Ellison",
    (
        "Thank you for your referral. We expect Mrs. Ellison on Tuesday at 9:40 and will fax our report to you within "
        "two days of the visit.",
    ),
    signed="Ann Novak",
)


def prepare_lines() -> None:
    """Names for the numbers, and for those who write to them. Made before any fax, which then finds them."""
    for number in PhoneNumber.objects.filter(phone_number__in=LABELS, label=""):
        set_receiving(by=None, number=number, label=LABELS[number.phone_number], default_assignee=None, notify=[])
    for arrival in ARRIVALS:
        line = PhoneNumber.objects.filter(phone_number=arrival.to).first()
        if line is not None and line.owner and arrival.sender.name:
            known = {"team": line.owner, "number": arrival.sender.number}
            Correspondent.objects.get_or_create(**known, defaults={"name": arrival.sender.name})


def let_faxes_arrive() -> dict[str, Arrival]:
    """The faxes by Telnyx's ids. They have come in, and the next sync finds them. Raises requests.RequestException."""
    with asking() as ask:
        application = ask("v2/fax_applications", application_name=NEW_APPLICATION, webhook_event_url=_door())
        ask("_sandbox/numbers", phone_number=NEW_OFFICE, connection_id=application["id"])
        return {_arrived(ask, arrival): arrival for arrival in ARRIVALS}


def work_on(faxes: dict[str, Arrival], people: dict[str, User]) -> None:
    """What people have done with their faxes by now."""
    rows = {row.telnyx_id: row for row in Fax.objects.received().filter(telnyx_id__in=faxes)}
    for telnyx_id, arrival in faxes.items():
        if telnyx_id in rows:
            _work_on(rows[telnyx_id], arrival, people)
    newest = list(Fax.objects.received().filter(telnyx_id__in=faxes, handled_at=None).order_by("-created_at"))
    for name, count in UNREAD.items():
        theirs = [row for row in newest if row.team and row.team.memberships.filter(user=people[name]).exists()]
        reading.mark_read(people[name], theirs[count:])


def send_answers(by: User) -> None:
    """A few faxes on their way out, which the worker sends. All of them come to an end by themselves."""
    number = PhoneNumber.objects.get(phone_number=REFERRALS)
    pages = drawn(ANSWER, number=format_number(REFERRALS), at=timezone.localtime(), pages=1)
    for recipient, name in RECIPIENTS:
        Correspondent.objects.update_or_create(team=number.owner, number=recipient, defaults={"name": name})
        batch_id = uuid4()
        drafts.add_file(by=by, batch_id=batch_id, upload=SimpleUploadedFile("confirmation.pdf", as_pdf(pages)))
        services.send(by=by, batch_id=batch_id, number=number, recipients=[recipient], options={"quality": "high"})


def _work_on(fax: Fax, arrival: Arrival, people: dict[str, User]) -> None:
    ann = people["ann"]
    if arrival.assigned:
        triage.assign(by=people[arrival.assigned], faxes=[fax], to=people[arrival.assigned])
    for tag in arrival.tags:
        triage.tag(by=ann, faxes=[fax], name=tag)
    author, words = arrival.note
    if words:
        triage.note(by=people[author], fax=fax, text=words)
    if arrival.handled:
        triage.handle(by=people[arrival.handled], faxes=[fax])


def _arrived(ask: Any, arrival: Arrival) -> str:
    sender = arrival.sender
    at = timezone.localtime(timezone.now() - arrival.ago)
    pages = drawn(sender.letter, number=format_number(sender.number), at=at, pages=arrival.pages)
    content = as_tiff(pages) if arrival.tiff else as_pdf(pages)
    wish = {"to": arrival.to, "from": sender.number, "ago": arrival.ago.total_seconds(), "fail": arrival.fail}
    fax = ask("_sandbox/inbound", file=base64.b64encode(content).decode(), **wish)
    if arrival.lost:
        ask("_sandbox/faults", method="GET", path=f"/_media/{fax['id']}*", action="status", status=404, times=None)
    return str(fax["id"])


def _door() -> str:
    return f"{settings.PUBLIC_URL}/webhooks/telnyx"
