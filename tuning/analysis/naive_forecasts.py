"""What forecasts that learn nothing would have predicted for windows of a time series: the last
value, and the value a season before. A model that is worse than these has learned nothing.

The files of a prepared dataset say it: x has the targets' past (`runner/datasets/tables/windows.py`
describes the files), so no worker is needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tuning.figures import counted, figure
from tuning.models import Dataset, ModelEvaluation, Project
from tuning.protocol.evaluation import ACTUAL, PREDICTED, ROW
from tuning.protocol.windows import TooFewWindows, Windows

from .evaluation.lines import column_of, targets_in
from .evaluation.summary import MAX_DETAILED

# Of a plot over time: the newest test windows.
MAX_DRAWN = 1_000
_MS_PER_DAY = 86_400_000


@dataclass(frozen=True)
class Forecast:
    """How far forecasts are from the targets, over all outputs, and of each output."""

    caption: str
    mean_absolute_error: float
    root_mean_squared_error: float
    by_output: list[float]


@dataclass(frozen=True)
class _Series:
    """A prepared time series: x is (rows, columns), mapped, with the targets in the columns
    `places`; y is (windows, outputs)."""

    windows: Windows
    x: np.ndarray
    y: np.ndarray
    places: list[int]
    facts: dict[str, Any]


def naive_forecasts(dataset: Dataset, numbers: Iterable[int]) -> list[Forecast]:
    """Of these windows. None for what is no time series, or once its files are gone."""
    series, chosen = _series_of(dataset), np.array(list(numbers), np.int64)
    if series is None or not len(chosen):
        return []
    actual = np.asarray(series.y[chosen], np.float64)
    return [_forecast(caption, predicted, actual) for caption, predicted in _naive(series, chosen)]


def naive_text(project: Project) -> str:
    """A sentence beside the scores of trials, which are of validation windows; empty where it does
    not apply."""
    if not project.dataset.windows or not project.dataset.is_ready:
        return ""
    split = project.split
    fractions = split.train, split.validation, split.test
    found = _on_validation(project.dataset.pk, project.dataset.folder, fractions)
    if not found:
        return ""
    scores = " and ".join(
        f"{figure(one.mean_absolute_error)} ({one.caption.lower()})" for one in found
    )
    return f"Naive forecasts on the validation windows: mean absolute error {scores}."


@lru_cache(maxsize=256)
def _on_validation(
    key: int, _folder: str, fractions: tuple[float, float, float]
) -> tuple[Forecast, ...]:
    """A page that is followed asks every second; a prepared dataset does not change."""
    dataset = Dataset.objects.get(pk=key)
    windows = dataset.windows
    try:
        parts = windows.parts(*fractions) if windows else [range(0)] * 3
    except TooFewWindows:
        return ()
    return tuple(naive_forecasts(dataset, parts[1]))


def forecast_table(dataset: Dataset, lines: np.ndarray | None) -> list[Forecast]:
    """The model itself and the naive forecasts on its test windows. `lines`: its predictions, which
    a runner wrote: they may be of windows that do not exist."""
    if lines is None or not dataset.windows or not len(lines):
        return []
    if lines[:, ROW].min() < 0 or lines[:, ROW].max() >= dataset.windows.count:
        return []
    targets = dataset.profile["windows"]["targets"]
    if targets_in(lines) != len(targets) * dataset.windows.horizon:
        return []
    naive = naive_forecasts(dataset, lines[:, ROW].astype(int))
    predicted, actual = column_of(lines, PREDICTED), column_of(lines, ACTUAL)
    return [_forecast("This model", predicted, actual), *naive] if naive else []


def forecast_plots(evaluation: ModelEvaluation, lines: np.ndarray | None) -> list[dict[str, Any]]:
    """For each of the first targets: the first and the last step of the horizon over time, and the
    error of each step beside that of naive forecasts."""
    dataset = evaluation.saved_model.project.dataset
    series = _series_of(dataset)
    table = forecast_table(dataset, lines)
    if series is None or lines is None or not table:
        return []
    horizon = series.windows.horizon
    drawn = lines[-MAX_DRAWN:]
    return [
        {
            "name": name, "dated": bool(series.facts.get("dated")), "total": len(lines),
            "steps": [
                _over_time(dataset, series, drawn, place * horizon + step, step)
                for step in sorted({0, horizon - 1})
            ],
            "errors": [
                {"caption": one.caption,
                 "values": one.by_output[place * horizon : (place + 1) * horizon]}
                for one in table
            ],
        }
        for place, name in enumerate(series.facts["targets"][:MAX_DETAILED])
    ]  # fmt: skip


def _over_time(
    dataset: Dataset, series: _Series, lines: np.ndarray, output: int, step: int
) -> dict[str, Any]:
    """One output of the drawn windows: when its row is, what it was and what was predicted."""
    rows: np.ndarray = (
        lines[:, ROW].astype(int) * series.windows.stride + series.windows.look_back + step
    )
    times = np.load(_folder(dataset) / "times.npy", mmap_mode="r", allow_pickle=False)[rows]
    if series.facts.get("dated"):
        times = np.rint(times * _MS_PER_DAY)
    return {
        "step": step + 1, "times": times.tolist(),
        "actual": column_of(lines, ACTUAL)[:, output].tolist(),
        "predicted": column_of(lines, PREDICTED)[:, output].tolist(),
    }  # fmt: skip


def _naive(series: _Series, chosen: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """(windows, outputs) of each naive forecast; outputs go through the horizon of each target."""
    windows = series.windows
    last: np.ndarray = chosen * windows.stride + windows.look_back - 1
    ahead = np.arange(1, windows.horizon + 1)
    found = [("Last value", np.repeat(last[:, None], windows.horizon, axis=1))]
    if season := int(series.facts["season"]):
        # As many seasons back as the row lies ahead, so that it was seen.
        rows = last[:, None] + ahead - season * -(-ahead // season)
        if rows.min() >= 0:
            found.append((f"{counted(season, 'row')} earlier", rows))
    return [(caption, _past(series, rows)) for caption, rows in found]


def _past(series: _Series, rows: np.ndarray) -> np.ndarray:
    """The targets of these rows, (windows, steps), as outputs: float64 (windows, outputs)."""
    values = series.x[rows[:, None, :], np.array(series.places)[:, None]]
    return np.asarray(values, np.float64).reshape(len(rows), -1)


def _forecast(caption: str, predicted: np.ndarray, actual: np.ndarray) -> Forecast:
    error = predicted - actual
    return Forecast(
        caption, float(np.abs(error).mean()), float(np.sqrt((error**2).mean())),
        np.abs(error).mean(axis=0).tolist(),
    )  # fmt: skip


def _series_of(dataset: Dataset) -> _Series | None:
    windows, facts = dataset.windows, dataset.profile.get("windows") or {}
    columns = [column["name"] for column in dataset.profile.get("columns") or []]
    if windows is None or not dataset.folder or not set(facts["targets"]) <= set(columns):
        return None
    places = [columns.index(name) for name in facts["targets"]]
    try:
        x = np.load(_folder(dataset) / "x.npy", mmap_mode="r", allow_pickle=False)
        y = np.load(_folder(dataset) / "y.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return _Series(windows, x, y.reshape(len(y), -1), places, facts)


def _folder(dataset: Dataset) -> Path:
    return dataset.stored.fetch()
