"""A project's activity: what its team did, newest first."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tuning.analysis.activity import KINDS, activity_of
from tuning.models import Project
from tuning.models.people import display_name_of
from tuning.protocol.statuses import Status

from .access import may_change, visible_or_404


@require_GET
def project_activity(request: HttpRequest, pk: int) -> HttpResponse:
    """`kind` and `person` filter; `before` is where the page before this one ended."""
    project = visible_or_404(request, Project.objects.select_related("team"), pk)
    kind, person = request.GET.get("kind", ""), request.GET.get("person", "")
    before = request.GET.get("before", "")
    activity = activity_of(project, request.user, kind, person, before)
    names = display_name_of("user")
    members = dict(project.team.memberships.values_list("user__username", names))
    requested = {"kind": kind, "person": person, "before": activity.before}
    context = {
        "project": project,
        "can_edit": may_change(request, project),
        "ready": project.inspection.status == Status.COMPLETED,
        "activity": activity,
        "kinds": [(key, each.label) for key, each in KINDS.items()],
        "kind": kind if kind in KINDS else "",
        "person": person,
        "people": ({person: person} | members if person else members).items(),
        "is_first": not before,
        "older": urlencode({key: value for key, value in requested.items() if value}),
    }
    return render(request, "projects/activity.html", context)
