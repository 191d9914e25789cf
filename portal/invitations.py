"""Invitations as people get them: by e-mail, sent by the queue in the transaction that made the invitation."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts import invitations
from accounts.models import Invitation, Role, Team, User
from notifications import outbox
from notifications.models import Mail

TEXT = """Hello,

{by} has invited you to the team “{team}” on Faxportal, as a {role}.

Open this link to accept, within a week. It is good once, and for this e-mail address alone:

{link}

If you do not know what this is about, ignore it: without the link nothing happens.
"""


def invite(*, by: User, team: Team, email: str, role: str) -> Invitation:
    """Invite an address, and e-mail it the link. Raises ValidationError as `accounts.invitations.invite` does."""
    with transaction.atomic():
        invitation, token = invitations.invite(by=by, team=team, email=email, role=role)
        # By our own address, not by the one that this request came to, which its sender can choose.
        link = settings.PUBLIC_URL + reverse("portal:invitation", args=[token])
        words = {"by": one_line(str(by)), "team": one_line(team.name), "role": Role(role).label.lower()}
        outbox.put(
            key=_key(invitation),
            to=invitation.email,
            subject=f"Invitation to {team.name} on Faxportal",
            text=TEXT.format(link=link, **words),
            team=team,
        )
    return invitation


def revoke(*, by: User, invitation: Invitation) -> None:
    """Take an invitation back; where its e-mail has not left yet, it never will."""
    with transaction.atomic():
        invitations.revoke(by=by, invitation=invitation)
        outbox.withdraw(key=_key(invitation))


def with_troubles(invited: Iterable[Invitation]) -> list[tuple[Invitation, str]]:
    """Invitations, each with what keeps its e-mail from arriving, in words; empty where nothing is known to."""
    invited = list(invited)
    troubled = Mail.objects.filter(key__in=[_key(invitation) for invitation in invited]).exclude(problem="")
    troubles = {mail.key: f"{mail.get_state_display()}. {mail.problem}" for mail in troubled}
    return [(invitation, troubles.get(_key(invitation), "")) for invitation in invited]


def one_line(name: str) -> str:
    """A name that somebody chose, in a text that others read: it must not write lines of its own."""
    return " ".join(name.split())


def _key(invitation: Invitation) -> str:
    return f"invitation:{invitation.pk}"
