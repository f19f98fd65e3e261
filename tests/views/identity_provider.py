"""An identity provider for tests: OpenID Connect over HTTP on this machine, with tokens that are
really signed. It holds to the standard: codes work once, for the client, the redirect address and
the PKCE verifier that they were given for."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "tuneroom", "a-secret-of-both"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@cache
def key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name})


class IdentityProvider:
    """`person`: the claims of whoever signs in. `changes`: what the ID token says otherwise (None:
    does not say); `signed_with`: its key; `error`: in place of a code. `metadata`: what the
    provider says of itself otherwise."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.person: dict[str, Any] = {}
        self.changes: dict[str, Any] = {}
        self.signed_with: Any = key("first")
        self.key = key("first")
        self.error = ""
        self.metadata: dict[str, Any] = {}
        self.claims_in_userinfo = False
        self.requests: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.metadata,
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Where a person who has signed in is sent back to."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert {"openid", "email"} <= set(query["scope"].split())
        code = secrets.token_urlsafe()
        self._codes[code] = query
        back = {"error": self.error} if self.error else {"code": code}
        return f"{query['redirect_uri']}?{urlencode({**back, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        pair = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        by_post = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if authorization != f"Basic {pair}" and not by_post:
            return {"error": "invalid_client"}
        query = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            query is None
            or query["code_challenge"] != challenge
            or query["redirect_uri"] != form["redirect_uri"]
        ):
            return {"error": "invalid_grant"}
        return {
            "access_token": "access", "token_type": "Bearer", "id_token": self._id_token(query),
        }  # fmt: skip

    def _id_token(self, query: dict[str, str]) -> str:
        now = int(time.time())
        person = {} if self.claims_in_userinfo else self.person
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": self.person["sub"], "iat": now,
            "exp": now + 300, "nonce": query["nonce"], **person, **self.changes,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        is_shared = isinstance(self.signed_with, OctKey)
        header = {"alg": "HS256" if is_shared else "RS256", "kid": self.key.kid}
        return jwt.encode(header, claims, self.signed_with)

    def logout_token(self, **changes: Any) -> str:
        """What it sends to say that a session has ended; `changes` as those of the ID token."""
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 120,
            "jti": secrets.token_urlsafe(), "events": {LOGOUT_EVENT: {}}, **changes,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        is_shared = isinstance(self.signed_with, OctKey)
        header = {"alg": "HS256" if is_shared else "RS256", "kid": self.key.kid}
        return jwt.encode({**header, "typ": "logout+jwt"}, claims, self.signed_with)

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}


@contextmanager
def providing() -> Iterator[IdentityProvider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.requests.append(parts.path)
            if parts.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                return self._answer(302, {}, provider.authorize(query))
            answers = {
                "/.well-known/openid-configuration": provider.document, "/keys": provider.keys,
                "/userinfo": lambda: provider.person,
            }  # fmt: skip
            return self._answer(200, answers[parts.path]())

        def do_POST(self) -> None:
            provider.requests.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            answer = provider.token(form, self.headers.get("Authorization", ""))
            self._answer(400 if "error" in answer else 200, answer)

        def _answer(self, status: int, document: Any, location: str = "") -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = IdentityProvider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
