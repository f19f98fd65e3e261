"""A new project in three steps: its dataset, its template, its name and split.

The address keeps the step and what was chosen (`?step=template&dataset=3`), so that a reload, the
back button and a bookmark show the same, and it works without scripts.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from tuning.actions import projects as actions
from tuning.analysis.known_spaces import known_spaces
from tuning.analysis.project_choices import (
    Choice,
    code_excerpt,
    dataset_choices,
    default_name,
    misfit_text,
    template_choices,
)
from tuning.analysis.window_splits import series_notes
from tuning.forms.projects import ProjectForm
from tuning.models import Dataset, HyperModel, Team

from .access import create_a_team_first, may_create, team_for_new

DATA, TEMPLATE, SPLIT = "data", "template", "split"
STEPS = {DATA: "Data", TEMPLATE: "Template", SPLIT: "Name & split"}


@dataclass(frozen=True)
class Chosen:
    """What was chosen so far, as far as the person may use it."""

    dataset: Dataset | None
    hypermodel: HyperModel | None

    def url(self, step: str) -> str:
        """The address of a step with these choices."""
        rows = {"dataset": self.dataset, "hypermodel": self.hypermodel}
        query: dict[str, Any] = {name: row.pk for name, row in rows.items() if row}
        return f"{reverse('project-create')}?{urlencode({'step': step, **query})}"

    def reaches(self, step: str) -> bool:
        """Whether all is chosen that the steps before this one ask for."""
        return {DATA: True, TEMPLATE: bool(self.dataset),
                SPLIT: bool(self.dataset and self.hypermodel)}[step]  # fmt: skip


@dataclass(frozen=True)
class Step:
    """A step as the line above the form shows it. `url` is empty for one out of reach."""

    number: int
    label: str
    url: str
    is_current: bool
    chosen: str


@require_http_methods(["GET", "POST"])
def project_create(request: HttpRequest) -> HttpResponse:
    if not may_create(request):
        return create_a_team_first(request)
    if request.method == "POST":
        return _create(request)
    chosen = _chosen(request, request.GET)
    step = _step(request.GET.get("step", ""), chosen)
    if "next" in request.GET and step != SPLIT:
        return _go_on(request, step, chosen)
    if step == SPLIT:
        return _split_page(request, chosen, _new_form(request, chosen))
    return _choice_page(request, step, chosen)


def _create(request: HttpRequest) -> HttpResponse:
    chosen = _chosen(request, request.POST)
    form = ProjectForm(request.POST, user=request.user, team=team_for_new(request))
    if not form.is_valid():
        return _split_page(request, chosen, form, status=422)
    project = actions.create_project(request.user, form.save(commit=False))
    return redirect("project-detail", project.pk)


def _go_on(request: HttpRequest, step: str, chosen: Chosen) -> HttpResponse:
    """To the next step that asks for something, if what this one asks for was chosen."""
    if step == TEMPLATE and chosen.hypermodel is None:
        return _choice_page(request, step, chosen, "Select a model template.")
    if step == DATA and chosen.dataset is None:
        return _choice_page(request, step, chosen, "Select a dataset.")
    chosen = _without_misfit(chosen)
    return redirect(chosen.url(SPLIT if chosen.hypermodel else TEMPLATE))


def _without_misfit(chosen: Chosen) -> Chosen:
    """Another dataset may not fit the template that was chosen before."""
    dataset, hypermodel = chosen.dataset, chosen.hypermodel
    fits = not (dataset and hypermodel and misfit_text(dataset, hypermodel))
    return chosen if fits else Chosen(dataset, None)


def _chosen(request: HttpRequest, query: QueryDict) -> Chosen:
    return Chosen(
        _row(_datasets(request), query.get("dataset", "")),
        _row(_templates(request), query.get("hypermodel", "")),
    )


def _row(rows: QuerySet[Any], key: str) -> Any:
    known = key.isascii() and key.isdecimal() and len(key) < 10
    return rows.filter(pk=int(key)).first() if known else None


def _datasets(request: HttpRequest) -> QuerySet[Dataset]:
    """All versions; the rows to choose from are those that are offered."""
    return Dataset.objects.visible_to(request.user).usable().teams_first().select_related("team")


def _templates(request: HttpRequest) -> QuerySet[HyperModel]:
    return HyperModel.objects.offered_to(request.user).select_related("team")


def _step(asked: str, chosen: Chosen) -> str:
    """The step that was asked for, or the first one before it that lacks a choice."""
    last = asked if asked in STEPS else SPLIT
    reached = [step for step in STEPS if chosen.reaches(step)]
    return last if last in reached else reached[-1]


def _new_form(request: HttpRequest, chosen: Chosen) -> ProjectForm:
    dataset, hypermodel = chosen.dataset, chosen.hypermodel
    assert dataset is not None
    assert hypermodel is not None
    team = _own_team(request, dataset, hypermodel) or team_for_new(request)
    initial = {
        "name": default_name(dataset, hypermodel), "dataset": dataset.pk,
        "task": hypermodel.task_on(dataset),
    }  # fmt: skip
    return ProjectForm(user=request.user, team=team, initial=initial)


def _own_team(request: HttpRequest, *parts: Dataset | HyperModel) -> Team | None:
    """The team that a part belongs to and that alone can have the project."""
    teams = [part.team_id for part in parts if not part.is_usable_in(None)]
    return Team.objects.editable_by(request.user).filter(pk__in=teams).first()


def _choice_page(
    request: HttpRequest, step: str, chosen: Chosen, refusal: str = ""
) -> HttpResponse:
    """The rows of a step with a preview of the chosen one."""
    teams, members = (
        set(rows.values_list("pk", flat=True))
        for rows in (Team.objects.editable_by(request.user), Team.objects.visible_to(request.user))
    )
    context: dict[str, Any] = {"step": step, "steps": _steps(step, chosen), "chosen": chosen}
    rows: list[Choice[Any]]
    if step == DATA:
        offered = Dataset.objects.offered_to(request.user).usable()
        datasets = list(offered.teams_first().select_related("team"))
        if chosen.dataset and chosen.dataset not in datasets:
            datasets.insert(0, chosen.dataset)
        rows = dataset_choices(datasets, chosen.hypermodel, chosen.dataset, teams, members)
    else:
        rows = template_choices(
            _templates(request), chosen.dataset, chosen.hypermodel, teams, members
        )
        if chosen.hypermodel:
            (context["known"],) = known_spaces(request.user, [chosen.hypermodel])
            context["excerpt"] = code_excerpt(chosen.hypermodel)
    context |= {"rows": rows, "refusal": refusal, "back": chosen.url(DATA)}
    return render(request, f"projects/create_{step}.html", context, status=422 if refusal else 200)


def _split_page(
    request: HttpRequest, chosen: Chosen, form: ProjectForm, status: int = 200
) -> HttpResponse:
    context = {"step": SPLIT, "steps": _steps(SPLIT, chosen), "chosen": chosen, "form": form,
               "series_notes": series_notes(chosen.dataset, chosen.dataset.split())
               if chosen.dataset else [],
               "urls": {step: chosen.url(step) for step in STEPS}}  # fmt: skip
    return render(request, "projects/create_split.html", context, status=status)


def _steps(current: str, chosen: Chosen) -> list[Step]:
    said = {DATA: chosen.dataset, TEMPLATE: chosen.hypermodel, SPLIT: ""}
    return [
        Step(
            number,
            label,
            chosen.url(step) if step != current and chosen.reaches(step) else "",
            step == current,
            str(said[step] or ""),
        )
        for number, (step, label) in enumerate(STEPS.items(), 1)
    ]
