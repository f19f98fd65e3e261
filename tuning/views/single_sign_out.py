"""Signing out where single sign-on is used: of Tuneroom, of the identity provider as well, and of
Tuneroom because the person has signed out there."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from tuning.actions.sessions import end_provider_sessions
from tuning.actions.single_sign_on import BACKEND, PROVIDER, SignOnFailed, sign_on_label

from .client_addresses import client_address
from .rate_limits import count_attempt, too_many_attempts
from .single_sign_on import FAILED, SECONDS, is_over_limit, refuse_unless_on

SALT = "tuneroom.single-sign-out"
# Browsers keep no larger cookie. The provider asks the person then.
MAX_ID_TOKEN = 3500


class SignOut(LogoutView):
    """Out of Tuneroom alone: whoever uses the browser next should know, and may go on at the
    provider. No redirect leads there: the browser lets no form of this site end elsewhere."""

    def post(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        came_from_provider = request.session.get(BACKEND_SESSION_KEY) == BACKEND
        id_token = request.session.get(PROVIDER, {}).get("id_token", "")
        response = super().post(request, *args, **options)
        if came_from_provider and settings.OIDC_ISSUER:
            still = f"You may still be signed in with {sign_on_label()}."
            text = format_html("You are signed out of Tuneroom. {}", still)
            if _address(request, id_token):
                link = reverse("single-sign-out")
                text = format_html('{} <a href="{}">Sign out there, too</a>', text, link)
                if 0 < len(id_token) <= MAX_ID_TOKEN:
                    _keep(response, id_token)
            messages.info(request, text)
        return response


@login_not_required
@never_cache
@require_GET
def single_sign_out(request: HttpRequest) -> HttpResponse:
    """Leads to the provider, where the person's session ends, and from there back."""
    refuse_unless_on()
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    name = settings.SINGLE_SIGN_ON_COOKIE_NAME
    id_token = request.get_signed_cookie(name, "", salt=SALT, max_age=SECONDS)
    response = redirect(_address(request, str(id_token)) or settings.LOGIN_URL)
    response.delete_cookie(name, path=reverse("single-sign-on"), samesite="Lax")
    return response


@csrf_exempt  # The token is signed by the provider.
@login_not_required
@never_cache
@require_POST
def signed_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """The provider says that a person's session there has ended (OpenID Connect Back-Channel
    Logout): so do those here that began with it."""
    refuse_unless_on()
    if is_over_limit(request):
        return too_many_attempts(request)
    from . import identity_provider

    try:
        subject, session = identity_provider.signed_out(request.POST.get("logout_token", ""))
    except SignOnFailed as error:
        count_attempt(FAILED, client_address(request))
        refused = {"error": "invalid_request", "error_description": error.reason}
        return JsonResponse(refused, status=400)
    end_provider_sessions(subject, session)
    return HttpResponse()


def _address(request: HttpRequest, id_token: str) -> str:
    """Where the provider ends its session; empty if it does not say."""
    from . import identity_provider

    back = request.build_absolute_uri(resolve_url(settings.LOGIN_URL))
    return identity_provider.sign_out_address(id_token, back)


def _keep(response: HttpResponse, id_token: str) -> None:
    """In this browser, for the way to the provider."""
    response.set_signed_cookie(
        settings.SINGLE_SIGN_ON_COOKIE_NAME, id_token, salt=SALT, max_age=SECONDS,
        path=reverse("single-sign-on"), secure=settings.HTTPS, httponly=True, samesite="Lax",
    )  # fmt: skip
