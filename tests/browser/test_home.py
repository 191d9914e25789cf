"""The dashboard in a real browser: it follows by itself, takes neither focus nor selection, and can be read by all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import Membership, Role, Team, User
from applications.models import PhoneNumber
from contacts.models import Correspondent
from faxes.models import Document, Fax
from faxes.states import Media, Outbox
from portal.selfcheck import Finding, State
from sync.models import Heartbeat
from tests import builders, papers
from tests.screens import troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def letter(db: None) -> Document:
    return builders.document(papers.text_pdf(pages=1))


@pytest.fixture
def opened(browser: Browser, live_server: Any, team: Team, bob: User) -> Iterator[Callable[..., Page]]:
    """A function that opens a page as bob, or as somebody else, in a window of its own."""
    Heartbeat.beat("worker")
    Heartbeat.beat("telnyx")
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def new_page(path: str = "/", *, user: User = bob, **options: Any) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(
            base_url=live_server.url, **{"viewport": {"width": 1280, "height": 800}} | options
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield new_page
    for context in contexts:
        context.close()
    # A broken policy, a missing file and a failing script all end up here.
    assert complaints == []


@pytest.fixture
def office(team: Team, bob: User, letter: Document) -> Fax:
    """A bit of everything. The fax that comes back is being sent."""
    line = builders.number(team, label="Referrals")
    now = timezone.now()
    known = Correspondent.objects.create(team=team, number=builders.THEIRS, name="Lakeview Imaging")
    received = {"status": "received", "media": Media.ARCHIVED, "document": letter, "correspondent": known}
    builders.inbound(team, **received, created_at=now - timedelta(minutes=46), assigned_to=bob)
    builders.inbound(team, status="received", media=Media.MISSING, created_at=now - timedelta(hours=2))
    gone = {"status": "failed", "failure_reason": "receiver_unallocated_number", "to_number": "+14155550101"}
    builders.outbound(team, outbox=Outbox.ACCEPTED, document=letter, **gone)
    builders.uncertain(team, to_number="+14155550102", document=letter)
    sending = builders.accepted(team, status="sending", document=letter, correspondent=known)
    builders.outbound(team, outbox=Outbox.READY, document=letter, correspondent=known)
    PhoneNumber.objects.filter(pk=line.pk).update(quiet_since=now - timedelta(hours=5))
    return sending


def look(page: Page, seconds: int) -> None:
    """Let the time pass after which the page looks again, and wait for the answer."""
    with page.expect_response(lambda answer: "seen=" in answer.url and "unread" not in answer.url):
        page.clock.run_for(seconds * 1000 + 500)


def test_everybody_can_read_it(office: Fax, opened: Callable[..., Page], alice: User, root: User) -> None:
    nobody = User.objects.create_user("nobody")
    beginner = User.objects.create_user("beginner", first_name="Bea")
    new_team = Team.objects.create(name="Billing", slug="billing")
    Membership.objects.create(user=beginner, team=new_team, role=Role.MANAGER)
    for user, said in (
        (alice, "The last faxes"),
        (root, "Without a team"),
        (beginner, "Three steps to the first fax"),
        (nobody, "You are on no team yet"),
    ):
        builders.inbound(None, status="received", media=Media.ARCHIVED)
        page = opened(user=user)
        expect(page.locator("main")).to_contain_text(said)
        assert troubles(page) == [], user
    Fax.objects.all().delete()
    builders.inbound(office.team, status="received", media=Media.ARCHIVED, handled_at=timezone.now())
    page = opened()
    expect(page.get_by_text("Nothing needs you.")).to_be_visible()
    assert troubles(page) == []


def test_a_fax_is_seen_to_go_its_way_and_the_focus_stays_with_it(office: Fax, opened: Callable[..., Page]) -> None:
    page = opened()
    page.clock.install()
    page.evaluate("window.sameWindow = true")
    going = page.get_by_role("region", name="On their way")
    expect(going.get_by_text("waiting: line in use")).to_be_visible()
    page.locator(f"#going-{office.pk}").focus()
    Fax.objects.filter(pk=office.pk).update(status="levitating")
    look(page, 4)
    expect(going.get_by_text("levitating")).to_be_visible()
    expect(page.locator(f"#going-{office.pk}")).to_be_focused()

    Fax.objects.filter(pk=office.pk).update(status="delivered", line_held=False)
    look(page, 4)
    expect(going.locator(f"#going-{office.pk}")).to_have_count(0)
    expect(page.locator(f"#last-{office.pk}")).to_be_focused()
    assert page.evaluate("window.sameWindow")


def test_what_somebody_selects_stays_until_they_are_done(office: Fax, opened: Callable[..., Page]) -> None:
    page = opened()
    page.clock.install()
    page.locator("#home-going h2").select_text()
    assert page.evaluate("getSelection().toString()").strip() == "On their way"
    Fax.objects.filter(pk=office.pk).update(status="levitating")
    look(page, 4)
    assert page.evaluate("getSelection().toString()").strip() == "On their way"
    expect(page.get_by_text("levitating")).to_have_count(0)
    page.evaluate("getSelection().removeAllRanges()")
    look(page, 4)
    expect(page.locator("#home-going").get_by_text("levitating")).to_be_visible()


def test_parts_that_did_not_change_stay_the_same_element(office: Fax, opened: Callable[..., Page], team: Team) -> None:
    page = opened()
    page.clock.install()
    page.evaluate("document.getElementById('home-going').marked = document.getElementById('home-needs').marked = true")
    builders.inbound(team, status="received", media=Media.ARCHIVED)
    look(page, 25)
    expect(page.locator("#need-unread .need-number")).to_have_text("3")
    assert page.evaluate("document.getElementById('home-going').marked")
    assert not page.evaluate("document.getElementById('home-needs').marked")


def test_where_nothing_moves_nobody_looks_every_few_seconds(opened: Callable[..., Page], team: Team) -> None:
    builders.inbound(team, status="received", media=Media.ARCHIVED)
    page = opened()
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "seen=" in request.url else None)
    page.clock.run_for(20_000)
    assert asked == []


@pytest.mark.parametrize(
    ("hour", "said"), [(4, "Good evening"), (7, "Good morning"), (13, "Good afternoon"), (18, "Good evening")]
)
def test_it_greets_by_the_clock_of_its_reader(opened: Callable[..., Page], hour: int, said: str) -> None:
    page = opened("/faxes/sent/", timezone_id="America/Chicago")
    # In November, Chicago is six hours behind.
    page.clock.set_fixed_time(f"2026-11-20T{(hour + 6) % 24:02}:30:00Z")
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{said}, Bob")


def test_it_greets_by_the_zone_that_its_reader_has_chosen(opened: Callable[..., Page], bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(time_zone="Asia/Tokyo")
    page = opened("/faxes/sent/", timezone_id="America/Chicago")
    page.clock.set_fixed_time("2026-11-20T23:30:00Z")
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Good morning, Bob")


def test_it_can_be_used_by_keys_alone(office: Fax, opened: Callable[..., Page]) -> None:
    page = opened("/faxes/inbox/")
    home = page.locator(".rail").get_by_role("link", name="Home")
    for _ in range(12):
        if home.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\d/$"))
    expect(home).to_have_attribute("aria-current", "page")
    page.keyboard.press("j")
    expect(page.locator("[data-row]").first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-row]").nth(1)).to_be_focused()
    page.locator("#need-stuck").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/faxes/sent/?show=stuck")
    expect(page.locator("[data-row]")).to_have_count(1)


def test_a_phone_has_home_at_its_thumb_and_the_line_in_the_menu(
    office: Fax, opened: Callable[..., Page], alice: User
) -> None:
    page = opened(user=alice, viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    tabs = page.get_by_role("navigation", name="Main, at the bottom")
    expect(tabs.get_by_role("link", name="Home")).to_have_attribute("aria-current", "page")
    boxes = [one.bounding_box() for one in tabs.locator("> *").all()]
    assert len(boxes) == 5
    for box in boxes:
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] >= 44
    assert len({round(box["y"] + box["height"] / 2) for box in boxes if box}) == 1
    tabs.locator("summary").tap()
    expect(tabs.get_by_role("link", name="Applications")).to_be_visible()


def test_a_phone_shows_what_a_manager_has_to_mend_in_its_colour_and_within_its_card(
    opened: Callable[..., Page], team: Team, alice: User
) -> None:
    foreign = f"The webhook URL leads elsewhere: https://hooks.example.org/{'incoming' * 12}"
    found = Finding("url", State.BAD, foreign, "Telnyx tells its news there.")
    builders.application(team, findings=[found.as_json()], checked_at=timezone.now())
    page = opened(user=alice, viewport={"width": 390, "height": 780})
    card, note = (page.locator(one).bounding_box() for one in ("#home-line .card-body", ".line-notes li"))
    assert card and note and note["x"] - card["x"] == card["x"] + card["width"] - note["x"] - note["width"]
    pill = page.get_by_role("link", name="1 to look after")
    red = page.locator(".line-notes li").evaluate("note => getComputedStyle(note).color")
    expect(pill).to_have_css("color", red)


def test_without_a_script_it_tells_the_same(office: Fax, opened: Callable[..., Page]) -> None:
    page = opened(java_script_enabled=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Bob")
    expect(page.locator("#need-stuck .need-number")).to_have_text("1")
    page.locator("#need-uncertain").click()
    expect(page.locator("[data-row]")).to_have_count(1)
