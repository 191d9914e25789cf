"""Between its being queued and its leaving, an e-mail waits, up to two days: what has changed by then counts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.services import remove_member, set_policy
from faxes import timeline, triage
from faxes.models import Fax
from notifications import outbox, services
from notifications.models import Cursor, Mail
from notifications.services import set_mailbox, set_wish
from notifications.steps import mail as step
from notifications.steps import notify
from tests import builders
from tests.notifications.sink import Sink
from tests.papers import text_pdf

pytestmark = pytest.mark.django_db

ANN, BOX = "ann@clinic.example", "faxes@clinic.example"
ALL = {"received": True, "delivered": True, "failed": True, "assigned": True}


@pytest.fixture
def fax(team: Team) -> Fax:
    Team.objects.update(mail_domains="clinic.example", phi_free_mail=False)
    team.refresh_from_db()
    return builders.inbound(team, status="received", media="archived", document=builders.document(text_pdf(pages=1)))


@pytest.fixture
def told(fax: Fax, team: Team, alice: User, bob: User, sink: Sink) -> None:
    """Bob and a mailbox are to be told of the fax, and of whom it is from."""
    Cursor.objects.create(name=notify.NAME, at=timezone.now() - timedelta(minutes=1))
    set_wish(by=bob, team=team, **ALL)
    set_mailbox(by=alice, team=team, address=BOX, received=True)
    timeline.note(fax, "status:received")
    assert notify.drain() == 2


@pytest.fixture
def mailed(fax: Fax, bob: User, sink: Sink) -> None:
    """Bob e-mails the pages to Ann."""
    services.mail_fax(by=bob, fax=fax, to=ANN, token=uuid.uuid4())


def reached(sink: Sink) -> set[str]:
    """Whom e-mails reach now."""
    step.drain()
    return {str(message["To"]) for message in sink.got}


def withdrawn() -> str:
    """Why the one that was withdrawn was."""
    mail = Mail.objects.get(state=Mail.State.FAILED)
    assert mail.text == "" and mail.due_at is None
    assert mail.problem.startswith("Withdrawn. ")
    return mail.problem


def test_where_nothing_has_changed_all_leave(told: None, mailed: None, sink: Sink) -> None:
    assert reached(sink) == {"bob@example.com", BOX, ANN}
    assert "+1 773 555 0188" in sink.text(0)


def test_who_has_left_the_team_is_told_nothing_more(told: None, sink: Sink, team: Team, alice: User, bob: User) -> None:
    remove_member(by=alice, team=team, user=bob)
    assert reached(sink) == {BOX} and "not on the team" in withdrawn()


def test_nor_is_who_may_not_sign_in_any_more(told: None, sink: Sink, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert reached(sink) == {BOX} and "not on the team" in withdrawn()


def test_nor_is_an_address_that_is_theirs_no_more(told: None, sink: Sink, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@elsewhere.example")
    assert reached(sink) == {BOX} and "another address" in withdrawn()


def test_a_mailbox_that_was_taken_away_is_told_nothing_more(told: None, sink: Sink, team: Team, alice: User) -> None:
    set_mailbox(by=alice, team=team, address=BOX, delivered=True)
    assert reached(sink) == {"bob@example.com"} and "mailbox" in withdrawn()


def test_particulars_that_the_team_does_not_allow_any_more_do_not_leave(
    told: None, sink: Sink, team: Team, alice: User
) -> None:
    set_policy(by=alice, team=team, phi_free_mail=True)
    assert reached(sink) == set()
    assert {"allow" in mail.problem and not mail.text for mail in Mail.objects.all()} == {True}


def test_a_fax_that_was_given_away_is_told_of_no_more(
    told: None, mailed: None, fax: Fax, sink: Sink, other_team: Team
) -> None:
    Fax.objects.filter(pk=fax.pk).update(team=other_team)
    assert reached(sink) == set()
    assert {"not this team's" in mail.problem for mail in Mail.objects.all()} == {True}


def test_nothing_of_a_fax_that_is_deleted_for_good_waits_to_be_sent(
    told: None, mailed: None, fax: Fax, sink: Sink
) -> None:
    fax.delete()
    assert reached(sink) == set() and not Mail.objects.exists()


Change = Callable[[Team, User, Fax], object]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda team, alice, fax: set_policy(by=alice, team=team, mail_domains=""), "does not e-mail faxes"),
        (lambda team, alice, fax: set_policy(by=alice, team=team, mail_domains="law.example"), "law.example alone"),
        (lambda team, alice, fax: triage.trash(by=alice, faxes=[fax]), "in the bin"),
        (lambda team, alice, fax: Fax.objects.update(document=None), "not here"),
    ],
)
def test_pages_leave_only_as_the_policy_is_at_that_moment(
    mailed: None, sink: Sink, fax: Fax, team: Team, alice: User, change: Change, why: str
) -> None:
    change(team, alice, fax)
    assert reached(sink) == set() and why in withdrawn()


def test_what_is_no_matter_of_a_team_goes_to_its_address(bob: User, sink: Sink) -> None:
    """An invitation, or a link by which to sign in again."""
    Membership.objects.all().delete()
    outbox.put(key="sign-in:1", to=bob.email, subject="Sign in", text="https://x/secret")
    assert reached(sink) == {bob.email}
