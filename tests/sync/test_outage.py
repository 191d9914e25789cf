"""The portal was down for an hour of traffic, and no webhook of it ever arrived: one sync, and nothing is missing."""

from __future__ import annotations

import html
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team, User
from applications.models import PhoneNumber
from applications.telnyx import client
from faxes.models import Fax
from faxes.states import Media
from faxes.steps import archive, submit
from sync.models import Gap
from sync.services import sync_recent
from telnyx_sandbox.server import Server
from tests import builders
from tests.papers import text_pdf

RECEIVED, SENT_BY_US, SENT_BY_OTHERS = 100, 30, 70
BUSY = "+13125550101"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The sandbox runs in this process, and by the same clock."""
    with time_machine.travel(timezone.now(), tick=True) as clock:
        yield clock


def traffic(sandbox: Server, line: PhoneNumber) -> None:
    """Every tenth received fax is cut off, every tenth sent one finds the line busy."""
    for number in range(RECEIVED):
        fail = "sender_call_dropped" if number % 10 == 9 else None
        sender = f"+1773555{number:04}"
        sandbox.sandbox.receive(to=line.phone_number, from_=sender, pages=1 + number % 3, fail=fail)
    with client() as telnyx:
        for number in range(SENT_BY_OTHERS):
            file = io.BytesIO(text_pdf(pages=1 + number % 2))
            name = telnyx.upload_media(file=file, filename="a.pdf", media_name=f"others-{number}").media_name
            to = BUSY if number % 10 == 9 else f"+1415555{number:04}"
            telnyx.send_fax(connection_id=line.connection_id, to=to, from_=line.phone_number, media_name=name)


def send(team: Team, line: PhoneNumber) -> None:
    """What the portal handed over just before it went down."""
    for number in range(SENT_BY_US):
        builders.outbound(
            team,
            from_number=line.phone_number,
            document=builders.document(text_pdf()),
            to_number=f"+1646555{number:04}",
        )
    submit.drain()
    assert Fax.objects.filter(outbox="accepted", status="queued").count() == SENT_BY_US


def facts(row: dict[str, Any], *, tells_pages: bool) -> tuple[Any, ...]:
    """What can be known of it: no event tells how many pages a failed fax had."""
    told = tuple(row.get(key) or None for key in ("direction", "from", "to", "status", "failure_reason"))
    counted = tells_pages or row["status"] != "failed"
    counts = [row.get(key) if counted else None for key in ("page_count", "call_duration_secs")]
    return (*told, *counts, row["file"] if row["status"] == "received" else None)


def ours(fax: Fax) -> tuple[Any, ...]:
    kept = fax.document.sha256 if fax.document and fax.media == Media.ARCHIVED else None
    told = (fax.direction, fax.from_number, fax.to_number, fax.status, fax.failure_reason or None)
    return (*told, fax.page_count, fax.call_duration_secs, kept)


def shown(office: Client) -> list[tuple[str, str]]:
    """Every gap that the page shows, to its end: Telnyx's id, and what is said of it."""
    seen: list[tuple[str, str]] = []
    address = "/sync/"
    while address:
        page = office.get(address).text
        there = page.index("We have it, Telnyx does not")
        rows = re.findall(r'id="gap-.*?href="/faxes/(.*?)/".*?class="faint">(.*?)</span>', page[:there], re.DOTALL)
        seen += [(row[0], html.unescape(row[1])) for row in rows]
        assert 'id="gap-' not in page[there:]
        older = re.search(r'href="(\?[^"]*)">Older', page)
        address = f"/sync/{html.unescape(older[1])}" if older else ""
    ids = {str(pk): telnyx_id for pk, telnyx_id in Fax.objects.values_list("pk", "telnyx_id")}
    return [(str(ids[pk]), said) for pk, said in seen]


@pytest.mark.parametrize("tells_pages", [True, False], ids=["pages in the list", "pages in events alone"])
def test_after_one_sync_all_is_right_and_the_gaps_are_what_was_missing(
    sandbox: Server,
    line: PhoneNumber,
    team: Team,
    clock: time_machine.Traveller,
    settings: Settings,
    root: User,
    logged_in: Callable[[User], Client],
    tells_pages: bool,
) -> None:
    settings.SEND_RATE_ACCOUNT = settings.SEND_RATE_TEAM = 0
    sandbox.sandbox.options.page_count_on_fax = tells_pages
    send(team, line)
    before = set(Fax.objects.values_list("telnyx_id", flat=True))
    # From here on nobody is at home.
    sandbox.sandbox.world.deliver = lambda url, headers, body, timeout: 0
    traffic(sandbox, line)
    sandbox.sandbox.advance(600)
    clock.shift(timedelta(hours=1))

    run = sync_recent()
    assert run.is_complete, run.error
    archive.drain()
    there = {row["id"]: facts(row, tells_pages=tells_pages) for row in sandbox.sandbox.faxes()}
    here = {fax.telnyx_id: ours(fax) for fax in Fax.objects.select_related("document")}
    assert len(there) == RECEIVED + SENT_BY_US + SENT_BY_OTHERS
    assert here == there

    gaps = {(gap.what, gap.telnyx_id) for gap in Gap.objects.all()}
    assert gaps == {("fax", key) for key in there.keys() - before} | {("status", key) for key in before}
    assert Gap.objects.count() == len(gaps) == run.counts["gaps"]
    assert set(Gap.objects.values_list("side", flat=True)) == {Gap.Side.HERE}
    # The page of the sync tells the same, each of them once.
    told = shown(logged_in(root))
    assert Counter(key for key, _ in told) == dict.fromkeys(there, 1)
    added = {key for key, said in told if said == "Fax. It was added here."}
    ended = {key for key, said in told if said.startswith("How a fax ended. It was queued here, and ")}
    assert (added, ended) == (there.keys() - before, before)
    assert not Fax.objects.filter(team=None) and not Fax.objects.filter(line_held=True)

    # The next one finds nothing more, and all of it settled.
    assert "gaps" not in {name for name, count in sync_recent().counts.items() if count}
    assert not Gap.objects.filter(settled_at=None) and Gap.objects.count() == len(gaps)
