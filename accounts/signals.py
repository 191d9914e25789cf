"""Who came and went, by what Django and allauth tell of it, each in the chain of the house.

No password is ever kept. Nor is a name that no account has: it may be a password that somebody typed too early.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from allauth.account import signals as account
from django.contrib.auth import signals as auth
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.audit.plain import one_line
from accounts.models import LogEntry, User

FAILED, MORE_FAILED = "session.login_failed", "session.more_failed"
# So many failures go on record in a minute, of the whole house: nobody fills the disk by failing.
MOST_FAILED, A_WHILE = 120, timedelta(minutes=1)
# Of a name that nobody has.
SHOWN = 2


def connect() -> None:
    auth.user_logged_in.connect(_logged_in)
    auth.user_logged_out.connect(_logged_out)
    auth.user_login_failed.connect(_failed)
    account.password_changed.connect(_password_changed)
    account.password_set.connect(_password_changed)
    account.password_reset.connect(_password_reset)
    account.email_added.connect(_address_added)
    account.email_removed.connect(_address_removed)
    account.email_changed.connect(_address_changed)


def _logged_in(user: User, **told: Any) -> None:
    _record("session.login", user)


def _logged_out(user: User | None, **told: Any) -> None:
    if user is not None and user.pk is not None:
        _record("session.logout", user)


def _failed(credentials: Mapping[str, Any], **told: Any) -> None:
    typed = next((one_line(str(credentials[key]), 254) for key in ("username", "email") if credentials.get(key)), "")
    user = User.objects.filter(Q(username__iexact=typed) | Q(email__iexact=typed)).first() if typed else None
    lately = LogEntry.objects.filter(chain=audit.HOUSE, action=FAILED, at__gte=timezone.now() - A_WHILE)
    if lately[:MOST_FAILED].count() < MOST_FAILED:
        audit.record_alone(audit.Entry(FAILED, on=user, data={} if user else {"typed": _veiled(typed)}))
    else:
        audit.record_alone(audit.Entry(MORE_FAILED), unless=[MORE_FAILED], within=A_WHILE)


def _veiled(typed: str) -> str:
    return f"{typed[:SHOWN]}… ({len(typed)} characters)"


def _password_changed(user: User, **told: Any) -> None:
    _record("user.change_password", user)


def _password_reset(user: User, **told: Any) -> None:
    # Whoever has got the mail is not logged in.
    audit.record_alone(audit.Entry("user.reset_password", on=user))


def _address_added(user: User, email_address: Any, **told: Any) -> None:
    _record("user.add_email", user, email=str(email_address.email))


def _address_removed(user: User, email_address: Any, **told: Any) -> None:
    _record("user.remove_email", user, email=str(email_address.email))


def _address_changed(user: User, from_email_address: Any, to_email_address: Any, **told: Any) -> None:
    before = str(from_email_address.email) if from_email_address else ""
    _record("user.change_email", user, before=before, after=str(to_email_address.email))


def _record(action: str, user: User, **data: Any) -> None:
    audit.record_alone(audit.Entry(action, by=user, on=user, data=data))
