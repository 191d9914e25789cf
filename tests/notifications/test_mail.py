"""E-mails leave by the queue, each once: before the hand-over everything is tried again, after it nothing is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from notifications import outbox
from notifications.models import Mail
from notifications.steps import forget
from notifications.steps import mail as step
from tests import builders
from tests.notifications.sink import Sink
from tests.papers import text_pdf
from tests.telnyx_api.scripted import closed_port
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def put(key: str = "invitation:1", **columns: Any) -> bool:
    columns = {"to": "ann@example.com", "subject": "An invitation", "text": "Open it: https://x/secret"} | columns
    return outbox.put(key=key, **columns)


def again() -> Mail:
    """As if the time of the next try, and the end of any lease, had come."""
    now = timezone.now()
    Mail.objects.exclude(due_at=None).update(due_at=now)
    Mail.objects.exclude(leased_until=None).update(leased_until=now - timedelta(seconds=1))
    step.drain()
    return Mail.objects.get()


def test_a_mail_is_sent_once_and_its_text_forgotten(sink: Sink, wakes: list[tuple[str, float]]) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert put()
    assert wakes == [("mail", 0)]
    assert step.drain() == 1 and step.drain() == 0
    (message,) = sink.got
    assert (message["To"], message["Subject"]) == ("ann@example.com", "An invitation")
    assert "https://x/secret" in sink.text()
    assert message["Auto-Submitted"] == "auto-generated"
    row = Mail.objects.get()
    assert (row.state, row.text, row.due_at) == (Mail.State.SENT, "", None) and row.sent_at is not None


def test_what_is_told_already_is_not_told_again(sink: Sink) -> None:
    assert put() and not put(subject="Once more")
    step.drain()
    assert not put()
    assert again().state == Mail.State.SENT and sink.subjects() == ["An invitation"]


def test_a_name_writes_no_header(sink: Sink) -> None:
    put(subject="Records\r\nBcc: eve@example.com\n\nHello")
    step.drain()
    (message,) = sink.got
    assert message["Bcc"] is None and message["Subject"] == "Records Bcc: eve@example.com Hello"


def test_a_server_that_is_away_is_tried_again(sink: Sink, settings: Settings) -> None:
    settings.EMAIL_PORT = closed_port()
    put()
    step.drain()
    row = Mail.objects.get()
    assert row.state == Mail.State.WAITING and row.due_at is not None and row.due_at > timezone.now()
    assert "refused" in row.problem.lower() and row.owner is None
    settings.EMAIL_PORT = sink.port
    assert again().state == Mail.State.SENT and len(sink.got) == 1


def test_not_now_is_tried_again_and_never_is_not(sink: Sink) -> None:
    sink.refusals = ["450 4.2.1 greylisted"]
    put()
    step.drain()
    assert Mail.objects.get().state == Mail.State.WAITING
    assert again().state == Mail.State.SENT
    sink.refusals = ["550 5.1.1 no such\x00 person"]
    put("other")
    step.drain()
    row = Mail.objects.get(key="other")
    assert row.state == Mail.State.FAILED
    assert row.problem == "The mail server refused it: 550 5.1.1 no such person"


def test_a_hand_over_that_breaks_off_is_never_repeated(sink: Sink, team: Team, root: User) -> None:
    sink.breaks = 1
    put(team=team, fax=builders.inbound(team))
    step.drain()
    row = again()
    assert row.state == Mail.State.UNSURE and len(sink.got) == 1
    # A person decides.
    outbox.try_again(by=root, mail=row)
    assert again().state == Mail.State.SENT
    assert len({message["Message-ID"] for message in sink.got}) == 1 and len(sink.got) == 2
    entry = LogEntry.objects.get(action="mail.send_again")
    assert (entry.actor_name, entry.data) == ("root", {"to": "ann@example.com"})
    with pytest.raises(ValidationError, match="not sent"):
        outbox.try_again(by=root, mail=row)


def test_only_administrators_send_again(team: Team, alice: User) -> None:
    put(team=team, fax=builders.inbound(team))
    Mail.objects.update(state=Mail.State.FAILED)
    with pytest.raises(PermissionDenied):
        outbox.try_again(by=alice, mail=Mail.objects.get())


@pytest.mark.parametrize("answer", ["550 5.1.1 no such person", ""])
def test_a_link_that_opens_something_is_not_kept_where_its_mail_was_not_sent(
    sink: Sink, root: User, answer: str
) -> None:
    sink.refusals, sink.breaks = [answer] * bool(answer), 1
    put()
    step.drain()
    row = Mail.objects.get()
    assert row.text == "" and row.state in (Mail.State.FAILED, Mail.State.UNSURE)
    with pytest.raises(ValidationError, match="have a new one made"):
        outbox.try_again(by=root, mail=row)


def test_what_has_ended_is_forgotten_after_some_weeks(sink: Sink) -> None:
    for key in ("sent", "waits", "new"):
        put(key)
    Mail.objects.filter(key="waits").update(due_at=timezone.now() + timedelta(hours=1))
    step.drain()
    Mail.objects.exclude(key="new").update(created_at=timezone.now() - forget.KEPT)
    assert forget.drain() == 1
    assert set(Mail.objects.values_list("key", flat=True)) == {"waits", "new"}


def test_a_worker_that_dies_while_sending_leaves_it_perhaps_sent(sink: Sink) -> None:
    put()
    past = timezone.now() - timedelta(seconds=1)
    Mail.objects.update(state=Mail.State.SENDING, leased_until=past)
    assert again().state == Mail.State.UNSURE and sink.got == []


def test_a_worker_that_dies_before_it_is_followed_by_another(sink: Sink) -> None:
    put()
    Mail.objects.update(
        leased_until=timezone.now() - timedelta(seconds=1), owner="00000000-0000-4000-8000-000000000000"
    )
    assert again().state == Mail.State.SENT


def test_it_gives_up_in_words_in_the_end(sink: Sink, settings: Settings) -> None:
    settings.EMAIL_PORT = closed_port()
    put()
    Mail.objects.update(tries=step.MOST_TRIES - 1)
    row = again()
    assert row.state == Mail.State.FAILED and "could not be reached" in row.problem


def test_what_is_true_no_more_is_withdrawn_in_time(sink: Sink) -> None:
    put()
    assert outbox.withdraw(key="invitation:1") and not outbox.withdraw(key="invitation:1")
    step.drain()
    assert sink.got == []


def test_pages_travel_along_while_they_are_here(sink: Sink, team: Team) -> None:
    Team.objects.update(mail_domains="example.com")
    fax = builders.inbound(team, document=builders.document(text_pdf(pages=1)))
    put(team=team, fax=fax, with_pages=True)
    step.drain()
    (attachment,) = sink.got[0].iter_attachments()
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_payload(decode=True) == text_pdf(pages=1)
    assert attachment.get_filename() == "fax.pdf"
    put("gone", team=team, fax=builders.inbound(team), with_pages=True)
    step.drain()
    row = Mail.objects.get(key="gone")
    assert (row.state, row.text, row.due_at) == (Mail.State.FAILED, "", None) and "are not here" in row.problem


def test_pages_that_cannot_be_read_for_now_are_no_absent_mail_server(sink: Sink, team: Team) -> None:
    Team.objects.update(mail_domains="example.com")
    fax = builders.inbound(team, document=builders.document(text_pdf(pages=1)))
    assert fax.document is not None
    fax.document.file.delete(save=False)
    type(fax.document).objects.update(file="archive/not-mounted.pdf")
    put(team=team, fax=fax, with_pages=True)
    step.drain()
    row = Mail.objects.get()
    assert row.state == Mail.State.WAITING and row.problem.startswith("The pages could not be read")
    assert sink.got == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_a_mail_once(sink: Sink) -> None:
    for number in range(10):
        put(str(number), subject=f"Mail {number}")
    at_once(*[step.drain] * 4)
    assert sorted(sink.subjects()) == [f"Mail {number}" for number in range(10)]
    assert set(Mail.objects.values_list("state", flat=True)) == {Mail.State.SENT}
