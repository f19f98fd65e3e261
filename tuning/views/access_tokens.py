"""A person's access tokens: the list, a new one, revoking one."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tuning.actions import access_tokens as actions
from tuning.forms.access_tokens import AccessTokenForm
from tuning.models import AccessToken


@require_http_methods(["GET", "POST"])
@never_cache
def access_token_list(request: HttpRequest) -> HttpResponse:
    """POST makes a token, which is in the answer and never again."""
    form = AccessTokenForm(request.POST or None, user=request.user)
    made = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = actions.create_token(
            request.user, given["name"], given["scope"], given["days"], given["team"]
        )
        form = AccessTokenForm(user=request.user)
    context = {"form": form, "made": made, "tokens": _tokens(request)}
    status = 422 if form.errors else 200
    return render(request, "access_tokens/list.html", context, status=status)


@require_POST
def access_token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(AccessToken.objects.of(request.user), pk=pk)
    actions.revoke_token(token)
    messages.success(request, f"Token “{token.name}” revoked.")
    return redirect("access-token-list")


def _tokens(request: HttpRequest) -> QuerySet[AccessToken]:
    return AccessToken.objects.of(request.user).select_related("team")
