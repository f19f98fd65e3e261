"""A project's arrays, divided into train, validation and test rows. Needs only numpy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from tuning.protocol.orders import ProjectOrder, Split
from tuning.protocol.tasks import reconstructs, without_targets
from tuning.protocol.windows import TooFewWindows, Windows
from tuning.runner.failures import BadData, MissingFile, TemplateError
from tuning.splits import PARTS
from tuning.splits.arranged import load_arranged
from tuning.splits.stored import split_key, stored_split, values_of
from tuning.splits.windows import window_parts

from .preprocessing import Preprocessing, text_inputs
from .scaling import Scaling
from .shared import SharedRows
from .texts import Inputs, TextInput
from .windows import cut, steps_of

Arrays = tuple[Inputs, np.ndarray]
Stored = tuple[np.ndarray, np.ndarray]
Places = Mapping[str, np.ndarray | slice]


@dataclass(frozen=True)
class Dataset:
    """A prepared dataset: x and y stay on disk (memory-mapped) until rows are taken. `facts` are
    those of the rows as templates get them."""

    x: np.ndarray
    y: np.ndarray
    facts: dict[str, Any]
    # Where "train", "validation" and "test" lie: row numbers, or slices that follow each other.
    places: Places
    # Of tables with raw columns: what was learned from the training rows.
    preprocessing: Preprocessing | None = None
    # Of time series: x has the shape (windows, steps, columns).
    windows: Windows | None = None
    # Of other rows of a reconstruction, the same.
    scaling: Scaling | None = None
    project: ProjectOrder | None = None

    @property
    def reconstructs(self) -> bool:
        """Whether the targets are the inputs."""
        return reconstructs(self.facts)

    @property
    def texts(self) -> tuple[TextInput, ...]:
        """Its columns of text."""
        return self.preprocessing.texts if self.preprocessing else ()

    @property
    def note(self) -> str:
        """A sentence about columns that models do not get, or nothing."""
        return self.preprocessing.note if self.preprocessing else ""

    def for_estimators(self) -> Self:
        """The same dataset, whose inputs keep what only a few training rows have."""
        if self.windows:
            raise TemplateError(
                "Estimators of scikit-learn do not take windows of a time series. Use a template "
                "that builds a Keras network, such as “Sequence network”."
            )
        if self.preprocessing is None:
            return self
        rows, columns = self.raw("train")[0], self.facts["columns"]
        texts = self.preprocessing.texts
        preprocessing = Preprocessing.learn(rows, columns, keeps_rare=True, texts=texts)
        facts = self.facts | preprocessing.facts
        return replace(self, facts=facts, preprocessing=preprocessing)

    def weights(self, *parts: str) -> np.ndarray | None:
        """How much each row of these parts counts in training, float64; None: all the same."""
        if self.project is None or not self.project.weight_column:
            return None
        values = values_of(Path(self.project.dataset_folder), self.project.weight_column)
        return np.asarray(values[row_numbers(self.project, *parts)])

    def keys(self, *parts: str) -> np.ndarray | None:
        """The group or time of each row of these parts, numbered in their order; None if neither
        divides the rows."""
        if self.project is None:
            return None
        key = split_key(Path(self.project.dataset_folder), self.project.split)
        if key is None:
            return None
        # Rows without a value are a group as well, but scikit-learn refuses NaN.
        return np.unique(key[row_numbers(self.project, *parts)], return_inverse=True)[1]

    def count(self, *parts: str) -> int:
        """How many rows these parts have."""
        places = [self.places[part] for part in parts]
        return sum(p.stop - p.start if isinstance(p, slice) else len(p) for p in places)

    def has_rows(self, part: str) -> bool:
        """Whether a part of the split has any."""
        return bool(len(self.raw(part, most=1)[1]))

    def rows(self, *parts: str, most: int | None = None) -> Arrays:
        """The (first `most`) rows of parts that follow each other, as networks get them."""
        x, y = self.raw(*parts, most=most)
        inputs = self.inputs_of(x)
        return inputs, (inputs if self.reconstructs else y)

    def inputs_of(self, x: np.ndarray) -> Inputs:
        """Stored rows as networks get them."""
        if self.scaling:
            return self.scaling.apply(x)
        return self.preprocessing.apply(x) if self.preprocessing else x

    @property
    def low_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Of a reconstruction: an input is (value - low) * scale."""
        if self.scaling:
            return self.scaling.low, self.scaling.scale
        assert self.preprocessing
        return self.preprocessing.low_and_scale

    def raw(self, *parts: str, most: int | None = None) -> Stored:
        """The same as they are stored: gaps and codes of categories in tables that have them.
        Copies, or a piece of the mapped file if the rows lie in the order of the split."""
        places = [self.places[part] for part in parts]
        first, last = places[0], places[-1]
        if isinstance(first, slice) and isinstance(last, slice):
            chosen = slice(first.start, last.stop)
            return self.x[chosen][:most], self.y[chosen][:most]
        rows = np.concatenate(places)[:most]
        return np.asarray(self.x[rows]), np.asarray(self.y[rows])


def load_dataset(project: ProjectOrder) -> Dataset:
    """The dataset in the project's folder. Raises MissingFile."""
    folder = Path(project.dataset_folder)
    try:
        facts = json.loads((folder / "meta.json").read_text("utf-8"))
        windows = Windows.of(facts)
        x, y, places = (
            _load_windows(folder, windows, project.split)
            if windows
            else _load_arrays(folder, project.split)
        )
        columns = facts.get("columns") or []
        texts = text_inputs(folder, columns)
    except FileNotFoundError as error:
        name = Path(error.filename).name
        raise MissingFile(f"The dataset's file {name} is missing.") from error
    except TooFewWindows as error:
        raise BadData(f"{error} Select other fractions.") from error
    if project.task and project.task != facts["task"]:
        facts = without_targets(facts)
    dataset = Dataset(x, y, facts, places, windows=windows, project=project)
    if not columns:
        return _scaled(dataset) if dataset.reconstructs else dataset
    rows = dataset.raw("train")[0]
    # Each row once, in however many windows it is.
    rows = steps_of(rows)[0] if windows else rows
    preprocessing = Preprocessing.learn(rows, columns, texts=texts, to_range=dataset.reconstructs)
    learned = preprocessing.facts
    if windows:
        learned["input_shape"] = [windows.look_back, *learned["input_shape"]]
    return replace(dataset, facts=facts | learned, preprocessing=preprocessing)


def _load_windows(
    folder: Path, windows: Windows, split: Split
) -> tuple[np.ndarray, np.ndarray, Places]:
    """The same as `_load_arrays`: x are views of rows that all runners map."""
    steps = np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False)
    y = np.load(folder / "y.npy", mmap_mode="r", allow_pickle=False)
    x = cut(steps, windows.look_back, windows.stride, windows.count)
    parts = zip(PARTS, window_parts(windows, split), strict=True)
    return x, y, {name: slice(part.start, part.stop) for name, part in parts}


def _scaled(dataset: Dataset) -> Dataset:
    """The dataset whose inputs lie between 0 and 1."""
    scaling = Scaling.learn(dataset.raw("train")[0], dataset.facts)
    stored = [dataset.facts["min_value"], dataset.facts["max_value"]]
    facts = {"min_value": 0.0, "max_value": 1.0, "dtype": "float32", "stored_range": stored}
    return replace(dataset, facts=dataset.facts | facts, scaling=scaling)


def _load_arrays(folder: Path, split: Split) -> tuple[np.ndarray, np.ndarray, Places]:
    """x, y and the places of the parts in them."""
    try:
        x, y, places = load_arranged(folder, split)
        return x.view(SharedRows), y, places
    except FileNotFoundError:
        pass  # Small, or nobody had the space to lay it down: rows are copied.
    # No objects: an array file must not be able to run code.
    x = np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False)
    y = np.load(folder / "y.npy", mmap_mode="r", allow_pickle=False)
    return x, y, stored_split(folder, split)


def row_numbers(project: ProjectOrder, *parts: str) -> np.ndarray:
    """Where the rows of these parts lie in the dataset's files, in the order of `rows(*parts)`."""
    rows = stored_split(Path(project.dataset_folder), project.split)
    return np.concatenate([rows[part] for part in parts])
