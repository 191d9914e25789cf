"""What a form shows is escaped, and what it does not offer cannot be changed."""

from __future__ import annotations

import json

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import LogEntry, Team
from applications.models import FaxApplication, PhoneNumber
from contacts.models import Correspondent
from faxes import timeline
from faxes.models import Attempt, Document, Fax
from sync.models import Heartbeat, SyncRun
from tests import builders
from tests.admin.pages import MODELS, NO_ROWS, ROW, form, listing
from webhooks.models import Delivery

SCRIPT = "<script>alert(1)</script>"
READ_ONLY: list[type[models.Model]] = [LogEntry, Correspondent, Document, SyncRun, Heartbeat, Delivery]
MIRRORED: list[type[models.Model]] = [Fax, FaxApplication, PhoneNumber]

EDITABLE = ("label", "default_assignee", "delete_once_archived")


def a_row(model: type[models.Model]) -> models.Model:
    ROW[model._meta.label_lower]()
    row = model._default_manager.first()
    assert row is not None
    return row


def address(model: type[models.Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_every_form_opens(office: Client, model: type[models.Model]) -> None:
    assert office.get(form(a_row(model))).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("object_id", ["nonsense", "_00", "\x00", "00000000-0000-4000-8000-000000000000"])
def test_an_id_of_nothing_leads_back(office: Client, model: type[models.Model], object_id: str) -> None:
    assert office.get(address(model, "change", object_id)).status_code == 302


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_nothing_is_deleted(office: Client, model: type[models.Model]) -> None:
    row = a_row(model)
    assert office.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes", "index": "0"}
    office.post(listing(model), data)
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", READ_ONLY + MIRRORED, ids=str)
def test_what_is_mirrored_or_recorded_is_not_added(office: Client, model: type[models.Model]) -> None:
    assert office.get(address(model, "add")).status_code == 403
    assert office.post(address(model, "add"), {}).status_code == 403


@pytest.mark.parametrize("model", READ_ONLY, ids=str)
def test_what_is_recorded_is_not_changed(office: Client, model: type[models.Model]) -> None:
    row = a_row(model)
    before = model._default_manager.filter(pk=row.pk).values().get()
    changes = {field.name: "changed" for field in model._meta.concrete_fields}
    assert office.post(form(row), changes).status_code == 403
    assert model._default_manager.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("model", MIRRORED, ids=str)
def test_columns_of_telnyx_are_not_changed(office: Client, model: type[models.Model]) -> None:
    row = builders.inbound(None, status="received") if model is Fax else a_row(model)
    before = model._default_manager.filter(pk=row.pk).values().get()
    changes = {field.name: "7" for field in model._meta.concrete_fields if field.name not in EDITABLE}
    kept = {"team": str(before["team_id"] or ""), "label": before.get("label", "")}
    assert office.post(form(row), changes | kept | NO_ROWS).status_code == 302
    assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_a_fax_that_belongs_to_a_team_cannot_be_changed(office: Client, team: Team, other_team: Team) -> None:
    fax = builders.inbound(team)
    assert office.post(form(fax), {"team": str(other_team.pk)}).status_code == 403
    fax.refresh_from_db()
    assert fax.team == team


def test_hostile_words_are_shown_as_words(office: Client, team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(name=SCRIPT)
    raw = {"status": SCRIPT, SCRIPT: [SCRIPT]}
    number = builders.number(team, SCRIPT, raw=raw, label=SCRIPT, status=SCRIPT)
    application = builders.application(team, raw=raw, tags=[SCRIPT], webhook_event_url=SCRIPT)
    document = builders.document()
    FaxApplication.objects.update(application_name=SCRIPT)
    Document.objects.update(name=SCRIPT)
    fax = builders.inbound(None, raw=raw, from_number=SCRIPT, status=SCRIPT, problem={"title": SCRIPT})
    timeline.note(fax, SCRIPT, detail=SCRIPT)
    builders.attempt(fax, Attempt.State.UNCERTAIN, evidence=raw, telnyx_id=SCRIPT)
    event = builders.delivery(json.dumps(raw).encode(), event_type=SCRIPT, outcome=SCRIPT)
    far = Correspondent.objects.create(team=team, number=SCRIPT, name=SCRIPT)
    for row in (number, application, document, fax, event, far):
        for page in (form(row), listing(type(row))):
            text = office.get(page).text
            assert SCRIPT not in text
            assert "&lt;script&gt;" in text


def test_a_payload_is_folded_and_readable(office: Client, team: Team) -> None:
    fax = builders.inbound(team, raw={"status": "received", "page_count": 2})
    text = office.get(form(fax)).text
    assert "<details><summary>" in text
    assert "{\n  &quot;status&quot;: &quot;received&quot;,\n  &quot;page_count&quot;: 2\n}" in text


def test_no_link_to_pages_is_shown(office: Client, team: Team) -> None:
    secret = "https://storage.example/pages?signature=abc"
    payload = {"media_url": secret, "preview_url": secret, "webhook_url": "https://portal.example/hook"}
    fax = builders.inbound(team, raw=payload, media_url=secret)
    event = builders.delivery(
        json.dumps({"data": {"payload": payload | {"more": [{"stored_media_url": secret}]}}}).encode()
    )
    for row in (fax, event):
        text = office.get(form(row)).text
        assert "storage.example" not in text
        assert "portal.example/hook" in text


@pytest.mark.parametrize("body", [b"", b"\xff\xfe<b>", b"not json <b>", b"[" * 100_000, b'{"a": NaN}', b"7"])
def test_a_body_that_is_no_json_is_shown_as_it_came(office: Client, body: bytes) -> None:
    event = builders.delivery(body)
    response = office.get(form(event))
    assert response.status_code == 200
    assert "<b>" not in response.text
