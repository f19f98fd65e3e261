"""What workers answer about models: predictions, evaluations and dry runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .http import Failed
from .resource import Resource


class Prediction(Resource):
    """The site deletes it an hour after the answer."""

    @property
    def path(self) -> str:
        return f"predictions/{self.data['id']}"

    @property
    def values(self) -> list[Any]:
        """Of the first 20 rows: numbers or names of classes. Of several targets a dictionary for
        each row."""
        outputs = self.data["outputs"]
        if len(outputs) == 1:
            return list(outputs[0]["values"])
        names = [each["name"] for each in outputs]
        columns = [each["values"] for each in outputs]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    @property
    def scores(self) -> list[dict[str, float | None]]:
        """Of the first 20 rows: a score for each class, if the model has scores."""
        return list(self.data["outputs"][0]["scores"])

    def wait(self, timeout: float | None = None, poll: float = 2.0) -> Prediction:
        super().wait(timeout, poll)
        if self.status != "completed":
            raise Failed("Another question about the model has replaced this one.")
        return self

    def download(self, target: str | os.PathLike[str]) -> Path:
        """Write all rows with their predictions, as CSV."""
        return self._http.download(f"{self.path}/rows.csv", target)


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """As the site takes it: NumPy's numbers as Python's; NaN, and NA of pandas, as missing."""
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    try:
        return None if value != value else value
    except TypeError:
        # NA is neither equal to itself nor unequal.
        return None


class Evaluation(Resource):
    """Of a model that was never evaluated, `status` is empty."""

    @property
    def path(self) -> str:
        return str(self.data["path"])

    @property
    def status(self) -> str:
        return str(self.data["status"] or "")

    @property
    def scores(self) -> dict[str, float | None]:
        """On the test rows; `data["scores"]` has their intervals, too."""
        return {each["name"]: each["value"] for each in self.data["scores"]}

    def refresh(self) -> Evaluation:
        self.data = {"path": self.path, **self._http.get(self.path)}
        return self


class DryRun(Resource):
    """`models` are the sampled ones, with `parameters`, `memory`, `seconds` and `failure`."""

    @property
    def path(self) -> str:
        return f"dry-runs/{self.data['id']}"

    @property
    def models(self) -> list[dict[str, Any]]:
        return list(self.data["models"])

    @property
    def expected(self) -> str:
        """How long the search would take, in words; empty on a template's whole space."""
        return str(self.data["expected"])

    @property
    def limits(self) -> dict[str, float]:
        """Constraints that exclude the largest or slowest models."""
        return {each["name"]: each["value"] for each in self.data["limits"]}
