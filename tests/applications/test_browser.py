"""The pages of applications in a real browser: for everybody to read, by keys alone, and live while they wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Team, User
from applications import steps
from applications.models import FaxApplication, PendingApplication
from sync.models import Heartbeat
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.telnyx import change_at_telnyx, truth
from tests.screens import troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "https://a-very-long-name-of-a-host.example/with/a/path/that/does/not/end/where/one/would/like/it/to/end/at/all"


@pytest.fixture
def open_page(browser: Browser, live_server: Any, alice: User, logged_in: Callable[[User], Client]) -> Iterator[Any]:
    """A function that opens an address on a screen, as alice."""
    complaints: list[str] = []
    contexts = []

    def opened(path: str, *, width: int = 1280, height: int = 800, scheme: Any = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        session = logged_in(alice).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(live_server.url + path)
        return page

    Heartbeat.beat("worker")
    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def test_names_that_begin_alike_can_be_told_apart(team: Team, open_page: Callable[..., Page]) -> None:
    name = "Radiology and imaging reports of the north-western outpatient campus"
    row = builders.application(team, application_name=name)
    builders.number(team, connection_id=row.telnyx_id)
    for path, place in (("/applications/", "[data-row]"), ("/applications/numbers/", ".number-application")):
        shown = open_page(path).locator(place)
        expect(shown).to_have_text(name)
        assert shown.evaluate("it => it.scrollWidth <= it.clientWidth && it.scrollHeight <= it.clientHeight"), path


def test_everybody_can_read_every_page(
    sandbox: Server,
    front_desk: FaxApplication,
    team: Team,
    alice: User,
    open_page: Callable[..., Page],
) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, tags=["first floor", "x" * 80], webhook_event_failover_url=LONG)
    builders.application(team, application_name="Old " * 20, gone_at=timezone.now())
    candidates = [{"id": "78", "application_name": "Pharmacy", "webhook_event_url": LONG, "created_at": ""}]
    wish = builders.wish(team, by=alice, evidence={"candidates": candidates, "late": True})
    page = open_page(f"/applications/{front_desk.pk}/")
    page.get_by_role("button", name="Refresh from Telnyx").click()
    expect(page.get_by_text("This is what Telnyx says now.")).to_be_visible()
    here = f"/applications/{front_desk.pk}/"
    home = page.url.partition("/applications/")[0]
    for path in [here, "/applications/", "/applications/?show=gone", "/applications/?q=nothing", f"{here}edit/"]:
        page.goto(home + path)
        assert troubles(page) == [], page.url
    for folded in page.locator("details.fields-folded > summary").all():
        folded.click()
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_label("Webhook time-out").fill("99")
    page.get_by_label("Tags").fill("mine")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#wrong")).to_contain_text("Give the application a name.")
    assert troubles(page) == [], page.url
    change_at_telnyx(sandbox, front_desk.telnyx_id, tags=["theirs " * 10])
    page.get_by_label("Name", exact=True).fill("Front desk")
    page.get_by_label("Webhook time-out").fill("9")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Somebody changed this application meanwhile")).to_be_visible()
    assert troubles(page) == [], page.url
    for path in [f"{here}delete/", "/applications/new/", f"/applications/new/{wish.pk}/"]:
        page.goto(home + path)
        assert troubles(page) == [], page.url


def test_by_keys_alone_an_application_is_found_changed_and_looked_at(
    sandbox: Server, front_desk: FaxApplication, open_page: Callable[..., Page]
) -> None:
    page = open_page("/applications/")
    page.keyboard.press("/")
    expect(page.get_by_label("Name, id or tag")).to_be_focused()
    page.keyboard.type("front")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=front")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{front_desk.pk}/")
    page.get_by_role("link", name="Edit", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/")
    page.locator("details.fields-folded > summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Webhook URL")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.type("99")
    page.keyboard.press("Enter")
    # What is wrong is open to be mended, and one step away.
    expect(page.get_by_label("Webhook time-out")).to_be_visible()
    page.locator("#wrong").get_by_role("link", name="Webhook time-out").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Webhook time-out")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("20")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved: Webhook time-out.")).to_be_visible()
    assert truth(sandbox, front_desk)["webhook_timeout_secs"] == 20


def test_a_page_that_waits_follows_by_itself(sandbox: Server, team: Team, open_page: Callable[..., Page]) -> None:
    sandbox.sandbox.faults.add(method="POST", path="/v2/fax_applications", action="reset", after=True)
    page = open_page("/applications/new/")
    page.get_by_label("Name", exact=True).fill("Pharmacy")
    page.get_by_role("button", name="Make it at Telnyx").click()
    expect(page.get_by_role("heading", name="It is not known yet")).to_be_visible()
    assert PendingApplication.objects.get().is_open
    steps.drain()
    page.wait_for_url(f"**/applications/{FaxApplication.objects.get().pk}/")
    expect(page.get_by_role("heading", name="Pharmacy")).to_be_visible()


def test_an_impatient_finger_makes_one(sandbox: Server, team: Team, open_page: Callable[..., Page]) -> None:
    sandbox.sandbox.faults.add(method="POST", path="/v2/fax_applications", action="delay", seconds=1)
    page = open_page("/applications/new/")
    page.get_by_label("Name", exact=True).fill("Pharmacy")
    page.get_by_role("button", name="Make it at Telnyx").dblclick(no_wait_after=True)
    expect(page.get_by_role("heading", name="Pharmacy")).to_be_visible()
    page.wait_for_url(lambda url: "/new/" not in url)
    posts = [each for each in sandbox.sandbox.requests if each.method == "POST"]
    assert (len(posts), FaxApplication.objects.count()) == (1, 1)
