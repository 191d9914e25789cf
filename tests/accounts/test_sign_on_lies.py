"""What a provider, or somebody in its place, may say without being believed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.test import Client

from accounts.models import User
from tests.accounts.provider import CLIENT_ID, Provider
from tests.accounts.sign_on import LOGIN, back, sign_on, to_provider, who
from tests.conftest import PASSWORD

Lie = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(autouse=True)
def ann(db: None) -> User:
    return User.objects.create_user("ann", "ann@example.com", PASSWORD)


def without(name: str) -> Lie:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def saying(**said: Any) -> Lie:
    return lambda claims: claims | said


LIES: dict[str, Lie] = {
    "another nonce": saying(nonce="0" * 64),
    "no nonce": without("nonce"),
    "an empty nonce": saying(nonce=""),
    "another audience": saying(aud="somebody-else"),
    "no audience": without("aud"),
    "made for another": saying(azp="somebody-else", aud=[CLIENT_ID, "somebody-else"]),
    "over": lambda claims: claims | {"exp": int(time.time()) - 120},
    "without an end": without("exp"),
    "from the future": lambda claims: claims | {"iat": int(time.time()) + 600},
    "another issuer": saying(iss="https://evil.example"),
    "no issuer": without("iss"),
    "nobody": without("sub"),
    "an empty name": saying(sub=""),
    "a name too long": saying(sub="x" * 300),
    "a name that no database keeps": saying(sub="u-1\x00"),
}


def refused(browser: Client, answer: Any) -> None:
    assert answer.status_code == 401
    assert "could not be trusted" in answer.content.decode()
    assert who(browser) is None


@pytest.mark.parametrize("lie", LIES)
def test_a_token_is_not_believed(client: Client, provider: Provider, lie: str) -> None:
    provider.lie = LIES[lie]
    refused(client, sign_on(client))


def test_the_truth_is(client: Client, provider: Provider) -> None:
    provider.lie = lambda claims: claims | {"exp": int(time.time()) - 30, "aud": [CLIENT_ID]}
    assert sign_on(client).status_code == 302


def test_a_signature_of_another_key_is_not(client: Client, provider: Provider) -> None:
    provider.signs_with = generate_private_key(65537, 2048)
    refused(client, sign_on(client))


def test_a_key_that_is_not_shown_is_not(client: Client, provider: Provider) -> None:
    provider.headers = {"kid": "two"}
    refused(client, sign_on(client))


def test_no_signature_is_not(client: Client, provider: Provider) -> None:
    provider.algorithm, provider.signs_with = "none", ""
    refused(client, sign_on(client))


def test_a_secret_that_we_share_signs_nothing(client: Client, provider: Provider) -> None:
    """The public key, taken for a secret: the oldest trick."""
    provider.algorithm, provider.signs_with = "HS256", jwt.algorithms.RSAAlgorithm.to_jwk(provider.shows.public_key())
    refused(client, sign_on(client))


def test_another_algorithm_than_the_key_is_for_is_not(client: Client, provider: Provider) -> None:
    provider.algorithm = "RS512"
    refused(client, sign_on(client))


def test_userinfo_about_somebody_else_is_not(client: Client, provider: Provider) -> None:
    provider.userinfo = {"sub": "u-2"}
    refused(client, sign_on(client))


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"jwks_uri": None},
        {"token_endpoint": 7},
        {"jwks_uri": "http://localhost:1/jwks"},
    ],
)
def test_a_description_that_does_not_fit_is_not(
    client: Client, provider: Provider, description: dict[str, Any]
) -> None:
    provider.description = description
    answer = client.post(LOGIN)
    refused(client, answer if answer.status_code != 302 else back(client, answer["Location"]))


def test_a_log_in_page_elsewhere_is_named_instead_of_doing_nothing(client: Client, provider: Provider) -> None:
    provider.description = {"authorization_endpoint": "https://login.example.com/auth"}
    page = client.post(LOGIN)
    assert page.status_code == 401
    assert "Set OIDC_LOGIN_ORIGIN" in page.content.decode() and "https://login.example.com" in page.content.decode()


def test_a_provider_that_is_away_is_told(client: Client, provider: Provider, settings: Any) -> None:
    settings.OIDC_SERVER_URL = "http://localhost:1"
    refused(client, client.post(LOGIN))


def test_an_answer_without_a_question_is_nothing(client: Client, provider: Provider) -> None:
    refused(client, client.get(f"{LOGIN}callback/?code=code-0&state=guessed"))


def test_the_answer_to_another_browser_is_nothing(client: Client, provider: Provider) -> None:
    """Else a stranger could log somebody in as themselves, and read what they send."""
    refused(client, back(client, to_provider(Client())))


def test_an_answer_counts_once(client: Client, provider: Provider) -> None:
    address = to_provider(client)
    assert back(client, address).status_code == 302
    client.post("/accounts/logout/")
    refused(client, back(client, address))


def test_a_code_of_another_log_in_is_nothing(client: Client, provider: Provider) -> None:
    """The code does not fit the proof of whoever brings it."""
    mine, theirs = to_provider(client), to_provider(Client())
    state = mine.partition("state=")[2].partition("&")[0]
    other = theirs.partition("state=")[2].partition("&")[0]
    refused(client, back(client, theirs.replace(other, state)))


def test_who_breaks_off_is_told_so(client: Client, provider: Provider) -> None:
    address = to_provider(client)
    state = address.partition("state=")[2].partition("&")[0]
    answer = client.get(f"{LOGIN}callback/?error=access_denied&state={state}", follow=True)
    assert "You are not signed in" in answer.content.decode()
