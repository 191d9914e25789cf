"""A small OpenID provider on a real port, which lies where it is told to."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

CLIENT_ID, SECRET = "faxportal", "a secret between the two"


@dataclass
class Provider:
    """`claims` are what its tokens say beside what they must. `lie` changes a token's claims, `headers` its header;
    `signs_with` is the key that is used, and `shows` the one that is shown; `userinfo` is what that endpoint adds."""

    port: int = 0
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1"})
    userinfo: dict[str, Any] = field(default_factory=dict)
    lie: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    headers: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    signs_with: Any = None
    shows: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))
    description: dict[str, Any] = field(default_factory=dict)
    # What was asked for at the log-in page, by the code that went back.
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    forgotten: bool = False

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def described(self) -> dict[str, Any]:
        parts = {
            "authorization_endpoint": "auth",
            "token_endpoint": "token",
            "jwks_uri": "jwks",
            "userinfo_endpoint": "me",
        }
        return {"issuer": self.url} | {name: f"{self.url}/{path}" for name, path in parts.items()} | self.description

    def keys(self) -> dict[str, Any]:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.shows.public_key()))
        return {"keys": [key | {"kid": "one", "use": "sig", "alg": "RS256"}]}

    def log_in(self, query: dict[str, str]) -> str:
        """The address that the log-in page leads back to."""
        code = f"code-{len(self.asked)}"
        self.asked[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.asked.get(form["code"])
        proof = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        fits = asked is not None and proof == asked["code_challenge"] and asked["code_challenge_method"] == "S256"
        if not fits or (form["client_id"], form["client_secret"]) != (CLIENT_ID, SECRET) or asked is None:
            return None
        now = int(time.time())
        must = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        if "max_age" in asked:
            must["auth_time"] = now
        said = self.lie(must | self.claims)
        key = self.signs_with if self.signs_with is not None else self.shows
        id_token = jwt.encode(said, key, algorithm=self.algorithm, headers={"kid": "one"} | self.headers)
        return {"access_token": "access", "token_type": "Bearer", "id_token": id_token}


class Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/auth":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.send_response(302)
            self.send_header("Location", self.provider.log_in(query))
            self.end_headers()
            return
        answers = {
            "/.well-known/openid-configuration": self.provider.described,
            "/jwks": self.provider.keys,
            "/me": lambda: {"sub": self.provider.claims["sub"]} | self.provider.userinfo,
        }
        self._answer(answers[parts.path]() if parts.path in answers else None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(self.provider.token({name: values[0] for name, values in parse_qs(body).items()}))

    def _answer(self, said: Any) -> None:
        body = json.dumps(said).encode()
        self.send_response(400 if said is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def providing() -> Iterator[Provider]:
    provider = Provider()
    handler = type("Handler", (Handler,), {"provider": provider})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        provider.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
