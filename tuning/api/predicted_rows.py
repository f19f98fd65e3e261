"""The test rows of a model with what it predicts: its mistakes, its largest errors, those of a cell
of the confusion matrix; with the pictures."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from tuning.analysis.evaluation.rows import Listed, Row, Value, listed_rows
from tuning.models import ModelEvaluation, SavedModel
from tuning.models.addresses import ModelNumbers
from tuning.views import evaluations as pages

from . import rows
from .paging import Cursor, Limit, next_address, number_of
from .pictures import PNG, png
from .problems import FieldError, invalid
from .reading import saved_model_of
from .schemas import TestRowsOut

router = Router(tags=["Models"])

_MODEL = "/projects/{number:project}/models/{number:model}"
_ROW = _MODEL + "/test-rows/{number:row}"
_ACTUAL = Query(None, description="A class by its number, with `predicted`: those of the cell.")
_PREDICTED = Query(None, description="A class by its number.")
_TARGET = Query(None, description="The number of one of several targets or labels, from 0.")
_ORDER = Query(None, pattern="^(largest|smallest)$", description="Of reconstruction errors.")
Actual = Annotated[int | None, _ACTUAL]
Predicted = Annotated[int | None, _PREDICTED]
Target = Annotated[int | None, _TARGET]
Order = Annotated[str | None, _ORDER]


@router.get(_MODEL + "/test-rows", response=TestRowsOut)
def list_test_rows(
    request: HttpRequest, project: int, model: int, actual: Actual = None,
    predicted: Predicted = None, target: Target = None, order: Order = None, limit: Limit = 100,
    cursor: Cursor = "",
) -> dict[str, Any]:  # fmt: skip
    """Test rows with their predictions, as the page of the model lists them: the most confident
    mistakes, the largest errors, or those of a cell of the confusion matrix."""
    asked = {"actual": actual, "predicted": predicted, "target": target, "order": order}
    given = {name: str(value) for name, value in asked.items() if value is not None}
    start = number_of(cursor) if cursor else 0
    evaluation, lines = pages.evaluated(request, ModelNumbers(project, model))
    found = listed_rows(evaluation, lines, given, start, limit)
    if found is None:
        text = "The model has no such class or target."
        raise invalid([FieldError(name, text) for name in given])
    end = start + len(found.rows)
    return {
        "items": [_row(request, evaluation.saved_model, found, row) for row in found.rows],
        "next": next_address(request, str(end) if end < found.total else ""),
        "total": found.total,
        "title": found.title,
        "measure": found.measure,
    }


@router.get(_ROW + ".png", openapi_extra=PNG)
def show_test_picture(request: HttpRequest, project: int, model: int, row: int) -> HttpResponse:
    """A test row of images as PNG."""
    return pages.saved_model_picture(request, ModelNumbers(project, model), row)


@router.get(_ROW + "/reconstruction.png", openapi_extra=PNG)
def show_reconstruction(request: HttpRequest, project: int, model: int, row: int) -> HttpResponse:
    """A test row of images as an autoencoder reproduces it, as PNG. There are those with the
    largest and the smallest errors."""
    of = saved_model_of(request, project, model)
    evaluation = ModelEvaluation.objects.filter(saved_model=of).first()
    outputs = evaluation.report.get("outputs", []) if evaluation else []
    examples = [each for output in outputs for each in output.get("examples", [])]
    return png(next((each["picture"] for each in examples if each["row"] == row), ""))


def _row(request: HttpRequest, saved_model: SavedModel, listed: Listed, row: Row) -> dict[str, Any]:
    at = f"/api/v1/projects/{saved_model.project_id}/models/{saved_model.number}/test-rows/"
    address = request.build_absolute_uri(f"{at}{row.row}")
    reproduced = row.reproduced or {}
    has_picture = saved_model.project.dataset.has_pictures
    return {
        "row": row.row,
        "actual": _plain(row.says.actual),
        "predicted": _plain(row.says.predicted),
        "judged": rows.finite(row.says.judged),
        "cells": _by_column(listed, row.cells),
        "reconstruction": _by_column(listed, reproduced.get("cells", [])) or None,
        "picture": f"{address}.png" if has_picture else None,
        "reconstructed_picture": (
            f"{address}/reconstruction.png" if reproduced.get("picture") else None
        ),
    }


def _plain(value: Value) -> Value:
    return rows.finite(value) if isinstance(value, float) else value


def _by_column(listed: Listed, cells: list[str]) -> dict[str, str]:
    """Nothing once the files are gone."""
    return dict(zip(listed.columns, cells, strict=False))
