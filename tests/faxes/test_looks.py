"""Who looked at a fax is on record before they see it; and who cannot be put on record sees nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import LogEntry, Team, User
from faxes import timeline, triage
from faxes.models import Fax, FaxEvent
from faxes.states import Outbox
from tests import builders, papers

pytestmark = pytest.mark.django_db

LogIn = Callable[[User], Client]
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def fax(team: Team) -> Fax:
    """A received fax of the team with three pages."""
    document = builders.document(papers.text_pdf(3), pages=3, kind="received")
    return builders.inbound(team, status="received", media="archived", document=document)


def looks(fax: Fax) -> list[str]:
    """What is on record of looking at the fax."""
    entries = LogEntry.objects.filter(object_type="faxes.fax", object_id=str(fax.pk)).order_by("sequence")
    return [entry.action for entry in entries if entry.action in ("fax.view", "fax.preview", "fax.download")]


def get(client: Client, address: str, **headers: str) -> Any:
    answer: Any = client.get(address, headers=headers)
    if answer.streaming:
        answer.getvalue()
    return answer


def page(fax: Fax, number: int = 1, width: int = 1200) -> str:
    return f"/faxes/{fax.pk}/pages/{number}.png?w={width}"


def test_each_opening_is_a_look(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    assert get(client, f"/faxes/{fax.pk}/").status_code == 200
    assert get(client, f"/faxes/inbox/?open={fax.pk}").status_code == 200
    assert get(client, f"/faxes/inbox/?open={fax.pk}", **FRAGMENT).status_code == 200
    assert looks(fax) == ["fax.view"] * 3
    entry = LogEntry.objects.filter(action="fax.view").latest("sequence")
    assert (entry.actor_id, entry.chain, entry.object_name) == (str(vera.pk), str(fax.team_id), str(fax))
    assert entry.address == "127.0.0.1"


def test_a_sent_fax_is_looked_at_too(logged_in: LogIn, vera: User, team: Team) -> None:
    fax = builders.outbound(team, outbox=Outbox.REJECTED)
    get(logged_in(vera), f"/faxes/{fax.pk}/")
    assert looks(fax) == ["fax.view"]


def test_its_pages_belong_to_the_look(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    get(client, f"/faxes/{fax.pk}/")
    for number in (1, 2, 3, 1):
        assert get(client, page(fax, number)).status_code == 200
    assert looks(fax) == ["fax.view"]


def test_pages_by_themselves_are_one_look(logged_in: LogIn, vera: User, bob: User, fax: Fax) -> None:
    client = logged_in(vera)
    for number in (1, 2, 3):
        get(client, page(fax, number))
    assert looks(fax) == ["fax.preview"]
    get(logged_in(bob), page(fax))
    assert looks(fax) == ["fax.preview", "fax.preview"]


def test_a_page_that_lies_open_for_long_is_looked_at_again(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        get(client, f"/faxes/{fax.pk}/")
        clock.shift(timedelta(minutes=14))
        get(client, page(fax))
        assert looks(fax) == ["fax.view"]
        clock.shift(timedelta(minutes=2))
        get(client, page(fax, 2))
        get(client, page(fax, 3))
    assert looks(fax) == ["fax.view", "fax.preview"]


def test_a_page_that_the_browser_has_is_seen_all_the_same(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    etag = get(client, page(fax))["ETag"]
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        assert get(client, page(fax), **{"If-None-Match": etag}).status_code == 304
    assert looks(fax) == ["fax.preview"] * 2


@pytest.mark.parametrize("width", [88, 176])
def test_thumbnails_are_no_look(logged_in: LogIn, vera: User, fax: Fax, width: int) -> None:
    get(logged_in(vera), page(fax, width=width))
    assert looks(fax) == []


@pytest.mark.parametrize("path", ["pages/9.png", "pages/1.png"])
def test_what_is_not_shown_was_not_seen(logged_in: LogIn, charlie: User, vera: User, fax: Fax, path: str) -> None:
    client = logged_in(charlie if path == "pages/1.png" else vera)
    assert get(client, f"/faxes/{fax.pk}/{path}").status_code == 404
    assert client.head(page(fax)).status_code in (200, 404)
    assert get(logged_in(charlie), f"/faxes/{fax.pk}/").status_code == 404
    assert looks(fax) == []


def test_news_of_an_open_fax_belong_to_the_look(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    version = get(client, f"/faxes/{fax.pk}/").context["version"]
    timeline.note(fax, "archived", source=FaxEvent.Source.PORTAL)
    assert get(client, f"/faxes/{fax.pk}/status/?seen={version}").status_code == 200
    assert looks(fax) == ["fax.view"]


def test_news_without_having_opened_it_are_a_look(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    version = get(client, f"/faxes/{fax.pk}/status/").context["version"]
    assert get(client, f"/faxes/{fax.pk}/status/?seen={version}").status_code == 204
    assert looks(fax) == ["fax.preview"]


def test_the_fax_that_comes_next_is_looked_at(logged_in: LogIn, bob: User, team: Team, fax: Fax) -> None:
    client = logged_in(bob)
    older = builders.inbound(team, created_at=fax.created_at - timedelta(hours=1))
    client.post(f"/faxes/{fax.pk}/handle/", {"list": ""}, headers=FRAGMENT)
    assert looks(older) == ["fax.view"]
    assert looks(fax) == []


def test_a_fax_that_comes_back_is_looked_at(logged_in: LogIn, bob: User, fax: Fax) -> None:
    client = logged_in(bob)
    triage.trash(by=bob, faxes=[fax])
    form = {"act": "restore", "fax": [str(fax.pk)], "undo": "1", "list": ""}
    assert client.post("/faxes/inbox/act/", form, headers=FRAGMENT).status_code == 200
    assert looks(fax) == ["fax.view"]


@pytest.mark.parametrize("path", ["{}/read/", "inbox/act/", "inbox/read/"])
def test_what_is_around_the_pages_is_a_look(logged_in: LogIn, vera: User, bob: User, fax: Fax, path: str) -> None:
    """Whoever says that a fax is open, without having opened it, gets its notes and numbers."""
    triage.note(by=bob, fax=fax, text="Call her sister.")
    form = {"list": "", "act": "read", "fax": str(fax.pk), "until": timezone.now().isoformat()}
    address = f"http://testserver/faxes/inbox/?open={fax.pk}"
    client = logged_in(vera)
    answer = client.post(f"/faxes/{path.format(fax.pk)}", form, headers=FRAGMENT | {"HX-Current-URL": address})
    assert b"Call her sister." in answer.content and looks(fax) == ["fax.preview"]


def test_the_admin_looks_too(logged_in: LogIn, root: User, fax: Fax) -> None:
    assert get(logged_in(root), f"/admin/faxes/fax/{fax.pk}/change/").status_code == 200
    assert looks(fax) == ["fax.view"]


@contextmanager
def full_disk() -> Iterator[None]:
    """Nothing can be written any more, and all that there is can be read."""
    is_sqlite = connection.vendor == "sqlite"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = on" if is_sqlite else "SET TRANSACTION READ ONLY")
        yield
        if is_sqlite:
            cursor.execute("PRAGMA query_only = off")
        # PostgreSQL's transaction can be written in again after a step back.
        transaction.set_rollback(True)


@pytest.mark.parametrize("path", ["", "status/", "file/", "pages/1.png", "?inbox"])
def test_who_cannot_be_put_on_record_sees_nothing(logged_in: LogIn, vera: User, fax: Fax, path: str) -> None:
    client = logged_in(vera)
    address = f"/faxes/inbox/?open={fax.pk}" if path == "?inbox" else f"/faxes/{fax.pk}/{path}"
    with full_disk():
        answer = get(client, address)
    assert answer.status_code == 503
    assert b"cannot be written right now" in answer.content
    assert fax.from_number.encode() not in answer.content
