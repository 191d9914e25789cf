"""What allauth's forms do not ask."""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.account.forms import AddEmailForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError

from accounts.sign_in.addresses import whose

MOST_LETTERS = 254


class NewAddressForm(AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "New address"
        self.fields["email"].widget.attrs.pop("placeholder", None)

    def clean_email(self) -> str:
        """An address logs in, so it can belong to one person only. Colleagues are no secret to each other."""
        email: str = super().clean_email()
        if len(email) > MOST_LETTERS:
            raise ValidationError(f"An address has at most {MOST_LETTERS} letters.")
        if any(person.pk != self.user.pk for person in whose(email)):
            raise ValidationError("Another person has this address. Each needs their own to log in.")
        return email


class OnceMixin:
    """A code counts once, for as long as its time and our patience with clocks let it be right: allauth remembers it
    for its time alone."""

    user: Any

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        window = settings.MFA_TOTP_TOLERANCE * 2 + 1
        # allauth reads past spaces and dashes.
        digest = hashlib.sha256("".join(filter(str.isalnum, code)).lower().encode()).hexdigest()
        if not cache.add(f"second-factor:{self.user.pk}:{digest}", True, timeout=window * 30):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(OnceMixin, AuthenticateForm):
    pass


class CodeAgainForm(OnceMixin, ReauthenticateForm):
    pass
