"""What Telnyx told and what a sync found, in a real browser: readable, by keys, followed without a reload, and safe to
look at whatever it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings

from accounts import invitations
from accounts.models import Team, User
from faxes.models import Fax
from notifications.models import Wish
from sync.models import Gap, Heartbeat, SyncRun
from tests import builders
from tests.admin.pages import form, listing
from tests.screens import troubles
from webhooks.models import Delivery, Refusal, Refused

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MISCHIEF = '"><img src=x onerror="window.harmed=1"><b>bold</b><script>window.harmed=1</script>'


@pytest.fixture
def told(team: Team, root: User) -> Delivery:
    """A house in which something of everything has happened."""
    Heartbeat.beat("worker")
    now = timezone.now()
    builders.number(team)
    fax, doubtful = builders.inbound(team, status="received", media="waiting"), builders.uncertain(team)
    run = SyncRun.objects.create(finished_at=now, counts={"faxes": 1204, "parallel_universes": 2}, by=root)
    SyncRun.objects.create(finished_at=now - timedelta(hours=1), error="Faxes: Telnyx was away.")
    SyncRun.objects.create(kind="full", counts={"faxes": 40}, cursor={"expected": 100, "done": ["numbers"]})
    for side, what in (("here", "fax"), ("here", "status"), ("there", "fax"), ("there", "a" * 40)):
        Gap.objects.create(run=run, side=side, what=what, telnyx_id=f"{side}-{what}", fax=fax, outcome="kept")
    Refusal.objects.add([Refused(3, now, "2001:db8:85a3:8d3:1319:8a2e:370:7348", "the signature does not match")])
    for number, state in enumerate(["done", "failed", "pending", "ignored", "upside"]):
        builders.delivery(
            of=fax,
            state=state,
            event_type="fax.received" if number else "fax." + "long." * 40,
            received_at=now - timedelta(seconds=number),
            occurred_at=now - timedelta(seconds=number - 3 * number),
            outcome="It could not be applied: " + "x" * 200 if state == "failed" else "",
            due_at=now + timedelta(hours=1),
            repeats=number,
            attempt=number,
        )
    builders.delivery(of=doubtful, fax_telnyx_id="", event_type="")
    body = {"data": {"event_type": MISCHIEF, "payload": {MISCHIEF: MISCHIEF, "long": "y" * 3000}}}
    said = {"event_type": MISCHIEF, "outcome": MISCHIEF, "event_id": MISCHIEF}
    return builders.delivery(json.dumps(body).encode(), of=fax, state="failed", **said)


@pytest.fixture
def opened(browser: Browser, live_server: Any, root: User) -> Iterator[Callable[..., Page]]:
    """A function that opens an address in an administrator's window, which must not complain about anything."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: str, *, width: int = 1280, height: int = 800, scheme: Any = "light") -> Page:
        client = Client()
        client.force_login(root)
        window = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
        context = browser.new_context(base_url=live_server.url, **window)
        contexts.append(context)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def addresses(told: Delivery) -> list[str]:
    run = Gap.objects.latest("found_at").run
    return [
        "/webhooks/",
        "/webhooks/?q=nothing",
        f"/webhooks/{told.pk}/",
        "/sync/",
        "/sync/?show=open",
        "/sync/runs/",
        f"/sync/runs/{run.pk}/",
    ]


def of_teams(by: User) -> list[str]:
    """The pages of a team on which somebody is and to which others are invited, with names that need room."""
    team = Team.objects.get()
    User.objects.filter(username="alice").update(first_name="Aveline-Maximiliana " * 4)
    Wish.objects.create(team=team, address=f"{'faxes-' * 9}@clinic.example")
    _, token = invitations.invite(by=by, team=team, email=f"{'somebody-' * 6}@example.com", role="member")
    parts = ("", "lines/", "policies/", "notifications/")
    return ["/teams/", *(f"/teams/{team.slug}/{part}" for part in parts), f"/invitations/{token}/", "/accounts/me/"]


def test_everybody_can_read_every_page(
    told: Delivery, root: User, alice: User, opened: Callable[..., Page], settings: Settings
) -> None:
    page = opened("/webhooks/")
    # A sandbox on this machine, so that faxes can be let arrive.
    settings.DEBUG, settings.TELNYX_API_BASE = True, "http://127.0.0.1:1/v2"
    for path in [*addresses(told), *of_teams(root), "/webhooks/simulate/"]:
        answer = page.goto(path)
        assert answer and answer.ok, path
        for folded in page.locator("main details > summary").all():
            folded.click()
        assert troubles(page) == [], path
        assert page.evaluate("window.harmed") is None, path
        assert page.locator("main b, main img[src=x]").count() == 0, path


def test_an_empty_house_can_be_read_too(opened: Callable[..., Page]) -> None:
    page = opened("/webhooks/", width=390, height=780)
    for path, said in (("/webhooks/", "Telnyx has not called yet"), ("/sync/", "Nothing has been compared yet")):
        page.goto(path)
        expect(page.get_by_role("heading", name=said)).to_be_visible()
        assert troubles(page) == []


def test_hostile_payloads_are_text_in_the_admin_too(told: Delivery, opened: Callable[..., Page]) -> None:
    odd = Gap.objects.create(run=SyncRun.objects.latest("started_at"), side="here", what=MISCHIEF[:40], data=[MISCHIEF])
    page = opened(listing(Delivery))
    for address in (listing(Delivery), form(told), listing(Gap), form(odd)):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.harmed") is None, address
        assert page.locator("b", has_text="bold").count() == 0, address


def test_keys_walk_the_console_and_process_an_event_again(told: Delivery, opened: Callable[..., Page]) -> None:
    page = opened("/webhooks/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("[data-row]").nth(1)
    expect(second).to_be_focused()
    pk = str(second.get_attribute("id")).removeprefix("delivery-")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/webhooks/{pk}/")
    again = page.get_by_role("button", name="Process again")
    again.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#delivery-live .state-word")).to_have_text("Waiting")
    page.evaluate("window.sameWindow = true")
    Delivery.objects.filter(pk=pk).update(state="done", processed_at=timezone.now())
    expect(page.locator("#delivery-live .state-word")).to_have_text("Applied")
    assert page.evaluate("window.sameWindow")


def test_slash_searches_and_a_choice_narrows(told: Delivery, opened: Callable[..., Page]) -> None:
    page = opened("/webhooks/")
    page.keyboard.press("/")
    page.keyboard.type(told.fax_telnyx_id)
    page.keyboard.press("Enter")
    page.wait_for_url("**/webhooks/?q=*")
    # What was not asked for has no place in the address.
    assert re.search(r"\?q=[0-9a-f-]+$", page.url)
    page.get_by_label("How it stands").select_option("failed")
    page.wait_for_url("**state=failed*")
    expect(page.locator("[data-row]")).to_have_count(2)


def test_a_new_event_appears_without_a_reload_and_takes_nobody_s_place(
    told: Delivery, opened: Callable[..., Page], team: Team
) -> None:
    page = opened("/webhooks/")
    page.keyboard.press("j")
    page.evaluate("window.sameWindow = true")
    here = page.evaluate("document.activeElement.id")
    builders.delivery(of=Fax.objects.received().get(), event_type="fax.brand.new")
    expect(page.get_by_role("link", name="fax.brand.new")).to_be_visible()
    assert page.evaluate("window.sameWindow") and page.evaluate("document.activeElement.id") == here


def test_a_run_is_started_by_keys_and_followed(opened: Callable[..., Page], told: Delivery, wakes: list[Any]) -> None:
    SyncRun.objects.filter(finished_at=None).update(finished_at=timezone.now())
    page = opened("/sync/")
    page.get_by_role("button", name="Backfill now").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sync-now")).to_contain_text("waits for the worker")
    page.evaluate("window.sameWindow = true")
    run = SyncRun.objects.get(finished_at=None)
    in_hand = timezone.now() + timedelta(minutes=2)
    SyncRun.objects.filter(pk=run.pk).update(leased_until=in_hand, cursor={"expected": 80}, counts={"faxes": 20})
    expect(page.locator("#sync-now progress")).to_have_attribute("value", "25")
    SyncRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    expect(page.locator("#sync-now")).to_contain_text("gaps are open")
    assert page.evaluate("window.sameWindow")
