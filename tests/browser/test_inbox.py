"""The inbox in a real browser: by keys alone, on a phone, while faxes arrive, and without any script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from accounts.models import Team, User
from contacts.models import Correspondent
from faxes import triage
from faxes.models import Document, Fax
from sync.models import Heartbeat
from tests import builders, papers
from tests.screens import troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
SENDERS = ["Lakeview Imaging", "Hartmann & Cole, LLP", "Walgreens #0421", "County Clerk", "Riverside Family Clinic"]


@pytest.fixture
def letter(db: None) -> Document:
    return builders.document(papers.text_pdf(pages=2), pages=2, kind=Document.Kind.RECEIVED)


@pytest.fixture
def come_in(team: Team, letter: Document) -> Callable[..., list[Fax]]:
    """A function that lets that many faxes come in, the newest first."""

    def arrive(count: int, **columns: Any) -> list[Fax]:
        now, made = timezone.now(), []
        for place in range(count):
            number = f"+131255501{place:02}"
            name, _ = Correspondent.objects.get_or_create(
                team=team, number=number, defaults={"name": f"{SENDERS[place % 5]} {place}"}
            )
            at = now - timedelta(minutes=place)
            known = {"from_number": number, "correspondent": name, "created_at": at} | columns
            made.append(builders.inbound(team, status="received", media="archived", document=letter, **known))
        return made

    return arrive


@pytest.fixture
def opened(browser: Browser, live_server: Any, team: Team, bob: User, alice: User) -> Iterator[Callable[..., Page]]:
    """A function that opens the inbox as bob, in a window of its own."""
    Heartbeat.beat("worker")
    builders.number(team, label="Front desk line")
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def new_page(path: str = "/faxes/inbox/", **options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        client = Client()
        client.force_login(bob)
        context = browser.new_context(base_url=live_server.url, **options)
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


def row(page: Page, fax: Fax) -> Locator:
    return page.locator(f"#row-{fax.pk}")


def open_fax(page: Page, fax: Fax) -> Locator:
    return page.locator(f'.pane-fax[data-fax="{fax.pk}"]')


def press(page: Page, keys: str) -> None:
    """As fast as somebody types who does not look."""
    for key in keys:
        page.keyboard.press(key)


def look_again(page: Page) -> None:
    """Let the time pass after which the list looks for what is new."""
    with page.expect_response(lambda answer: "seen=" in answer.url and "/inbox/" in answer.url):
        page.clock.run_for(10_500)


def test_twenty_faxes_are_triaged_by_keys_alone(
    opened: Callable[..., Page], come_in: Callable[..., list[Fax]], bob: User, alice: User
) -> None:
    faxes = come_in(20)
    page = opened()
    expect(page).to_have_title("(20) Inbox · Faxportal")
    page.evaluate("window.sameWindow = true")
    press(page, "j")
    expect(open_fax(page, faxes[0])).to_be_visible()
    # Typed ahead: the second e is for the fax that the first one leads to.
    press(page, "eee")
    expect(open_fax(page, faxes[3])).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Done: ")).to_contain_text("Next: County Clerk 3.")

    press(page, "a")
    expect(page.get_by_label("Find a person")).to_be_focused()
    page.keyboard.type("ali")
    page.keyboard.press("Enter")
    expect(row(page, faxes[3]).get_by_text("given to Alice")).to_be_attached()
    press(page, "n")
    expect(page.get_by_label("Note for the team")).to_be_focused()
    page.keyboard.type("Called back, e and # are only letters here.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".note-list")).to_contain_text("only letters here")
    press(page, "t")
    page.keyboard.type("urgent")
    page.keyboard.press("Enter")
    expect(row(page, faxes[3]).get_by_text("urgent")).to_be_visible()

    press(page, "j#")
    expect(open_fax(page, faxes[5])).to_be_visible()
    expect(row(page, faxes[4])).to_have_count(0)
    # To look at another one first does not take the undoing away.
    press(page, "jz")
    expect(open_fax(page, faxes[4])).to_be_visible()
    expect(row(page, faxes[4]).locator("a")).to_be_focused()
    press(page, "ju")
    expect(open_fax(page, faxes[5])).to_have_count(0)
    expect(row(page, faxes[5])).to_contain_text(", unread")
    expect(row(page, faxes[5]).locator("a")).to_be_focused()
    press(page, "j" + "e" * 14)
    # No older one is left. Those above were left there on purpose, and the unread one stays so.
    expect(page.locator(".mail:not(.leaves)")).to_have_count(3)
    expect(page.locator(".pane-fax")).to_have_count(0)
    expect(page).to_have_title("(1) Inbox · Faxportal")
    assert page.evaluate("window.sameWindow")

    left = Fax.objects.filter(handled_at=None, trashed_at=None)
    assert set(left) == {faxes[3], faxes[4], faxes[5]}
    assert Fax.objects.get(pk=faxes[3].pk).assigned_to == alice
    # The way back leads to the list, and not through every fax.
    page.go_back()
    expect(page.locator(".pane-fax")).to_have_count(0)


def test_who_goes_up_the_list_is_led_up(opened: Callable[..., Page], come_in: Callable[..., list[Fax]]) -> None:
    faxes = come_in(5)
    page = opened()
    row(page, faxes[4]).locator("a").click()
    expect(open_fax(page, faxes[4])).to_be_visible()
    press(page, "e")
    expect(open_fax(page, faxes[3])).to_be_visible()
    # One is left for later: Done does not lead back to it.
    press(page, "ke")
    expect(open_fax(page, faxes[1])).to_be_visible()
    press(page, "ee")
    expect(page.locator(".pane-fax")).to_have_count(0)
    assert list(Fax.objects.filter(handled_at=None)) == [faxes[3]]


def test_what_is_refused_is_said_where_it_can_be_mended(
    opened: Callable[..., Page], come_in: Callable[..., list[Fax]]
) -> None:
    faxes = come_in(3)
    page = opened()
    press(page, "jt")
    field = page.get_by_label("Tag", exact=True)
    field.fill("  ")
    page.keyboard.press("Enter")
    expect(field).to_have_accessible_description("A tag has 1 to 40 characters.")
    expect(field).to_be_focused()
    page.keyboard.type("urgent")
    expect(field).to_have_accessible_description("")
    page.keyboard.press("Enter")
    expect(row(page, faxes[0]).get_by_text("urgent")).to_be_visible()
    # What was selected stays so, and the list where it was.
    for fax in faxes[:2]:
        row(page, fax).get_by_role("checkbox").check()
    selected = page.get_by_role("form", name="Selected faxes")
    selected.get_by_text("Tag").first.click()
    page.get_by_label("Tag for the selected faxes").fill("  ")
    selected.get_by_role("button", name="Tag").click()
    expect(page.get_by_label("Tag for the selected faxes")).to_have_accessible_description(
        "A tag has 1 to 40 characters."
    )
    expect(page.get_by_text("2 selected")).to_be_visible()
    assert page.locator(".inbox-left").evaluate("box => box.scrollWidth - box.clientWidth") == 0


@pytest.mark.parametrize("name", ["W" * 200, "<b>&amp;'\"</b>", "\u202eمركز الأشعة 🏥"])
def test_a_name_of_any_kind_leaves_the_page_in_order(
    opened: Callable[..., Page], come_in: Callable[..., list[Fax]], name: str
) -> None:
    (fax,) = come_in(1)
    Correspondent.objects.update(name=name)
    page = opened(f"/faxes/inbox/?open={fax.pk}")
    expect(row(page, fax)).to_contain_text(name)
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    page.goto(f"/faxes/{fax.pk}/")
    page.locator(".sheets img").first.wait_for()
    page.evaluate("scrollTo(0, 700)")
    # What stays in sight stands below the name, and not behind it.
    head, bar = (page.locator(place).bounding_box() for place in ("main > .bar", ".desk-bar"))
    assert head and bar and head["y"] == 0 and head["height"] < 160
    assert abs(bar["y"] - head["height"]) <= 1


def test_each_press_turns_the_page_once(opened: Callable[..., Page], come_in: Callable[..., list[Fax]]) -> None:
    (fax,) = come_in(1)
    page = opened()
    press(page, "j")
    expect(open_fax(page, fax).locator(".desk.live")).to_be_visible()
    press(page, "rrr")
    expect(page.locator("#page-1")).to_have_attribute("data-turned", "270")
    assert Fax.objects.get(pk=fax.pk).rotation == {"1": 270}
    assert fax.events.filter(kind="rotated").count() == 3


def test_a_picture_that_fails_is_a_blank_sheet(opened: Callable[..., Page], come_in: Callable[..., list[Fax]]) -> None:
    (fax,) = come_in(1)
    page = opened("about:blank")
    page.route("**/*w=88*", lambda route: route.fulfill(body=b"", content_type="image/png"))
    page.goto("/faxes/inbox/")
    thumb = row(page, fax).locator("img")
    page.wait_for_load_state("networkidle")
    with Image.open(BytesIO(thumb.screenshot())) as seen:
        width, height = seen.size
        inside = seen.convert("RGB").crop((3, 3, width - 3, height - 3))
        assert inside.getcolors() == [(inside.width * inside.height, (255, 255, 255))]


def test_a_fax_arrives_and_disturbs_nobody(
    opened: Callable[..., Page], come_in: Callable[..., list[Fax]], team: Team, alice: User
) -> None:
    faxes = come_in(3)
    page = opened("about:blank")
    page.clock.install()
    page.goto("/faxes/inbox/")
    press(page, "jn")
    note = page.get_by_label("Note for the team")
    expect(note).to_be_focused()
    page.keyboard.type("Half a")
    row(page, faxes[1]).get_by_role("checkbox").check()
    note.focus()
    triage.handle(by=alice, faxes=[faxes[2]])
    (new,) = come_in(1, from_number="+17735550188", correspondent=None)
    look_again(page)
    expect(row(page, new)).to_be_visible()
    # What a colleague has done is nobody's news.
    expect(page).to_have_title("(2) Inbox · Faxportal")
    page.clock.run_for(500)
    expect(row(page, faxes[2])).to_have_count(0)
    expect(row(page, faxes[1]).get_by_role("checkbox")).to_be_checked()
    expect(note).to_be_focused()
    page.keyboard.type(" sentence")
    # What was written waits, from fax to fax.
    row(page, new).locator("a").click()
    expect(open_fax(page, new)).to_be_visible()
    row(page, faxes[0]).locator("a").click()
    expect(note).to_have_value("Half a sentence")
    # The fax that is read stays, whatever a colleague does with it.
    triage.handle(by=alice, faxes=[faxes[0]])
    look_again(page)
    page.clock.run_for(500)
    expect(row(page, faxes[0])).to_be_visible()
    # But it says so, and a key that was meant for Done does not open it again.
    expect(open_fax(page, faxes[0]).get_by_text("done", exact=True)).to_be_visible()
    press(page, "e")
    expect(open_fax(page, faxes[0]).get_by_role("button", name="Open again")).to_be_visible()
    assert Fax.objects.get(pk=faxes[0].pk).handled_at


def test_the_count_is_in_the_title_of_every_page(
    opened: Callable[..., Page], come_in: Callable[..., list[Fax]]
) -> None:
    page = opened("about:blank")
    page.clock.install()
    page.goto("/faxes/sent/")
    expect(page).to_have_title("Sent · Faxportal")
    come_in(2)
    with page.expect_response("**/faxes/unread/**"):
        page.clock.run_for(26_000)
    expect(page).to_have_title("(2) Sent · Faxportal")
    expect(page.get_by_role("navigation", name="Main", exact=True)).to_contain_text("Inbox 2")
    # While nobody sees the page, it rests.
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(60_000)
    assert asked == []


def test_several_are_selected_with_the_shift_key_and_done_at_once(
    opened: Callable[..., Page], come_in: Callable[..., list[Fax]]
) -> None:
    faxes = come_in(6)
    page = opened()
    row(page, faxes[1]).get_by_role("checkbox").check()
    row(page, faxes[4]).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_text("4 selected")).to_be_visible()
    press(page, "x")
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("form", name="Selected faxes").get_by_role("button", name="Done").click()
    expect(page.get_by_text("3 faxes done.")).to_be_visible()
    expect(page.locator(".mail:not(.leaves)")).to_have_count(3)
    expect(page.get_by_role("form", name="Selected faxes")).to_be_hidden()
    press(page, "z")
    expect(page.locator(".mail:not(.leaves)")).to_have_count(6)
    row(page, faxes[0]).get_by_role("checkbox").check()
    selected = page.get_by_role("form", name="Selected faxes")
    selected.get_by_text("Assign").first.click()
    # The people are asked for when somebody wants to see them.
    selected.get_by_label("Assign the selected faxes to").select_option("Alice")
    selected.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("given to Alice.")).to_be_visible()
    page.get_by_text("More", exact=True).first.click()
    page.get_by_label("Given to").select_option("Alice")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".mail")).to_have_count(1)


def test_on_a_phone_the_fax_is_a_view_of_its_own(
    opened: Callable[..., Page], come_in: Callable[..., list[Fax]]
) -> None:
    faxes = come_in(12)
    page = opened(**PHONE)
    first = row(page, faxes[0]).bounding_box()
    assert first and first["y"] < 80
    page.get_by_role("button", name="Search").tap()
    expect(page.get_by_label("Name, number, note or tag")).to_be_focused()
    page.get_by_role("button", name="Search").tap()
    expect(page.get_by_label("Name, number, note or tag")).to_be_hidden()
    last = row(page, faxes[11])
    last.scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    last.get_by_role("link").tap()
    expect(open_fax(page, faxes[11])).to_be_visible()
    expect(row(page, faxes[0])).to_be_hidden()
    for button in page.locator(":is(.acts, .desk-bar) .btn:visible").all():
        box = button.bounding_box()
        assert box and box["height"] >= 44 and box["width"] >= 44, button.inner_text()
    done = page.get_by_role("button", name="Done").bounding_box()
    assert done and done["y"] > 700
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Inbox", exact=False).and_(page.locator("[data-back]")).tap()
    expect(row(page, faxes[0])).to_be_visible()
    assert abs(page.evaluate("scrollY") - place) < 90
    row(page, faxes[11]).get_by_role("link").tap()
    page.get_by_role("button", name="Done").tap()
    expect(open_fax(page, faxes[10])).to_be_visible()
    page.go_back()
    expect(row(page, faxes[0])).to_be_visible()
    page.wait_for_load_state("networkidle")
    Fax.objects.filter(pk=faxes[0].pk).update(media="missing", document=None)
    page.goto(f"/faxes/inbox/?open={faxes[0].pk}")
    name, state = (page.locator(place).bounding_box() for place in ("#fax-name", ".state-word"))
    assert name and state and name["y"] < state["y"]


def test_without_a_script_everything_works_by_forms(
    opened: Callable[..., Page], come_in: Callable[..., list[Fax]], bob: User
) -> None:
    faxes = come_in(3)
    page = opened(java_script_enabled=False)
    row(page, faxes[0]).get_by_role("link").click()
    page.get_by_text("Add note").first.click()
    page.get_by_label("Note for the team").fill("Called back.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".note-list")).to_contain_text("Called back.")
    page.get_by_text("Assign", exact=False).and_(page.locator("#assign-menu summary")).click()
    page.get_by_role("button", name="Me", exact=True).click()
    expect(page.locator("#told")).to_contain_text("Given to you.")
    page.get_by_role("button", name="Done").click()
    expect(open_fax(page, faxes[1])).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(open_fax(page, faxes[0])).to_be_visible()
    row(page, faxes[2]).get_by_role("checkbox").check()
    selected = page.get_by_role("form", name="Selected faxes")
    selected.get_by_text("Assign").first.click()
    selected.get_by_role("link", name="Show everybody").click()
    row(page, faxes[2]).get_by_role("checkbox").check()
    selected.get_by_text("Assign").first.click()
    selected.get_by_label("Assign the selected faxes to").select_option("Alice")
    selected.get_by_role("button", name="Assign").click()
    expect(row(page, faxes[2])).to_contain_text("given to Alice")
    row(page, faxes[2]).get_by_role("checkbox").check()
    selected.get_by_role("button", name="Done").click()
    expect(row(page, faxes[2])).to_have_count(0)
    page.get_by_label("Name, number, note or tag").fill("Called back")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".mail")).to_have_count(1)


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_everybody_can_read_the_inbox(
    opened: Callable[..., Page],
    come_in: Callable[..., list[Fax]],
    team: Team,
    bob: User,
    options: dict[str, Any],
) -> None:
    faxes = come_in(3)
    builders.inbound(team, status="received", media="missing", from_number="+18475550110")
    triage.tag(by=bob, faxes=faxes[:2], name="urgent")
    triage.note(by=bob, fax=faxes[0], text="Called back. " * 300)
    triage.assign(by=bob, faxes=faxes[:1], to=bob)
    page = opened(**options)
    screen = [page.viewport_size["width"]] if page.viewport_size else []
    row(page, faxes[1]).get_by_role("checkbox").check()
    if options:
        page.get_by_role("button", name="Search").tap()
    page.get_by_text("More", exact=True).first.click()
    assert troubles(page, screen) == []
    for path in (
        "?q=nothing&assignee=me",
        f"?open={faxes[0].pk}",
        f"/faxes/{faxes[0].pk}/",
    ):
        page.goto(path if path.startswith("/") else f"/faxes/inbox/{path}")
        assert troubles(page, screen) == [], path
    page.locator("#more-menu summary").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Done").click()
    page.wait_for_url(lambda url: str(faxes[0].pk) not in url)
    assert troubles(page, screen) == []
