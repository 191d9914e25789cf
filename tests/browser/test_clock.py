"""The clock of a fax whose pages are on their way, and the alarm over those that did not come, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Team, User
from sync.models import Heartbeat
from tests import builders
from tests.conftest import PASSWORD
from tests.screens import troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def log_in(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("Username").fill("bob")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{live_server.url}/")


def test_the_clock_runs_and_the_alarm_can_be_read(browser: Browser, live_server: Any, team: Team, bob: User) -> None:
    Heartbeat.beat("worker")
    now = timezone.now()
    problem = {"code": "link_dead", "detail": "The link has expired or is wrong (403)."}
    missing = {"status": "received", "media": "missing", "problem": problem, "tries": 40}
    builders.inbound(team, **missing)
    fax = builders.inbound(
        team,
        status="received",
        media="waiting",
        problem=problem,
        tries=6,
        due_at=now + timedelta(hours=2),
        link_dies_at=now + timedelta(minutes=7, seconds=30),
    )
    page = browser.new_page()
    log_in(page, live_server)
    page.goto(f"{live_server.url}/faxes/{fax.pk}/")
    dies, again = page.locator("time[data-as=countdown]").all()
    expect(again).to_have_text(re.compile(r"^in (1:59|2:00):\d\d$"))
    expect(dies).to_have_text(re.compile(r"^in 7:\d\d$"))
    shown = dies.inner_text()
    expect(dies).not_to_have_text(shown)
    expect(page.get_by_role("button", name="Try now")).to_be_visible()
    assert troubles(page) == []
    page.get_by_role("link", name="1 received fax").click()
    page.wait_for_url("**/faxes/inbox/?show=missing")
    page.context.close()
