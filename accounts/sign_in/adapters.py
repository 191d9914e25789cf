"""What allauth asks us: https://docs.allauth.org/en/latest/account/adapter.html"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import audit
from accounts.models import User
from accounts.sign_in import local
from accounts.sign_in.addresses import vouch, whose
from accounts.sign_in.links import outward

log = structlog.get_logger()

NO_MATCH = "Name and password do not belong together."


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": NO_MATCH,
        "email_password_mismatch": NO_MATCH,
        "too_many_login_attempts": "Too many wrong tries. Wait five minutes; a passkey works meanwhile.",
        "incorrect_password": "That is not your password.",
        "enter_current_password": "That is not your password.",
        "incorrect_code": "That is not the code.",
        "rate_limited": "Too many tries. Wait a few minutes.",
        "duplicate_email": "This is your address already.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves: an administrator makes the account, or a group of single sign-on does."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Whoever logs in stays here: `next` names a page of this portal, and never another host that is ours, too."""
        return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_login_stages(self) -> list[str]:
        """Without a code by mail, as addresses are proven before they count."""
        return [stage for stage in super().get_login_stages() if not stage.endswith(".EmailVerificationStage")]

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Before anybody is let in, by whatever door. Returns a page instead for those who are not."""
        if not local.may_enter(request, user):
            return render(request, "account/local_closed.html", status=403)
        vouch(user)
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        local.note_fresh(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            self._note_lockout(request, **credentials)
            raise

    def _note_lockout(self, request: HttpRequest, **credentials: Any) -> None:
        """Once a minute for each account, however fast somebody tries."""
        key = self._get_login_attempts_cache_key(request, **credentials)
        if cache.add(f"lockout:{key}", True, timeout=60):
            audit.record_alone(audit.Entry("session.login_locked", on=_person(**credentials)))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """An account has one count of failures, whichever of its names, or of our hosts, somebody uses."""
        person = _person(**credentials)
        tried = str(credentials.get("email") or credentials.get("username") or "").lower()
        return f"account:{person.pk}" if person else f"name:{tried}"

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """How a person may prove anew that it is they; who knows no password here does it where they logged in."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if not local.may_use_password(user):
            methods = [method for method in methods if method["id"] != "reauthenticate"]
        return methods or local.by_provider(user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:me")

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        if local.may_use_password(user):
            super().send_password_reset_mail(user, email, context)

    def get_reset_password_from_key_url(self, key: str) -> str:
        return outward(self.request, urlsplit(super().get_reset_password_from_key_url(key)).path)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        request = self.request
        context = {"request": request, "email": email, "portal": outward(request, "/"), **context}
        self.hand_over(self.render_mail(template_prefix, email, context))

    def hand_over(self, message: EmailMessage) -> None:
        """The one place where a message leaves; `faxportal` has the worker send it."""
        message.send()


def _person(**credentials: Any) -> User | None:
    """The one account that these credentials may be of."""
    found = {person.pk: person for person in whose(str(credentials.get("email") or ""))}
    if name := credentials.get("username"):
        found |= {person.pk: person for person in User.objects.filter(username__iexact=name)}
        found |= {person.pk: person for person in whose(str(name))}
    return next(iter(found.values())) if len(found) == 1 else None


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets lie sealed: whoever reads the database, or its backup, cannot make codes of it."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "That is not the code. Each is good for half a minute, and once.",
    }

    def encrypt(self, text: str) -> str:
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _seal().decrypt(encrypted_text).decode()
        except InvalidToken:
            # Sealed with a SECRET_KEY that is gone. A secret that nobody knows lets nobody in; an empty one would.
            log.error("second factor cannot be read: put the old SECRET_KEY into SECRET_KEY_FALLBACKS")
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def generate_authenticator_name(self, user: User, type: str) -> str:
        return "Passkey"


def _seal() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key))) for key in keys])


def _derived(key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"faxportal second factors").derive(key.encode())


class SessionsAdapter(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions: Iterable[Any]) -> None:
        ended = list(sessions)
        with transaction.atomic():
            super().end_sessions(ended)
            for person in {session.user for session in ended}:
                count = sum(session.user == person for session in ended)
                audit.record(audit.Entry("session.end", by=person, on=person, data={"why": "by hand", "count": count}))
