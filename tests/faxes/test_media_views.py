"""Files of faxes: given to those who may see the fax, and on record."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from faxes.models import Fax
from tests import builders, papers
from tests.log import deeds

pytestmark = pytest.mark.django_db

LogIn = Callable[[User], Client]


@pytest.fixture
def fax(team: Team) -> Fax:
    """A received fax of the team with two pages."""
    document = builders.document(papers.text_pdf(2), pages=2, kind="received")
    return builders.inbound(team, status="received", media="archived", document=document)


def file_of(fax: Fax) -> str:
    return reverse("faxes:file", args=[fax.pk])


def get(client: Client, address: str) -> Any:
    """The answer, read to its end as `body`, which closes its file as a server does."""
    answer: Any = client.get(address)
    answer.body = b"".join(answer)
    return answer


def test_who_may_have_what(logged_in: LogIn, client: Client, vera: User, charlie: User, root: User, fax: Fax) -> None:
    anonymous = get(client, file_of(fax))
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/accounts/login/?next=/faxes/")
    assert get(logged_in(charlie), file_of(fax)).status_code == 404
    assert get(logged_in(vera), file_of(fax)).status_code == 200
    assert get(logged_in(root), file_of(fax)).status_code == 200
    Fax.objects.update(team=None)
    assert get(logged_in(vera), file_of(fax)).status_code == 404
    assert get(logged_in(root), file_of(fax)).status_code == 200


def test_other_methods_bad_ids_and_faxes_without_pages(logged_in: LogIn, vera: User, team: Team, fax: Fax) -> None:
    client = logged_in(vera)
    assert client.post(file_of(fax)).status_code == 405
    assert client.get(file_of(Fax(pk=uuid.uuid4()))).status_code == 404
    assert client.get(file_of(builders.inbound(team))).status_code == 404


def test_a_file_that_is_gone_is_not_found(logged_in: LogIn, vera: User, fax: Fax) -> None:
    assert fax.document is not None
    fax.document.file.storage.delete(str(fax.document.file.name))
    assert get(logged_in(vera), file_of(fax)).status_code == 404
    assert not deeds().exists()


def test_a_download_is_the_document_under_a_plain_name_and_on_record(logged_in: LogIn, vera: User, fax: Fax) -> None:
    answer = get(logged_in(vera), file_of(fax))
    assert answer.body == papers.text_pdf(2)
    day = f"{fax.created_at:%Y-%m-%d}"
    assert answer["Content-Disposition"] == f'attachment; filename="fax-from-17735550188-{day}.pdf"'
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert "no-store" in answer["Cache-Control"]
    entry = deeds().get()
    assert (entry.action, entry.actor_id, entry.object_id) == ("fax.download", str(vera.pk), str(fax.pk))
    assert (entry.chain, entry.data) == (str(fax.team_id), {"sha256": fax.document.sha256 if fax.document else ""})


@pytest.mark.parametrize(
    ("number", "told"),
    [('sip:"x"/../y\r\n@h', "sipxyh"), ("anonymous", "anonymous"), ("", "unknown"), ("٣☎", "unknown")],
)
def test_no_caller_chooses_the_name_of_a_download(
    logged_in: LogIn, vera: User, fax: Fax, number: str, told: str
) -> None:
    Fax.objects.update(from_number=number)
    assert f'filename="fax-from-{told}-' in get(logged_in(vera), file_of(fax))["Content-Disposition"]
