"""The admin in a real browser: it works under the policy, quietly, and fits a phone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Team
from applications.models import FaxApplication
from faxes import timeline
from faxes.models import Document, Fax, Tag
from faxes.states import Outbox
from sync.models import SyncRun
from tests import builders
from tests.admin.pages import form, listing
from tests.screens import DESK, PHONE
from webhooks.models import Delivery

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def screen(browser: Browser, live_server: Any, office: Client) -> Iterator[Page]:
    """A page of an administrator's browser, which must not complain about anything."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": DESK, "height": 900}, base_url=live_server.url)
    session = office.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def too_wide(screen: Page) -> list[int]:
    """The screens on which the page does not fit."""
    wide = []
    for width in (PHONE, DESK):
        screen.set_viewport_size({"width": width, "height": 900})
        if screen.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(width)
    return wide


# The words that go over more than one line, of those that nobody would break.
BROKEN = """table => {
  const texts = document.createTreeWalker(table, NodeFilter.SHOW_TEXT), word = new Range(), broken = [];
  while (texts.nextNode()) {
    word.selectNodeContents(texts.currentNode);
    const said = texts.currentNode.data.trim();
    if (/^[\\w.]{2,29}$/.test(said) && word.getClientRects().length > 1) broken.push(said);
  }
  return broken;
}"""


@pytest.fixture
def fax(team: Team) -> Fax:
    builders.number(team)
    fax = builders.outbound(team, outbox=Outbox.REJECTED, raw={"status": "failed", "note": "x" * 400})
    timeline.note(fax, "rejected", detail="Not a number. " * 20)
    return fax


def test_every_kind_of_page_is_quiet_and_fits(screen: Page, fax: Fax) -> None:
    event = builders.delivery(b'{"data": {"event_type": "' + b"y" * 300 + b'"}}', fax=fax)
    for address in ("/admin/", listing(Fax), form(fax), listing(Delivery), form(event), form(fax.team or fax)):
        screen.goto(address)
        screen.wait_for_load_state("networkidle")
        assert too_wide(screen) == [], address


def test_no_word_of_a_list_breaks_and_every_column_is_seen(screen: Page, team: Team, fax: Fax) -> None:
    told: dict[str, Any] = {
        "event_type": "fax.media.processing.started",
        "outcome": "It waits for the end of a send.",
        "state": "done",
    }
    builders.delivery(fax_telnyx_id=str(uuid.uuid4()), **told)
    builders.application(team, webhook_event_url="https://fax.example.org/webhooks/telnyx")
    SyncRun.objects.create(kind="full", finished_at=timezone.now(), error="Numbers: Telnyx failed.")
    for model in (Fax, Delivery, FaxApplication, SyncRun):
        screen.goto(listing(model))
        assert screen.locator("#result_list").evaluate(BROKEN) == [], model
        assert screen.locator("#result_list").evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")


def test_a_payload_is_folded_until_somebody_wants_it(screen: Page, fax: Fax) -> None:
    screen.goto(form(fax))
    payload = screen.get_by_text('"status": "failed"')
    expect(payload).to_be_hidden()
    screen.get_by_text("Last payload").click()
    expect(payload).to_be_visible()


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_an_action_is_chosen_and_run(screen: Page, fax: Fax, width: int) -> None:
    screen.set_viewport_size({"width": width, "height": 900})
    screen.goto(listing(Fax))
    screen.locator("input[name=_selected_action]").check()
    screen.locator("select[name=action]").select_option("retry")
    screen.locator("button[name=index]").click()
    expect(screen.get_by_text("Tried once more: 1.")).to_be_visible()
    assert Fax.objects.get(retry_of=fax).outbox == Outbox.READY


def test_a_member_is_found_by_typing(screen: Page, team: Team, charlie: Any) -> None:
    screen.goto(form(team))
    screen.get_by_role("link", name="Add another Membership").click()
    screen.locator(".select2-selection").last.click()
    screen.locator(".select2-search__field").fill("char")
    screen.get_by_role("option", name="Charlie").click()
    screen.get_by_role("button", name="Save", exact=True).click()
    expect(screen.get_by_text("was changed successfully")).to_be_visible()
    assert team.memberships.get().user == charlie


def test_names_as_long_as_mischief_makes_them_are_text_and_fit(screen: Page, team: Team) -> None:
    mischief = "<b>bold</b><img src=x onerror=alert(1)>" + "x" * 1000
    said: list[str] = []
    screen.on("dialog", lambda dialog: said.append(dialog.message))
    Team.objects.filter(pk=team.pk).update(name=mischief[:100])
    application = builders.application(team, telnyx_id="1")
    FaxApplication.objects.update(application_name=mischief[:255])
    number = builders.number(team, connection_id="1", label=mischief[:100])
    document = builders.document()
    Document.objects.filter(pk=document.pk).update(name=mischief[:255], sha256="f" * 64)
    fax = builders.inbound(team, document=document, failure_reason=mischief[:255])
    fax.tags.add(Tag.objects.create(team=team, name=mischief[:40]))
    stray = builders.inbound(None, from_number=mischief[:64], to_number="+" + "1" * 63)
    rows = [application, number, document, fax, stray, team]
    for address in [*map(form, rows), *(listing(type(row)) for row in rows)]:
        screen.goto(address)
        screen.wait_for_load_state("networkidle")
        assert too_wide(screen) == [], address
        assert screen.locator("b", has_text="bold").count() == 0, address
    screen.goto(f"{listing(Fax)}?missing=team")
    screen.locator("input.action-select").first.check()
    screen.locator("select[name=action]").select_option("give")
    screen.locator("#changelist-form button[type=submit]").first.click()
    expect(screen.get_by_role("heading", name="Give to a team")).to_be_visible()
    expect(screen.get_by_text("The fax from <b>bold</b>")).to_be_visible()
    assert too_wide(screen) == []
    assert said == []


def test_one_link_of_the_sidebar_says_where_one_is(screen: Page, fax: Fax) -> None:
    for address, link in ((listing(Fax), "Faxes"), (f"{listing(Fax)}?missing=team", "Unrouted"), (form(fax), "Faxes")):
        screen.goto(address)
        here = screen.locator("#nav-sidebar a.active")
        assert [text.split()[-1] for text in here.all_inner_texts()] == [link]
