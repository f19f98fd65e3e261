"""Opening a search to which scripts elsewhere log trials."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tuning.actions.scripts import open_log
from tuning.forms.scripts import LogForm
from tuning.models import Project, Search

from .access import editable_or_404


def another_objective(found: Search) -> str:
    ways = {"min": "lower", "max": "higher"}
    return (
        f"Search {found.number} has this name and another objective: {found.objective}, "
        f"{ways[found.direction]} is better. Enter another name, or its objective."
    )


@require_http_methods(["GET", "POST"])
def log_create(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the project's. The name of an existing log leads to it, if its scores compare."""
    project = editable_or_404(request, Project.objects.select_related("team"), pk)
    form = LogForm(request.POST or None, instance=Search(project=project))
    if request.method == "POST" and form.is_valid():
        wanted = form.save(commit=False)
        found, is_new = open_log(request.user, wanted)
        if is_new or (found.objective, found.direction) == (wanted.objective, wanted.direction):
            return redirect("search-detail", found)
        form.add_error("name", another_objective(found))
    status = 422 if form.is_bound else 200
    return render(request, "logs/create.html", {"form": form, "project": project}, status=status)
