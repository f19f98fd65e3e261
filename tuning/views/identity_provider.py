"""The identity provider of single sign-on: where people are led, and what it says of them.

Authlib speaks OpenID Connect: discovery, PKCE, the exchange of the code, the signature of the ID
token and its claims. What it leaves open is settled here: the issuer, the audience, algorithms that
need the provider's key, encrypted connections, time limits.
"""

import hmac
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import DjangoIntegration, DjangoOAuth2App
from authlib.oauth2.claims import JWTClaims
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from joserfc.errors import JoseError
from requests import RequestException

from tuning.actions.single_sign_on import Identity, SignOnFailed
from tuning.protocol.secure_addresses import is_secure

logger = logging.getLogger(__name__)

# Of each request to the provider.
SECONDS = 5
# What the provider says of itself is read again after so long. Its keys are also read again when a
# token names an unknown one.
KEPT_SECONDS = 3600
# Clocks differ.
LEEWAY_SECONDS = 60
# A token that ends sessions is used at once: providers give it two minutes.
LOGOUT_SECONDS = 300
# The provider alone has the key: none of those that the client's secret would do for.
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
)  # fmt: skip
# The first one that the provider takes.
SECRET_SENT_BY = ("client_secret_basic", "client_secret_post")
ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Unusable(Exception):
    """The provider does not answer, or says something that cannot be used. What it is, for
    administrators."""


def begin(redirect_uri: str) -> dict[str, str]:
    """The address that a person is led to (`url`), and what has to come back or is sent with the
    code: `state`, `nonce`, `code_verifier`."""
    with _failures():
        begun: dict[str, str] = client().create_authorization_url(redirect_uri)
    return begun


def identify(request: HttpRequest, begun: dict[str, str], redirect_uri: str) -> Identity:
    """The person who came back with this request from what was begun. Raises SignOnFailed."""
    state = request.GET.get("state", "").encode(errors="replace")
    if not begun or not hmac.compare_digest(begun["state"].encode(), state):
        raise SignOnFailed(
            "This sign-in took too long or began in another browser. Try again.", "unknown state"
        )
    if error := request.GET.get("error", ""):
        raise SignOnFailed(
            f"{_label()} did not sign you in. Try again.", f"the provider said {error[:60]!r}"
        )
    with _failures():
        return _person(request.GET.get("code", ""), begun, redirect_uri)


def sign_out_address(id_token: str, back: str) -> str:
    """Where the provider ends a person's session there and leads them back; empty if it announces
    no such address, or is away. `id_token` is the person's, if it is known."""
    try:
        at = client()
    except (RequestException, Unusable):
        return ""
    if not is_secure(str(at.server_metadata.get("end_session_endpoint", ""))):
        return ""
    url: str = at.create_logout_url(back, id_token or None, client_id=at.client_id)["url"]
    return url


def signed_out(logout_token: str) -> tuple[str, str]:
    """Whose session has ended at the provider, and which one. One of the two may be empty. Raises
    SignOnFailed."""
    with _failures():
        claims = client().parse_id_token(
            {"id_token": logout_token}, None, _expected(), LogoutToken, LEEWAY_SECONDS
        )
        return str(claims.get("sub", "")), str(claims.get("sid", ""))


class LogoutToken(JWTClaims):
    """By the rules of OpenID Connect Back-Channel Logout: no ID token passes for one."""

    EVENT = "http://schemas.openid.net/event/backchannel-logout"

    def validate(self, now: int | None = None, leeway: int = 0) -> None:
        super().validate(now, leeway)
        if "nonce" in self or self.EVENT not in (self.get("events") or {}):
            raise ValueError("no logout token")
        if not self.get("sub") and not self.get("sid"):
            raise ValueError("the logout token names nobody")
        if time.time() - self["iat"] > LOGOUT_SECONDS + leeway:
            raise ValueError("the logout token is too old")


def client() -> Any:
    """Raises Unusable, and what requests raises."""
    return _client(
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET,
        int(time.time()) // KEPT_SECONDS,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _client(issuer: str, client_id: str, secret: str, _: int) -> Any:
    made = DjangoOAuth2App(
        DjangoIntegration("oidc"), "oidc", client_id=client_id, client_secret=secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile", "code_challenge_method": "S256",
            "default_timeout": SECONDS,
        },
    )  # fmt: skip
    metadata = made.load_server_metadata()
    if metadata.get("issuer") != issuer:
        raise Unusable(f"the provider calls itself {metadata.get('issuer')!r}, not {issuer!r}")
    for name in ADDRESSES:
        if not is_secure(str(metadata.get(name, ""))):
            raise Unusable(f"its {name} is {metadata.get(name)!r}, not an address with https://")
    algorithms = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
    usable = [name for name in algorithms if name in ALGORITHMS]
    if not usable:
        raise Unusable(f"it signs with {', '.join(algorithms)}, not with a key of its own")
    metadata["id_token_signing_alg_values_supported"] = usable
    methods = metadata.get("token_endpoint_auth_methods_supported", SECRET_SENT_BY)
    sent_by = next((name for name in SECRET_SENT_BY if name in methods), None)
    if sent_by is None:
        raise Unusable(f"it takes the client's secret by {', '.join(methods)} only")
    made.client_kwargs["token_endpoint_auth_method"] = sent_by
    return made


def _person(code: str, begun: dict[str, str], redirect_uri: str) -> Identity:
    """By the provider's ID token or, if that has no email address, its userinfo endpoint."""
    at = client()
    token = at.fetch_access_token(redirect_uri, code=code, code_verifier=begun["code_verifier"])
    claims = at.parse_id_token(token, begun["nonce"], _expected(), leeway=LEEWAY_SECONDS)
    if claims is None:
        raise ValueError("no ID token")
    session = {
        "subject": str(claims["sub"]), "session": str(claims.get("sid", "")),
        "id_token": token["id_token"],
    }  # fmt: skip
    if claims.get("email") or not is_secure(str(at.server_metadata.get("userinfo_endpoint", ""))):
        return _identity(claims, session)
    more = at.userinfo(token=token)
    if more.get("sub") != claims["sub"]:
        raise ValueError("the userinfo endpoint answered for another person")
    return _identity(more, session)


def _expected() -> dict[str, Any]:
    """What each token has to say. Authlib changes it: each gets one of its own."""
    return {
        "iss": {"essential": True, "value": settings.OIDC_ISSUER},
        "aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},
        "iat": {"essential": True},
    }


def _identity(claims: Mapping[str, Any], session: dict[str, str]) -> Identity:
    email = str(claims.get("email") or "")
    try:
        validate_email(email)
    except ValidationError:
        raise SignOnFailed(
            f"{_label()} gave no email address for you. Ask an administrator of this site.",
            "no email address",
        ) from None  # fmt: skip
    # Some providers write it as text.
    verified = claims.get("email_verified")
    if verified is not True and verified != "true":
        raise SignOnFailed(
            f"{_label()} has not verified your email address {email}. Verify it there, then sign "
            "in again.",
            "the email address is not verified", email,
        )  # fmt: skip
    suggested = claims.get("preferred_username") or ""
    return Identity(email, str(suggested), str(claims.get("name") or ""), session)


@contextmanager
def _failures() -> Iterator[None]:
    """What can go wrong between the provider and the site, as SignOnFailed."""
    try:
        yield
    except (RequestException, Unusable) as error:
        logger.warning("Single sign-on: the provider cannot be used: %s", _line(error))
        raise SignOnFailed(
            f"{_label()} does not answer. Try again in a few minutes, or sign in with a password.",
            "the provider cannot be used",
        ) from error  # fmt: skip
    except (AuthlibBaseError, JoseError, LookupError, RuntimeError, TypeError, ValueError) as error:
        logger.warning("Single sign-on: an answer was refused: %s", _line(error))
        raise SignOnFailed(
            f"{_label()} sent an answer that could not be verified. Try again.", _line(error)
        ) from error


def _label() -> str:
    """At the beginning of a sentence."""
    label: str = settings.OIDC_LABEL
    return label[:1].upper() + label[1:]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
