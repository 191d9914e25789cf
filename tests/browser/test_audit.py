"""The audit log in a real browser: readable by everybody, on any screen, by keys alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from accounts import audit
from accounts.models import Team, User
from accounts.services import set_retention
from faxes import looks
from faxes.models import Fax
from sync.models import Heartbeat
from tests import builders
from tests.screens import troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "Aveline-Maximiliana von und zu Hohenstein-Wolkenburg the Third of " + "Nowhere" * 9


@pytest.fixture
def fax(team: Team, alice: User, bob: User) -> Fax:
    """A fax that people have looked at, one of them with a long name."""
    Heartbeat.beat("worker")
    fax = builders.inbound(team, from_number="+13125550171")
    bob.first_name = LONG
    looks.opened(bob, fax)
    looks.opened(alice, fax)
    set_retention(by=alice, team=team, keep_media_days=30, keep_records_days=None)
    with transaction.atomic():
        audit.record(audit.Entry("fax." + "x" * 50, by=alice, on=fax, team=team, data={"it": "y" * 500}))
    return fax


@pytest.fixture
def opened(browser: Browser, live_server: Any, alice: User) -> Iterator[Callable[..., Page]]:
    """A function that opens an address as alice, who manages the team, in a window of its own."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: str, **options: Any) -> Page:
        client = Client()
        client.force_login(alice)
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def test_everybody_can_read_it(fax: Fax, opened: Callable[..., Page]) -> None:
    page = opened("/audit/")
    for path in ("/audit/", "/audit/?about=nothing+at+all&action=fax.view", f"/faxes/{fax.pk}/log/"):
        page.goto(path)
        for row in page.locator(".log-rows summary").all():
            row.click()
        assert troubles(page) == [], path


def test_an_entry_unfolds_by_keys(fax: Fax, opened: Callable[..., Page]) -> None:
    page = opened("/audit/")
    row = page.locator(".log-rows li", has_text="changed how long faxes are kept")
    expect(row.get_by_text("keep media days")).to_be_hidden()
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(row.get_by_text("keep media days")).to_be_visible()
    expect(row.get_by_role("cell", name="30")).to_be_visible()
    page.keyboard.press("Tab")
    expect(row.get_by_role("link", name="All of Alice")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/?person=*")
    expect(page.locator(".log-rows li")).to_have_count(3)


@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_narrowed_by_hand(fax: Fax, opened: Callable[..., Page], width: int) -> None:
    page = opened("/audit/", viewport={"width": width, "height": 780})
    page.get_by_label("Person").select_option("Alice")
    page.wait_for_url("**/audit/?person=*")
    page.locator("summary", has_text="More").click()
    page.get_by_label("What happened").select_option("Looked at a fax")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**action=fax.view*")
    expect(page.locator(".log-rows li")).to_have_count(1)
    page.get_by_role("link", name="Looked at a fax").click()
    expect(page.locator(".log-rows li")).to_have_count(3)
    page.keyboard.press("/")
    expect(page.get_by_label("Number, name or id")).to_be_focused()
    page.keyboard.type("312 555 0171")
    page.keyboard.press("Enter")
    page.wait_for_url("**about=312*")
    expect(page.locator(".log-rows li")).to_have_count(2)


def test_the_table_is_taken_along(fax: Fax, opened: Callable[..., Page]) -> None:
    page = opened("/audit/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename.startswith("audit-")
    page.reload()
    expect(page.get_by_text("exported entries of this log").first).to_be_visible()


def test_a_fax_leads_to_its_log_and_back(fax: Fax, opened: Callable[..., Page]) -> None:
    page = opened(f"/faxes/{fax.pk}/")
    page.get_by_role("link", name="Who saw and changed it").click()
    page.wait_for_url("**/log/")
    expect(page.get_by_text("this fax").first).to_be_visible()
    page.get_by_role("link", name="Fax from +1 312 555 0171").click()
    page.wait_for_url(f"**/faxes/{fax.pk}/")
