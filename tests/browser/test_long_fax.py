"""A fax of 350 pages in a real browser: there at once, smooth, and easy to find one's way in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from accounts.models import Team, User
from faxes.models import Fax
from sync.models import Heartbeat
from tests import builders, papers
from tests.screens import DESK, PHONE, troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = 350


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console complained about: a broken policy, a missing file and a failing script."""
    return []


@pytest.fixture
def asked() -> list[str]:
    """The pictures that were asked for, such as 12.png?w=1200, in order."""
    return []


@pytest.fixture
def opened(
    browser: Browser, live_server: Any, team: Team, bob: User, complaints: list[str], asked: list[str]
) -> Iterator[Callable[..., Page]]:
    """A function that opens a fax as bob, in a window of its own."""
    Heartbeat.beat("worker")
    contexts: list[BrowserContext] = []

    def new_page(fax: Fax, **options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        client = Client()
        client.force_login(bob)
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        context.set_default_timeout(20_000)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.on("request", lambda request: asked.extend(re.findall(r"\d+\.png\?.+", request.url)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"/faxes/{fax.pk}/")
        page.wait_for_load_state("networkidle")
        return page

    yield new_page
    for context in contexts:
        context.close()


@pytest.fixture
def long_fax(team: Team) -> Fax:
    return received(team, papers.text_pdf(PAGES), PAGES)


def received(team: Team, content: bytes, pages: int, **columns: Any) -> Fax:
    document = builders.document(content, pages=pages, kind="received")
    return builders.inbound(team, status="received", media="archived", document=document, **columns)


def picture(page: Page, number: int) -> Locator:
    return page.locator(f"#page-{number} img")


def field(page: Page) -> Locator:
    """Where the number of the page stands that is seen, and where another one is typed."""
    return page.get_by_role("spinbutton", name=re.compile("Page"))


def expect_seen(page: Page, number: int) -> None:
    """The page is told to be the current one, stands in the window, and its picture is there."""
    expect(field(page)).to_have_value(str(number))
    expect(picture(page, number)).to_be_in_viewport()
    expect(picture(page, number)).to_have_js_property("complete", True)
    assert picture(page, number).evaluate("image => image.naturalWidth") > 0


def test_opening_asks_for_little_and_the_first_page_first(
    opened: Callable[..., Page], long_fax: Fax, asked: list[str], complaints: list[str]
) -> None:
    page = opened(long_fax)
    expect_seen(page, 1)
    assert asked[0] == "1.png?w=1200"
    assert len(asked) <= 10, asked
    assert page.locator("*").count() < 10 * PAGES
    assert complaints == []


def test_going_far_asks_only_for_what_is_near(opened: Callable[..., Page], long_fax: Fax, asked: list[str]) -> None:
    page = opened(long_fax)
    asked.clear()
    field(page).fill("200")
    page.keyboard.press("Enter")
    expect_seen(page, 200)
    page.wait_for_load_state("networkidle")
    numbers = {int(one.partition(".")[0]) for one in asked}
    assert numbers <= set(range(190, 211)), numbers
    assert len(asked) < 16, asked


def test_nothing_jumps_while_pages_come_in(opened: Callable[..., Page], long_fax: Fax) -> None:
    page = opened(long_fax)
    field(page).fill("120")
    page.keyboard.press("Enter")
    expect_seen(page, 120)
    page.wait_for_load_state("networkidle")
    bar, paper = page.locator(".desk-bar").bounding_box(), page.locator("#page-120").bounding_box()
    assert bar and paper
    assert abs(paper["y"] - (bar["y"] + bar["height"])) <= 2
    heights = page.locator(".sheets > li").evaluate_all("all => new Set(all.map((one) => one.offsetHeight)).size")
    # Whether a page has been drawn or not, it takes the same room.
    assert heights <= 2


def test_keys_and_small_pages_lead_through_the_fax(opened: Callable[..., Page], long_fax: Fax) -> None:
    page = opened(long_fax)
    for key, number in ((".", 2), (".", 3), (",", 2)):
        page.keyboard.press(key)
        expect_seen(page, number)
    strip = page.get_by_role("navigation", name="Pages in small")
    strip.get_by_role("link", name="Page 5", exact=True).click()
    expect_seen(page, 5)
    current = strip.locator("[aria-current]")
    expect(current).to_have_text(re.compile(r"\b5$"))
    assert "#" not in page.url
    current.focus()
    page.keyboard.press("ArrowDown")
    expect_seen(page, 6)
    expect(current).to_be_focused()
    page.keyboard.press("End")
    expect_seen(page, PAGES)
    expect(current).to_be_in_viewport()


def test_the_page_that_is_scrolled_to_is_the_current_one(opened: Callable[..., Page], long_fax: Fax) -> None:
    page = opened(long_fax)
    page.mouse.move(600, 500)
    page.mouse.wheel(0, 1500)
    expect_seen(page, 3)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect_seen(page, PAGES)


def test_pages_grow_and_shrink_in_place(opened: Callable[..., Page], long_fax: Fax, asked: list[str]) -> None:
    page = opened(long_fax)
    page.keyboard.press(".")
    expect_seen(page, 2)
    usual = picture(page, 2).bounding_box()
    assert usual
    for _ in range(4):
        page.keyboard.press("+")
    page.wait_for_load_state("networkidle")
    expect_seen(page, 2)
    large = picture(page, 2).bounding_box()
    assert large and large["width"] == pytest.approx(usual["width"] * 3, abs=6)
    assert "2.png?w=1700" in asked
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.keyboard.press("0")
    expect(picture(page, 2)).to_have_js_property("offsetWidth", round(usual["width"]))
    page.keyboard.press("-")
    assert picture(page, 2).evaluate("image => image.offsetWidth") < usual["width"]
    expect_seen(page, 2)


def test_a_large_page_is_moved_by_dragging_it(opened: Callable[..., Page], long_fax: Fax) -> None:
    page = opened(long_fax)
    for _ in range(3):
        page.keyboard.press("+")
    paper = page.locator(".desk-paper")
    before = paper.evaluate("box => box.scrollLeft")
    page.mouse.move(600, 400)
    page.mouse.down()
    page.mouse.move(500, 300, steps=4)
    page.mouse.up()
    assert paper.evaluate("box => box.scrollLeft") == pytest.approx(before + 100, abs=2)
    assert page.evaluate("scrollY") > 50
    assert len(page.context.pages) == 1


def test_a_turned_page_lies_on_its_side(opened: Callable[..., Page], team: Team) -> None:
    page = opened(received(team, papers.text_pdf(3), 3, rotation={"2": 90}))
    page.keyboard.press(".")
    expect_seen(page, 2)
    size = picture(page, 2).evaluate("image => [image.naturalWidth > image.naturalHeight, image.offsetWidth]")
    upright = picture(page, 1).evaluate("image => [image.naturalWidth > image.naturalHeight, image.offsetWidth]")
    assert (size, upright) == ([True, upright[1]], [False, size[1]])


def test_a_page_is_turned_where_it_is_seen(opened: Callable[..., Page], team: Team, complaints: list[str]) -> None:
    fax = received(team, papers.text_pdf(3), 3)
    page = opened(fax)
    page.keyboard.press(".")
    expect_seen(page, 2)
    for turned in (90, 180):
        page.keyboard.press("r")
        expect(picture(page, 2)).to_have_attribute("src", re.compile(f"turned={turned}$"))
        expect_seen(page, 2)
    fax.refresh_from_db()
    assert fax.rotation == {"2": 180}
    assert complaints == []


def test_a_page_that_cannot_be_shown_says_so(opened: Callable[..., Page], team: Team) -> None:
    page = opened(received(team, b"%PDF-1.7 but broken", 2))
    said = picture(page, 1).evaluate("image => getComputedStyle(image, '::after').content")
    assert "could not be shown" in said
    assert picture(page, 1).evaluate("image => image.offsetHeight > image.offsetWidth")
    assert troubles(page) == []


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_everybody_can_read_a_fax_of_many_pages(
    opened: Callable[..., Page], team: Team, complaints: list[str], width: int
) -> None:
    fax = received(team, papers.text_pdf(8), 8, rotation={"2": 270})
    page = opened(fax, viewport={"width": width, "height": 800})
    expect_seen(page, 1)
    assert troubles(page, [width]) == []
    expect(page.get_by_role("navigation", name="Pages in small")).to_be_visible(visible=width == DESK)
    assert complaints == []


def test_without_script_the_pages_are_there(opened: Callable[..., Page], team: Team) -> None:
    page = opened(received(team, papers.text_pdf(3), 3), java_script_enabled=False)
    expect(picture(page, 1)).to_be_visible()
    expect(page.get_by_role("button", name="Larger")).to_be_hidden()
    page.get_by_role("link", name="Page 3", exact=True).click()
    expect(picture(page, 3)).to_be_in_viewport()
    assert page.url.endswith("#page-3")
