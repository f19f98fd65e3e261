"""Signing in, and signing up where the site lets everybody."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, PasswordChangeView, PasswordResetConfirmView
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tuning.actions.audit import record
from tuning.actions.people import NameTaken, save_account
from tuning.actions.single_sign_on import sign_on_label
from tuning.forms.accounts import AccountForm

from .rate_limits import limited

# Of several, Django has to be told which one signs a new account in.
BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            open_registration=settings.OPEN_REGISTRATION, sign_on_label=sign_on_label(), **kwargs
        )


class PasswordChange(PasswordChangeView):
    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        record("account.password", form.user)
        return super().form_valid(form)


class NewPassword(PasswordResetConfirmView):
    """Behind a link of a mail or of an administrator."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        record("account.password", form.user, by=form.user)
        return super().form_valid(form)


@login_not_required
@limited("sign-up")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """A new account without an invitation. There is no such page unless the site allows it."""
    if not settings.OPEN_REGISTRATION:
        raise Http404
    if request.user.is_authenticated:
        return redirect("project-list")
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.save(commit=False)
        try:
            save_account(user)
        except NameTaken as error:
            form.add_error("username", str(error))
        else:
            # The session gets a new key.
            login(request, user, backend=BACKEND)
            return redirect("project-list")
    status = 422 if form.errors else 200
    return render(request, "registration/sign_up.html", {"form": form}, status=status)
