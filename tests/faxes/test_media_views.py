"""Pages and files of faxes: shown to those who may see the fax, on record where they are taken away."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import LogEntry, Membership, Team, User
from faxes.models import Fax
from tests import builders, papers

pytestmark = pytest.mark.django_db

LogIn = Callable[[User], Client]


@pytest.fixture
def fax(team: Team) -> Fax:
    """A received fax of the team with two pages."""
    document = builders.document(papers.text_pdf(2), pages=2, kind="received")
    return builders.inbound(team, status="received", media="archived", document=document)


def page_of(fax: Fax, number: int = 1, width: str = "200") -> str:
    return reverse("faxes:page", args=[fax.pk, number]) + f"?w={width}"


def file_of(fax: Fax) -> str:
    return reverse("faxes:file", args=[fax.pk])


def get(client: Client, address: str) -> Any:
    """The answer, read to its end as `body`, which closes its file as a server does."""
    answer: Any = client.get(address)
    answer.body = b"".join(answer)
    return answer


def width_of(answer: Any) -> int:
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.format == "PNG"
        return picture.width


@pytest.mark.parametrize(
    ("asked", "width"),
    [("200", 200), ("1", 64), ("9999999", 1700), ("9" * 5000, 1200), ("", 1200), ("-5", 1200), ("²", 1200)],
)
def test_a_page_is_a_picture_of_the_width_asked_for_within_bounds(
    logged_in: LogIn, vera: User, fax: Fax, asked: str, width: int
) -> None:
    answer = logged_in(vera).get(page_of(fax, width=asked))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert width_of(answer) == width
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_the_pages_differ_and_are_those_of_the_document(logged_in: LogIn, vera: User, fax: Fax) -> None:
    client = logged_in(vera)
    first, second = client.get(page_of(fax, 1)), client.get(page_of(fax, 2))
    assert first.content != second.content
    assert first["ETag"] != second["ETag"] != client.get(page_of(fax, 2, "300"))["ETag"]


def test_a_picture_seen_before_is_not_sent_again_but_access_is_asked_each_time(
    logged_in: LogIn, vera: User, fax: Fax
) -> None:
    client = logged_in(vera)
    first = client.get(page_of(fax))
    assert first["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": first["ETag"]}
    again = client.get(page_of(fax), headers=known)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "private, no-cache"
    Membership.objects.filter(user=vera).delete()
    assert client.get(page_of(fax), headers=known).status_code == 404


@pytest.mark.parametrize("number", [0, 3, 10**30])
def test_a_page_that_is_none_is_not_found(logged_in: LogIn, vera: User, fax: Fax, number: int) -> None:
    assert logged_in(vera).get(page_of(fax, number)).status_code == 404
    assert logged_in(vera).get(page_of(fax, number), headers={"If-None-Match": "*"}).status_code == 404


@pytest.mark.parametrize("address", [page_of, file_of])
def test_who_may_see_what(
    logged_in: LogIn, client: Client, vera: User, charlie: User, root: User, fax: Fax, address: Callable[[Fax], str]
) -> None:
    anonymous = get(client, address(fax))
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/accounts/login/?next=/faxes/")
    assert get(logged_in(charlie), address(fax)).status_code == 404
    assert get(logged_in(vera), address(fax)).status_code == 200
    assert get(logged_in(root), address(fax)).status_code == 200
    Fax.objects.update(team=None)
    assert get(logged_in(vera), address(fax)).status_code == 404
    assert get(logged_in(root), address(fax)).status_code == 200


@pytest.mark.parametrize("address", [page_of, file_of])
def test_other_methods_bad_ids_and_faxes_without_pages(
    logged_in: LogIn, vera: User, team: Team, fax: Fax, address: Callable[[Fax], str]
) -> None:
    client = logged_in(vera)
    assert client.post(address(fax)).status_code == 405
    assert client.get(address(Fax(pk=uuid.uuid4()))).status_code == 404
    assert client.get(address(builders.inbound(team))).status_code == 404


@pytest.mark.parametrize("address", [page_of, file_of])
def test_a_file_that_is_gone_is_not_found(
    logged_in: LogIn, vera: User, fax: Fax, address: Callable[[Fax], str]
) -> None:
    assert fax.document is not None
    fax.document.file.storage.delete(str(fax.document.file.name))
    assert get(logged_in(vera), address(fax)).status_code == 404
    assert not LogEntry.objects.exists()


def test_a_page_that_cannot_be_drawn_is_not_found(logged_in: LogIn, vera: User, team: Team) -> None:
    fax = builders.inbound(team, document=builders.document(b"%PDF-1.7 but broken"))
    assert logged_in(vera).get(page_of(fax)).status_code == 404


def test_a_download_is_the_document_under_a_plain_name_and_on_record(logged_in: LogIn, vera: User, fax: Fax) -> None:
    answer = get(logged_in(vera), file_of(fax))
    assert answer.body == papers.text_pdf(2)
    day = f"{fax.created_at:%Y-%m-%d}"
    assert answer["Content-Disposition"] == f'attachment; filename="fax-from-17735550188-{day}.pdf"'
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert "no-store" in answer["Cache-Control"]
    entry = LogEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.object_id) == ("fax.download", str(vera.pk), str(fax.pk))
    assert (entry.chain, entry.data) == (str(fax.team_id), {"sha256": fax.document.sha256 if fax.document else ""})


def test_looking_at_a_page_is_not_a_download(logged_in: LogIn, vera: User, fax: Fax) -> None:
    logged_in(vera).get(page_of(fax))
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("number", "told"),
    [('sip:"x"/../y\r\n@h', "sipxyh"), ("anonymous", "anonymous"), ("", "unknown"), ("٣☎", "unknown")],
)
def test_no_caller_chooses_the_name_of_a_download(
    logged_in: LogIn, vera: User, fax: Fax, number: str, told: str
) -> None:
    Fax.objects.update(from_number=number)
    assert f'filename="fax-from-{told}-' in get(logged_in(vera), file_of(fax))["Content-Disposition"]
