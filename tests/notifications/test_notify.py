"""What people are told of by e-mail: what they wished, once, in their own time, and without a word about who and what
unless the team's policy allows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Team, User
from contacts.models import Correspondent
from faxes import timeline, triage
from faxes.models import Fax, FaxEvent
from notifications.models import Cursor, Mail, Told, Wish
from notifications.services import TOPICS, set_mailbox, set_wish
from notifications.steps import notify
from tests import builders
from tests.sheets import text_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db

BOX = "faxes@clinic.example"


@pytest.fixture(autouse=True)
def _begun(db: None) -> None:
    """The house has notified before."""
    Cursor.objects.create(name=notify.NAME, at=timezone.now() - timedelta(minutes=1))


def came_in(team: Team | None, **columns: Any) -> Fax:
    fax = builders.inbound(team, status="received", **columns)
    timeline.note(fax, "status:received", source=FaxEvent.Source.WEBHOOK)
    return fax


def sent(team: Team, by: User, status: str = "delivered", **columns: Any) -> Fax:
    fax = builders.accepted(team, status=status, created_by=by, line_held=False, **columns)
    timeline.note(fax, f"status:{status}", source=FaxEvent.Source.WEBHOOK)
    return fax


def wish(user: User, team: Team, *topics: str) -> None:
    set_wish(by=user, team=team, **{name: name in topics for name in TOPICS})


def told() -> dict[str, str]:
    """Who is told what, by the address: the subjects."""
    notify.drain()
    return dict(Mail.objects.values_list("to", "subject"))


def test_who_wished_so_is_told_that_a_fax_came_in(team: Team, alice: User, bob: User) -> None:
    wish(bob, team, "received")
    fax = came_in(team)
    assert told() == {"bob@example.com": "A fax came in for Front desk"}
    assert f"http://localhost:9/faxes/{fax.pk}/" in Mail.objects.get().text


def test_nobody_is_told_twice(team: Team, bob: User) -> None:
    wish(bob, team, "received")
    fax = came_in(team)
    notify.drain()
    # A second source for the same, and the same minutes read again.
    timeline.note(fax, "status:received", source=FaxEvent.Source.SYNC)
    assert notify.drain() == 0 and Mail.objects.count() == 1


def test_who_looks_after_the_number_is_told_of_it(team: Team, bob: User, vera: User) -> None:
    number = builders.number(team)
    number.notify.add(bob)
    came_in(team)
    came_in(team, to_number="+13125790099")
    assert set(told()) == {"bob@example.com"} and Mail.objects.count() == 1
    assert "You look after the number that it came to." in Mail.objects.get().text
    # Who asked for it is told that they did.
    wish(bob, team, "received")
    came_in(team)
    notify.drain()
    assert "You asked to be told." in Mail.objects.latest("created_at").text


def test_what_one_is_told_of_without_a_wish_is_named(
    team: Team, other_team: Team, bob: User, logged_in: Callable[[User], Client]
) -> None:
    client = logged_in(bob)
    assert "and of nothing else" in text_of(client.post("/notifications/", {}, follow=True))
    builders.number(team).notify.add(bob)
    # Of a team that he is not on.
    builders.number(other_team, "+13125790016").notify.add(bob)
    page = text_of(client.post("/notifications/", {}, follow=True))
    assert "told of that, and of the numbers you look after" in page
    assert "You look after +1 312 579 0015 and are told of what comes in there" in page


def test_the_sender_is_told_of_an_end_and_nobody_else(team: Team, alice: User, bob: User) -> None:
    wish(bob, team, "delivered")
    wish(alice, team, "delivered", "received", "failed")
    sent(team, bob)
    assert told() == {"bob@example.com": "Your fax has arrived"}


def test_failures_and_gifts_are_told_unless_somebody_wished_otherwise(team: Team, alice: User, bob: User) -> None:
    sent(team, bob, "failed")
    fax = came_in(team)
    triage.assign(by=alice, faxes=[fax], to=bob)
    notify.drain()
    subjects = set(Mail.objects.filter(to="bob@example.com").values_list("subject", flat=True))
    assert subjects == {"A fax did not get through", "A fax was given to you"}
    wish(bob, team)
    sent(team, bob, "failed")
    triage.assign(by=alice, faxes=[came_in(team)], to=bob)
    assert notify.drain() == 0


def test_what_somebody_takes_is_no_news_to_them(team: Team, alice: User, bob: User) -> None:
    fax = came_in(team)
    triage.assign(by=bob, faxes=[fax], to=bob)
    triage.assign(by=alice, faxes=[fax], to=None)
    assert told() == {}
    triage.assign(by=alice, faxes=[fax], to=bob)
    triage.assign(by=alice, faxes=[fax], to=alice)
    triage.assign(by=alice, faxes=[fax], to=bob)
    # Each time anew.
    assert notify.drain() == 2 and set(Mail.objects.values_list("to", flat=True)) == {"bob@example.com"}


def test_a_cancelled_fax_has_not_failed(team: Team, bob: User) -> None:
    sent(team, bob, "failed", cancel=Fax.Cancel.ACCEPTED)
    assert told() == {}


def test_a_fax_that_telnyx_refused_has_failed(team: Team, bob: User) -> None:
    fax = builders.outbound(team, outbox="rejected", created_by=bob)
    timeline.note(fax, "rejected")
    assert told() == {"bob@example.com": "A fax did not get through"}


def test_a_mailbox_of_the_team_is_told(team: Team, alice: User, bob: User) -> None:
    set_mailbox(by=alice, team=team, address=BOX.upper(), received=True, failed=True)
    came_in(team)
    sent(team, bob)
    assert told() == {BOX: "A fax came in for Front desk"}
    assert "http://localhost:9/teams/front-desk/notifications/" in Mail.objects.get().text


def test_a_mailbox_that_is_somebodys_own_is_told_once(team: Team, alice: User, bob: User) -> None:
    wish(bob, team, "received")
    set_mailbox(by=alice, team=team, address=bob.email, received=True)
    came_in(team)
    notify.drain()
    assert Mail.objects.count() == 1


def test_who_has_left_is_told_nothing_more(team: Team, bob: User, vera: User) -> None:
    wish(bob, team, "received")
    wish(vera, team, "received")
    Membership.objects.filter(user=bob).delete()
    User.objects.filter(pk=vera.pk).update(is_active=False)
    came_in(team)
    sent(team, bob, "failed")
    assert told() == {}


def test_another_team_and_nobody_are_not_told_of(team: Team, other_team: Team, bob: User) -> None:
    wish(bob, team, "received")
    came_in(other_team)
    stray = came_in(None)
    assert told() == {}
    # Given to the team later, it comes in for them then.
    Fax.objects.filter(pk=stray.pk).update(team=team)
    timeline.note(stray, "routed", team=team.name)
    assert set(told()) == {"bob@example.com"}


SECRETS = ("773", "0188", "Okafor", "oncology.pdf", "3 pages", "Pages: 3")


def test_nothing_of_a_patient_is_in_the_mail(team: Team, bob: User) -> None:
    known = Correspondent.objects.create(team=team, number=builders.THEIRS, name="Dr. Okafor, Oncology")
    document = builders.document(pages=3)
    wish(bob, team, "received", "delivered", "failed", "assigned")
    came_in(team, correspondent=known, document=document)
    sent(team, bob, correspondent=known, document=document)
    sent(team, bob, "failed", correspondent=known, failure_reason="user_busy", to_number="+17735550189")
    notify.drain()
    mails = [f"{mail.subject}\n{mail.text}" for mail in Mail.objects.all()]
    assert len(mails) == 3
    assert [secret for secret in SECRETS for mail in mails if secret in mail] == []


def test_where_the_policy_allows_it_the_mail_says_who(team: Team, bob: User) -> None:
    Team.objects.update(phi_free_mail=False)
    known = Correspondent.objects.create(team=team, number=builders.THEIRS, name="Dr. Okafor\nBcc: x")
    wish(bob, team, "received")
    came_in(team, correspondent=known, page_count=3)
    notify.drain()
    mail = Mail.objects.get()
    assert "From: Dr. Okafor Bcc: x · +1 773 555 0188" in mail.text and "Pages: 3" in mail.text
    assert "Okafor" not in mail.subject


def test_the_time_is_that_of_the_event(team: Team, bob: User) -> None:
    wish(bob, team, "received")
    fax = builders.inbound(team)
    timeline.note(fax, "status:received", at=datetime(2026, 11, 3, 15, 14, tzinfo=UTC))
    notify.drain()
    assert "November 3 at 15:14 (UTC)" in Mail.objects.get().text


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("America/Chicago", "November 3 at 09:14 (CST)"),
        ("Pacific/Kiritimati", "November 4 at 05:14 (+14)"),
        # What this machine does not know, or is no zone, is told in the house's own.
        ("Mars/Olympus", "November 3 at 15:14 (UTC)"),
        ("America", "November 3 at 15:14 (UTC)"),
        ("../../x", "November 3 at 15:14 (UTC)"),
    ],
)
def test_the_time_is_told_in_the_readers_zone(team: Team, bob: User, vera: User, zone: str, said: str) -> None:
    User.objects.filter(pk=bob.pk).update(time_zone=zone)
    wish(bob, team, "received")
    wish(vera, team, "received")
    fax = builders.inbound(team)
    timeline.note(fax, "status:received", at=datetime(2026, 11, 3, 15, 14, tzinfo=UTC))
    assert notify.drain() == 2
    assert said in Mail.objects.get(user=bob).text
    assert "November 3 at 15:14 (UTC)" in Mail.objects.get(user=vera).text


def test_what_is_wrong_with_one_letter_keeps_no_other_from_leaving(team: Team, bob: User, vera: User) -> None:
    """The zero of Go's clock, in a zone where it would be before all years."""
    User.objects.filter(pk=bob.pk).update(time_zone="America/Chicago")
    wish(bob, team, "received")
    wish(vera, team, "received")
    timeline.note(builders.inbound(team), "status:received", at=datetime(1, 1, 1, tzinfo=UTC))
    came_in(team, from_number="+17735550189")
    assert notify.drain() == 3
    assert Mail.objects.filter(user=bob).count() == 1 and Mail.objects.filter(user=vera).count() == 2
    assert notify.drain() == 0


def test_many_at_once_are_one_mail(team: Team, alice: User, bob: User) -> None:
    faxes = [came_in(team) for _ in range(5)]
    triage.assign(by=alice, faxes=faxes, to=bob)
    notify.drain()
    mail = Mail.objects.get()
    assert mail.subject == "5 faxes were given to you" and "?show=mine" in mail.text
    assert notify.drain() == 0
    triage.assign(by=alice, faxes=[came_in(team)], to=bob)
    assert notify.drain() == 1


def test_a_house_begins_with_what_happens_from_now_on(team: Team, bob: User) -> None:
    Cursor.objects.all().delete()
    wish(bob, team, "received")
    came_in(team)
    FaxEvent.objects.update(at=timezone.now() - timedelta(hours=1))
    assert told() == {}
    came_in(team)
    assert set(told()) == {"bob@example.com"}


def test_after_an_outage_old_news_is_left_out(team: Team, bob: User) -> None:
    Cursor.objects.update(at=timezone.now() - timedelta(days=9))
    wish(bob, team, "received")
    for days in (8, 2):
        fax = came_in(team)
        fax.events.update(at=timezone.now() - timedelta(days=days))
    recent = came_in(team)
    recent.events.update(at=timezone.now() - timedelta(hours=20))
    assert told() == {"bob@example.com": "A fax came in for Front desk"}


def test_a_line_that_was_committed_late_is_told_all_the_same(team: Team, bob: User) -> None:
    wish(bob, team, "received")
    notify.drain()
    fax = came_in(team)
    fax.events.update(at=timezone.now() - timedelta(minutes=3))
    assert set(told()) == {"bob@example.com"}


def test_what_was_told_is_forgotten_when_it_is_read_no_more(team: Team, bob: User) -> None:
    wish(bob, team, "received")
    came_in(team)
    notify.drain()
    Told.objects.update(at=timezone.now() - timedelta(days=3))
    FaxEvent.objects.update(at=timezone.now() - timedelta(days=3))
    notify.drain()
    assert not Told.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_everybody_once(team: Team, bob: User) -> None:
    wish(bob, team, "received")
    for _ in range(3):
        came_in(team)
    at_once(*[notify.drain] * 4)
    assert Mail.objects.count() == 3


def test_one_says_what_one_wants_to_be_told(bob: User, team: Team, logged_in: Callable[[User], Client]) -> None:
    client = logged_in(bob)
    # Where e-mails lead, as a part of one's account.
    assert client.get("/notifications/")["Location"] == "/accounts/me/#mails"
    assert "Faxes that come in" in text_of(client.get("/accounts/me/"))
    client.post("/notifications/", {"front-desk:received": "on", "records:received": "on"})
    row = Wish.objects.get()
    assert (row.user, row.team, row.received, row.failed) == (bob, team, True, False)


def test_managers_set_mailboxes_and_take_them_away(
    alice: User, team: Team, logged_in: Callable[[User], Client]
) -> None:
    client, page = logged_in(alice), "/teams/front-desk/notifications/"
    client.post(page, {"address": BOX, "received": "on"})
    assert Wish.objects.get().received
    assert BOX in client.get(page).content.decode()
    assert "Enter an e-mail address" in client.post(page, {"address": "x", "received": "on"}).content.decode()
    client.post(page, {"address": BOX})
    assert not Wish.objects.exists()
