"""The way to the provider, and back from it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base import AuthProcess, ProviderException
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import get_request_param
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from accounts.oidc.tokens import TokenError, claims_of, nonce_of
from accounts.sign_in.links import outward

NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
# For how long the provider's description of itself holds. Its keys are asked for at each log-in.
DESCRIPTION_SECONDS = 300


class OidcAdapter(OpenIDConnectOAuth2Adapter):
    provider_id = "oidc"
    nonce = ""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, "oidc")

    @cached_property
    def openid_config(self) -> dict[str, Any]:
        """https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation

        Raises RequestException when the provider cannot be asked, ProviderException for an answer that is none.
        """
        key = f"oidc:{settings.OIDC_SERVER_URL}"
        found: dict[str, Any] | None = cache.get(key)
        if found is None:
            found = self._json(f"{settings.OIDC_SERVER_URL}/.well-known/openid-configuration")
            if missing := [name for name in NEEDED if not isinstance(found.get(name), str)]:
                raise ProviderException(f"The provider's description lacks {', '.join(missing)}.")
            if found["issuer"].rstrip("/") != settings.OIDC_SERVER_URL:
                raise ProviderException(f"The provider calls itself {found['issuer']}, and not OIDC_SERVER_URL.")
            cache.set(key, found, DESCRIPTION_SECONDS)
        return found

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return outward(request, reverse("oidc_callback"))

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        self.nonce = nonce_of(pkce_code_verifier or "")
        data: dict[str, Any] = super().get_access_token_data(request, app, client, pkce_code_verifier)
        return data

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """What the signed token says goes before what the userinfo endpoint does, which fills in the rest."""
        id_token = kwargs["response"].get("id_token")
        if not isinstance(id_token, str):
            raise ProviderException("The provider sent no ID token.")
        try:
            signed = claims_of(
                id_token,
                keys=self._json(self.openid_config["jwks_uri"]),
                issuer=self.openid_config["issuer"],
                client_id=app.client_id,
                nonce=self.nonce,
            )
        except TokenError as error:
            raise ProviderException(str(error)) from error
        claims = {**self._userinfo(token.token, of=signed["sub"]), **signed}
        login: SocialLogin = self.get_provider().sociallogin_from_response(request, claims)
        login.signed = signed
        return login

    def _userinfo(self, access_token: str, *, of: str) -> dict[str, Any]:
        """https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse"""
        address = self.openid_config.get("userinfo_endpoint")
        if not address:
            return {}
        found = self._json(address, headers={"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != of:
            raise ProviderException("The provider's userinfo is about somebody else.")
        return found

    def _json(self, address: str, **options: Any) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:
            answer = session.get(address, allow_redirects=False, **options)
            answer.raise_for_status()
            found = answer.json()
        if not isinstance(found, dict):
            raise ProviderException(f"What {address} answers is no JSON object.")
        return found


def oidc_login(request: HttpRequest) -> HttpResponse:
    """To connect changes the keys to an account, so who asks for that proves who they are before they go."""
    if request.user.is_authenticated and get_request_param(request, "process") == AuthProcess.CONNECT:
        raise_if_reauthentication_required(request, app="allauth.socialaccount")
    return _or_404(OAuth2LoginView, request)


def oidc_callback(request: HttpRequest) -> HttpResponse:
    return _or_404(OAuth2CallbackView, request)


def _or_404(view: Any, request: HttpRequest) -> HttpResponse:
    """There is no such door where single sign-on is not configured."""
    try:
        answer: HttpResponse = view.adapter_view(OidcAdapter)(request)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    return answer
