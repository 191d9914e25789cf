"""The admin's addresses, what its pages say, and rows to fill its lists with."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db import models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import Invitation, Team, User
from contacts.models import Correspondent
from faxes.models import Fax, Tag, Tombstone
from notifications.models import Mail
from sync.models import Gap, Heartbeat, SyncRun
from tests import builders
from webhooks.models import Refusal

# What the form of a fax says of its lists, which have no rows to change.
NO_ROWS = {
    f"{inline}-{count}_FORMS": "0" for inline in ("events", "attempts", "notes") for count in ("TOTAL", "INITIAL")
}
MODELS: list[type[models.Model]] = list(admin.site._registry)


def listing(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def form(row: models.Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def shown(client: Client, model: type[models.Model], **query: str) -> list[Any]:
    """The rows of a list as it answers to this query."""
    response = client.get(listing(model), query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def act(client: Client, action: str, *rows: models.Model) -> list[str]:
    """Carry out an action on rows of one list. Returns what the page then says, a sentence each."""
    ticked = [str(row.pk) for row in rows]
    data = {"action": action, "_selected_action": ticked, "index": "0"}
    return said(client.post(listing(type(rows[0])), data, follow=True))


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def entry() -> None:
    with transaction.atomic():
        audit.record(audit.Entry("fax.send", by=_user(), on=_team(), team=_team(), data={"to": builders.THEIRS}))


def _user() -> User:
    return User.objects.create_user(uuid.uuid4().hex, f"{uuid.uuid4().hex}@example.com")


def _team() -> Team:
    return Team.objects.create(name=uuid.uuid4().hex, slug=uuid.uuid4().hex)


def _fax() -> Fax:
    team = _team()
    far = Correspondent.objects.create(team=team, number=builders.THEIRS)
    return builders.outbound(team, outbox="rejected", correspondent=far, raw={"a": 1}, created_by=_user())


def _gap() -> Gap:
    fax = _fax()
    return Gap.objects.create(run=SyncRun.objects.create(finished_at=timezone.now()), fax=fax, side="here", what="fax")


def _mail() -> Mail:
    team, fax = _team(), _fax()
    columns = {"subject": "A fax came in", "to": "ann@example.com", "state": Mail.State.FAILED, "problem": "550 no"}
    return Mail.objects.create(key=f"received:{fax.pk}", team=team, user=_user(), fax=fax, text="secret", **columns)


def _invitation() -> Invitation:
    late, who = timezone.now() + timedelta(days=1), _user()
    return Invitation.objects.create(
        team=_team(), email=who.email, role="member", token_hash=uuid.uuid4().hex, invited_by=who, expires_at=late
    )


# A row of each model that refers to as much as it can.
ROW: dict[str, Callable[[], object]] = {
    "accounts.user": _user,
    "accounts.team": _team,
    "accounts.logentry": entry,
    "accounts.invitation": _invitation,
    "applications.faxapplication": lambda: builders.application(_team(), raw={"a": 1}),
    "applications.pendingapplication": lambda: builders.wish(_team(), by=_user(), evidence={"why": "no answer"}),
    "applications.phonenumber": lambda: builders.number(_team(), raw={"a": 1}),
    "contacts.correspondent": lambda: Correspondent.objects.create(team=_team(), number=builders.THEIRS),
    "faxes.fax": _fax,
    "faxes.document": lambda: builders.inbound(_team(), document=builders.document()),
    "faxes.tombstone": lambda: Tombstone.objects.create(telnyx_id=uuid.uuid4().hex),
    "faxes.tag": lambda: Tag.objects.create(team=_team(), name=uuid.uuid4().hex),
    "notifications.mail": lambda: _mail(),
    "sync.syncrun": lambda: SyncRun.objects.create(
        window_start=timezone.now() - timedelta(hours=1), finished_at=timezone.now()
    ),
    "sync.gap": lambda: _gap(),
    "sync.heartbeat": lambda: Heartbeat.beat(uuid.uuid4().hex),
    "webhooks.delivery": builders.delivery,
    "webhooks.refusal": lambda: Refusal.objects.create(
        day=timezone.now().date(), reason=uuid.uuid4().hex, count=3, last_at=timezone.now()
    ),
}
