"""A received fax is e-mailed where the team's policy allows it, to whom it allows it, once for each press."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import LogEntry, Team, User
from faxes.models import Fax
from faxes.steps import purge
from notifications import outbox, services
from notifications.models import Mail
from notifications.steps import mail as step
from tests import builders
from tests.notifications.sink import Sink
from tests.papers import text_pdf
from tests.sheets import text_of

pytestmark = pytest.mark.django_db

LoggedIn = Callable[[User], Client]
ANN = "ann@clinic.example"


@pytest.fixture
def fax(team: Team) -> Fax:
    Team.objects.update(mail_domains="clinic.example\nlaw.example")
    team.refresh_from_db()
    return builders.inbound(team, status="received", media="archived", document=builders.document(text_pdf(pages=1)))


def mail(client: Client, fax: Fax, to: str = ANN, token: str = "") -> str:
    form = {"to": to, "token": token or str(uuid.uuid4())}
    return text_of(client.post(f"/faxes/{fax.pk}/mail/", form, follow=True))


def test_the_pages_leave_as_they_are(fax: Fax, bob: User, logged_in: LoggedIn, sink: Sink) -> None:
    client = logged_in(bob)
    assert "Send by e-mail" in text_of(client.get(f"/faxes/{fax.pk}/"))
    page = mail(client, fax)
    assert f"on its way to {ANN}" in page and f"E-mailed to {ANN} by Bob" in page
    step.drain()
    (message,) = sink.got
    (pages,) = message.iter_attachments()
    assert (message["To"], message["Subject"]) == (ANN, "A fax for you")
    assert pages.get_payload(decode=True) == text_pdf(pages=1)
    assert "773 555" not in sink.text() and fax.from_number not in sink.text() and "Bob of Front desk" in sink.text()
    assert LogEntry.objects.get(action="fax.mail").data == {"to": ANN}


@pytest.mark.parametrize(
    ("answer", "line", "detail"),
    [
        ("550 5.1.1 no such person", f"Could not be e-mailed to {ANN}", "refused it: 550 5.1.1 no such person"),
        ("", f"Perhaps e-mailed to {ANN}", "broke off"),
    ],
)
def test_the_fax_tells_where_its_mail_did_not_leave_for_certain(
    fax: Fax, bob: User, root: User, logged_in: LoggedIn, sink: Sink, answer: str, line: str, detail: str
) -> None:
    client = logged_in(bob)
    mail(client, fax)
    sink.refusals, sink.breaks = [answer] * bool(answer), 1
    step.drain()
    page = text_of(client.get(f"/faxes/{fax.pk}/"))
    assert line in page and detail in page
    outbox.try_again(by=root, mail=Mail.objects.get())
    assert f"E-mailed to {ANN} by root" in text_of(client.get(f"/faxes/{fax.pk}/"))


def test_so_does_one_whose_worker_died(fax: Fax, bob: User, logged_in: LoggedIn, sink: Sink) -> None:
    mail(logged_in(bob), fax)
    Mail.objects.update(state=Mail.State.SENDING, leased_until=timezone.now() - timedelta(seconds=1))
    step.drain()
    step.drain()
    assert [event.data["to"] for event in fax.events.filter(kind="mail_unsure")] == [ANN]


def test_nothing_of_a_fax_that_was_deleted_for_good_is_kept(fax: Fax, bob: User, logged_in: LoggedIn) -> None:
    mail(logged_in(bob), fax)
    Fax.objects.update(trashed_at=timezone.now() - timedelta(days=31))
    purge.drain()
    assert not Mail.objects.exists()


def test_a_double_click_is_one_mail(fax: Fax, bob: User, logged_in: LoggedIn) -> None:
    client, token = logged_in(bob), str(uuid.uuid4())
    mail(client, fax, token=token)
    assert "Nothing was sent twice" in mail(client, fax, token=token)
    assert Mail.objects.count() == 1 and fax.events.filter(kind="mailed").count() == 1


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("ann@gmail.example", "clinic.example and law.example alone"),
        ("ann@evil-clinic.example", "alone"),
        ("ann@clinic.example.evil.example", "alone"),
        ("ann", "Enter an e-mail address"),
        ("a@clinic.example, b@evil.example", "Enter an e-mail address"),
        ("a@clinic.example\nBcc: b@evil.example", "Enter an e-mail address"),
    ],
)
def test_it_goes_only_where_the_policy_allows(fax: Fax, bob: User, logged_in: LoggedIn, to: str, said: str) -> None:
    assert said in mail(logged_in(bob), fax, to)
    assert not Mail.objects.exists()


def test_a_star_is_any_address(fax: Fax, bob: User, logged_in: LoggedIn) -> None:
    Team.objects.update(mail_domains="*")
    assert "on its way" in mail(logged_in(bob), fax, "Ann@Gmail.Example")


def test_where_nothing_is_allowed_nothing_is_offered(fax: Fax, bob: User, vera: User, logged_in: LoggedIn) -> None:
    assert "Send by e-mail" not in text_of(logged_in(vera).get(f"/faxes/{fax.pk}/"))
    assert logged_in(vera).post(f"/faxes/{fax.pk}/mail/", {"to": ANN}).status_code == 403
    Team.objects.update(mail_domains="")
    client = logged_in(bob)
    assert "Send by e-mail" not in text_of(client.get(f"/faxes/{fax.pk}/"))
    assert "does not e-mail faxes" in mail(client, fax)


@pytest.mark.parametrize("columns", [{"document": None}, {"direction": "outbound"}])
def test_what_is_not_here_cannot_be_mailed(fax: Fax, bob: User, logged_in: LoggedIn, columns: dict[str, Any]) -> None:
    Fax.objects.update(**columns)
    assert "cannot be e-mailed" in mail(logged_in(bob), fax)


def test_what_lies_in_the_bin_is_put_back_first(fax: Fax, bob: User, logged_in: LoggedIn) -> None:
    client = logged_in(bob)
    Fax.objects.update(trashed_at=timezone.now())
    assert "Send by e-mail" not in text_of(client.get(f"/faxes/{fax.pk}/"))
    assert f"{fax} is in the bin. Put it back first." in mail(client, fax)
    assert not Mail.objects.exists() and not LogEntry.objects.filter(action="fax.mail")


def test_what_no_mail_server_takes_is_told(fax: Fax, bob: User, logged_in: LoggedIn) -> None:
    assert fax.document is not None
    type(fax.document).objects.update(bytes=services.LARGEST + 1)
    assert "too large for an e-mail" in mail(logged_in(bob), fax)


def test_a_form_without_its_token_sends_nothing(fax: Fax, bob: User, logged_in: LoggedIn) -> None:
    assert "not complete" in mail(logged_in(bob), fax, token="nonsense")
    assert not Mail.objects.exists()
