"""Whose an e-mail address is.

The address of an account comes from an administrator, from single sign-on that has proven it, or from a code that was
typed in. So it is proven, wherever it stands; allauth wants a row that says so.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import User


def vouch(user: User) -> None:
    """Keep the account's address as proven, and as its only one. Another's proven address is left with them."""
    email = user.email.lower()
    if not email or EmailAddress.objects.filter(user=user, email=email, primary=True, verified=True).exists():
        return
    with transaction.atomic():
        EmailAddress.objects.filter(user=user).delete()
        if not EmailAddress.objects.filter(email=email, verified=True).exists():
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)


def whose(email: str) -> list[User]:
    """The people whose address this is, in small or large letters.

    Databases take more for the same, such as “ſ” for an s: that is another mailbox, and perhaps a stranger's.
    """
    alike = User.objects.filter(email__iexact=email) if email else User.objects.none()
    return [user for user in alike if user.email.lower() == email.lower() and user.email.isascii() == email.isascii()]
