"""The provider as allauth wants it: found by this module's name."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from requests import RequestException

from accounts.audit.plain import one_line
from accounts.models import User
from accounts.oidc import origins
from accounts.oidc.tokens import nonce_of
from accounts.oidc.views import OidcAdapter

# By OpenID Connect itself: 255 letters; by allauth's table fewer.
LONGEST_SUB = 191
LONGEST_SAID = 254
# What is kept of what the provider says: enough to tell on the account's page whose sign-on it is.
KEPT = ("sub", "email", "name", "preferred_username")


class OidcProvider(OpenIDConnectProvider):
    id = "oidc"
    oauth2_adapter_class = OidcAdapter
    supports_token_authentication = False

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("oidc_login", query=kwargs)

    def get_callback_url(self) -> str:
        return reverse("oidc_callback")

    def get_oauth2_adapter(self, request: HttpRequest) -> OidcAdapter:
        return OidcAdapter(request)

    def get_pkce_params(self) -> dict[str, str]:
        """Always; and with it the nonce."""
        challenge: dict[str, str] = generate_code_challenge()
        return {**challenge, "nonce": nonce_of(challenge["code_verifier"])}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """What is asked for is configured, and not said by whoever made the link."""
        return list(settings.OIDC_SCOPES)

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        """Somebody who is here already is asked to prove that it is they: the provider's own session proves nothing."""
        return {"prompt": "login", "max_age": "0"} if request.user.is_authenticated else {}

    def stash_redirect_state(self, request: HttpRequest, *args: Any, **kwargs: Any) -> str:
        """With the moment, which the browser's session keeps: a proof must be younger."""
        state_id: str = super().stash_redirect_state(request, *args, asked_at=time.time(), **kwargs)
        return state_id

    def redirect(self, request: HttpRequest, process: str, *args: Any, **kwargs: Any) -> HttpResponse:
        sentence = ""
        try:
            page = self.get_oauth2_adapter(request).authorize_url
            if origins.is_allowed(page):
                answer: HttpResponse = super().redirect(request, process, *args, **kwargs)
                return answer
            sentence = (
                f"The log-in page of {settings.OIDC_NAME} is at {origins.of(page)}. "
                "Set OIDC_LOGIN_ORIGIN to that, or browsers do not go there."
            )
            problem: Exception = ProviderException(sentence)
        except (ProviderException, RequestException) as error:
            problem = error
        answer = render_authentication_error(request, self, exception=problem, extra_context={"sentence": sentence})
        return answer

    def extract_email_addresses(self, data: Mapping[str, Any]) -> list[EmailAddress]:
        """Some providers write the word: “false” is not true. Letters beyond ASCII count as unproven, as allauth turns
        some of them into others: a Kelvin sign is no k, and another mailbox."""
        email, verified = data.get("email"), data.get("email_verified")
        if not isinstance(email, str) or not email:
            return []
        proven = verified in (True, "true") and email.isascii()
        return [EmailAddress(email=email, verified=proven, primary=True)]

    def extract_extra_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """As text that every database keeps: PostgreSQL's JSON refuses a NUL."""
        return {name: one_line(data[name], LONGEST_SAID) for name in KEPT if isinstance(data.get(name), str)}

    def sociallogin_from_response(self, request: HttpRequest, response: Mapping[str, Any]) -> SignOn:
        uid = response.get("sub")
        if not isinstance(uid, str) or not (0 < len(uid) <= LONGEST_SUB and uid.isprintable()):
            raise ProviderException("The provider names nobody.")
        said = super().sociallogin_from_response(request, response)
        login = SignOn(user=said.user, account=said.account, email_addresses=said.email_addresses, provider=self)
        login.claimed = said.claimed
        login.groups = _groups(response.get(settings.OIDC_GROUP_CLAIM))
        return login


class SignOn(SocialLogin):
    """A log-in at the provider: with the address and the groups it names, and with what its signed token says."""

    claimed: str
    groups: list[str]
    signed: Mapping[str, Any]

    def connect(self, request: HttpRequest, user: User) -> None:
        """Together with its entry in the log, or not at all."""
        with transaction.atomic():
            super().connect(request, user)


def _groups(claim: Any) -> list[str]:
    """The groups that a claim names: a list of them, or one alone."""
    return [name for name in (claim if isinstance(claim, list) else [claim]) if isinstance(name, str)]


provider_classes = [OidcProvider]
