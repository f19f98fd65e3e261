"""An answer: its first rows for the page, all rows as a CSV file."""

import base64
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tuning.protocol.evaluation import MAX_EXAMPLE_COLUMNS
from tuning.protocol.events import Predicted, finite
from tuning.protocol.predictions import (
    MAX_CLASSES,
    MAX_SERIES,
    MAX_SHOWN,
    PREDICTED,
    PredictedOutput,
    Reconstruction,
)
from tuning.runner.evaluation.predicted import Predictions
from tuning.runner.evaluation.reconstruction import cells_of

from .loaded import LoadedModel
from .rows import Rows

# A picture as the model gets it is enlarged to at least this.
_MIN_SIDE = 160


def answer_of(model: LoadedModel, rows: Rows, found: Predictions) -> Predicted:
    """Also writes the file."""
    if model.reconstructs:
        _write_reproduced(Path(PREDICTED), model, rows, found)
    else:
        _write(Path(PREDICTED), model, rows, found)
    outputs = _outputs(model.about, found)
    return Predicted(
        len(found.predicted), outputs, _unknown_categories(model, rows),
        _picture(rows.values, model.about), rows.load, _reproduced(model, rows, found),
        _series(model, rows),
    )  # fmt: skip


def _series(model: LoadedModel, rows: Rows) -> list[str]:
    """The series of the first windows, if the dataset has several."""
    cells = rows.given.get(model.windows.get("series", ""), [])
    return [str(cell)[:MAX_SERIES] for cell in cells[:MAX_SHOWN]]


def _reproduced(model: LoadedModel, rows: Rows, found: Predictions) -> Reconstruction:
    """The first row as an autoencoder reproduces it."""
    if found.reproduced is None:
        return Reconstruction()
    if model.about["pictures"]:
        return Reconstruction(picture=_picture(found.reproduced, model.about))
    if not rows.given:
        return Reconstruction()
    names = [column["name"] for column in model.columns[:MAX_EXAMPLE_COLUMNS]]
    cells = cells_of(model.reproduced_columns, names, found.reproduced[0])
    given = ["" if rows.given[name][0] is None else str(rows.given[name][0]) for name in names]
    return Reconstruction(names, given, cells)


def _write_reproduced(path: Path, model: LoadedModel, rows: Rows, found: Predictions) -> None:
    """The rows as they were given, their errors and, of tables, the reproduced columns."""
    assert found.reproduced is not None
    columns = model.reproduced_columns if found.reproduced.ndim == 2 and rows.given else []
    names = list(dict.fromkeys(name for name, _ in columns))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        head = [*rows.given] or ["row"]
        writer.writerow([*head, "reconstruction error", *(f"reconstructed {n}" for n in names)])
        for cells, error, row in zip(
            _cells(rows, found), found.predicted.tolist(), found.reproduced, strict=True
        ):
            reproduced = cells_of(columns, names, row) if names else []
            writer.writerow([*cells, f"{error:.9g}", *reproduced])


def _outputs(about: dict[str, Any], found: Predictions) -> list[PredictedOutput]:
    """One of classes or of a number, or one for each of several numbers or labels."""
    if not about["targets"]:
        return [_output(about, found)]
    shown: np.ndarray = found.predicted[:MAX_SHOWN].astype(float)
    scores = found.confidence[:MAX_SHOWN] if found.scores is not None else None
    return [
        PredictedOutput(
            name, about["task"], shown[:, place].tolist(),
            [] if scores is None else finite([[score] for score in scores[:, place].tolist()]),
            found.probabilities,
        )
        for place, name in enumerate(about["targets"])
    ]  # fmt: skip


def _output(about: dict[str, Any], found: Predictions) -> PredictedOutput:
    scores = [] if found.scores is None or len(about["class_names"]) > MAX_CLASSES else (
        np.asarray(found.scores[:MAX_SHOWN], np.float64).tolist()
    )  # fmt: skip
    return PredictedOutput(
        about["target"], about["task"], found.predicted[:MAX_SHOWN].astype(float).tolist(),
        finite(scores), found.probabilities,
    )  # fmt: skip


def _unknown_categories(model: LoadedModel, rows: Rows) -> list[str]:
    """Values that the dataset does not have. The model takes them as other, rare ones."""
    known = model.about["values"]
    notes = []
    for name, values in known.items():
        given = set(rows.values[name].dropna().astype(str)) if model.is_raw else set()
        if strange := sorted(given - set(values))[:3]:
            shown = ", ".join(f"“{value[:40]}”" for value in strange)
            notes.append(f"{name}: {shown} is not among the dataset's values.")
    return notes[:10]


def _write(path: Path, model: LoadedModel, rows: Rows, found: Predictions) -> None:
    if model.about["targets"]:
        _write_several(path, model.about["targets"], rows, found)
        return
    names = model.about["class_names"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        head = [*rows.given] or ["row"]
        shares = found.scores if len(names) <= MAX_CLASSES else None
        said = "probability" if found.probabilities else "score"
        more = [f"{said} of {name}" for name in names] if shares is not None else []
        writer.writerow([*head, f"predicted {model.about['target']}", *more])
        for place, (cells, value) in enumerate(zip(_cells(rows, found), found.predicted.tolist(),
                                                   strict=True)):  # fmt: skip
            scores = [] if shares is None else [f"{score:.6g}" for score in shares[place].tolist()]
            writer.writerow([*cells, names[int(value)] if names else f"{value:.9g}", *scores])


def _write_several(path: Path, names: list[str], rows: Rows, found: Predictions) -> None:
    """A column for each number, or two for each label."""
    said = "probability" if found.probabilities else "score"
    more = [f"{said} of {name}" for name in names] if found.scores is not None else []
    scores = np.empty((len(found.predicted), 0)) if found.scores is None else found.scores
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        head = [*rows.given] or ["row"]
        writer.writerow([*head, *(f"predicted {name}" for name in names), *more])
        for cells, values, shares in zip(
            _cells(rows, found), found.predicted.tolist(), scores.tolist(), strict=True
        ):
            numbers = [f"{value:.9g}" for value in values]
            writer.writerow([*cells, *numbers, *(f"{share:.6g}" for share in shares)])


def _cells(rows: Rows, found: Predictions) -> Iterator[list[Any]]:
    if not rows.given:
        return ([number] for number in range(1, len(found.predicted) + 1))
    columns = rows.given.values()
    return (["" if c is None else c for c in cells] for cells in zip(*columns, strict=True))


def _picture(values: Any, about: dict[str, Any]) -> str:
    """The first row as a PNG in base64, or nothing if rows are no pictures."""
    if not about["pictures"]:
        return ""
    first = np.asarray(values[0], np.float64)
    spread = (about["brightest"] - about["darkest"]) or 1.0
    pixels = ((first - about["darkest"]) * (255 / spread)).round().clip(0, 255).astype(np.uint8)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    times = max(1, -(-_MIN_SIDE // max(image.size)))
    image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
