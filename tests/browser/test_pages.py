"""The pages in a real browser: readable by everybody, quiet in the console, and fast for who uses keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import Team, User
from faxes import timeline
from faxes.models import Fax
from faxes.states import Outbox
from sync.models import Heartbeat
from tests import builders, papers
from tests.conftest import PASSWORD
from tests.screens import troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sent(team: Team, number: str, **columns: Any) -> Fax:
    document = builders.document(papers.text_pdf(pages=1))
    columns.setdefault("status", "delivered")
    fax = builders.outbound(team, outbox=Outbox.ACCEPTED, to_number=number, document=document, **columns)
    timeline.note(fax, f"status:{fax.status}", page_count=1)
    return fax


@pytest.fixture
def faxes(team: Team, bob: User) -> list[Fax]:
    Heartbeat.beat("worker")
    builders.number(team)
    failed = sent(team, "+13125550142", status="failed", failure_reason="user_busy")
    return [failed, sent(team, "+13125550177"), sent(team, "+13125550166", status="sending")]


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """A function that opens an address on a screen, logged in as bob unless `anonymous`."""
    complaints: list[str] = []
    contexts = []

    def opened(path: str, *, width: int = 1280, height: int = 800, scheme: Any = "light", bob: bool = True) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if bob:
            page.goto(f"{live_server.url}/accounts/login/")
            page.get_by_label("Username").fill("bob")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.wait_for_url(f"{live_server.url}/")
        page.goto(f"{live_server.url}{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
    # A broken policy, a missing file and a failing script all end up here.
    assert complaints == []


def test_everybody_can_read_every_page(faxes: list[Fax], open_page: Callable[..., Page]) -> None:
    page = open_page("/faxes/sent/")
    for path in [
        "/faxes/sent/",
        "/faxes/inbox/",
        "/accounts/password/change/",
        *(f"/faxes/{fax.pk}/" for fax in faxes),
    ]:
        page.goto(re.sub(r"(?<=\d)/faxes.*", path, page.url))
        assert troubles(page) == [], path
    page.context.clear_cookies()
    page.goto(page.url)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert troubles(page) == []


def test_keys_walk_a_list_open_a_fax_and_start_a_new_one(faxes: list[Fax], open_page: Callable[..., Page]) -> None:
    page = open_page("/faxes/sent/")
    rows = page.locator("[data-row]")
    for key, place in (("j", 0), ("j", 1), ("ArrowDown", 2), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(rows.nth(place)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/faxes/{faxes[1].pk}/")
    page.keyboard.press("c")
    page.wait_for_url("**/faxes/new/")


def test_keys_mean_letters_while_somebody_types(faxes: list[Fax], open_page: Callable[..., Page]) -> None:
    page = open_page("/faxes/sent/")
    page.keyboard.press("/")
    search = page.get_by_label("Name or number")
    expect(search).to_be_focused()
    page.keyboard.type("jack?")
    expect(search).to_have_value("jack?")
    expect(page.locator("#keys")).to_be_hidden()


def test_the_sheet_of_keys_opens_and_can_turn_them_off(faxes: list[Fax], open_page: Callable[..., Page]) -> None:
    page = open_page("/faxes/sent/")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    sheet.get_by_label("Use these keys").uncheck()
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator("[data-row]").first).not_to_be_focused()


def test_a_fax_is_seen_to_arrive_without_a_reload(faxes: list[Fax], open_page: Callable[..., Page]) -> None:
    page = open_page(f"/faxes/{faxes[2].pk}/")
    expect(page.get_by_role("heading", name="Sending")).to_be_visible()
    page.evaluate("window.sameWindow = true")
    Fax.objects.filter(pk=faxes[2].pk).update(status="delivered")
    expect(page.get_by_role("heading", name="Delivered")).to_be_visible()
    expect(page.get_by_role("button", name="Send again")).to_be_visible()
    expect(page.locator("#fax-said")).to_contain_text("delivered.")
    assert page.evaluate("window.sameWindow")
    expect(page.locator("#fax-live[hx-trigger]")).to_have_count(0)


def test_times_are_those_of_the_reader(faxes: list[Fax], open_page: Callable[..., Page]) -> None:
    page = open_page(f"/faxes/{faxes[1].pk}/")
    time = page.locator("time").first
    expect(time).not_to_contain_text("UTC")
    expect(time).to_have_attribute("title", re.compile(r"\w"))
