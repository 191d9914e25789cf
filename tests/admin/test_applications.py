"""Applications in the admin: by the portal's own services, and what was asked for without an answer."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.models import LogEntry, Team, User
from applications.models import FaxApplication, PendingApplication
from sync.services import sync_recent
from telnyx_sandbox.server import Server
from tests import builders
from tests.admin.pages import act, form, listing
from tests.applications.telnyx import add_at_telnyx, change_at_telnyx, remove_at_telnyx, truth


def test_they_are_set_active_and_inactive_at_telnyx(office: Client, sandbox: Server, root: User) -> None:
    assert not sync_recent().error
    rows = list(FaxApplication.objects.all())
    assert act(office, "deactivate", *rows) == ["Not active at Telnyx any more: 2."]
    assert [truth(sandbox, row)["active"] for row in rows] == [False, False]
    entries = LogEntry.objects.filter(action="application.update", actor_name="root")
    assert [entry.data["after"] for entry in entries] == [{"active": False}] * 2
    assert act(office, "activate", *rows) == ["Active at Telnyx: 2."]
    assert FaxApplication.objects.filter(active=True).count() == 2


def test_what_cannot_be_set_is_told_row_by_row(office: Client, sandbox: Server) -> None:
    assert not sync_recent().error
    gone, changed = FaxApplication.objects.order_by("application_name")
    remove_at_telnyx(sandbox, gone.telnyx_id)
    change_at_telnyx(sandbox, changed.telnyx_id, active=False)
    told = sorted(act(office, "activate", gone, changed))
    assert "no more" in told[0] and "Somebody changed this application meanwhile: Active" in told[1]
    sandbox.sandbox.faults.add(method="PATCH", path="*", action="status", status=401)
    assert "Telnyx could not be asked" in act(office, "activate", changed)[0]


def test_a_wish_is_looked_for_on_request(office: Client, sandbox: Server, team: Team, root: User) -> None:
    ended = timezone.now() - timedelta(minutes=10)
    asked = {"application_name": "Pharmacy", "webhook_event_url": "https://fax.example/hook"}
    wish = builders.wish(team, by=root, ends_at=ended, fields=asked)
    early = builders.wish(team, by=root, ends_at=timezone.now() + timedelta(minutes=10))
    add_at_telnyx(sandbox, "78", **asked)
    told = sorted(act(office, "look", wish, early))
    assert told[0] == "Known now: 1." and "not known yet" in told[1]
    assert FaxApplication.objects.get().team == team
    assert "known already" in act(office, "look", wish)[0]


def test_a_wish_with_invented_words_is_shown(office: Client, team: Team, root: User) -> None:
    wish = builders.wish(team, by=root, evidence={"<b>": [1]}, fields={"tags": {"a": None}})
    assert office.get(listing(PendingApplication)).status_code == 200
    page = office.get(form(wish)).content.decode()
    assert "&lt;b&gt;" in page and "<b>" not in page


def test_both_lead_to_their_pages_in_the_portal(office: Client, team: Team, root: User) -> None:
    for row in (builders.application(team), builders.wish(team, by=root)):
        page = office.get(row.get_absolute_url())
        assert page.status_code == 200
        assert "View on site" in office.get(form(row)).content.decode()
