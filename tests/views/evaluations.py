"""Planted evaluations of a saved model."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from tuning.models import ModelEvaluation, SavedModel
from tuning.protocol.data_kinds import DataKind
from tuning.protocol.evaluation import (
    Calibration,
    ClassReport,
    Confusion,
    Curve,
    ErrorBin,
    ErrorQuantile,
    Evaluation,
    Importance,
    Importances,
    OutputReport,
    Score,
)

# Row, actual, predicted, confidence.
LINES = [
    [7, 0, 0, 0.9], [3, 0, 1, 0.6], [5, 1, 1, 0.8], [8, 0, 1, 0.95], [1, 1, 1, 0.7],
]  # fmt: skip


def evaluated(saved_model: SavedModel, report: Evaluation, lines: Any) -> ModelEvaluation:
    """Store it as the supervisor does."""
    # Test processes that run side by side share the folder.
    path = Path(settings.SAVED_MODELS_ROOT) / f"test-predictions-{os.getpid()}.npy"
    np.save(path, np.array(lines, np.float64))
    evaluation, _ = ModelEvaluation.objects.update_or_create(
        saved_model=saved_model, defaults={"report": asdict(report), "file": path.name}
    )
    return evaluation


def classification() -> Evaluation:
    """Two classes, of LINES; the first one's name is hostile."""
    output = OutputReport(
        "kind", "classification", [Score("accuracy", 0.6, 0.2, 1.0), Score("roc_auc", 0.75)], True,
        [
            ClassReport("<b>cat</b>", 3, 1, 1.0, 1 / 3, 0.5, 0.75),
            ClassReport("dog", 2, 4, 0.5, 1.0, 2 / 3, 0.75, 0.6),
        ],
        Confusion([0, 1], [[1, 2], [0, 2]]),
        [Curve("roc", 1, 0.75, [0, 0.5, 1], [0, 1, 1]),
         Curve("precision_recall", 1, 0.6, [1, 0], [0.4, 1])],
        Calibration([0.1, 0.8], [0.0, 0.5], [1, 4]),
    )  # fmt: skip
    columns = [Importance("size", 0.1, 0.01), Importance("colour", 0.3, 0.02)]
    return Evaluation(
        5, measured=[Score("accuracy", 0.9444, 0.91, 0.97), Score("loss", 0.2)], outputs=[output],
        importances=Importances("accuracy", 90, 5, columns),
    )  # fmt: skip


def regression() -> Evaluation:
    output = OutputReport(
        "price", "regression", [Score("r2", 0.5, 0.4, 0.6)],
        error_bins=[ErrorBin(0, 1, 5, 0.4, 0.2)], error_quantiles=[ErrorQuantile(0.5, 0.3)],
    )  # fmt: skip
    return Evaluation(5, outputs=[output], notes=["The template fits the model itself."])


def stored_images(saved_model: SavedModel, name: str) -> np.ndarray:
    """Ten images as the project's dataset, in a folder of this name."""
    x = np.random.default_rng(0).integers(0, 255, (10, 4, 6, 3)).astype("uint8")
    folder = Path(settings.DATASETS_ROOT) / name
    folder.mkdir(exist_ok=True)
    np.save(folder / "x.npy", x)
    (folder / "thumbnails.png").write_bytes(b"\x89PNG thumbnails")
    dataset = saved_model.project.dataset
    dataset.folder, dataset.kind = folder.name, DataKind.IMAGE
    dataset.profile |= {"min_value": 0, "max_value": 255}
    dataset.save()
    return x
