"""What an ID token proves, if it does: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import jwt
from jwt import PyJWK, PyJWKSet

# Signed by the provider's private key. With a shared secret, or none, anybody could be the signer.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
NEEDED = ["iss", "sub", "aud", "exp", "iat"]
# Clocks of two houses differ.
LEEWAY_SECONDS = 60


class TokenError(Exception):
    """The token proves nothing."""


def nonce_of(code_verifier: str) -> str:
    """The nonce that belongs to a log-in, from its secret: nobody else's browser has it, and it needs no place of its
    own to be kept."""
    return hashlib.sha256(b"nonce " + code_verifier.encode()).hexdigest()


def claims_of(token: str, *, keys: Mapping[str, Any], issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """What the token says. Raises TokenError unless this provider signed it, for us, for this log-in, and lately."""
    try:
        key = _key(token, PyJWKSet.from_dict(dict(keys)))
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": NEEDED},
        )
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise TokenError(f"The ID token is not valid: {error}") from error
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise TokenError("The ID token is of another log-in: its nonce is wrong.")
    if claims.get("azp", client_id) != client_id:
        raise TokenError("The ID token was made for another application.")
    return claims


def is_proof(claims: Mapping[str, Any], *, since: float) -> bool:
    """Did the person log in there anew, after that moment? A provider that was asked to let them, by max_age, must say
    when: https://openid.net/specs/openid-connect-core-1_0.html#IDToken"""
    then = claims.get("auth_time")
    return isinstance(then, int | float) and then >= since - LEEWAY_SECONDS


def _key(token: str, keys: PyJWKSet) -> PyJWK:
    """The key by the token's own word for it; where it has none, the only one there is."""
    usable = [key for key in keys.keys if key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig")]
    name = jwt.get_unverified_header(token).get("kid")
    named = [key for key in usable if name is None or key.key_id == name]
    if len(named) != 1:
        raise TokenError("The ID token is signed with a key that the provider does not show.")
    return named[0]
