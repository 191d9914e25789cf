"""Sending in a real browser: from the log-in to “delivered” by keys alone, and everything the page does on the way."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pytest_django import Settings

from accounts.models import Team, User
from applications.models import PhoneNumber
from applications.services import assign_number
from contacts.models import Correspondent
from faxes.models import Document, Fax
from faxes.pictures import READING
from faxes.steps import prepare, submit
from sync.models import Heartbeat
from sync.services import sync_recent
from telnyx_sandbox.server import running
from tests import builders, papers
from tests.conftest import PASSWORD
from tests.screens import troubles
from webhooks.steps import drain as process

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READY = "Send 3 pages to +1 312 555 0142 from +1 312 579 0015."
DROP = """(body, files) => {
    const data = new DataTransfer();
    for (const [name, content] of files) {
        data.items.add(new File([Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0))], name));
    }
    for (const kind of ["dragover", "drop"]) {
        body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
}"""
PASTE = """(entry, text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    entry.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def letters(tmp_path: Path) -> Callable[..., list[Path]]:
    """A function that puts letters of three pages on the disk, one of each name."""

    def written(*names: str) -> list[Path]:
        for name in names:
            (tmp_path / name).write_bytes(papers.text_pdf())
        return [tmp_path / name for name in names]

    return written


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console complained about: a broken policy, a missing file and a failing script."""
    return []


@pytest.fixture
def opened(
    browser: Browser, live_server: Any, team: Team, bob: User, complaints: list[str]
) -> Iterator[Callable[..., Page]]:
    """A function that opens the compose page as bob, in a window of its own."""
    Heartbeat.beat("worker")
    contexts: list[BrowserContext] = []

    def new_page(**options: Any) -> Page:
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
        page.goto("/faxes/new/")
        return page

    yield new_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(opened: Callable[..., Page], team: Team) -> Page:
    builders.number(team, label="Front desk")
    return opened()


@pytest.fixture
def telnyx(live_server: Any, settings: Settings, team: Team) -> Iterator[PhoneNumber]:
    """Telnyx in a hurry, with real webhooks to our door, a worker beside it, and a number of the team."""
    settings.PUBLIC_URL = live_server.url
    with running(api_key="KEY0123456789", webhook_url=f"{live_server.url}/webhooks/telnyx", speed=20) as server:
        settings.TELNYX_API_BASE, settings.TELNYX_API_KEY = server.url, "KEY0123456789"
        settings.TELNYX_PUBLIC_KEY = server.public_key
        assert not sync_recent().error
        number = PhoneNumber.objects.earliest("phone_number")
        assign_number(by=None, number=number, team=team)
        ended = threading.Event()
        worker = threading.Thread(target=_work, args=[ended])
        worker.start()
        yield number
        ended.set()
        worker.join()


def _work(ended: threading.Event) -> None:
    """What the worker does, as fast as it can."""
    while not ended.wait(0.05):
        for drain in (prepare.drain, submit.drain, process):
            drain()
    connections.close_all()


def sentence(page: Page) -> Locator:
    return page.locator("#sentence")


def entry(page: Page) -> Locator:
    return page.get_by_role("textbox", name="To", exact=True)


def file_names(page: Page) -> Locator:
    return page.locator(".files .file-name")


def add(page: Page, *files: Path) -> None:
    there = file_names(page).count()
    page.get_by_label("Add files").set_input_files(list(files))
    expect(file_names(page)).to_have_count(there + len(files))


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the focus is there, as somebody does who has no mouse."""
    for _ in range(40):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The Tab key does not lead to {target}.")


def test_a_fax_is_sent_and_seen_to_arrive_by_keys_alone(
    browser: Browser, live_server: Any, telnyx: PhoneNumber, bob: User, letters: Callable[..., list[Path]]
) -> None:
    Heartbeat.beat("worker")
    page = browser.new_page(base_url=live_server.url)
    page.set_default_timeout(10_000)
    page.goto("/")
    tab_to(page, page.get_by_label("Username"))
    page.keyboard.type("bob")
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/")

    page.keyboard.press("c")
    page.wait_for_url("**/faxes/new/**")
    expect(entry(page)).to_be_focused()
    page.keyboard.type("(312) 555-0199")
    page.keyboard.press("Enter")
    expect(sentence(page)).to_have_text("Add a file to send.")
    tab_to(page, page.get_by_label("Add files"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(letters("referral.pdf"))
    expect(sentence(page)).to_contain_text("Send 3 pages to +1 312 555 0199 from")
    page.keyboard.press("Control+Enter")

    page.wait_for_url(re.compile(r"/faxes/[0-9a-f-]{36}/$"))
    page.evaluate("window.sameWindow = true")
    expect(page.get_by_role("heading", name="Delivered")).to_be_visible(timeout=20_000)
    assert page.evaluate("window.sameWindow")
    fax = Fax.objects.get()
    assert (fax.to_number, fax.status, fax.created_by) == ("+13125550199", "delivered", bob)
    page.context.close()


def test_everybody_can_read_the_page(
    opened: Callable[..., Page], complaints: list[str], team: Team, letters: Callable[..., list[Path]]
) -> None:
    builders.number(team)
    Correspondent.objects.create(team=team, number="+13125550142", name="Dr. Okafor, Cardiology")
    page = opened()
    assert troubles(page) == []
    entry(page).evaluate(PASTE, "312 555 0142, 555 0143, 312 555 0142")
    expect(page.locator(".chip-bad")).to_have_count(1)
    add(page, *letters("referral.pdf", "a very long name of a file that the copier on the second floor made up.pdf"))
    page.get_by_text("More options").click()
    page.get_by_label("True black and white").check()
    page.get_by_label("Display name").fill("Müller")
    assert troubles(page) == []
    assert complaints == []
    page.get_by_role("button", name="Send fax").click()
    expect(page.get_by_text("The display name may hold letters")).to_be_visible()
    assert troubles(page) == []


def test_the_empty_state_can_be_read(opened: Callable[..., Page], complaints: list[str]) -> None:
    page = opened()
    expect(page.get_by_role("heading", name="There is no number to send from yet")).to_be_visible()
    assert troubles(page) == [] and complaints == []


def test_recipients_become_chips(page: Page, team: Team) -> None:
    Correspondent.objects.create(team=team, number="+13125550143", name="Lakeview Imaging")
    chips = page.get_by_role("list", name="Recipients").get_by_role("listitem")
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    expect(chips).to_have_text(["+1 312 555 0142 ✕"], use_inner_text=True)
    entry(page).press_sequentially("3125550143,")
    expect(chips.nth(1)).to_contain_text("Lakeview Imaging")
    entry(page).evaluate(PASTE, "(312) 555-0142\n+44 20 7946 0018; 555 0144")
    expect(chips).to_have_count(4)
    expect(page.get_by_text("+1 312 555 0142 was listed more than once. It gets one fax.")).to_be_visible()
    expect(page.get_by_text("“555 0144” has too few or too many digits.")).to_be_visible()
    expect(entry(page)).to_have_attribute("aria-invalid", "true")

    page.get_by_role("button", name="Mend 555 0144").click()
    expect(entry(page)).to_have_value("555 0144")
    entry(page).fill("312 555 0144")
    entry(page).press("Tab")
    expect(chips.last).to_contain_text("+1 312 555 0144")
    expect(page.locator(".chip-bad")).to_have_count(0)
    expect(entry(page)).to_have_attribute("aria-invalid", "false")

    page.get_by_role("button", name="Remove +44 20 7946 0018").click()
    expect(chips).to_have_count(3)
    expect(entry(page)).to_be_focused()
    entry(page).press("Backspace")
    expect(entry(page)).to_have_value("+1 312 555 0144")
    expect(chips).to_have_count(2)


def test_more_than_a_hundred_are_refused_and_those_before_stay(page: Page) -> None:
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    entry(page).evaluate(PASTE, "\n".join(f"+1312555{index:04}" for index in range(100)))
    said = "A fax goes to at most 100 numbers at once, and these are 101. Send it in parts."
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.locator(".chip")).to_have_count(1)


def test_the_sentence_follows_what_is_filled_in(page: Page, team: Team, letters: Callable[..., list[Path]]) -> None:
    builders.number(team, "+13125790016")
    page.reload()
    expect(sentence(page)).to_have_text("Add a file and a recipient to send.")
    add(page, *letters("referral.pdf"))
    expect(sentence(page)).to_have_text("Add a recipient to send.")
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    expect(sentence(page)).to_have_text(READY)
    entry(page).fill("312 555 0143")
    entry(page).press("Enter")
    expect(sentence(page)).to_have_text("Send 3 pages to 2 recipients from +1 312 579 0015.")
    page.get_by_label("From").select_option("+1 312 579 0016 · Front desk")
    expect(sentence(page)).to_have_text("Send 3 pages to 2 recipients from +1 312 579 0016.")


def test_files_are_dropped_anywhere_and_a_refused_one_says_why(page: Page) -> None:
    files = [("first.pdf", papers.text_pdf()), ("secret.pdf", papers.encrypted_pdf()), ("last.tif", papers.fax_tiff())]
    page.locator("body").evaluate(DROP, [[name, base64.b64encode(content).decode()] for name, content in files])
    expect(file_names(page)).to_have_text(["first.pdf", "last.tif"])
    expect(page.get_by_text("“secret.pdf” is protected with a password.")).to_be_visible()
    expect(sentence(page)).to_have_text("Add a recipient to send.")
    expect(page.locator(".dropping")).to_have_count(0)
    expect(page.get_by_alt_text("Page 2 of last.tif")).to_be_attached()


def test_a_file_over_the_limit_never_travels(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "film.pdf"
    with large.open("wb") as file:
        file.truncate(62_340_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.get_by_label("Add files").set_input_files(large)
    said = "“film.pdf” comes to 62.4 MB, and a fax takes at most 50 MB. Scan it in black and white or split it."
    expect(page.get_by_text(said)).to_be_visible()
    assert asked == []


def test_nothing_is_sent_while_a_file_is_under_way(page: Page, letters: Callable[..., list[Path]]) -> None:
    held: list[Any] = []
    page.route("**/new/files/", lambda route: held.append(route))
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    page.get_by_label("Add files").set_input_files(letters("slow.pdf", "next.pdf"))
    upload = page.get_by_role("progressbar", name="Upload of slow.pdf")
    expect(upload).to_be_visible()
    page.get_by_role("button", name="Send fax").click()
    expect(sentence(page)).to_have_text("Wait until every file is here, then send.")
    page.get_by_role("button", name="Stop the upload of next.pdf").click()
    held[0].continue_()
    expect(sentence(page)).to_have_text(READY)
    expect(file_names(page)).to_have_text(["slow.pdf"])
    assert not Fax.objects.exists()


def test_an_answer_about_recipients_does_not_hide_that_a_file_is_under_way(
    page: Page, letters: Callable[..., list[Path]]
) -> None:
    answers: list[Any] = []
    page.route("**/new/sentence/", lambda route: answers.append(route))
    page.route("**/new/files/", lambda route: None)
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    page.get_by_label("Add files").set_input_files(letters("slow.pdf"))
    expect(sentence(page)).to_have_text("Wait until every file is here, then send.")
    while not answers:
        page.wait_for_timeout(20)
    answers.pop().continue_()
    expect(page.locator(".chip-new")).to_have_count(0)
    expect(sentence(page)).to_have_text("Wait until every file is here, then send.")
    page.unroute("**/new/sentence/")
    page.get_by_role("button", name="Stop the upload of slow.pdf").click()
    expect(sentence(page)).to_have_text("Add a file to send.")


def test_an_answer_that_comes_late_is_asked_for_again(page: Page, letters: Callable[..., list[Path]]) -> None:
    """The sentence never tells of a sheet as it was before a file came."""
    late: list[tuple[Any, Any]] = []

    def hold_the_first(route: Any) -> None:
        if late:
            route.continue_()
        else:
            late.append((route, route.fetch()))

    page.route("**/new/sentence/", hold_the_first)
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    expect(page.locator(".chip-new")).to_have_count(1)
    while not late:
        # The answer has to be made before the file comes.
        page.wait_for_timeout(20)
    add(page, *letters("referral.pdf"))
    expect(sentence(page)).to_have_text(READY)
    [(route, answer)] = late
    assert "Add a file to send." in answer.text()
    route.fulfill(response=answer)
    expect(page.locator(".chip-new")).to_have_count(0)
    expect(sentence(page)).to_have_text(READY)


def test_files_move_by_keys_and_the_focus_stays(page: Page, letters: Callable[..., list[Path]]) -> None:
    add(page, *letters("a.pdf", "b.pdf", "c.pdf"))
    tab_to(page, page.get_by_role("button", name="Move c.pdf earlier"))
    page.keyboard.press("Enter")
    expect(file_names(page)).to_have_text(["a.pdf", "c.pdf", "b.pdf"])
    expect(page.get_by_role("button", name="Move c.pdf earlier")).to_be_focused()
    expect(page.locator("#announcement")).to_have_text("“c.pdf” is now file 2 of 3.")
    page.keyboard.press("Enter")
    expect(file_names(page)).to_have_text(["c.pdf", "a.pdf", "b.pdf"])
    expect(page.get_by_role("button", name="Move c.pdf later")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Remove a.pdf"))
    page.keyboard.press("Enter")
    expect(file_names(page)).to_have_text(["c.pdf", "b.pdf"])
    expect(page.get_by_role("button", name="Remove b.pdf")).to_be_focused()
    assert [document.name for document in Document.objects.order_by("position")] == ["c.pdf", "b.pdf"]


def test_files_move_by_dragging(page: Page, letters: Callable[..., list[Path]]) -> None:
    add(page, *letters("a.pdf", "b.pdf", "c.pdf"))
    with page.expect_response("**/new/order/"):
        page.locator(".file").nth(2).drag_to(page.locator(".file").nth(0), target_position={"x": 10, "y": 40})
    expect(file_names(page)).to_have_text(["c.pdf", "a.pdf", "b.pdf"])
    assert [document.name for document in Document.objects.order_by("position")] == ["c.pdf", "a.pdf", "b.pdf"]


def test_the_preview_shows_every_page(page: Page, letters: Callable[..., list[Path]]) -> None:
    add(page, *letters("a.pdf", "b.pdf"))
    seen = page.locator(".turner")
    pages = page.get_by_role("region", name="Pages in the order in which they are sent").get_by_role("img")
    expect(pages).to_have_count(6)
    expect(seen).to_contain_text("Page 1 of 6")
    assert pages.first.evaluate("image => image.decode().then(() => image.naturalWidth)") == READING
    page.get_by_role("button", name="Next page").click()
    expect(seen).to_contain_text("Page 2 of 6")
    page.get_by_alt_text("First page of b.pdf").click()
    expect(seen).to_contain_text("Page 4 of 6")
    page.get_by_role("button", name="Page before").click()
    expect(seen).to_contain_text("Page 3 of 6")


def test_a_double_click_sends_one_fax_and_back_leads_to_it(page: Page, letters: Callable[..., list[Path]]) -> None:
    add(page, *letters("referral.pdf"))
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    expect(sentence(page)).to_have_text(READY)
    page.get_by_role("button", name="Send fax").dblclick()
    its_page = re.compile(r"/faxes/[0-9a-f-]{36}/$")
    page.wait_for_url(its_page)
    page.goto("/faxes/sent/")
    page.go_back()
    page.go_back()
    expect(page.get_by_text("This fax has been sent already. Nothing was sent twice.")).to_be_visible()
    expect(page).to_have_url(its_page)
    assert Fax.objects.count() == 1


def test_what_is_typed_last_is_sent_too(page: Page, letters: Callable[..., list[Path]]) -> None:
    add(page, *letters("referral.pdf"))
    entry(page).fill("312 555 0142")
    entry(page).press("Control+Enter")
    page.wait_for_url(re.compile(r"/faxes/[0-9a-f-]{36}/$"))
    assert Fax.objects.get().to_number == "+13125550142"


def test_enter_never_sends(page: Page, letters: Callable[..., list[Path]]) -> None:
    add(page, *letters("referral.pdf"))
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    expect(sentence(page)).to_have_text(READY)
    page.get_by_text("More options").click()
    page.get_by_label("Display name").press("Enter")
    entry(page).press("Enter")
    expect(sentence(page)).to_have_text(READY)
    assert not Fax.objects.exists()


def test_an_error_keeps_everything_and_takes_the_focus(page: Page, letters: Callable[..., list[Path]]) -> None:
    add(page, *letters("referral.pdf"))
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    page.get_by_text("More options").click()
    page.get_by_label("Display name").fill("Müller")
    page.get_by_role("button", name="Send fax").click()
    expect(page.get_by_text("The display name may hold letters")).to_be_visible()
    expect(page.get_by_label("Display name")).to_be_focused()
    expect(page.locator(".chip")).to_have_count(1)
    expect(file_names(page)).to_have_text(["referral.pdf"])
    page.get_by_label("Display name").fill("Mueller")
    page.get_by_role("button", name="Send fax").click()
    page.wait_for_url(re.compile(r"/faxes/[0-9a-f-]{36}/$"))


def test_a_reload_keeps_the_files(page: Page, letters: Callable[..., list[Path]]) -> None:
    add(page, *letters("referral.pdf"))
    page.reload()
    expect(file_names(page)).to_have_text(["referral.pdf"])


def test_signed_out_meanwhile_is_said_and_nothing_is_lost(page: Page, letters: Callable[..., list[Path]]) -> None:
    add(page, *letters("referral.pdf"))
    session = next(cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid")
    page.context.clear_cookies(name="sessionid")
    entry(page).fill("312 555 0142")
    entry(page).press("Enter")
    expect(sentence(page)).to_contain_text("you have been signed out")
    page.get_by_label("Add files").set_input_files(letters("late.pdf"))
    expect(page.get_by_text("“late.pdf” has not arrived.")).to_be_visible()
    page.context.add_cookies([{"name": "sessionid", "value": session["value"], "url": page.url}])
    page.get_by_label("Add files").set_input_files(letters("late.pdf"))
    expect(file_names(page)).to_have_text(["referral.pdf", "late.pdf"])
    expect(sentence(page)).to_have_text("Send 6 pages to +1 312 555 0142 from +1 312 579 0015.")


def test_without_a_script_the_same_form_sends(
    opened: Callable[..., Page], team: Team, letters: Callable[..., list[Path]]
) -> None:
    builders.number(team)
    page = opened(java_script_enabled=False)
    page.get_by_label("To", exact=True).fill("312 555 0142, 555 0143")
    page.get_by_label("Add files").set_input_files(letters("a.pdf", "b.pdf"))
    page.get_by_role("button", name="Upload the chosen files").click()
    expect(file_names(page)).to_have_text(["a.pdf", "b.pdf"])
    expect(page.get_by_text("“555 0143” has too few or too many digits.")).to_be_visible()
    page.get_by_role("button", name="Move b.pdf earlier").click()
    expect(file_names(page)).to_have_text(["b.pdf", "a.pdf"])
    page.get_by_role("button", name="Remove a.pdf").click()
    page.get_by_label("To", exact=True).fill("312 555 0142")
    page.get_by_role("button", name="Check the numbers").click()
    expect(sentence(page)).to_contain_text(READY)
    page.get_by_role("button", name="Send fax").click()
    page.wait_for_url(re.compile(r"/faxes/[0-9a-f-]{36}/$"))
    assert Fax.objects.get().to_number == "+13125550142"
