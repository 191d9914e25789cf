"""The self-check in a real browser: by keys, on a phone, in light and dark, and against a Telnyx and a door that are
really there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings

from accounts.models import User
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application
from portal import selfcheck
from sync.models import Heartbeat
from telnyx_sandbox.server import Server
from tests.applications.telnyx import change_at_telnyx, truth
from tests.screens import troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WRONG: dict[str, Any] = {
    "webhook_event_url": "https://old-fax-server.lakeview.example/telnyx/hooks/incoming?tenant=front-desk",
    "webhook_timeout_secs": 0,
    "active": False,
    "outbound": {"channel_limit": None, "outbound_voice_profile_id": None},
}


@pytest.fixture
def desk(live_server: Any, settings: Settings, sandbox: Server, line: PhoneNumber) -> FaxApplication:
    """An application of which almost everything is wrong. Our door is open."""
    Heartbeat.beat("worker")
    settings.PUBLIC_URL = live_server.url
    application = FaxApplication.objects.get(telnyx_id=line.connection_id)
    assign_application(by=None, application=application, team=line.team)
    change_at_telnyx(sandbox, application.telnyx_id, **WRONG)
    return application


@pytest.fixture
def opened(browser: Browser, live_server: Any, desk: FaxApplication, alice: User) -> Iterator[Callable[..., Page]]:
    """A function that opens the application's page as alice, in a window of its own."""
    complaints: list[str] = []
    contexts = []

    def new_page(**options: Any) -> Page:
        client = Client()
        client.force_login(alice)
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"/applications/{desk.pk}/")
        return page

    yield new_page
    for context in contexts:
        context.close()
    assert complaints == []


def test_everybody_can_read_it(desk: FaxApplication, opened: Callable[..., Page]) -> None:
    selfcheck.check_application(application=desk)
    page = opened()
    page.get_by_text("lines are fine").click()
    expect(page.get_by_text("Our door answered in")).to_be_visible()
    assert troubles(page) == []


def test_an_open_page_checks_by_itself_and_once(desk: FaxApplication, opened: Callable[..., Page]) -> None:
    """It finds that more has changed than the check, and says so."""
    page = opened()
    expect(page.get_by_role("heading", name="It is switched off")).to_be_visible()
    expect(page.locator("#check-said")).to_have_text(re.compile(r"Checked: \d+ of \d+ lines need a look\."))
    page.get_by_role("link", name="Load it anew").click()
    expect(page.get_by_role("link", name="Load it anew")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    desk.refresh_from_db()
    first = desk.checked_at
    page.reload()
    page.wait_for_load_state("networkidle")
    desk.refresh_from_db()
    assert desk.checked_at == first


def test_all_is_mended_by_keys_alone(
    desk: FaxApplication, opened: Callable[..., Page], sandbox: Server, live_server: Any
) -> None:
    selfcheck.check_application(application=desk)
    page = opened()
    for left in (3, 2, 1, 0):
        page.locator(".check-line button").first.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Done at Telnyx")).to_be_visible()
        expect(page.locator(".check-line button")).to_have_count(left)
    there = truth(sandbox, desk)
    assert (there["active"], there["webhook_event_url"]) == (True, f"{live_server.url}/webhooks/telnyx")


def test_a_check_by_keys_keeps_its_place(desk: FaxApplication, opened: Callable[..., Page]) -> None:
    selfcheck.check_application(application=desk)
    page = opened()
    page.evaluate("window.sameWindow = true")
    page.get_by_role("button", name="Check now").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#check-said")).to_have_text(re.compile(r"Checked: \d+ of \d+ lines need a look\."))
    expect(page.get_by_role("button", name="Check now")).to_be_focused()
    assert page.evaluate("window.sameWindow")


def test_a_mend_that_fails_says_so_in_its_place(
    desk: FaxApplication, opened: Callable[..., Page], sandbox: Server
) -> None:
    selfcheck.check_application(application=desk)
    page = opened()
    sandbox.sandbox.faults.add(method="PATCH", path="/v2/fax_applications/*", action="status", status=401)
    page.get_by_role("button", name="Switch this application on").press("Enter")
    expect(page.locator("#check-told")).to_contain_text("does not accept this portal's API key")
    expect(page.locator("#check-told")).to_be_focused()
    assert troubles(page) == []


def test_it_works_without_a_script(desk: FaxApplication, opened: Callable[..., Page], sandbox: Server) -> None:
    page = opened(java_script_enabled=False)
    page.get_by_role("button", name="Check now").click()
    page.get_by_role("button", name="Switch this application on").click()
    expect(page.get_by_text("Done at Telnyx: “Switch this application on”.")).to_be_visible()
    assert truth(sandbox, desk)["active"] is True
