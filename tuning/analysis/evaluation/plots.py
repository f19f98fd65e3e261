"""The figures that static/js/evaluation.js draws."""

from typing import Any

import numpy as np

from tuning.analysis.naive_forecasts import forecast_plots
from tuning.models import ModelEvaluation, SavedModel
from tuning.protocol.evaluation import ACTUAL, PREDICTED, ROW
from tuning.protocol.tasks import Task

from .confusion import class_name
from .lines import lines_of, of_target, targets_in
from .summary import MAX_DETAILED

# Of a scatter plot. More test rows are drawn by every n-th of them.
MAX_DRAWN = 2_000
_BINS = 30
_MAX_COLUMNS = 30


def evaluation_plots(saved_model: SavedModel) -> dict[str, Any]:
    """Plain lists for JSON; without an evaluation there is nothing to draw."""
    evaluation = ModelEvaluation.objects.filter(saved_model=saved_model).first()
    if evaluation is None or not evaluation.report.get("outputs"):
        return {"outputs": [], "importances": None, "forecasts": []}
    report = evaluation.report
    lines = lines_of(evaluation)
    return {
        "outputs": [
            _figures(output, lines, place)
            for place, output in enumerate(report["outputs"][:MAX_DETAILED])
        ],
        "importances": _importances(report["importances"]),
        "forecasts": forecast_plots(evaluation, lines),
    }


def _figures(output: dict[str, Any], lines: np.ndarray | None, place: int) -> dict[str, Any]:
    task = Task(output["task"]).traits
    if task.reconstructs:
        return _reconstruction(output, lines)
    if task.has_labels:
        return _labels(output)
    if task.has_classes:
        return _classes(output)
    known = lines is not None and place < targets_in(lines)
    return _numbers(output, of_target(lines, place) if known and lines is not None else None)


def _labels(output: dict[str, Any]) -> dict[str, Any]:
    """Curves of each label; calibration of all labels together."""
    return {**_classes(output), "calibration_of": "all labels", "share": None}


def _classes(output: dict[str, Any]) -> dict[str, Any]:
    curves: dict[str, list[dict[str, Any]]] = {"roc": [], "precision_recall": []}
    for curve in output["curves"]:
        named = {key: curve[key] for key in ("area", "x", "y")}
        name = class_name(output, curve["of_class"])
        curves.setdefault(curve["kind"], []).append({"name": name, **named})
    binary = len(output["classes"]) == 2
    return {
        "task": output["task"], **curves, "calibration": output["calibration"],
        "calibration_of": class_name(output, 1) if binary else "the predicted class",
        "share": _positive_share(output) if binary else None,
    }  # fmt: skip


def _positive_share(output: dict[str, Any]) -> float | None:
    """What a precision-recall curve is compared with: precision by chance."""
    total = sum(row["support"] for row in output["classes"])
    return output["classes"][1]["support"] / total if total else None


def _numbers(output: dict[str, Any], lines: np.ndarray | None) -> dict[str, Any]:
    found: dict[str, Any] = {"task": output["task"], "name": output["name"]}
    found["error_bins"] = output["error_bins"]
    if lines is None or not len(lines):
        return {**found, "actual": [], "predicted": [], "rows": [], "residuals": None, "drawn": 0}
    error = lines[:, PREDICTED] - lines[:, ACTUAL]
    counts, edges = np.histogram(error, bins=_BINS)
    every = -(-len(lines) // MAX_DRAWN)
    drawn = lines[::every]
    return {
        **found,
        "actual": drawn[:, ACTUAL].tolist(),
        "predicted": drawn[:, PREDICTED].tolist(),
        "rows": (drawn[:, ROW] + 1).tolist(),
        "residuals": {"edges": edges.tolist(), "counts": counts.tolist()},
        "total": len(lines),
    }


def _reconstruction(output: dict[str, Any], lines: np.ndarray | None) -> dict[str, Any]:
    """How many rows have which error, beside the error of the mean, and the columns with the
    largest errors."""
    shown = output["columns"][:_MAX_COLUMNS]
    found = {
        "task": output["task"],
        "columns": [column["name"] for column in shown],
        "column_errors": [column["error"] for column in shown],
        "column_baselines": [column["baseline"] for column in shown],
        "errors": None,
    }
    if lines is None or not len(lines):
        return found
    error, of_mean = lines[:, PREDICTED], lines[:, ACTUAL]
    # Anomalies have errors of another order of magnitude.
    least = max(float(error.min()), 1e-4 * float(error.max()), 1e-12)
    edges = np.geomspace(least, max(float(error.max()), 2 * least), _BINS + 1)
    edges[0] = min(edges[0], error.min())
    counts, _ = np.histogram(error, edges)
    return {
        **found, "errors": {"edges": edges.tolist(), "counts": counts.tolist()},
        "mean": float(error.mean()), "baseline": float(of_mean.mean()),
    }  # fmt: skip


def _importances(importances: dict[str, Any]) -> dict[str, Any] | None:
    known = [column for column in importances["columns"] if column["mean"] is not None]
    if not known:
        return None
    known.sort(key=lambda column: -column["mean"])
    shown = known[:_MAX_COLUMNS]
    return {
        "score": {"r2": "R²", "f1_macro": "F1 (macro)"}.get(
            importances["score"], importances["score"]
        ),
        "columns": [column["column"] for column in shown],
        "means": [column["mean"] for column in shown],
        "deviations": [column["deviation"] for column in shown],
    }
