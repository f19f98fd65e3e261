"""The people of the site: administrators create and deactivate accounts. To everybody else there
are no such pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions import people as actions
from tuning.analysis.people import people
from tuning.forms.accounts import OwnersForm, PersonForm
from tuning.models.people import display_name

PAGE = 100
View = Callable[..., HttpResponseBase]


def for_administrators(view: View) -> View:
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_superuser:
            raise Http404
        return view(request, *args, **kwargs)

    return checked


@for_administrators
@require_GET
def person_list(request: HttpRequest) -> HttpResponse:
    # PostgreSQL refuses NUL in a question.
    text = request.GET.get("q", "").replace("\x00", "").strip()
    page = Paginator(people(text), PAGE).get_page(request.GET.get("page"))
    return render(request, "people/list.html", {"page": page, "text": text})


@for_administrators
@require_http_methods(["GET", "POST"])
@never_cache
def person_create(request: HttpRequest) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = form.save(commit=False)
        try:
            actions.create_person(person, by=request.user)
        except actions.NameTaken as error:
            form.add_error("username", str(error))
        else:
            return _page(request, person, is_new=True)
    return render(request, "people/create.html", {"form": form}, status=422 if form.errors else 200)


@for_administrators
@require_GET
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _person(pk))


@for_administrators
@require_POST
@never_cache
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    """A link to set a new password, which is in the answer and never again."""
    person = _person(pk)
    if not person.is_active:
        raise Http404
    return _page(request, person, is_new=False)


@for_administrators
@require_http_methods(["GET", "POST"])
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it."""
    person = _person(pk)
    form = OwnersForm(request.POST if request.method == "POST" else None,
                      person=person, by=request.user)  # fmt: skip
    if not form.is_valid():
        status = 422 if form.errors else 200
        context = {"person": person, "form": form}
        return render(request, "people/deactivate.html", context, status=status)
    try:
        actions.deactivate(person, by=request.user, owners=form.owners)
    except actions.StaysActive as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{display_name(person)} was deactivated and signed out.")
    return redirect("person-detail", pk)


@for_administrators
@require_POST
def person_activate(request: HttpRequest, pk: int) -> HttpResponse:
    person = _person(pk)
    actions.activate(person)
    messages.success(request, f"{display_name(person)} can sign in again.")
    return redirect("person-detail", pk)


def _person(pk: int) -> Any:
    return get_object_or_404(get_user_model(), pk=pk)


def _page(request: HttpRequest, person: Any, is_new: bool | None = None) -> HttpResponse:
    """`is_new`: the page shows a link to set a password, for a new account or an existing one."""
    path = "" if is_new is None else actions.new_password_path(person)
    context = {
        "person": person,
        "memberships": person.memberships.select_related("team").order_by("team__name"),
        "link": request.build_absolute_uri(path) if path else "",
        "is_new": is_new,
    }
    return render(request, "people/detail.html", context)
