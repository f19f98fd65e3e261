"""Importing a search: the upload, its page while it is read, and a choice where one is needed."""

from pathlib import Path
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from tuning.actions import imports as actions
from tuning.actions.quotas import OverQuota
from tuning.forms.datasets import LimitedUploadHandler
from tuning.forms.imports import ENDINGS, ImportForm, ObjectiveForm, StudiesForm
from tuning.forms.partial_uploads import Purpose
from tuning.models import PartialUpload, Project, SearchImport, Worker
from tuning.protocol.statuses import Status

from .access import editable_or_404, may_change, visible_or_404
from .sent_files import limited_handler, refused_early, sent_file, upload_context
from .uploads import takes_files


@takes_files
@csrf_exempt  # Checked in _import_create: the check reads the form, and with it the file.
@require_http_methods(["GET", "POST"])
def import_create(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the project's."""
    project = editable_or_404(request, Project.objects.select_related("team"), pk)
    if refused := refused_early(request):
        return _form_page(request, project, ImportForm(project=project), *refused)
    return _import_create(request, project, limited_handler(request))


@csrf_protect
def _import_create(
    request: HttpRequest, project: Project, handler: LimitedUploadHandler
) -> HttpResponse:
    if request.method != "POST":
        return _form_page(request, project, ImportForm(project=project))
    with sent_file(request, handler) as sent:
        form = ImportForm(request.POST, sent.files, project=project, no_file=sent.no_file)
        if form.is_valid():
            file, value_name = form.cleaned_data["file"], form.cleaned_data["value_name"]
            path = Path(file.temporary_file_path())
            try:
                row = actions.create_import(request.user, project, path, file.name, value_name)
                sent.done()
                return redirect("import-detail", row.pk)
            except OverQuota as error:
                form.add_error(None, str(error))
        return _form_page(request, project, form, sent.status, arrived=sent.kept(form))


@require_http_methods(["GET", "POST"])
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: which of several studies; or the objective, where the files do not say it."""
    if request.method == "POST":
        row = editable_or_404(request, imports(), pk)
        form = choice_form(row, request.POST)
        if form.is_valid():
            return _chosen(request, row, form)
        context = _state(request, row) | {"form": form}
        return render(request, "imports/detail.html", context, status=422)
    row = visible_or_404(request, imports(), pk)
    if row.status == Status.COMPLETED and row.search_id:
        return redirect("search-detail", row.search)
    context = _state(request, row) | {"form": choice_form(row)}
    return render(request, "imports/detail.html", context)


def choice_form(row: SearchImport, data: Any = None) -> StudiesForm | ObjectiveForm:
    return (StudiesForm if row.studies else ObjectiveForm)(data, row=row)


def _chosen(
    request: HttpRequest, row: SearchImport, form: StudiesForm | ObjectiveForm
) -> HttpResponse:
    """Of several imports the project's page shows how far they are."""
    if isinstance(form, ObjectiveForm):
        actions.choose_objective(row, **form.cleaned_data)
        return redirect("import-detail", row.pk)
    places = form.cleaned_data["studies"]
    if actions.choose_studies(row, places) and len(places) > 1:
        messages.success(request, f"{len(places)} studies are being imported.")
        return redirect("project-detail", row.project_id)
    return redirect("import-detail", row.pk)


@require_GET
@never_cache
def import_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The state of an import that is being read. Once that is over, the page loads again."""
    row = visible_or_404(request, imports(), pk)
    context = _state(request, row)
    if not context["waiting"]:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "imports/_state.html", context)


@require_http_methods(["GET", "POST"])
def import_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it."""
    row = editable_or_404(request, imports(), pk)
    if row.status == Status.COMPLETED and row.search_id:
        return redirect("search-delete", row.search)
    if request.method == "POST":
        actions.delete_import(row)
        messages.success(request, f"Import of “{row.name}” deleted.")
        return redirect("project-detail", row.project_id)
    return render(request, "imports/delete.html", {"row": row, "project": row.project})


def imports() -> QuerySet[SearchImport]:
    return SearchImport.objects.select_related("project", "search").defer(
        "search__oracle_state", "search__space"
    )


def _form_page(
    request: HttpRequest, project: Project, form: ImportForm, status: int = 200, refusal: str = "",
    arrived: PartialUpload | None = None,
) -> HttpResponse:  # fmt: skip
    """`arrived`: the upload that needs not be sent again."""
    context = {
        "form": form,
        "project": project,
        "refusal": refusal,
        "arrived": arrived,
        **upload_context(request, Purpose.IMPORT, ENDINGS),
    }
    return render(request, "imports/create.html", context, status=status)


def _state(request: HttpRequest, row: SearchImport) -> dict[str, Any]:
    """What the page says about the import. `waiting`: it will change by itself."""
    waiting = row.is_active and not row.awaits_choice
    return {
        "row": row,
        "project": row.project,
        "waiting": waiting,
        "can_edit": may_change(request, row.project),
        "nobody_works": waiting and not Worker.objects.available().exists(),
    }
