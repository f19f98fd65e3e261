"""Models of a project side by side, on the same test rows."""

from dataclasses import dataclass, field
from typing import Any

from tuning.analysis.front import objective_figure
from tuning.figures import MISSING
from tuning.models import ModelEvaluation, SavedModel
from tuning.protocol.measured import label_of
from tuning.protocol.statuses import Status

from .lines import lines_of
from .pairs import NOT_THE_SAME, Verdict, verdict_on
from .summary import CAPTIONS

MAX_MODELS = 6


@dataclass(frozen=True)
class Comparison:
    """`scores`: for each score its caption and each model's value and interval. `verdicts`: each
    further model against the first. `objectives`: what their trials were judged by, if any of
    their searches has several objectives or constraints."""

    models: list[SavedModel]
    scores: list[tuple[str, list[dict[str, Any] | None]]]
    verdicts: list[tuple[SavedModel, Verdict]]
    objectives: list[tuple[str, list[str]]] = field(default_factory=list)


def others_of(saved_model: SavedModel) -> list[SavedModel]:
    """The project's other models that were evaluated: versions of the same name first, then the
    newest."""
    models = SavedModel.objects.filter(
        project=saved_model.project_id, status=Status.COMPLETED
    ).exclude(pk=saved_model.pk)
    evaluated = models.exclude(evaluation=None).exclude(evaluation__file="")
    rows = evaluated.select_related("trial__search").order_by("-pk")
    others = rows.defer("trial__search__oracle_state", "trial__search__space")
    return sorted(others, key=lambda other: not is_version_of(other, saved_model))


def unevaluated(models: list[SavedModel]) -> list[SavedModel]:
    """Those that cannot be compared, because nothing is known of their predictions."""
    found = ModelEvaluation.objects.filter(saved_model__in=models).exclude(file="")
    known = set(found.values_list("saved_model", flat=True))
    return [model for model in models if model.pk not in known]


def is_version_of(other: SavedModel, saved_model: SavedModel) -> bool:
    return bool(saved_model.name) and other.name == saved_model.name


def compared(first: SavedModel, others: list[SavedModel]) -> Comparison:
    """Scores and verdicts of at most MAX_MODELS models."""
    models = [first, *others[: MAX_MODELS - 1]]
    found = ModelEvaluation.objects.filter(saved_model__in=models)
    evaluations = {evaluation.saved_model_id: evaluation for evaluation in found}
    outputs = [_outputs(evaluations.get(model.pk)) for model in models]
    known = [_scores(found) for found in outputs]
    names = list(dict.fromkeys(name for scores in known for name in scores))
    scores = [(name, [each.get(name) for each in known]) for name in names]
    lines = [
        lines_of(evaluations[model.pk]) if model.pk in evaluations else None for model in models
    ]
    task = outputs[0][0]["task"] if outputs[0] else ""
    windows = first.project.dataset.windows
    block = windows.overlapping if windows else 1
    verdicts = [
        (model, verdict_on(lines[0], mine, task, block) if task else NOT_THE_SAME)
        for model, mine in zip(models[1:], lines[1:], strict=True)
    ]
    return Comparison(models, scores, verdicts, _objectives(models))


def _objectives(models: list[SavedModel]) -> list[tuple[str, list[str]]]:
    """A caption and each model's value: that of its trial."""
    asked = [model.trial.search.judged_by for model in models]
    names = list(dict.fromkeys(name for names in asked for name in names))
    if all(len(each) < 2 for each in asked):
        return []
    values = [[model.trial.figure(name) for model in models] for name in names]
    return [
        (label_of(name), [MISSING if value is None else objective_figure(value) for value in row])
        for name, row in zip(names, values, strict=True)
    ]


def _outputs(evaluation: ModelEvaluation | None) -> list[dict[str, Any]]:
    return (evaluation.report.get("outputs") or []) if evaluation else []


def _scores(outputs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The scores by what pages call them, with the target's name if there are several."""
    return {
        (f"{output['name']}: " if len(outputs) > 1 else "")
        + CAPTIONS.get(score["name"], score["name"]): score
        for output in outputs
        for score in output["scores"]
    }
