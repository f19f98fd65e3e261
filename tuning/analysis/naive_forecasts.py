"""What forecasts that learn nothing would have predicted for windows of a time series: the last
value or class, and the one a season before. A model that is worse than these has learned nothing.
Of several series, each is forecast by its own past.

The files of a prepared dataset say it: x has the targets' past (`runner/datasets/tables/windows.py`
describes the files), so no worker is needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tuning.figures import counted, figure
from tuning.models import Dataset, ModelEvaluation, Project
from tuning.protocol.evaluation import ACTUAL, PREDICTED, ROW
from tuning.protocol.orders import Split
from tuning.protocol.windows import Windows
from tuning.splits.stored import stored_split
from tuning.storage.at_hand import Coming, at_hand
from tuning.storage.contract import StorageError

from .evaluation.lines import column_of, targets_in
from .evaluation.summary import MAX_DETAILED
from .window_splits import series_name

# Of a plot over time: the newest test windows.
MAX_DRAWN = 1_000
MAX_DRAWN_SERIES = 3
_MS_PER_DAY = 86_400_000


@dataclass(frozen=True)
class Forecast:
    """How far forecasts are from the targets. `scores`: over all outputs, by their captions; of
    numbers, `by_output` has the mean absolute error of each."""

    caption: str
    scores: dict[str, float]
    by_output: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Series:
    """A prepared time series: x is (rows, columns), mapped, with the targets in the columns
    `places`; y is (windows, outputs). Of several series, `starts` has the first row of each window
    and `series` the series of each row."""

    windows: Windows
    x: np.ndarray
    y: np.ndarray
    places: list[int]
    facts: dict[str, Any]
    starts: np.ndarray | None = None
    series: np.ndarray | None = None

    @property
    def has_classes(self) -> bool:
        return "codes" in self.facts

    def first_rows(self, chosen: np.ndarray) -> np.ndarray:
        """Of these windows."""
        return chosen * self.windows.stride if self.starts is None else self.starts[chosen]

    def belong_together(self, rows: np.ndarray, last: np.ndarray) -> bool:
        """Whether `rows`, (windows, steps), are rows of the series of the windows' `last` rows."""
        if rows.min() < 0:
            return False
        return self.series is None or bool((self.series[rows] == self.series[last][:, None]).all())


def naive_forecasts(dataset: Dataset, numbers: Iterable[int]) -> list[Forecast]:
    """Of these windows. None for what is no time series, or once its files are gone. Raises
    Coming."""
    series, chosen = _series_of(dataset), np.array(list(numbers), np.int64)
    if series is None or not len(chosen):
        return []
    actual = np.asarray(series.y[chosen], np.float64)
    return [
        _forecast(caption, predicted, actual, series.has_classes)
        for caption, predicted in _naive(series, chosen)
    ]


def naive_text(project: Project) -> str:
    """A sentence beside the scores of trials, which are of validation windows; empty where it does
    not apply."""
    if not project.dataset.windows or not project.dataset.is_ready:
        return ""
    dataset = project.dataset
    try:
        found = _on_validation(dataset.pk, dataset.stored.place, project.split)
    except (Coming, StorageError):
        return ""
    if not found:
        return ""
    name = next(iter(found[0].scores))
    scores = " and ".join(f"{figure(one.scores[name])} ({one.caption.lower()})" for one in found)
    return f"Naive forecasts on the validation windows: {name.lower()} {scores}."


@lru_cache(maxsize=256)
def _on_validation(key: int, _folder: Path, split: Split) -> tuple[Forecast, ...]:
    """A page that is followed asks every second; a prepared dataset does not change. Raises Coming
    and StorageError, which nothing remembers."""
    dataset = Dataset.objects.get(pk=key)
    folder = _folder_of(dataset)
    try:
        parts = stored_split(folder, split)
    except (OSError, ValueError):
        return ()
    return tuple(naive_forecasts(dataset, parts["validation"]))


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
    try:
        naive = naive_forecasts(dataset, lines[:, ROW].astype(int))
    except Coming:
        return []
    predicted, actual = column_of(lines, PREDICTED), column_of(lines, ACTUAL)
    classes = "codes" in dataset.profile["windows"]
    return [_forecast("This model", predicted, actual, classes), *naive] if naive else []


def forecast_plots(evaluation: ModelEvaluation, lines: np.ndarray | None) -> list[dict[str, Any]]:
    """For each of the first targets: the first and the last step of the horizon over time, of
    several series for the first ones, and the error of each step beside that of naive forecasts.
    None of classes."""
    dataset = evaluation.saved_model.project.dataset
    table = forecast_table(dataset, lines)
    series = _series_of(dataset) if table else None
    if series is None or lines is None or series.has_classes:
        return []
    horizon = series.windows.horizon
    return [
        {
            "name": name, "dated": bool(series.facts.get("dated")), "total": len(lines),
            "series": _series_in(series, lines),
            "steps": [
                _over_time(dataset, series, drawn, place * horizon + step, step)
                | ({"series": caption} if caption else {})
                for caption, drawn in _drawn(series, lines)
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


def _series_in(series: _Series, lines: np.ndarray) -> int:
    """How many series have test windows."""
    if series.series is None:
        return 1
    return len(np.unique(series.series[series.first_rows(lines[:, ROW].astype(int))]))


def _drawn(series: _Series, lines: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The newest lines; of several series those of the first ones, with what they are called."""
    if series.series is None:
        return [("", lines[-MAX_DRAWN:])]
    of_line = series.series[series.first_rows(lines[:, ROW].astype(int))]
    return [
        (series_name(series.facts, number), lines[of_line == number][-MAX_DRAWN:])
        for number in np.unique(of_line)[:MAX_DRAWN_SERIES].tolist()
    ]


def _over_time(
    dataset: Dataset, series: _Series, lines: np.ndarray, output: int, step: int
) -> dict[str, Any]:
    """One output of the drawn windows: when its row is, what it was and what was predicted."""
    first = series.first_rows(lines[:, ROW].astype(int))
    rows: np.ndarray = first + series.windows.look_back + step
    times = _stored(dataset, "times")[rows]
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
    last: np.ndarray = series.first_rows(chosen) + windows.look_back - 1
    ahead = np.arange(1, windows.horizon + 1)
    noun = "class" if series.has_classes else "value"
    found = [(f"Last {noun}", np.repeat(last[:, None], windows.horizon, axis=1))]
    if season := int(series.facts["season"]):
        # As many seasons back as the row lies ahead, so that it was seen.
        rows = last[:, None] + ahead - season * -(-ahead // season)
        if series.belong_together(rows, last):
            found.append((f"{counted(season, 'row')} earlier", rows))
    return [(caption, _past(series, rows)) for caption, rows in found]


def _past(series: _Series, rows: np.ndarray) -> np.ndarray:
    """The targets of these rows, (windows, steps), as outputs: float64 (windows, outputs)."""
    values = series.x[rows[:, None, :], np.array(series.places)[:, None]]
    if series.has_classes:
        values = np.array(series.facts["codes"])[values.astype(np.int64)]
    return np.asarray(values, np.float64).reshape(len(rows), -1)


def _forecast(
    caption: str, predicted: np.ndarray, actual: np.ndarray, has_classes: bool
) -> Forecast:  # fmt: skip
    if has_classes:
        return Forecast(caption, {"Accuracy": float((predicted == actual).mean())})
    error = predicted - actual
    scores = {
        "Mean absolute error": float(np.abs(error).mean()),
        "Root mean squared error": float(np.sqrt((error**2).mean())),
    }
    return Forecast(caption, scores, np.abs(error).mean(axis=0).tolist())


def _series_of(dataset: Dataset) -> _Series | None:
    """Raises Coming."""
    windows, facts = dataset.windows, dataset.profile.get("windows") or {}
    columns = [column["name"] for column in dataset.profile.get("columns") or []]
    if windows is None or not dataset.folder or not set(facts["targets"]) <= set(columns):
        return None
    places = [columns.index(name) for name in facts["targets"]]
    try:
        x, y = (_stored(dataset, name) for name in ("x", "y"))
        several = [_stored(dataset, name) for name in ("starts", "series") if windows.series > 1]
    except Coming:
        raise
    except (OSError, ValueError):
        return None
    return _Series(windows, x, y.reshape(len(y), -1), places, facts, *several)


def _stored(dataset: Dataset, name: str) -> np.ndarray:
    """One of its prepared files, mapped. Raises Coming, OSError, ValueError."""
    file = _folder_of(dataset) / f"{name}.npy"
    return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))


def _folder_of(dataset: Dataset) -> Path:
    return at_hand(dataset.stored)
