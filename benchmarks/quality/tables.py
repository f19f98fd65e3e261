"""The recorded learning curves of a task (`record_curves.py`)."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tuning.strategies.untried import key_of

RECORDED = Path(__file__).resolve().parent.parent / "recorded"
# What a search does: it trains for so many units (epochs, or folds) and has a score then, or none
# because the trial was pruned or failed. Higher is better.
Step = tuple[int, float | None]
Steps = Iterator[Step]


class Table:
    """The curves of all configurations of a space, turned so that higher is better."""

    def __init__(self, path: Path) -> None:
        recorded = np.load(path)
        about = json.loads(recorded["about"].tobytes())
        self.name = path.stem
        self.objective: str = about["objective"]
        self.space: dict[str, Any] = about["space"]
        self.is_estimator = self.objective == "score"
        sign = 1 if about["direction"] == "max" else -1
        curves = sign * recorded["curves"].astype(float)
        self.units: int = curves.shape[1]
        self._curves = {
            key_of(values): curve
            for values, curve in zip(about["configurations"], curves, strict=True)
        }

    def __len__(self) -> int:
        return len(self._curves)

    def curve(self, values: dict[str, Any]) -> Any:
        """The values of the objective after each unit; NaN where it was no number."""
        return self._curves[key_of(values)]

    def score(self, curve: Any) -> float | None:
        """What a trial with this curve gets: the mean of its folds, or its best epoch. None: it
        failed, because no epoch had a number."""
        numbers = curve[np.isfinite(curve)]
        if not len(numbers):
            return None
        return float(numbers.mean() if self.is_estimator else numbers.max())

    @cached_property
    def _scores(self) -> list[float]:
        scores = map(self.score, self._curves.values())
        return [-np.inf if score is None else score for score in scores]

    @property
    def best(self) -> float:
        return max(self._scores)

    @cached_property
    def median(self) -> float:
        """The score of a configuration drawn blindly."""
        return float(np.median(self._scores))


def recorded_tables() -> dict[str, Path]:
    """The files of all recorded tasks, by the tasks' names."""
    return {path.stem: path for path in sorted(RECORDED.glob("*.npz"))}
