"""E-mails in the admin: what became of each, and once more what did not leave; what they say is shown to nobody."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import LogEntry, Team
from notifications.models import Mail
from tests import builders
from tests.admin.pages import act, form, listing, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(team: Team) -> Mail:
    columns = {"subject": "A fax came in", "to": "ann@example.com", "state": Mail.State.FAILED, "problem": "550 no"}
    return Mail.objects.create(key="received:1", team=team, fax=builders.inbound(team), text="From: Okafor", **columns)


def test_it_is_told_what_became_of_each_and_never_what_it_says(office: Client, failed: Mail) -> None:
    for page in (listing(Mail), form(failed)):
        seen = office.get(page).text
        assert "ann@example.com" in seen and "550 no" in seen and "Not sent" in seen
        assert "Okafor" not in seen and "(&#x27;" not in seen


def test_they_are_found_by_address_and_state(office: Client, failed: Mail) -> None:
    Mail.objects.create(key="sign-in:1", to="bob@example.com", subject="Sign in", text="https://x/secret")
    assert shown(office, Mail, q="ann@example.com") == shown(office, Mail, state="failed") == [failed]
    assert shown(office, Mail, q=str(failed.fax_id)) == [failed]


def test_what_was_not_sent_is_sent_again(office: Client, failed: Mail) -> None:
    assert act(office, "send_again", failed) == ["Waiting to be sent again: 1."]
    failed.refresh_from_db()
    assert (failed.state, failed.problem) == (Mail.State.WAITING, "")
    assert LogEntry.objects.filter(action="mail.send_again").exists()
    (refused,) = act(office, "send_again", failed)
    assert "Only what was not sent" in refused
