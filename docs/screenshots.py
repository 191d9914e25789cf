"""`make screenshots`: takes the pictures of docs/img in a portal of its own, of faxes that really went through it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import django
import requests
from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from faxportal.dev_env import variables  # noqa: E402
from tests.conftest import chromium  # noqa: E402
from tests.papers import text_pdf  # noqa: E402
from tests.processes import environment, finished, free_port, running, wait_for  # noqa: E402

PICTURES = ROOT / "docs" / "img"
WIDE = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=780)
DELIVERED = "+13125550142"


@contextmanager
def portal(folder: Path) -> Iterator[str]:
    """The address of a portal with demo data, which runs until the block ends."""
    web, sandbox = free_port(), free_port()
    values = {name: _moved(value, web, sandbox) for name, value in variables().items()}
    stores = {"DATABASE_URL": "web.sqlite3", "QUEUE_URL": "queue.sqlite3"}
    env = environment(**values | {name: f"sqlite:///{folder}/{file}" for name, file in stores.items()})
    env |= {"MEDIA_ROOT": f"{folder}/media", "SANDBOX_STATE": ":memory:"}
    assert finished("manage.py", "set_up", "--verbosity", "0", env=env).returncode == 0
    with ExitStack() as stack:
        for name, command in {
            "sandbox": ("-m", "telnyx_sandbox", "--port", str(sandbox)),
            "web": ("manage.py", "runserver", "--noreload", f"127.0.0.1:{web}"),
            "worker": ("manage.py", "run_huey"),
        }.items():
            stack.enter_context(running(*command, env=env, log=folder / f"{name}.log"))
        addresses = f"http://localhost:{web}", f"http://127.0.0.1:{sandbox}"
        wait_for(lambda: all(map(_answers, addresses)), what="an answer of the portal and the sandbox")
        assert finished("manage.py", "load_demo", env=env).returncode == 0
        yield addresses[0]


def _moved(value: str, web: int, sandbox: int) -> str:
    """A development setting with the ports of this portal in place of the usual ones."""
    return value.replace(":8000", f":{web}").replace(":8001", f":{sandbox}")


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


def sign_in(page: Page, web: str) -> None:
    page.goto(f"{web}/accounts/login/")
    page.fill("input[name=login]", "ann")
    page.fill("input[name=password]", "faxportal-demo")
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{web}/")


def compose(page: Page, web: str, paper: Path, recipient: str) -> None:
    """Fill in a new fax, and leave it unsent."""
    page.goto(f"{web}/faxes/new/")
    page.set_input_files("input[type=file]", paper)
    page.get_by_text("3 pages").first.wait_for()
    page.fill("#entry", recipient)
    page.press("#entry", "Enter")
    page.get_by_text(recipient[-4:]).first.wait_for()


def take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    # The focus is where the pictures' visitor left it, and says nothing in a picture.
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=PICTURES / f"{name}.png")


def take_home(page: Page, web: str) -> None:
    """The dashboard while faxes are on their way, in light and in dark."""
    page.goto(f"{web}/")
    page.get_by_text("waiting: line in use").wait_for()
    take(page, "home")
    page.emulate_media(color_scheme="dark")
    take(page, "home-dark")
    page.emulate_media(color_scheme="light")


def take_inbox(page: Page, web: str) -> None:
    """The inbox with a fax open, in light and in dark, and its list on a phone."""
    page.goto(f"{web}/faxes/inbox/")
    page.locator(".mail:has-text('3 pages') [data-row]").first.click()
    page.locator(".pane-fax .sheets img").first.wait_for()
    page.mouse.move(900, 600)
    take(page, "inbox")
    page.emulate_media(color_scheme="dark")
    take(page, "inbox-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    page.goto(f"{web}/faxes/inbox/")
    take(page, "inbox-phone")
    page.set_viewport_size(WIDE)


def pictures(page: Page, web: str, paper: Path) -> None:
    sign_in(page, web)
    take_home(page, web)
    take_inbox(page, web)
    compose(page, web, paper, DELIVERED)
    page.get_by_role("button", name="Send fax").click()
    page.wait_for_url(lambda url: "/new/" not in url)
    page.get_by_role("heading", name="Delivered").wait_for(timeout=60_000)
    take(page, "fax")
    page.emulate_media(color_scheme="dark")
    take(page, "fax-dark")


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        paper = folder / "referral.pdf"
        paper.write_bytes(text_pdf(pages=3))
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        with portal(folder) as web:
            page = browser.new_page(
                viewport=WIDE, locale="en-US", timezone_id="America/Chicago", reduced_motion="reduce"
            )
            pictures(page, web, paper)
        browser.close()


main()
