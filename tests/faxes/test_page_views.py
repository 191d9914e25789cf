"""Pages as pictures: of the right size, turned as people turned them, and for those alone who may see the fax."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from accounts.models import Membership, Team, User
from faxes.models import Document, Fax
from tests import builders, papers
from tests.log import deeds

pytestmark = pytest.mark.django_db

LogIn = Callable[[User], Client]


@pytest.fixture
def fax(team: Team) -> Fax:
    """A received fax of the team with two pages."""
    document = builders.document(papers.text_pdf(2), pages=2, kind="received")
    return builders.inbound(team, status="received", media="archived", document=document)


def page_of(fax: Fax, number: int = 1, width: str = "88") -> str:
    return reverse("faxes:page", args=[fax.pk, number]) + f"?w={width}"


def get(client: Client, address: str, **headers: str) -> Any:
    """The answer, read to its end as `body`, which closes its file as a server does."""
    answer: Any = client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer.body = b"".join(answer)
    return answer


def size_of(answer: Any) -> tuple[int, int]:
    with Image.open(io.BytesIO(answer.body)) as picture:
        assert picture.format == "PNG"
        return picture.size


@pytest.mark.parametrize(
    ("asked", "width"),
    [
        ("88", 88),
        ("1", 88),
        ("89", 176),
        ("850", 1200),
        ("1201", 1700),
        ("9999999", 1700),
        ("9" * 5000, 1200),
        ("", 1200),
        ("-5", 1200),
        ("²", 1200),
    ],
)
def test_a_page_is_a_picture_at_least_as_wide_as_asked_within_bounds(
    logged_in: LogIn, vera: User, fax: Fax, asked: str, width: int
) -> None:
    answer = get(logged_in(vera), page_of(fax, width=asked))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert size_of(answer)[0] == width
    assert int(answer["Content-Length"]) == len(answer.body)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == 'inline; filename="page-1.png"'


def test_there_are_few_widths_so_that_nobody_fills_the_disk(
    logged_in: LogIn, vera: User, fax: Fax, settings: Settings
) -> None:
    client = logged_in(vera)
    for width in range(1, 2000, 100):
        get(client, page_of(fax, width=str(width)))
    assert len(list(Path(settings.MEDIA_ROOT, "pages").rglob("*.png"))) == 4


def test_the_pages_differ_and_are_those_of_the_document(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    first, second = get(client, page_of(fax, 1)), get(client, page_of(fax, 2))
    assert first.body != second.body
    assert first["ETag"] != second["ETag"] != get(client, page_of(fax, 2, "176"))["ETag"]


def test_a_page_is_shown_as_it_was_turned(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    upright = get(client, page_of(fax))
    Fax.objects.update(rotation={"1": 90})
    turned = get(client, page_of(fax), If_None_Match=upright["ETag"])
    assert turned.status_code == 200
    assert size_of(turned) == size_of(upright)[::-1]
    Fax.objects.update(rotation={"1": "askew", "2": 45})
    assert get(client, page_of(fax)).body == upright.body
    assert size_of(get(client, page_of(fax, 2))) == size_of(upright)


def test_a_picture_seen_before_is_not_sent_again_but_access_is_asked_each_time(
    logged_in: LogIn, vera: User, fax: Fax
) -> None:
    client = logged_in(vera)
    first = get(client, page_of(fax))
    assert first["Cache-Control"] == "private, no-cache"
    again = get(client, page_of(fax), If_None_Match=first["ETag"])
    assert (again.status_code, again.body, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "private, no-cache"
    Membership.objects.filter(user=vera).delete()
    assert get(client, page_of(fax), If_None_Match=first["ETag"]).status_code == 404


def test_what_the_browser_has_is_not_drawn(logged_in: LogIn, vera: User, fax: Fax, settings: Settings) -> None:
    assert get(logged_in(vera), page_of(fax), If_None_Match="*").status_code == 304
    assert not Path(settings.MEDIA_ROOT, "pages").exists()


def test_the_head_of_a_page_is_that_of_its_picture(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    answer, head = get(client, page_of(fax)), client.head(page_of(fax))
    assert (head.status_code, b"".join(head)) == (200, b"")
    for name in ("ETag", "Cache-Control", "Content-Type", "Content-Length"):
        assert head[name] == answer[name]


@pytest.mark.parametrize("number", [0, 3, 10**30])
def test_a_page_that_is_none_is_not_found(logged_in: LogIn, vera: User, fax: Fax, number: int) -> None:
    assert get(logged_in(vera), page_of(fax, number)).status_code == 404
    assert get(logged_in(vera), page_of(fax, number), If_None_Match="*").status_code == 404


def test_who_may_see_what(logged_in: LogIn, client: Client, vera: User, charlie: User, root: User, fax: Fax) -> None:
    assert get(logged_in(vera), page_of(fax)).status_code == 200
    anonymous = get(client, page_of(fax))
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/accounts/login/?next=/faxes/")
    assert get(logged_in(charlie), page_of(fax)).status_code == 404
    assert get(logged_in(root), page_of(fax)).status_code == 200
    Fax.objects.update(team=None)
    assert get(logged_in(vera), page_of(fax)).status_code == 404
    assert get(logged_in(root), page_of(fax)).status_code == 200


def test_other_methods_bad_ids_and_faxes_without_pages(logged_in: LogIn, vera: User, team: Team, fax: Fax) -> None:
    client = logged_in(vera)
    assert client.post(page_of(fax)).status_code == 405
    assert get(client, page_of(Fax(pk=uuid.uuid4()))).status_code == 404
    assert get(client, page_of(builders.inbound(team))).status_code == 404


@pytest.mark.parametrize("gone", [{"purged_at": timezone.now()}, {"stored_at": None}])
def test_of_a_document_that_is_not_here_nothing_is_shown(
    logged_in: LogIn, vera: User, fax: Fax, gone: dict[str, Any]
) -> None:
    client = logged_in(vera)
    seen = get(client, page_of(fax))
    Document.objects.update(**gone)
    assert get(client, page_of(fax)).status_code == 404
    assert get(client, page_of(fax), If_None_Match=seen["ETag"]).status_code == 404


def test_a_file_that_is_gone_is_not_found(logged_in: LogIn, vera: User, fax: Fax) -> None:
    assert fax.document is not None
    fax.document.file.storage.delete(str(fax.document.file.name))
    assert get(logged_in(vera), page_of(fax)).status_code == 404


def test_a_page_that_cannot_be_drawn_is_not_found(logged_in: LogIn, vera: User, team: Team) -> None:
    fax = builders.inbound(team, document=builders.document(b"%PDF-1.7 but broken"))
    assert get(logged_in(vera), page_of(fax)).status_code == 404


def test_a_storage_that_is_away_is_said_so_and_kept_by_no_browser(logged_in: LogIn, vera: User, fax: Fax) -> None:
    assert fax.document is not None
    path = Path(fax.document.file.path)
    path.unlink()
    # What stands there cannot be read, whoever asks.
    path.mkdir()
    answer = get(logged_in(vera), page_of(fax))
    assert answer.status_code == 503
    assert "ETag" not in answer


def test_looking_at_a_page_is_not_a_download(logged_in: LogIn, vera: User, fax: Fax) -> None:
    get(logged_in(vera), page_of(fax))
    assert not deeds().exists()
