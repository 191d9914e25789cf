"""May an e-mail still leave? Asked at that very moment: days may lie between its being queued and its leaving, in which
people go, mailboxes close, policies change, and faxes are given away or thrown away."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from accounts import access
from accounts.models import Role
from faxes.models import Fax
from notifications.models import Mail, Wish
from notifications.services import check_address, check_pages
from notifications.topics import Topic

TOPICS = {topic.value for topic in Topic}


def objection(mail: Mail) -> str:
    """Why it must not leave any more, in words; empty where nothing speaks against it."""
    if mail.fax is not None and mail.fax.team_id != mail.team_id:
        return "The fax is not this team's any more."
    if mail.with_pages and mail.fax is not None:
        return _to_pages(mail.fax, mail.to)
    return _to_reader(mail) or _to_particulars(mail)


def _to_pages(fax: Fax, to: str) -> str:
    try:
        check_address(fax, to)
        check_pages(fax)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _to_reader(mail: Mail) -> str:
    """Are they still who is told of this? Links for signing in and invitations go to an address, whoever has it."""
    if mail.user is not None:
        if mail.user.email.lower() != mail.to.lower():
            return "They have another address now."
        return (
            "" if access.belongs(mail.user, mail.team, at_least=Role.VIEWER) else "They are not on the team any more."
        )
    if mail.kind not in TOPICS or Wish.objects.filter(team=mail.team, address=mail.to, **{mail.kind: True}).exists():
        return ""
    return "This mailbox is not told of that any more."


def _to_particulars(mail: Mail) -> str:
    forbidden = mail.with_particulars and (mail.team is None or mail.team.phi_free_mail)
    return "The team does not allow e-mails to name senders and numbers any more." if forbidden else ""
