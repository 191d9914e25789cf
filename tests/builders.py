"""Rows as tests need them: one call each, with sensible defaults."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import Team, User
from applications.models import FaxApplication, PendingApplication, PhoneNumber
from faxes.models import Attempt, Document, Fax
from faxes.states import Direction, Outbox
from faxes.tokens import new_token
from webhooks.models import Delivery

OURS = "+13125790015"
THEIRS = "+17735550188"

_counter = itertools.count(1)


def application(team: Team | None = None, **columns: Any) -> FaxApplication:
    columns.setdefault("telnyx_id", f"2290457713862{next(_counter):06}")
    columns.setdefault("application_name", "Front desk")
    return FaxApplication.objects.create(active=True, team=team, **columns)


def wish(team: Team | None, by: User, **columns: Any) -> PendingApplication:
    """An application that was asked for, and whose answer got lost."""
    columns.setdefault("fields", {"application_name": "Pharmacy", "webhook_event_url": "https://fax.example/hook"})
    columns.setdefault("state", PendingApplication.State.UNSETTLED)
    columns.setdefault("ends_at", timezone.now())
    return PendingApplication.objects.create(team=team, by=by, likeness=uuid.uuid4().hex, **columns)


def number(team: Team | None = None, phone_number: str = OURS, **columns: Any) -> PhoneNumber:
    """A number that can send: attached to an application, which is made when none is named."""
    if "connection_id" not in columns:
        columns["connection_id"] = application(team).telnyx_id
    return PhoneNumber.objects.create(telnyx_id=uuid.uuid4().hex, phone_number=phone_number, team=team, **columns)


def document(content: bytes = b"%PDF-1.4 a page", *, pages: int = 1, **columns: Any) -> Document:
    columns.setdefault("kind", Document.Kind.OUTGOING)
    columns.setdefault("stored_at", timezone.now())
    row = Document(
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        pages=pages,
        content_type="application/pdf",
        name="fax.pdf",
        **columns,
    )
    row.file.save("file.pdf", ContentFile(content), save=False)
    row.save()
    return row


def outbound(team: Team | None, *, outbox: str = Outbox.READY, **columns: Any) -> Fax:
    """A fax of ours on its way out, with a document where its state asks for one."""
    if outbox not in (Outbox.PREPARING, "") and "document" not in columns:
        columns["document"] = document()
    columns.setdefault("to_number", THEIRS)
    return Fax.objects.create(
        direction=Direction.OUTBOUND,
        from_number=columns.pop("from_number", OURS),
        team=team,
        outbox=outbox,
        due_at=columns.pop("due_at", timezone.now()),
        **columns,
    )


def accepted(team: Team | None, **columns: Any) -> Fax:
    """A fax that Telnyx has, with the attempt that brought it there."""
    columns.setdefault("telnyx_id", str(uuid.uuid4()))
    columns.setdefault("line_held", True)
    fax = outbound(team, outbox=Outbox.ACCEPTED, due_at=None, **columns)
    attempt(fax, Attempt.State.ACCEPTED, telnyx_id=fax.telnyx_id)
    return fax


def uncertain(team: Team | None, **columns: Any) -> Fax:
    """A fax whose POST got no clear answer."""
    fax = outbound(team, outbox=Outbox.UNCERTAIN, line_held=True, **columns)
    since = timezone.now() - timedelta(minutes=10)
    evidence = {"why": "no answer", "since": since.isoformat()}
    attempt(fax, Attempt.State.UNCERTAIN, started_at=since, posted_at=since, doubted_at=since, evidence=evidence)
    return fax


def attempt(fax: Fax, state: str, **columns: Any) -> Attempt:
    return Attempt.objects.create(fax=fax, token=new_token(), owner=uuid.uuid4(), state=state, **columns)


def inbound(team: Team | None, **columns: Any) -> Fax:
    columns.setdefault("telnyx_id", str(uuid.uuid4()))
    columns.setdefault("from_number", THEIRS)
    columns.setdefault("to_number", OURS)
    return Fax.objects.create(direction=Direction.INBOUND, team=team, **columns)


def delivery(body: bytes = b'{"data": {}}', *, of: Fax | None = None, **columns: Any) -> Delivery:
    """What Telnyx told, applied to the fax it is about."""
    columns.setdefault("event_id", str(uuid.uuid4()))
    columns.setdefault("event_type", "fax.delivered")
    columns.setdefault("received_at", timezone.now())
    if of is not None:
        columns = {"fax": of, "fax_telnyx_id": of.telnyx_id, "state": Delivery.State.DONE} | columns
    return Delivery.objects.create(body=body, **columns)
