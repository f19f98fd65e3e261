"""Asking a saved model about rows that are entered, or a file. A new question replaces the person's
former one that still waits."""

import uuid
from pathlib import Path
from typing import Any

from django.db.models.functions import Now

from tuning.models import Prediction, SavedModel
from tuning.protocol.names import one_line
from tuning.protocol.predictions import RowSource
from tuning.protocol.statuses import Status

from .dispatch import ring
from .uploads import take_over


def ask(user: Any, saved_model: SavedModel, *rows: dict[str, Any]) -> Prediction:
    """Have rows predicted: a value for each column, None where it is missing."""
    prediction = _new(user, saved_model, RowSource.FORM)
    prediction.rows = list(rows)
    prediction.save()
    ring()
    return prediction


def ask_file(
    user: Any, saved_model: SavedModel, source: RowSource, file: Path, name: str
) -> Prediction:
    """Have the rows of an uploaded file predicted, which must lie in the uploads folder."""
    prediction = _new(user, saved_model, source)
    prediction.name = one_line(name)[:150]
    take_over(file, prediction)
    return prediction


def _new(user: Any, saved_model: SavedModel, source: RowSource) -> Prediction:
    waiting = Prediction.objects.queued().filter(created_by=user, saved_model=saved_model)
    for row in waiting:
        if (
            Prediction.objects.queued()
            .filter(pk=row.pk)
            .update(status=Status.STOPPED, finished_at=Now())
        ):
            row.uploaded.remove()
    return Prediction(
        saved_model=saved_model, created_by=user, source=source,
        key=f"prediction-{uuid.uuid4().hex}",
    )  # fmt: skip
