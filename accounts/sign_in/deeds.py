"""What people change about the keys to their own account, and its entry in the log, are one: both or neither.

allauth makes the change and tells of it afterwards, of some only once it is committed. So its views are called within a
transaction, and for second factors the log takes what is different after the call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver

from accounts import audit
from accounts.models import User

View = Callable[..., HttpResponseBase]
Pattern = URLPattern | URLResolver

CHANGES = {
    "account_email",
    "account_email_verification_sent",
    "account_change_password",
    "account_set_password",
    "account_reset_password_from_key",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_add_webauthn",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
    "mfa_generate_recovery_codes",
    "socialaccount_connections",
}


def on_record(patterns: Sequence[Pattern]) -> list[Pattern]:
    """The same addresses, with the views of those that change something within a transaction."""
    return [_wrapped(pattern) for pattern in patterns]


def _wrapped(pattern: Pattern) -> Pattern:
    if isinstance(pattern, URLResolver):
        inner = on_record(pattern.url_patterns)
        return URLResolver(pattern.pattern, inner, pattern.default_kwargs, pattern.app_name, pattern.namespace)
    if pattern.name not in CHANGES:
        return pattern
    return URLPattern(pattern.pattern, both_or_neither(pattern.callback), pattern.default_args, pattern.name)


def both_or_neither(view: View) -> View:
    @wraps(view)
    def called(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        # A session whose new key is undone is not saved either, as a page that says so has status 503.
        with transaction.atomic():
            before = _factors(request.user)
            answer = view(request, *args, **kwargs)
            _record_factors(request.user, before)
            return answer

    return called


def _factors(user: Any) -> dict[int, str]:
    rows = Authenticator.objects.filter(user=user.pk).order_by("pk")
    return dict(rows.values_list("pk", "type")) if user.is_authenticated else {}


def _record_factors(user: Any, before: dict[int, str]) -> None:
    after = _factors(user)
    added = [kind for pk, kind in after.items() if pk not in before]
    removed = [kind for pk, kind in before.items() if pk not in after]
    renewed = [kind for kind in added if kind in removed and kind == Authenticator.Type.RECOVERY_CODES]
    for action, kinds in (("add", added), ("remove", removed), ("renew", renewed)):
        for kind in kinds:
            if action == "renew" or kind not in renewed:
                _record(f"second_factor.{action}", user, kind)


def _record(action: str, user: User, kind: str) -> None:
    audit.record_alone(audit.Entry(action, by=user, on=user, data={"kind": kind}))
