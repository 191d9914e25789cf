"""What allauth asks us about single sign-on: who comes in as whom, and who does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render

from accounts import audit
from accounts.invitations import has_open_invitation
from accounts.models import User
from accounts.oidc.tokens import is_proof
from accounts.sign_in import groups
from accounts.sign_in.addresses import vouch, whose

log = structlog.get_logger()


class ProviderAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest | None, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The one provider that the environment names, if it does; none is kept in a table."""
        if not (settings.OIDC_CLIENT_ID and settings.OIDC_SERVER_URL) or provider not in (None, "oidc"):
            return []
        about = {"server_url": settings.OIDC_SERVER_URL, "oauth_pkce_enabled": True}
        return [
            SocialApp(
                provider="oidc",
                provider_id="oidc",
                name=settings.OIDC_NAME,
                client_id=settings.OIDC_CLIENT_ID,
                secret=settings.OIDC_CLIENT_SECRET,
                settings=about,
            )
        ]

    def on_authentication_error(self, request: HttpRequest, provider: Any, **said: Any) -> None:
        """The page names no reason, which a stranger could have brought about; the log does."""
        log.warning("single sign-on failed", error=str(said.get("exception") or said.get("error")))

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """Whose account this is, where the provider has proven the address. Not an administrator's: they connect it
        themselves, so that no provider can make itself one. Nor that of somebody whom the provider knows by another id:
        addresses are given away again, and the newcomer is somebody else."""
        for address in sociallogin.email_addresses:
            people = whose(address.email) if address.verified else []
            if len(people) == 1 and not people[0].is_superuser and not _is_connected(people[0]):
                # It is proven. Else allauth would take the password away, as if a stranger had made the account.
                vouch(people[0])
                return people[0], address.email
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Who is here already came back to prove who they are, or connects an account. Their browser carries the
        question to the provider, and can leave out that it should ask anew: what comes back must say that it did."""
        is_here = request.user.is_authenticated
        if is_here and not is_proof(sociallogin.signed, since=sociallogin.state["asked_at"]):
            raise PermissionDenied("The provider does not say that it asked anew: auth_time is missing or too old.")
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            if is_reauthentication_required(request, app="allauth.socialaccount"):
                raise PermissionDenied("It took so long that the password has to be asked for again.")
            if request.user.is_authenticated and sociallogin.user != request.user and _is_connected(request.user):
                raise PermissionDenied("One person has one sign-on.")
        elif sociallogin.is_existing:
            groups.apply(sociallogin.user, sociallogin.groups)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """For who is in a group that gives a team, or was invited to one. An address that somebody has is theirs."""
        if whose(sociallogin.claimed):
            raise ImmediateHttpResponse(render(request, "socialaccount/address_taken.html", status=403))
        proven = [address.email for address in sociallogin.email_addresses]
        return has_open_invitation(proven) or bool(settings.OIDC_GROUPS and groups.wanted(sociallogin.groups))

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Mapping[str, Any]) -> User:
        """A person as the provider names them. An address that it has not proven is nobody's."""
        said = {name: _one_line(value) for name, value in data.items() if isinstance(value, str)}
        user: User = super().populate_user(request, sociallogin, said)
        sociallogin.claimed = said.get("email", "")
        sociallogin.email_addresses = [address for address in sociallogin.email_addresses if address.verified]
        if not sociallogin.email_addresses:
            user.email = ""
        user.is_superuser = user.is_staff = False
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        with transaction.atomic():
            user: User = super().save_user(request, sociallogin, form)
            groups.apply(user, sociallogin.groups)
            # After the teams' entries: the log is locked in the order of its chains, and that of the house is the last.
            audit.record(audit.Entry("user.create", by=None, on=user, data={"by": settings.OIDC_NAME}))
        return user


def _is_connected(user: User) -> bool:
    return bool(SocialAccount.objects.filter(user=user, provider="oidc").exists())


def _one_line(text: str) -> str:
    """Without what no name has and no database keeps."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
