"""What workers answer about models: predictions, evaluations and dry runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .http import Failed, Http
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

    @property
    def reconstruction(self) -> dict[str, tuple[str, str]]:
        """Of the first row of a table, by the names of columns: the value that was given, and what
        an autoencoder makes of it."""
        found = self.data["reconstruction"] or {"columns": []}
        return {each["name"]: (each["given"], each["reconstructed"]) for each in found["columns"]}

    def picture(self) -> bytes | None:
        """The first of the images that were sent, as the model gets it: a PNG."""
        address = self.data["picture"]
        return self._http.read(address) if address else None

    def reconstructed_picture(self) -> bytes | None:
        """The same as an autoencoder reproduces it."""
        address = (self.data["reconstruction"] or {"picture": None})["picture"]
        return self._http.read(address) if address else None

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


class TestRow:
    """A test row with what a model predicts. `row` counts the dataset's rows from 0; `actual` and
    `predicted` are a number, the name of a class, the names of labels, or whether the row has the
    label. `judged`: the probability or score of the class, the error, or how many labels are
    wrong. `cells`: values of a table by the names of columns; `reconstruction`: what an autoencoder
    makes of them."""

    def __init__(self, http: Http, data: Mapping[str, Any]) -> None:
        self._http = http
        self.data = dict(data)
        self.row = int(data["row"])
        self.actual: float | str | list[str] | bool | None = data["actual"]
        self.predicted: float | str | list[str] | bool | None = data["predicted"]
        self.judged: float | None = data["judged"]
        self.cells: dict[str, str] = dict(data["cells"])
        self.reconstruction: dict[str, str] | None = data["reconstruction"]

    def picture(self) -> bytes | None:
        """Of images: a PNG."""
        return self._read("picture")

    def reconstructed_picture(self) -> bytes | None:
        """As an autoencoder reproduces it, of rows with the largest and the smallest errors."""
        return self._read("reconstructed_picture")

    def _read(self, name: str) -> bytes | None:
        return self._http.read(self.data[name]) if self.data[name] else None


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
