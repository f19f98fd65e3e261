"""Opening a search to which scripts elsewhere log trials."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tuning.actions.scripts import open_log
from tuning.forms.scripts import LogForm
from tuning.models import Project, Search

from .access import editable_or_404


@require_http_methods(["GET", "POST"])
def log_create(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the project's. The name of a log that there is leads to that one."""
    project = editable_or_404(request, Project.objects.select_related("team"), pk)
    form = LogForm(request.POST or None, instance=Search(project=project))
    if request.method == "POST" and form.is_valid():
        found, _ = open_log(request.user, form.save(commit=False))
        return redirect("search-detail", found)
    status = 422 if form.is_bound else 200
    return render(request, "logs/create.html", {"form": form, "project": project}, status=status)
