"""An administrator sees whose things they look at, whatever is opened beside a list or chosen in a form, and moves an
application after having read what goes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from accounts.models import Membership, Role, Team, User
from applications.models import FaxApplication
from sync.models import Heartbeat
from tests import builders
from tests.screens import troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BANNER = "You are looking at Front desk as an administrator."


@pytest.fixture
def desk(team: Team) -> FaxApplication:
    application = builders.application(team, application_name="Desk line")
    builders.number(None, label="Desk", connection_id=str(application.telnyx_id))
    return application


@pytest.fixture
def page(
    browser: Browser,
    live_server: Any,
    root: User,
    other_team: Team,
    desk: FaxApplication,
    logged_in: Callable[..., Client],
) -> Iterator[Page]:
    """Of root, who administers the house, is a member of Records and none of the front desk."""
    Heartbeat.beat("worker")
    Membership.objects.create(user=root, team=other_team, role=Role.MEMBER)
    context = browser.new_context(base_url=live_server.url)
    session = logged_in(root).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_the_bar_follows_what_is_opened_and_chosen(page: Page, team: Team, other_team: Team) -> None:
    builders.inbound(team, from_number="+17735550101", status="received")
    builders.inbound(other_team, from_number="+17735550102", status="received")
    builders.number(other_team, "+13125790019", label="Archive")
    bar = page.get_by_role("note").filter(has_text=BANNER)
    page.goto("/faxes/inbox/")
    expect(page.get_by_text("+1 773 555 0101").first).to_be_visible()
    expect(bar).to_have_count(0)
    page.get_by_text("+1 773 555 0101").first.click()
    expect(bar).to_be_visible()
    page.get_by_text("+1 773 555 0102").first.click()
    expect(bar).to_have_count(0)
    page.goto("/faxes/new/")
    for label, is_told in (("Desk", True), ("Archive", False), ("Desk", True)):
        page.get_by_label("From").select_option(page.locator("option", has_text=label).get_attribute("value"))
        expect(bar).to_have_count(int(is_told))
    assert troubles(page) == []


def test_an_application_goes_after_its_question(page: Page, desk: FaxApplication, other_team: Team) -> None:
    page.goto(f"/applications/{desk.pk}/")
    page.get_by_label("Give it to").select_option("Records")
    page.get_by_role("button", name="Give…").click()
    expect(page.get_by_role("heading", name="Give Desk line to Records?")).to_be_visible()
    expect(page.get_by_text("1 number has no team of its own, and goes with it: +1 312 579 0015.")).to_be_visible()
    assert troubles(page) == []
    assert FaxApplication.objects.get().team != other_team
    page.get_by_role("button", name="Give it").click()
    expect(page.get_by_text("Desk line belongs to Records now.")).to_be_visible()
    expect(page.get_by_role("note")).to_have_count(0)
    assert FaxApplication.objects.get().team == other_team
