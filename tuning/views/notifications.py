"""A person's notifications: the bell, the list, the choices. Reading changes nothing: the list
sends which ones it has shown."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions.notifications import choose, mark_read
from tuning.analysis import notifications as analysis
from tuning.analysis.mentions import unseen_count
from tuning.forms.notifications import NotificationsForm
from tuning.models import Notification, Project
from tuning.models.addresses import is_number

from .access import visible_or_404


@require_GET
@never_cache
def notification_list(request: HttpRequest) -> HttpResponse:
    """The first page shows the new ones."""
    page = analysis.read_notifications(request.user, request.GET.get("page", 1))
    new = analysis.new_notifications(request.user) if page.number == 1 else []
    context = {"new": new, "page": page, "unseen_mentions": unseen_count(request.user)}
    return render(request, "notifications/list.html", context)


@require_POST
def notification_read(request: HttpRequest) -> HttpResponse:
    """The person's `notification`s were shown. With htmx the bell is the answer."""
    keys = [int(key) for key in request.POST.getlist("notification") if is_number(key)]
    rows = Notification.objects.of(request.user).filter(pk__in=keys[: analysis.MAX_NEW])
    mark_read(request.user, rows)
    if request.htmx:  # type: ignore[attr-defined]
        return _bell(request)
    return redirect("notification-list")


@require_GET
@never_cache
def notification_live(request: HttpRequest) -> HttpResponse:
    """The bell, if its state is not `since` any more."""
    if analysis.bell_info(request.user)["state"] == request.GET.get("since"):
        return HttpResponse(status=204)
    return _bell(request)


def _bell(request: HttpRequest) -> HttpResponse:
    context = analysis.bell_info(request.user) | {"newest": analysis.newest(request.user)}
    return render(request, "notifications/_bell.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
def notification_choices(request: HttpRequest) -> HttpResponse:
    form = NotificationsForm(_sent(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        choose(request.user, None, form.choices())
        messages.success(request, "Notification settings saved.")
        return redirect("notification-choices")
    projects = analysis.projects_with_choices(request.user)
    context = {"form": form, "projects": projects}
    status = 422 if form.errors else 200
    return render(request, "notifications/choices.html", context, status=status)


@require_http_methods(["GET", "POST"])
@never_cache
def project_notifications(request: HttpRequest, pk: int) -> HttpResponse:
    """A person's own choices for a project."""
    project = visible_or_404(request, Project.objects.all(), pk)
    form = NotificationsForm(_sent(request), user=request.user, project=project)
    if request.method == "POST" and form.is_valid():
        choose(request.user, project, form.choices())
        messages.success(request, f"Notification settings for {project} saved.")
        return redirect("project-notifications", project.pk)
    context = {"form": form, "project": project}
    status = 422 if form.errors else 200
    return render(request, "notifications/project.html", context, status=status)


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None
