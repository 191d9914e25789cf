"""Who is removed from a team is out with the next request, whatever page is still open in their browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Team, User
from faxes.models import Fax, FaxEvent
from faxes.states import Media
from tests import builders
from tests.papers import fax_tiff, text_pdf
from tests.sheets import Sheet

pytestmark = pytest.mark.django_db

WHOLE, PART = 200, {"Range": "bytes=0-9"}


@pytest.fixture
def fax(team: Team) -> Fax:
    """Came as a TIFF, and is shown as a PDF."""
    came = builders.document(fax_tiff(pages=1), kind="received")
    shown = builders.document(text_pdf(pages=1), kind="received")
    return builders.inbound(team, status="received", media=Media.ARCHIVED, document=shown, original=came)


@pytest.fixture
def client(bob: User) -> Client:
    own = Client(enforce_csrf_checks=True)
    own.force_login(bob)
    return own


def remove(bob: User, alice: User, logged_in: Callable[[User], Client]) -> None:
    seat = Membership.objects.get(user=bob)
    assert logged_in(alice).post(f"/teams/front-desk/members/{seat.pk}/remove/").status_code == 302


def status_of(client: Client, address: str, headers: dict[str, str] | None = None) -> int:
    response: Any = client.get(address, headers=headers)
    if response.streaming:
        response.getvalue()
    return int(response.status_code)


def test_pages_pictures_and_downloads_end(
    fax: Fax, client: Client, bob: User, alice: User, logged_in: Callable[[User], Client]
) -> None:
    here = f"/faxes/{fax.pk}/"
    kept = {"If-None-Match": client.get(f"{here}pages/1.png")["ETag"]}
    seen: dict[tuple[str, ...], int] = {
        **{(address,): WHOLE for address in (here, f"{here}status/", "/teams/front-desk/")},
        **{(f"{here}{of}",): WHOLE for of in ("file/", "file/?inline=1", "file/?original=1", "pages/1.png")},
        # What a browser has begun to fetch, or keeps and asks whether it may show it.
        (f"{here}file/", "part"): 206,
        (f"{here}pages/1.png", "kept"): 304,
    }
    headers = {"part": PART, "kept": kept}
    assert {of: status_of(client, of[0], headers.get(of[-1])) for of in seen} == seen
    remove(bob, alice, logged_in)
    assert {of: status_of(client, of[0], headers.get(of[-1])) for of in seen} == dict.fromkeys(seen, 404)


def test_the_forms_of_an_open_page_do_nothing_more(
    fax: Fax, team: Team, client: Client, bob: User, alice: User, logged_in: Callable[[User], Client]
) -> None:
    Team.objects.update(mail_domains="*")
    page = client.get(f"/faxes/{fax.pk}/").content.decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    forms = sorted(set(re.findall(rf'action="(/faxes/{fax.pk}/[^"]+)"', page)))
    assert len(forms) >= 7 and client.post(forms[0], {"csrfmiddlewaretoken": token}).status_code == 302
    sheet = Sheet(logged_in(bob), builders.number(team))
    sheet.upload()
    remove(bob, alice, logged_in)
    before = FaxEvent.objects.count()
    answers = {form: client.post(form, {"csrfmiddlewaretoken": token}).status_code for form in forms}
    assert answers == dict.fromkeys(forms, 404)
    assert sheet.send().status_code == 403
    assert FaxEvent.objects.count() == before and Fax.objects.count() == 1
