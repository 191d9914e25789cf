"""Signing in by a real browser: passkeys on a virtual device, an authenticator app, single sign-on, and the end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from oidc_provider_mock import User as Subject
from oidc_provider_mock import run_server_in_thread
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from accounts.services import set_policy
from sync.models import Heartbeat
from tests import builders
from tests.accounts.second_factors import code_of, recovery_codes, set_up_app
from tests.conftest import PASSWORD
from tests.processes import wait_for
from tests.screens import troubles

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def at_desk(browser: Browser, live_server: Any, bob: User, team: Team) -> Iterator[Callable[..., Page]]:
    """A function that opens the log-in page on a screen of its own. Passkeys need a name, and no IP address."""
    Heartbeat.beat("worker")
    builders.number(team)
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def opened(path: str = "/accounts/login/", *, width: int = 1280, height: int = 800, scheme: Any = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: complaints.append(said.text) if is_ours(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(at(live_server, path))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def is_ours(said: ConsoleMessage) -> bool:
    """A provider's pages are its own affair."""
    return said.type in ("error", "warning") and "oauth2" not in f"{said.location['url']} {said.page and said.page.url}"


def at(live_server: Any, path: str) -> str:
    return f"http://localhost:{urlsplit(live_server.url).port}{path}"


def sign_in(page: Page, name: str = "bob") -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def device_of(page: Page) -> Any:
    """A device that keeps passkeys and knows its owner. Returns what sends it commands."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return protocol


def test_a_passkey_is_added_and_signs_in_alone(at_desk: Callable[..., Page], live_server: Any, bob: User) -> None:
    page = at_desk()
    device_of(page)
    sign_in(page)
    expect(page.locator("body.shell")).to_be_visible()
    page.goto(at(live_server, "/accounts/2fa/webauthn/add/"))
    page.get_by_label("Name, so that you can tell it apart").fill("Front desk")
    page.get_by_role("button", name="Add it").click()
    page.wait_for_url("**/2fa/recovery-codes/")
    expect(page.locator(".codes li")).to_have_count(10)
    page.goto(at(live_server, "/accounts/2fa/webauthn/"))
    expect(page.get_by_text("Signs you in alone.")).to_be_visible()
    page.goto(at(live_server, "/accounts/logout/"))
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.goto(at(live_server, "/accounts/login/?next=/faxes/sent/"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/faxes/sent/")
    kinds = [entry.data["kind"] for entry in LogEntry.objects.filter(action="second_factor.add")]
    assert sorted(kinds) == ["recovery_codes", "webauthn"]


def test_a_passkey_is_the_second_factor_and_proves_anew(
    at_desk: Callable[..., Page], live_server: Any, bob: User
) -> None:
    page = at_desk()
    device_of(page)
    sign_in(page)
    expect(page.locator("body.shell")).to_be_visible()
    page.goto(at(live_server, "/accounts/2fa/webauthn/add/"))
    page.get_by_label("Sign in with it alone").uncheck()
    page.get_by_role("button", name="Add it").click()
    page.wait_for_url("**/2fa/recovery-codes/")
    page.context.clear_cookies()
    page.goto(at(live_server, "/accounts/login/"))
    sign_in(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("body.shell")).to_be_visible()
    page.goto(at(live_server, "/accounts/2fa/webauthn/reauthenticate/?next=/faxes/sent/"))
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/faxes/sent/")


def test_a_device_without_a_passkey_says_so(at_desk: Callable[..., Page]) -> None:
    page = at_desk()
    device_of(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("#passkey-problem")).to_contain_text("Nothing was confirmed.")


def test_a_team_that_asks_has_an_app_set_up_before_anything_else(
    at_desk: Callable[..., Page], live_server: Any, team: Team, bob: User
) -> None:
    set_policy(by=None, team=team, mfa_required=True)
    page = at_desk("/faxes/sent/")
    sign_in(page)
    expect(page.get_by_text("Your team asks for a second factor.")).to_be_visible()
    expect(page.locator(".rail")).to_have_count(0)
    assert troubles(page) == []
    page.get_by_role("link", name="Set up an app").click()
    assert page.locator(".qr").evaluate("picture => picture.naturalWidth") > 0
    page.get_by_text("Or type this key into the app").click()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("alert")).to_contain_text("That is not the code.")
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert troubles(page) == []
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("body.shell")).to_be_visible()
    expect(page.locator("body.shell")).to_be_visible()


def test_an_app_and_a_recovery_code_sign_in(at_desk: Callable[..., Page], bob: User) -> None:
    secret = set_up_app(bob)
    for code in (code_of(secret), recovery_codes(bob)[0]):
        page = at_desk()
        sign_in(page)
        expect(page.get_by_role("heading", name="One more step")).to_be_visible()
        assert troubles(page) == []
        page.get_by_label("Code of your authenticator app").fill(code)
        page.keyboard.press("Enter")
        expect(page.locator("body.shell")).to_be_visible()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "default::pytest.PytestUnraisableExceptionWarning")
def test_single_sign_on_at_a_real_provider(
    at_desk: Callable[..., Page], live_server: Any, settings: Settings, bob: User, team: Team
) -> None:
    claims: dict[str, object] = {"email": "bob@example.com", "email_verified": True, "groups": ["fax-leads"]}
    with run_server_in_thread(user_claims=[Subject(sub="bob", claims=claims)]) as provider:
        settings.OIDC_NAME, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "Example ID", "faxportal", "secret"
        settings.OIDC_SERVER_URL = f"http://localhost:{provider.server_port}"
        settings.PUBLIC_URL = at(live_server, "")
        page = at_desk("/accounts/login/?next=/faxes/sent/")
        page.get_by_role("button", name="Sign in with Example ID").click()
        page.wait_for_url(f"{settings.OIDC_SERVER_URL}/**")
        page.get_by_role("button", name="bob").first.click()
        page.wait_for_url(re.compile(r"localhost:\d+/faxes/sent/$"))
        expect(page.locator(".rail .menu-name")).to_have_text("Bob")


def test_everybody_can_read_every_page_of_the_account(
    at_desk: Callable[..., Page], live_server: Any, bob: User
) -> None:
    page = at_desk()
    assert troubles(page) == []
    sign_in(page)
    expect(page.locator("body.shell")).to_be_visible()
    for path in (
        "me/",
        "email/",
        "password/change/",
        "2fa/",
        "2fa/totp/activate/",
        "2fa/webauthn/add/",
        "sessions/",
        "reauthenticate/",
        "logout/",
        "3rdparty/",
    ):
        page.goto(at(live_server, f"/accounts/{path}"))
        assert troubles(page) == [], path
    page.context.clear_cookies()
    for path in ("password/reset/", "password/reset/key/1-forged/", "inactive/", "3rdparty/login/cancelled/"):
        page.goto(at(live_server, f"/accounts/{path}"))
        assert troubles(page) == [], path


def test_what_one_prefers_holds_everywhere(at_desk: Callable[..., Page], live_server: Any, bob: User) -> None:
    page = at_desk("/accounts/me/")
    sign_in(page)
    page.get_by_label("Dark").check()
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_label("Single keys do things").uncheck()
    page.locator("section", has_text="How it looks").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    other = at_desk("/accounts/me/")
    sign_in(other)
    other.wait_for_url("**/accounts/me/")
    assert other.locator("html").get_attribute("data-bs-theme") == "dark"
    other.keyboard.press("?")
    expect(other.locator("#keys")).to_be_hidden()
    other.goto(at(live_server, "/accounts/sessions/"))
    expect(other.locator("main time").first).to_have_attribute("title", re.compile(r"GMT\+9|JST"))


# The end of a session


@pytest.fixture
def short(settings: Settings) -> None:
    """A session of five seconds: each key and each click begins them anew."""
    settings.IDLE_SECONDS = 5


# It is there for a quarter of the session, which on a busy machine is easily missed. Every page counts from its first
# line on.
COUNT_ANNOUNCEMENTS = """
    new MutationObserver((seen) => {
        const opened = seen.filter(({ target }) => target.id === "idle" && target.open).length;
        sessionStorage.announced = Number(sessionStorage.announced ?? 0) + opened;
    }).observe(document, { subtree: true, attributeFilter: ["open"] });
"""


def test_the_end_is_announced_and_put_off_by_a_button(
    settings: Settings, at_desk: Callable[..., Page], live_server: Any, bob: User
) -> None:
    settings.IDLE_SECONDS = 12
    page = at_desk("/accounts/me/")
    page.add_init_script(COUNT_ANNOUNCEMENTS)
    sign_in(page)
    box = page.get_by_role("dialog", name="Are you still there?")
    expect(box).to_be_visible()
    expect(page.locator("#idle-count")).to_have_text(re.compile(r"0:0\d"))
    expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
    page.keyboard.press("Enter")
    expect(box).to_be_hidden()
    page.wait_for_url("**/accounts/login/?next=%2Faccounts%2Fme%2F")
    assert int(page.evaluate("sessionStorage.announced")) > 1


def test_everybody_can_read_the_announcement(
    settings: Settings, at_desk: Callable[..., Page], live_server: Any, bob: User
) -> None:
    """For as long as the look takes, a minute is left."""
    page = at_desk("/accounts/me/")
    sign_in(page)
    page.wait_for_url("**/accounts/me/")
    page.route("**/accounts/me/here/", lambda route: route.fulfill(json={"left": 60}))
    page.clock.set_fixed_time(time.time() + settings.IDLE_SECONDS - 60)
    expect(page.locator("#idle-count")).to_have_text("1:00")
    assert troubles(page) == []
    expect(page.get_by_role("dialog", name="Are you still there?")).to_be_visible()


def test_who_types_is_there(short: None, at_desk: Callable[..., Page], live_server: Any, bob: User) -> None:
    page = at_desk("/accounts/me/")
    sign_in(page)
    field = page.get_by_label("First name")
    field.fill("")
    field.press_sequentially("Bartholomew", delay=600)
    assert field.input_value() == "Bartholomew"
    expect(page.locator("#idle")).to_be_hidden()


def test_what_was_typed_comes_back_after_the_end(
    short: None, at_desk: Callable[..., Page], live_server: Any, bob: User
) -> None:
    page = at_desk("/faxes/new/")
    sign_in(page)
    page.wait_for_url("**/faxes/new/?draft=*")
    sheet = page.url
    page.locator("#entry").fill("+1 312 555 0142")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    page.get_by_text("More options").click()
    page.get_by_label("Display name").fill("St. Mary's")
    page.wait_for_url("**/accounts/login/**")
    kept = page.evaluate("sessionStorage.getItem('faxportal-kept')")
    assert kept and not re.search(r"312\D?555", kept) and "Mary" not in kept
    sign_in(page)
    page.wait_for_url(sheet)
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.get_by_label("Display name")).to_have_value("St. Mary's")


def test_what_was_typed_is_not_for_the_next_person(
    short: None, at_desk: Callable[..., Page], live_server: Any, bob: User, alice: User
) -> None:
    page = at_desk("/faxes/new/")
    sign_in(page)
    page.wait_for_url("**/faxes/new/?draft=*")
    page.locator("#entry").fill("+1 312 555 0142")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/login/**")
    page.goto(at(live_server, "/accounts/login/?next=/faxes/new/"))
    sign_in(page, "alice")
    page.wait_for_url("**/faxes/new/?draft=*")
    expect(page.locator("#id_recipients")).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('faxportal-kept')") is None


def test_a_page_that_loads_anew_in_time_forgets_it(at_desk: Callable[..., Page], live_server: Any, bob: User) -> None:
    page = at_desk("/accounts/me/")
    sign_in(page)
    page.get_by_label("First name").fill("Robert")
    wait_for(lambda: page.evaluate("sessionStorage.getItem('faxportal-kept')"))
    page.reload()
    expect(page.get_by_label("First name")).to_have_value("Bob")
    wait_for(lambda: not page.evaluate("sessionStorage.getItem('faxportal-kept')"))
