"""Whatever somebody types, or Telnyx tells, is text on a page: in Chromium, no word of it becomes an element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Dialog, Page
from pytest_django import Settings

import webhooks.steps
from accounts import audit, invitations
from accounts.models import LogEntry, Team, User
from applications.written import note_written
from contacts.models import Correspondent
from faxes.models import Batch, Document, Fax, Note, Tag
from faxes.states import Media, Outbox
from notifications.models import Mail, Wish
from sync.models import Gap, SyncRun
from tests import builders, papers
from tests.admin.pages import form, listing
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
    application = builders.application(team, application_name=EVIL, tags=[EVIL], anchorsite_override=EVIL[:64])
    line = builders.number(team, label=EVIL, status=EVIL[:60], connection_id=application.telnyx_id)
    for row in (application, line):
        type(row).objects.update(raw={"application_name": EVIL, "connection_id": application.telnyx_id})
    note_written(application, {"application_name": f"Ours {EVIL}"}, alice)
    note_written(line, {"connection_id": EVIL}, alice)
    paper = builders.document(papers.text_pdf(pages=1))
    columns: dict[str, Any] = {"correspondent": far, "document": paper, "raw": {EVIL: EVIL, "webhook_url": EVIL}}
    received = builders.inbound(team, status=EVIL[:60], media=Media.ARCHIVED, **columns)
    columns |= {"options": {"from_display_name": EVIL}, "problem": {"title": EVIL, "detail": EVIL}}
    failed = builders.outbound(team, outbox=Outbox.REJECTED, **columns)
    Note.objects.create(fax=received, text=EVIL, by=alice)
    received.tags.add(Tag.objects.create(team=team, name=EVIL[:40]))
    unsure = builders.uncertain(team, to_number="+13125550150")
    candidate = {EVIL: {"status": EVIL, "to": EVIL}}
    unsure.attempts.update(evidence={"candidates": candidate, "why": EVIL, "since": "2026-01-01"})
    sheet = Batch.objects.create(created_by=alice)
    builders.document(papers.text_pdf(pages=1), kind=Document.Kind.UPLOAD, batch=sheet, position=1)
    Document.objects.update(name=EVIL)
    _, token = invitations.invite(by=alice, team=team, email="o'hara@example.com", role="member")
    Wish.objects.create(team=team, address="o'hara@example.com")
    telnyx = Telnyx()
    settings.TELNYX_PUBLIC_KEY = telnyx.public_key
    told = {"fax_id": received.telnyx_id, "direction": "inbound", "from": EVIL, "to": EVIL, "failure_reason": EVIL}
    telnyx.post(event(EVIL, **told, status=EVIL))
    telnyx.post(event("fax.failed", **told, status="failed"))
    webhooks.steps.drain()
    Delivery.objects.update(outcome=EVIL)
    with transaction.atomic():
        audit.record(audit.Entry(EVIL[:50], by=alice, on=received, team=team, data={EVIL: EVIL, "before": EVIL}))
    fax_pages = [f"/faxes/{fax.pk}/" for fax in Fax.objects.all()]
    assert {received, failed, unsure} <= set(Fax.objects.all())
    return [
        "/",
        "/faxes/inbox/?show=all&q=x",
        f"/faxes/inbox/?show=all&number={line.phone_number.lstrip('+')}",
        f"/faxes/inbox/?show=all&q={EVIL}",
        "/faxes/sent/?show=all",
        "/faxes/new/",
        *fax_pages,
        *(f"/teams/front-desk/{part}" for part in ("", "lines/", "policies/", "notifications/")),
        "/accounts/me/",
        f"/faxes/new/?draft={sheet.pk}",
        f"/faxes/{received.pk}/log/",
        "/audit/",
        "/accounts/sessions/",
        f"/invitations/{token}/",
        *PLACES,
    ]


@pytest.fixture
def of_administrators(house: list[str], team: Team) -> list[str]:
    """The addresses of pages for administrators, with hostile words in what syncs found and what was to be mailed."""
    fax = Fax.objects.received().get()
    run = SyncRun.objects.create(finished_at=timezone.now(), error=EVIL, counts={EVIL: EVIL})
    for known, side in ((fax, "here"), (None, "there")):
        said = {"what": EVIL[:40], "outcome": EVIL[:40], "data": {"name": EVIL, "before": EVIL, "after": EVIL}}
        Gap.objects.create(run=run, side=side, fax=known, telnyx_id=f"{side} {EVIL}", **said)
    told = {"subject": EVIL, "text": EVIL, "problem": EVIL, "state": Mail.State.FAILED}
    mail = Mail.objects.create(key=EVIL, team=team, fax=fax, to="o'hara@example.com", **told)
    return [
        # A sheet is its writer's alone.
        *(address for address in house if address not in PLACES and "draft=" not in address),
        "/sync/",
        "/sync/runs/",
        f"/sync/runs/{run.pk}/",
        *(form(row) for row in (mail, run, fax, *Gap.objects.all(), *Correspondent.objects.all())),
        *(listing(model) for model in (Mail, Correspondent, Gap, SyncRun, Fax, Delivery, LogEntry)),
        *PLACES,
    ]


# Lists of managers; what they lead to is walked, too.
PLACES = ["/applications/", "/applications/numbers/", "/applications/drift/", "/webhooks/", "/teams/"]


@pytest.fixture
def windows(
    browser: Browser, live_server: Any, alice: User, root: User, logged_in: Callable[[User], Client]
) -> Iterator[dict[str, Page]]:
    """Alice's, and an administrator's. What their browsers call themselves is no good either."""
    contexts = {user.username: browser.new_context(user_agent=EVIL) for user in (alice, root)}
    for user in (alice, root):
        session = logged_in(user).cookies["sessionid"].value
        contexts[user.username].add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    yield {name: context.new_page() for name, context in contexts.items()}
    for context in contexts.values():
        context.close()


def walked(page: Page, root: str, addresses: list[str]) -> tuple[int, list[str]]:
    """On how many pages the words are to be read, and what went wrong on any."""
    alarms: list[str] = []

    def answered(dialog: Dialog) -> None:
        # A sheet that is left asks whether that was meant.
        if dialog.type == "beforeunload":
            dialog.accept()
            return
        alarms.append(dialog.message)
        dialog.dismiss()

    page.set_default_timeout(20_000)
    page.on("dialog", answered)
    page.on("pageerror", lambda error: alarms.append(str(error)))
    seen: set[str] = set()
    ahead, shown = list(addresses), 0
    while ahead:
        address = ahead.pop(0)
        if address in seen:
            continue
        seen.add(address)
        answer = page.goto(root + address)
        assert answer and answer.ok, address
        assert page.locator("#hostile, [onmouseover]").count() == 0, address
        assert "49<!--" not in page.content(), address
        shown += "id=hostile" in page.locator("body").inner_text()
        if address in PLACES:
            links = page.eval_on_selector_all("main a[href^='/']", "all => all.map(one => one.getAttribute('href'))")
            ahead += [link for link in links if link.startswith(address) and "delete" not in link][:6]
    return shown, alarms


@pytest.mark.parametrize("who", ["alice", "root"])
def test_no_word_becomes_an_element(
    who: str, house: list[str], of_administrators: list[str], windows: dict[str, Page], live_server: Any
) -> None:
    addresses = house if who == "alice" else of_administrators
    shown, alarms = walked(windows[who], live_server.url, addresses)
    # It is there to be read.
    assert shown >= len(addresses) // 3
    assert alarms == []
