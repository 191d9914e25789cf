"""Who may log in by what: a password or passkey of ours, or single sign-on.

With LOCAL_LOGIN off, single sign-on is the way for everybody. Administrators keep their password, with a second factor,
for the day on which the provider is away or its groups are wrong: somebody must be able to come in and mend it.

Who has a seat from groups comes by single sign-on at all times. It is the log-in there that takes a seat away: with a
password of ours, somebody who has left every group would keep theirs.
"""

from __future__ import annotations

import time
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts import access, audit
from accounts.access import AnyUser
from accounts.models import Membership, User

PROVIDER = "socialaccount"
# Session keys: when the log-in was, and when the person last did something.
SINCE, SEEN = "since", "seen"


def may_use_password(user: AnyUser) -> bool:
    return user.is_superuser or (bool(settings.LOCAL_LOGIN) and not _sits_by_groups(user))


def _sits_by_groups(user: AnyUser) -> bool:
    given = Membership.objects.filter(user=user.pk, source=Membership.Source.GROUPS)
    return bool(settings.OIDC_GROUPS) and given.exists()


def came_by_provider(request: HttpRequest, user: User) -> bool:
    """Did this session begin, or go on, with single sign-on?"""
    return any(record.get("method") == PROVIDER for record in get_authentication_records(request, user))


def may_enter(request: HttpRequest, user: User) -> bool:
    return may_use_password(user) or came_by_provider(request, user)


def note_fresh(request: HttpRequest) -> None:
    """To have just logged in is as good as to have proven it anew: nobody types a password twice in a row."""
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [{**record, "reauthenticated": True} for record in records]


def by_provider(user: AnyUser) -> list[dict[str, Any]]:
    """The way to prove anew who one is for somebody who has nothing to prove it with here."""
    if not settings.OIDC_CLIENT_ID or not user.is_authenticated:
        return []
    return [{"id": "oidc", "description": f"Sign in again with {settings.OIDC_NAME}", "url": reverse("oidc_login")}]


def by_provider_alone(user: User) -> bool:
    """Has this person nothing here to prove with who they are?"""
    has_password = may_use_password(user) and user.has_usable_password()
    return bool(by_provider(user)) and not has_password and not Authenticator.objects.filter(user=user).exists()


def is_fresh(request: HttpRequest) -> bool:
    """Has this person proven within ten minutes who they are? allauth does not ask those who have nothing but single
    sign-on; we do."""
    records = get_authentication_records(request, request.user)
    proofs = [record["at"] for record in records if record.get("reauthenticated")]
    newest = max([request.session.get(SINCE, 0), *proofs])
    return bool(time.time() - newest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)


def lacks_second_factor(request: HttpRequest, user: User) -> bool:
    """Is a second factor asked of this person, and do they have none? Teams say so, the house, or LOCAL_LOGIN for the
    administrators it excepts. Administrators see every team, so any team that asks asks them, too."""
    asked = settings.MFA_REQUIRED or any(team.mfa_required for team in access.teams(user))
    excepted = user.is_superuser and not settings.LOCAL_LOGIN and not came_by_provider(request, user)
    if not (asked or excepted) or has_second_factor(user):
        return False
    return not (bool(settings.OIDC_MFA) and came_by_provider(request, user))


def has_second_factor(user: User) -> bool:
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user=user, type__in=kinds).exists())


def remove_second_factors(*, by: User, user: User) -> None:
    """For somebody who has lost them, recovery codes included. Raises ValidationError where there are none."""
    with transaction.atomic():
        kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        if not kinds:
            raise ValidationError("There is no second factor to remove.")
        Authenticator.objects.filter(user=user).delete()
        audit.record(audit.Entry("second_factor.remove", by=by, on=user, data={"kinds": sorted(kinds)}))
