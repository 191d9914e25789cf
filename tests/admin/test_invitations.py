"""Invitations in the admin: how each stands, and taken back by the same service as on the team's page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, LogEntry, Team, User
from notifications.models import Mail
from portal.invitations import invite
from tests.admin.pages import act, form, listing, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation(team: Team, alice: User) -> Invitation:
    return invite(by=alice, team=team, email="eve@example.com", role="member")


def test_it_is_told_how_each_stands_and_never_what_opens_it(office: Client, invitation: Invitation) -> None:
    secret = Mail.objects.get().text.partition("/invitations/")[2].split()[0]
    Mail.objects.update(state=Mail.State.FAILED, problem="550 no such person")
    for page in (listing(Invitation), form(invitation)):
        seen = office.get(page).text
        assert "eve@example.com" in seen and "Open" in seen and "Alice" in seen
        assert secret not in seen and invitation.token_hash not in seen
    assert "550 no such person" in office.get(form(invitation)).text
    Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "Too old" in office.get(form(invitation)).text
    assert shown(office, Invitation, open="yes") == [] and shown(office, Invitation, q="eve@") == [invitation]


def test_one_that_is_taken_back_opens_nothing_and_its_mail_stays(
    office: Client, root: User, invitation: Invitation
) -> None:
    assert act(office, "take_back", invitation) == ["Taken back: 1."]
    invitation.refresh_from_db()
    assert invitation.revoked_at and not Mail.objects.filter(state=Mail.State.WAITING).exists()
    assert LogEntry.objects.filter(action="member.revoke_invitation", actor_id=str(root.pk)).exists()
    (refused,) = act(office, "take_back", invitation)
    assert "has been used or taken back already" in refused
