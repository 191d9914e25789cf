"""What other teams do cannot be seen, not even in a count: every page reads the same with and without it.

The portal is walked from link to link, as a member and as a viewer, before and after another team and nobody received
faxes, wrote notes, named contacts and lines. Not a letter of any page may differ.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from applications.models import PhoneNumber
from contacts.models import Correspondent
from faxes.models import Fax, Note, ReadMark, Tag
from faxes.states import Media, Outbox
from tests import builders
from tests.papers import text_pdf
from tests.walking import TOKEN, walk
from tests.webhooks.telnyx import event
from webhooks.models import Delivery

RECEIVED = ("open", "unread", "mine", "done", "failed", "missing", "all", "bin", "unrouted")
SHOWN = (*RECEIVED, "going", "uncertain", "stuck")
EVERYBODYS = "+14155550199"
LISTS = ["/faxes/inbox/", "/faxes/sent/"]
STARTS = ["/", *LISTS, "/faxes/new/", "/faxes/unread/", "/teams/", "/accounts/me/"]
SEARCHES = ["", "770", "lake", "urgent", "646", "Zyxwv", "plutonium", "quarantine", "%", "_", "+"]


def everything_of(team: Team | None, by: User, *, sender: str, word: str, line: str) -> Fax:
    """One of each thing that a list, a search or a count could tell of."""
    paper = builders.document(text_pdf(pages=2), pages=2)
    known = Correspondent.objects.create(team=team, number=sender, name=f"{word} Clinic") if team else None
    now = timezone.now()
    columns: dict[str, Any] = {"from_number": sender, "to_number": line, "correspondent": known, "status": "received"}
    here: dict[str, Any] = columns | {"media": Media.ARCHIVED, "document": paper}
    builders.inbound(team, **columns, media=Media.MISSING, heard_at=now - timedelta(hours=1))
    builders.inbound(team, **columns | {"status": "failed"}, failure_reason="sender_canceled")
    builders.inbound(team, **here, trashed_at=now)
    builders.inbound(team, **here, handled_at=now)
    out: dict[str, Any] = {"document": paper, "correspondent": known}
    builders.outbound(team, outbox=Outbox.REJECTED, to_number=sender, **out)
    builders.accepted(team, status="sending", to_number=sender, **out)
    builders.uncertain(team, to_number=f"{sender[:-1]}1", **out)
    builders.outbound(team, outbox=Outbox.READY, to_number=EVERYBODYS, **out)
    fax = builders.inbound(team, **here, assigned_to=by)
    Note.objects.create(fax=fax, text=f"{word} plutonium", by=by)
    if team:
        fax.tags.add(Tag.objects.create(team=team, name=f"{word} quarantine"))
    ReadMark.objects.create(user=by, fax=fax, read_at=None)
    return fax


def all_of(browser: Client) -> dict[str, str]:
    """Every page that can be reached by links, and every list under every filter and search, by address."""
    lists = [f"{place}?show={shown}" for place in LISTS for shown in SHOWN]
    searches = [f"{place}?q={search}&show=all" for place in LISTS for search in SEARCHES]
    return walk(browser, [*STARTS, *lists, *searches])


@pytest.mark.parametrize("name", ["bob", "vera", "alice"])
def test_no_page_tells_what_others_have(
    name: str,
    team: Team,
    other_team: Team,
    bob: User,
    vera: User,
    alice: User,
    charlie: User,
    logged_in: Callable[[User], Client],
) -> None:
    builders.number(team, label="Front desk line")
    everything_of(team, bob, sender="+17705550188", word="Lake", line=builders.OURS)
    browser = logged_in({"bob": bob, "vera": vera, "alice": alice}[name])
    # Looking marks as read, so that the first walk is for that alone.
    all_of(browser)
    before = all_of(browser)
    builders.number(other_team, "+16465550100", label="Zyxwv line")
    everything_of(other_team, charlie, sender="+16465559999", word="Zyxwv", line="+16465550100")
    everything_of(None, charlie, sender="+16465558888", word="Nobody", line="+16465550111")
    # Ours waits for its turn to call this number, whoever else calls it meanwhile.
    builders.accepted(other_team, status="sending", to_number=EVERYBODYS)
    PhoneNumber.objects.filter(team=other_team).update(quiet_since=timezone.now())
    Delivery.objects.record(event("fax.received", fax_id="theirs"))
    after = all_of(browser)
    assert set(before) == set(after)
    for address, page in before.items():
        assert after[address] == page, address
    assert len(before) > len(STARTS) + 2 * (len(SHOWN) + len(SEARCHES))


@pytest.mark.parametrize("query", ["open", "before", "after", "number", "application", "assignee", "tag", "team"])
def test_what_is_not_theirs_reads_like_what_does_not_exist(
    query: str, team: Team, other_team: Team, bob: User, charlie: User, logged_in: Callable[[User], Client]
) -> None:
    builders.number(team)
    theirs = builders.number(other_team, "+16465550100", label="Zyxwv line")
    fax = everything_of(other_team, charlie, sender="+16465559999", word="Zyxwv", line="+16465550100")
    foreign = {
        "number": theirs.phone_number,
        "application": str(builders.application(other_team).pk),
        "assignee": str(charlie.pk),
        "tag": str(Tag.objects.get().pk),
        "team": other_team.slug,
    }.get(query, str(fax.pk))
    nowhere = {"team": "nowhere", "assignee": "987654", "number": "+16465550177"}.get(query, str(uuid.uuid4()))
    answers = []
    for value in (foreign, nowhere):
        response = logged_in(bob).get("/faxes/inbox/", {query: value})
        text = TOKEN.sub("", response.content.decode())
        answers.append((response.status_code, re.sub(f'(?<=[="]){re.escape(value)}(?=["&])', "", text)))
    assert answers[0] == answers[1]
