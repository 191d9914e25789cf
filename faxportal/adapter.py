"""allauth's questions are answered in `accounts`; how its mail goes out is known here."""

from __future__ import annotations

import uuid

from django.core.mail import EmailMessage

from accounts.sign_in.adapters import AccountAdapter
from notifications import outbox


class PortalAdapter(AccountAdapter):
    def hand_over(self, message: EmailMessage) -> None:
        """By the worker: how long an answer takes does not tell whether an account was found, and a mail server that is
        slow or away holds nobody up."""
        (to,) = message.to
        outbox.put(key=f"sign-in:{uuid.uuid4()}", to=to, subject=str(message.subject), text=str(message.body))
