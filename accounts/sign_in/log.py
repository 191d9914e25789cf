"""What is put on record of wrong codes and single sign-on. Log-ins, passwords and addresses: `accounts.signals`; second
factors that come and go: `accounts.sign_in.deeds`."""

from __future__ import annotations

from typing import Any

from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import audit, middleware
from accounts.models import User


@receiver(user_logged_in)
def begin_session(request: HttpRequest, **said: Any) -> None:
    middleware.begin(request)


def _record(action: str, user: User, **data: Any) -> None:
    audit.record_alone(audit.Entry(action, by=user, on=user, data=data))


@receiver(mfa.authentication_failed)
def failed(user: User, authenticator: Authenticator, **said: Any) -> None:
    # The person is not logged in yet: somebody typed a wrong code in their name.
    audit.record_alone(audit.Entry("second_factor.fail", on=user, data={"kind": authenticator.type}))


@receiver(social.social_account_added)
def connected(request: HttpRequest, sociallogin: Any, **said: Any) -> None:
    _record("sign_on.connect", sociallogin.user, uid=sociallogin.account.uid)


@receiver(social.social_account_removed)
def disconnected(request: HttpRequest, socialaccount: Any, **said: Any) -> None:
    _record("sign_on.disconnect", socialaccount.user, uid=socialaccount.uid)
