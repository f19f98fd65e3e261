"""How well an autoencoder reproduces the test rows, compared with the mean of the training rows.

All errors are on the scale from 0 to 1 on which the network is trained: of a row, the mean squared
difference over its inputs. `predictions.npy` has for each row the error of the mean in the place of
the actual value and the network's error in that of the predicted one.
"""

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tuning.protocol.data_kinds import Display, kind_of_rows
from tuning.protocol.evaluation import (
    EXAMPLES,
    MAX_EXAMPLE_COLUMNS,
    ColumnError,
    ErrorQuantile,
    OutputReport,
    Reproduced,
    Score,
)
from tuning.protocol.tasks import Task
from tuning.runner.inputs.data import Dataset
from tuning.runner.inputs.preprocessing import MISSING

from . import bootstrap
from .predicted import NotEvaluable, Predictions

NAME = "reconstruction"
_SHARES = (0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
_MAX_COLUMNS = 200
_MAX_SIDE = 64
_VALUES_AT_ONCE = 1 << 24

# Raw rows of the dataset -> the network's outputs for them, on the scale of its inputs.
Reproduce = Callable[[np.ndarray], np.ndarray]
# Outputs and inputs -> the loss of each row, if that is known.
Losses = Callable[[np.ndarray, np.ndarray], np.ndarray | None]


@dataclass(frozen=True)
class Errors:
    """`rows`: float64 (rows, 4), squared and absolute errors of the network, then of the mean.
    `inputs`: float64 (2, inputs), the mean squared errors of the network and of the mean.
    `losses`: of each row, if the network's loss says it."""

    rows: np.ndarray
    inputs: np.ndarray
    losses: np.ndarray | None

    @property
    def found(self) -> Predictions:
        """As the file of predictions has them."""
        return Predictions(self.rows[:, 2], self.rows[:, 0])


def errors_of(reproduce: Reproduce, dataset: Dataset, losses: Losses) -> Errors:
    """On the test rows. Raises NotEvaluable."""
    mean = _mean(dataset)
    rows, rated = [], []
    sums: np.ndarray = np.zeros((2, mean.size))
    for x in _pieces(dataset, "test"):
        inputs = np.asarray(dataset.inputs_of(x), np.float32)
        outputs = reproduced(reproduce(x), inputs)
        off = (outputs - inputs).reshape(len(x), -1).astype(np.float64)
        off_mean = (mean - inputs).reshape(len(x), -1).astype(np.float64)
        rows.append(np.stack([(off**2).mean(axis=1), np.abs(off).mean(axis=1),
                              (off_mean**2).mean(axis=1), np.abs(off_mean).mean(axis=1)],
                             axis=1))  # fmt: skip
        sums += [(off**2).sum(axis=0), (off_mean**2).sum(axis=0)]
        rated.append(losses(outputs, inputs))
    known = [one for one in rated if one is not None]
    joined = np.concatenate(rows)
    return Errors(
        joined, sums / len(joined), np.concatenate(known) if len(known) == len(rated) else None
    )


def report_reconstruction(
    errors: Errors, reproduce: Reproduce, dataset: Dataset, numbers: np.ndarray
) -> OutputReport:
    """`numbers`: those of the test rows in the dataset."""
    error = errors.rows[:, 0]
    return OutputReport(
        name=NAME,
        task=Task.RECONSTRUCTION,
        scores=_scores(errors.rows),
        error_quantiles=[
            ErrorQuantile(share, float(value))
            for share, value in zip(_SHARES, np.quantile(error, _SHARES), strict=True)
        ],
        columns=_columns(errors.inputs, dataset),
        examples=_examples(error, reproduce, dataset, numbers),
    )


def reproduced(outputs: Any, inputs: np.ndarray) -> np.ndarray:
    """The outputs in the shape of the inputs, float32. Raises NotEvaluable."""
    found = np.asarray(outputs, np.float32)
    if found.size != inputs.size:
        raise NotEvaluable(
            f"The model's outputs have the shape {found.shape}, its inputs {inputs.shape}."
        )
    bad = ~np.isfinite(found.reshape(len(found), -1)).all(axis=1)
    if bad.any():
        raise NotEvaluable(f"The model predicts NaN or infinity for {bad.sum():,} rows.")
    return found.reshape(inputs.shape)


def cells_of(columns: list[tuple[str, str | None]], names: list[str], row: np.ndarray) -> list[str]:
    """A reproduced row of a table as texts, one for each name; empty for a column without an input.
    `columns`: what each output is; `row`: in the units of the columns, and of categories a share
    for each value."""
    best: dict[str, tuple[float, str]] = {}
    several = {name for name, value in columns if value is not None}
    for (name, value), share in zip(columns, row.tolist(), strict=True):
        if name not in several:
            best[name] = (0.0, f"{share:.5g}")
        elif name not in best or share > best[name][0]:
            shown = "(other)" if value is None else "(missing)" if value == MISSING else value
            best[name] = (share, shown)
    return [best[name][1] if name in best else "" for name in names]


def png_of(pixels: np.ndarray, low: float, high: float, side: int = _MAX_SIDE) -> str:
    """An image (height, width, 1 or 3) as PNG in base64, black at `low` and white at `high`; scaled
    down to `side`."""
    scaled = (np.asarray(pixels, np.float64) - low) * (255 / ((high - low) or 1.0))
    grey = scaled.round().clip(0, 255).astype(np.uint8)
    image = Image.fromarray(grey[..., 0] if grey.shape[2] == 1 else grey)
    image.thumbnail((side, side))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _pieces(dataset: Dataset, *parts: str) -> Iterator[np.ndarray]:
    """The raw rows, as many at a time as are sure to fit into memory."""
    x = dataset.raw(*parts)[0]
    step = max(1, _VALUES_AT_ONCE // max(1, int(np.prod(dataset.facts["input_shape"]))))
    for start in range(0, len(x), step):
        yield np.asarray(x[start : start + step]).view(np.ndarray)


def _mean(dataset: Dataset) -> np.ndarray:
    """Of the inputs of all rows that the network was trained on, float32."""
    total, rows = 0.0, 0
    for x in _pieces(dataset, "train", "validation"):
        total = total + np.asarray(dataset.inputs_of(x)).sum(axis=0, dtype=np.float64)
        rows += len(x)
    return np.asarray(total / rows, np.float32)


def _scores(rows: np.ndarray) -> list[Score]:
    squared, absolute, of_mean, absolute_of_mean = rows.mean(axis=0).tolist()
    drawn = bootstrap.means(rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = 1 - drawn[:, 0] / drawn[:, 2]
    share = 1 - squared / of_mean if of_mean else None
    return [
        Score("mean_squared_error", squared, *bootstrap.interval(drawn[:, 0])),
        Score("mean_absolute_error", absolute, *bootstrap.interval(drawn[:, 1])),
        Score(
            "explained", share,
            *(bootstrap.NONE if share is None else bootstrap.interval(explained)),
        ),
        Score("baseline_mean_squared_error", of_mean, *bootstrap.interval(drawn[:, 2])),
        Score("baseline_mean_absolute_error", absolute_of_mean, *bootstrap.interval(drawn[:, 3])),
    ]  # fmt: skip


def _columns(inputs: np.ndarray, dataset: Dataset) -> list[ColumnError]:
    """Those of a table with the largest errors first. A category's error is the mean over its
    values."""
    if kind_of_rows(dataset.facts).traits.display != Display.CELLS:
        return []
    places: dict[str, list[int]] = {}
    for place, (name, _) in enumerate(table_columns(dataset)):
        places.setdefault(name, []).append(place)
    found = [
        ColumnError(name, *inputs[:, own].mean(axis=1).tolist()) for name, own in places.items()
    ]
    return sorted(found, key=lambda one: -(one.error or 0))[:_MAX_COLUMNS]


def table_columns(dataset: Dataset) -> list[tuple[str, str | None]]:
    """What each input of a table is: its column and, of a category, a value."""
    if dataset.preprocessing:
        return dataset.preprocessing.input_columns
    return [(str(name), None) for name in dataset.facts["feature_names"]]


def _examples(
    error: np.ndarray, reproduce: Reproduce, dataset: Dataset, numbers: np.ndarray
) -> list[Reproduced]:
    """The rows with the largest and those with the smallest errors."""
    facts = dataset.facts
    display, shape = kind_of_rows(facts).traits.display, facts["input_shape"]
    order = np.argsort(-error, kind="stable")
    chosen = np.unique(np.concatenate([order[:EXAMPLES], order[-EXAMPLES:]]))
    x = np.asarray(dataset.raw("test")[0][chosen]).view(np.ndarray)
    low, scale = dataset.low_and_scale
    rows = reproduced(reproduce(x), np.asarray(dataset.inputs_of(x))) / scale + low
    found = []
    for row, number in zip(rows, numbers[chosen].tolist(), strict=True):
        if display == Display.CELLS:
            names = [column["name"] for column in facts.get("columns") or []]
            shown = (names or facts["feature_names"])[:MAX_EXAMPLE_COLUMNS]
            found.append(Reproduced(number, cells_of(table_columns(dataset), shown, row)))
        elif display == Display.PICTURE and shape[-1] in (1, 3):
            low_value, high_value = facts["stored_range"]
            picture = png_of(row, min(0.0, low_value), high_value)
            found.append(Reproduced(number, picture=picture))
    return found
