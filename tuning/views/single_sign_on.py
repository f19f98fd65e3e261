"""Signing in at an identity provider, by OpenID Connect. Without OIDC_ISSUER there are no such
pages.

What was begun is kept in a signed cookie of this browser, so that nobody else can come back with
it, and that what strangers begin writes nothing to the database. Nothing here can be guessed;
attempts that fail are limited by address all the same, since each is a line in the audit log.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tuning.actions.audit import record
from tuning.actions.invitations import invitation_of
from tuning.actions.people import NameTaken, save_account
from tuning.actions.sign_ins import UNKNOWN
from tuning.actions.single_sign_on import (
    BACKEND,
    PROVIDER,
    Identity,
    SignOnFailed,
    account_of,
    new_account,
)
from tuning.analysis.invitations import problem_of

from .client_addresses import client_address
from .invitations import accept
from .rate_limits import attempts, count_attempt, too_many_attempts

SALT = "tuneroom.single-sign-on"
# For what the provider asks of a person, a second factor included.
SECONDS = 900
MAX_NEXT = 1000
FAILED = "single-sign-on"


@login_not_required
@never_cache
@require_GET
def single_sign_on(request: HttpRequest) -> HttpResponse:
    """Leads to the provider, and from there back to `next`."""
    refuse_unless_on()
    where = _here(request, request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(where or settings.LOGIN_REDIRECT_URL)
    if is_over_limit(request):
        return too_many_attempts(request)
    # Not at the top: a third of a second, at each start of the site and of every command.
    from . import identity_provider

    try:
        begun = identity_provider.begin(_callback(request))
    except SignOnFailed as error:
        return _refused(request, error, where)
    response = redirect(begun.pop("url"))
    response.set_cookie(
        settings.SINGLE_SIGN_ON_COOKIE_NAME, signing.dumps({**begun, "next": where}, salt=SALT),
        max_age=SECONDS, path=reverse("single-sign-on"), secure=settings.HTTPS, httponly=True,
        samesite="Lax",
    )  # fmt: skip
    return response


@login_not_required
@never_cache
@require_GET
def single_sign_on_callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends people back to."""
    refuse_unless_on()
    if is_over_limit(request):
        return too_many_attempts(request)
    from . import identity_provider

    begun = _begun(request)
    if not begun and request.user.is_authenticated:
        # The page was loaded again.
        return redirect(settings.LOGIN_REDIRECT_URL)
    where = _here(request, begun.get("next", ""))
    try:
        identity = identity_provider.identify(request, begun, _callback(request))
        response = _signed_in(request, identity, where)
        if request.user.is_authenticated:
            request.session[PROVIDER] = identity.begun
    except SignOnFailed as error:
        response = _refused(request, error, where)
    response.delete_cookie(
        settings.SINGLE_SIGN_ON_COOKIE_NAME, path=reverse("single-sign-on"), samesite="Lax"
    )
    return response


def _signed_in(request: HttpRequest, identity: Identity, where: str) -> HttpResponse:
    """With the person's account, or with a new one if they were invited or the site lets
    everybody. Raises SignOnFailed."""
    user, invitation = account_of(identity), _invitation(where)
    try:
        if user is None and invitation:
            return accept(request, invitation, new_account(identity), BACKEND) or redirect(where)
        if user is None and settings.OIDC_CREATE_ACCOUNTS:
            user = new_account(identity)
            save_account(user)
    except NameTaken:
        raise SignOnFailed(
            "Your account could not be created. Try again.", "the username was taken a moment ago"
        ) from None
    if user is None:
        raise SignOnFailed(
            f"No account has the email address {identity.email}. Ask an administrator of this "
            "site, or the owner of a team for an invitation.",
            "no account has this email address", identity.email,
        )  # fmt: skip
    # The session gets a new key.
    login(request, user, backend=BACKEND)
    return redirect(where or settings.LOGIN_REDIRECT_URL)


def _refused(request: HttpRequest, error: SignOnFailed, where: str) -> HttpResponse:
    """The page to sign in, with the reason."""
    count_attempt(FAILED, client_address(request))
    record("sign_in.sso_failed", error.account or UNKNOWN, reason=error.reason)
    messages.error(request, str(error))
    query = f"?{urlencode({'next': where})}" if where else ""
    return redirect(f"{resolve_url(settings.LOGIN_URL)}{query}")


def refuse_unless_on() -> None:
    if not settings.OIDC_ISSUER:
        raise Http404


def is_over_limit(request: HttpRequest) -> bool:
    return attempts(FAILED, client_address(request)) >= settings.ADDRESS_FAILURE_LIMIT


def _begun(request: HttpRequest) -> dict[str, str]:
    text = request.COOKIES.get(settings.SINGLE_SIGN_ON_COOKIE_NAME, "")
    try:
        begun: dict[str, str] = signing.loads(text, salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return {}
    return begun


def _callback(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("single-sign-on-callback"))


def _here(request: HttpRequest, address: str) -> str:
    """The address if it is one of this site, else none."""
    hosts, secure = {request.get_host()}, request.is_secure()
    is_here = url_has_allowed_host_and_scheme(address, hosts, require_https=secure)
    return address if is_here and len(address) <= MAX_NEXT else ""


def _invitation(where: str) -> Any:
    """The invitation that a person came from, if it can be accepted."""
    try:
        match = resolve(urlsplit(where).path)
    except Resolver404:
        return None
    if match.url_name != "invitation-open":
        return None
    invitation = invitation_of(match.kwargs["token"])
    return None if problem_of(invitation) else invitation
