"""How good models are on the test rows, and whether two of them differ."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from tuning.actions.saved_models import evaluate
from tuning.analysis.evaluation.comparison import MAX_MODELS, compared, others_of
from tuning.models import ModelEvaluation, SavedModel

from . import rows
from .problems import FieldError, Problem, invalid
from .reading import saved_model_of
from .schemas import EvaluationOut, ModelComparisonOut

router = Router(tags=["Models"])

_MODEL = "/projects/{number:project}/models/{number:model}"
_WITH = Query([], alias="with", max_length=MAX_MODELS - 1, description="Numbers of models.")
With = Annotated[list[int], _WITH]


@router.get(_MODEL + "/evaluation", response=EvaluationOut)
def show_evaluation(request: HttpRequest, project: int, model: int) -> dict[str, Any]:
    """Scores of a model on the test rows with their 95% intervals, confusion matrix, curves,
    calibration and the importance of columns."""
    return _detail(request, saved_model_of(request, project, model))


@router.post(_MODEL + "/evaluation", response={202: EvaluationOut})
def evaluate_model(request: HttpRequest, project: int, model: int) -> Any:
    """Have a model evaluated that has no usable evaluation. A worker does it."""
    row = saved_model_of(request, project, model, edit=True)
    if not row.file:
        raise Problem(409, f"The model has no file: its status is {row.status}.")
    evaluate(row)
    return Status(202, _detail(request, row))


@router.get(_MODEL + "/comparison", response=ModelComparisonOut)
def compare_models(request: HttpRequest, project: int, model: int, others: With) -> dict[str, Any]:
    """The scores of a model beside those of up to five others of its project (`with=2&with=3`), and
    whether each difference may be chance."""
    first = saved_model_of(request, project, model)
    found = compared(first, _chosen(first, others))
    return {
        "models": [each.number for each in found.models],
        "scores": [{"name": name, "values": values} for name, values in found.scores],
        "verdicts": [
            {"model": each.number, "text": verdict.text, "is_noise": verdict.is_noise}
            for each, verdict in found.verdicts
        ],
    }


def _chosen(first: SavedModel, numbers: list[int]) -> list[SavedModel]:
    """Raises Problem for those that cannot be compared."""
    known = {other.number: other for other in others_of(first)}
    missing = [number for number in numbers if number not in known]
    if missing:
        text = "The project has no other model {} that has been evaluated."
        raise invalid([FieldError("with", text.format(number)) for number in missing])
    return [known[number] for number in dict.fromkeys(numbers)]


def _detail(request: HttpRequest, saved_model: SavedModel) -> dict[str, Any]:
    row = ModelEvaluation.objects.filter(saved_model=saved_model).first()
    report = row.report if row else {}
    importances = report.get("importances") or {}
    return {
        "status": row and row.status,
        "failure": row and rows.failure(row),
        "problem": report.get("problem", ""),
        "rows": report.get("rows", 0),
        "scores": report.get("measured", []),
        "outputs": report.get("outputs", []),
        "importances": importances if importances.get("columns") else None,
        "url": rows.page_url(request, "saved-model-detail", saved_model) + "#evaluation",
    }
