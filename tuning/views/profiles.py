"""A person's own profile: name, mail, theme."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tuning.actions.audit import record
from tuning.actions.sessions import set_theme
from tuning.forms.profiles import ProfileForm, ThemeForm


@require_http_methods(["GET", "POST"])
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        _save(form)
        _use_theme(request, form.cleaned_data["theme"])
        messages.success(request, "Profile saved.")
        return redirect("profile")
    status = 422 if form.errors else 200
    return render(request, "account/profile.html", {"form": form}, status=status)


@require_POST
def profile_theme(request: HttpRequest) -> HttpResponse:
    """The button in the page's head."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    _use_theme(request, form.cleaned_data["theme"])
    return HttpResponse(status=204)


@transaction.atomic
def _save(form: ProfileForm) -> None:
    form.save()
    labels = {"display_name": "display name", "email": "email address"}
    fields = [labels[name] for name in form.changed_data if name in labels]
    if fields:
        record("account.change", form.instance, fields=" and ".join(fields))


def _use_theme(request: HttpRequest, theme: str) -> None:
    set_theme(request.user, theme)
    # This request saves its session once more at its end.
    request.session["theme"] = theme
