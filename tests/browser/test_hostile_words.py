"""Whatever somebody types, or Telnyx tells, is text on a page: in Chromium, no word of it becomes an element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Dialog, Page
from pytest_django import Settings

import webhooks.steps
from accounts import invitations
from accounts.models import Team, User
from applications.written import note_written
from contacts.models import Correspondent
from faxes.models import Document, Fax, Note, Tag
from faxes.states import Media, Outbox
from notifications.models import Wish
from tests import builders, papers
from tests.webhooks.telnyx import Telnyx, event
from webhooks.models import Delivery

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Breaks out of attributes of either quote, of comments and of scripts; were it markup, `#hostile` would be there.
EVIL = "x'\"></title></script><b id=hostile onmouseover=alert(1)>{{7*7}}<!--"


@pytest.fixture
def house(team: Team, alice: User, settings: Settings) -> list[str]:
    """Hostile words in every place that takes words. The addresses of the pages that show them."""
    Team.objects.update(name=EVIL)
    User.objects.filter(pk=alice.pk).update(first_name=EVIL, last_name=EVIL)
    far = Correspondent.objects.create(team=team, number=builders.THEIRS, name=EVIL)
    application = builders.application(team, application_name=EVIL, tags=[EVIL], anchorsite_override=EVIL)
    line = builders.number(team, label=EVIL, status=EVIL[:60], connection_id=application.telnyx_id)
    for row in (application, line):
        type(row).objects.update(raw={"application_name": EVIL, "connection_id": application.telnyx_id})
    note_written(application, {"application_name": f"Ours {EVIL}"}, alice)
    note_written(line, {"connection_id": EVIL}, alice)
    paper = builders.document(papers.text_pdf(pages=1))
    Document.objects.update(name=EVIL)
    columns: dict[str, Any] = {"correspondent": far, "document": paper, "raw": {EVIL: EVIL, "webhook_url": EVIL}}
    received = builders.inbound(team, status=EVIL[:60], media=Media.ARCHIVED, **columns)
    columns |= {"options": {"from_display_name": EVIL}, "problem": {"title": EVIL, "detail": EVIL}}
    failed = builders.outbound(team, outbox=Outbox.REJECTED, **columns)
    Note.objects.create(fax=received, text=EVIL, by=alice)
    received.tags.add(Tag.objects.create(team=team, name=EVIL[:40]))
    unsure = builders.uncertain(team, to_number="+13125550150")
    candidate = {EVIL: {"status": EVIL, "to": EVIL}}
    unsure.attempts.update(evidence={"candidates": candidate, "why": EVIL, "since": "2026-01-01"})
    invitations.invite(by=alice, team=team, email="o'hara@example.com", role="member")
    Wish.objects.create(team=team, address="o'hara@example.com")
    telnyx = Telnyx()
    settings.TELNYX_PUBLIC_KEY = telnyx.public_key
    told = {"fax_id": received.telnyx_id, "direction": "inbound", "from": EVIL, "to": EVIL, "failure_reason": EVIL}
    telnyx.post(event(EVIL, **told, status=EVIL))
    telnyx.post(event("fax.failed", **told, status="failed"))
    webhooks.steps.drain()
    Delivery.objects.update(outcome=EVIL)
    fax_pages = [f"/faxes/{fax.pk}/" for fax in Fax.objects.all()]
    assert {received, failed, unsure} <= set(Fax.objects.all())
    return [
        "/",
        "/faxes/inbox/?show=all&q=x",
        f"/faxes/inbox/?show=all&number={line.pk}",
        f"/faxes/inbox/?show=all&q={EVIL}",
        "/faxes/sent/?show=all",
        "/faxes/new/",
        *fax_pages,
        *(f"/teams/front-desk/{part}" for part in ("", "lines/", "policies/", "notifications/")),
        "/accounts/me/",
        *PLACES,
    ]


# Lists of managers; what they lead to is walked, too.
PLACES = ["/applications/", "/applications/numbers/", "/applications/drift/", "/webhooks/", "/teams/"]


@pytest.fixture
def page(browser: Browser, live_server: Any, alice: User, logged_in: Callable[[User], Client]) -> Iterator[Page]:
    context = browser.new_context()
    session = logged_in(alice).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def test_no_word_becomes_an_element(house: list[str], page: Page, live_server: Any) -> None:
    alarms: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        alarms.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("pageerror", lambda error: alarms.append(str(error)))
    seen: set[str] = set()
    ahead, shown = list(house), 0
    while ahead:
        address = ahead.pop(0)
        if address in seen:
            continue
        seen.add(address)
        page.goto(live_server.url + address)
        assert page.locator("#hostile, [onmouseover]").count() == 0, address
        assert "49<!--" not in page.content(), address
        shown += "id=hostile" in page.locator("body").inner_text()
        if address in PLACES:
            links = page.eval_on_selector_all("main a[href^='/']", "all => all.map(one => one.getAttribute('href'))")
            ahead += [link for link in links if link.startswith(address) and "delete" not in link][:6]
    # It is there to be read.
    assert shown >= len(house) // 2
    assert alarms == []
