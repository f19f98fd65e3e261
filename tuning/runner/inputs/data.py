"""A project's arrays, divided into train, validation and test rows. Needs only numpy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np

from tuning.protocol.orders import ProjectOrder, Split
from tuning.protocol.predictions import lag_name
from tuning.protocol.tasks import reconstructs, without_targets
from tuning.protocol.windows import TooFewWindows, Windows
from tuning.runner.failures import BadData, MissingFile
from tuning.splits import PARTS
from tuning.splits.arranged import load_arranged
from tuning.splits.stored import split_key, stored_split, values_of
from tuning.splits.windows import rows_of_parts, spans, starts_of

from .preprocessing import Preprocessing, text_inputs
from .scaling import Scaling
from .shared import SharedRows
from .texts import Inputs, TextInput
from .windows import SeriesWindows, cut, steps_of

Arrays = tuple[Inputs, np.ndarray]
Stored = tuple[np.ndarray, np.ndarray]
Places = Mapping[str, np.ndarray | slice]


@dataclass(frozen=True)
class Dataset:
    """A prepared dataset: x and y stay on disk (memory-mapped) until rows are taken. `facts` are
    those of the rows as templates get them."""

    x: np.ndarray | SeriesWindows
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
    # Of tables with raw columns: those of text.
    text_columns: tuple[TextInput, ...] = ()
    # Of a fold: where its parts lie among the project's training and validation rows.
    chosen: Mapping[str, np.ndarray] | None = None

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

    def learned(self) -> Self:
        """With what its inputs are made by: learned from its training rows alone."""
        columns = self.facts.get("columns") or []
        if not columns:
            return self._scaled() if self.reconstructs else self
        preprocessing = Preprocessing.learn(
            self._training_rows(), columns, texts=self.text_columns, to_range=self.reconstructs
        )
        learned = preprocessing.facts
        if self.windows:
            learned["input_shape"] = [self.windows.look_back, *learned["input_shape"]]
        return replace(self, facts=self.facts | learned, preprocessing=preprocessing)

    def _training_rows(self) -> np.ndarray:
        """Of windows each row once, in however many of them it is."""
        if isinstance(self.x, SeriesWindows):
            return self.x.rows_in(self._row_numbers("train"))
        rows = self.raw("train")[0]
        return steps_of(rows)[0] if self.windows else rows

    def _scaled(self) -> Self:
        """Its inputs lie between 0 and 1."""
        scaling = Scaling.learn(self.raw("train")[0], self.facts)
        stored = [self.facts["min_value"], self.facts["max_value"]]
        facts = {"min_value": 0.0, "max_value": 1.0, "dtype": "float32", "stored_range": stored}
        return replace(self, facts=self.facts | facts, scaling=scaling)

    def fold(self, train: np.ndarray, validation: np.ndarray) -> Self:
        """Its training and validation rows divided otherwise, by places among them. Nothing has
        been learned of the rows yet. Not a row is copied before it is asked for."""
        rows = self._row_numbers("train", "validation")
        places = {
            "train": _in_one_piece(rows[train]), "validation": _in_one_piece(rows[validation]),
            "test": self.places["test"],
        }  # fmt: skip
        return replace(self, places=places, chosen={"train": train, "validation": validation})

    def for_estimators(self) -> Self:
        """The same dataset, whose inputs keep what only a few training rows have. Windows become
        rows of a table: the columns of their rows one after the other."""
        if self.preprocessing is None:
            return self
        rows, columns = self._training_rows(), self.facts["columns"]
        texts = self.preprocessing.texts
        preprocessing = Preprocessing.learn(rows, columns, keeps_rare=True, texts=texts)
        if self.windows:
            return self._lagged(preprocessing)
        facts = self.facts | preprocessing.facts
        return replace(self, facts=facts, preprocessing=preprocessing)

    def _lagged(self, preprocessing: Preprocessing) -> Self:
        """`preprocessing`: of the rows of windows."""
        assert self.windows
        windows, columns = self.facts["windows"], self.facts["columns"]
        lagged = [
            [{**column, "name": lag_name(column["name"], step, windows)} for column in columns]
            for step in range(self.windows.look_back)
        ]
        preprocessing = preprocessing.for_each_step(
            [[column["name"] for column in of_step] for of_step in lagged]
        )
        facts = {
            **self.facts, **preprocessing.facts, "columns": [*chain.from_iterable(lagged)],
            "raw_columns": columns,
        }  # fmt: skip
        x = np.asarray(self.x[:]).reshape(len(self.x), -1)
        return replace(self, x=x, facts=facts, preprocessing=preprocessing)

    def weights(self, *parts: str) -> np.ndarray | None:
        """How much each row of these parts counts in training, float64; None: all the same."""
        if self.project is None or not self.project.weight_column:
            return None
        values = values_of(Path(self.project.dataset_folder), self.project.weight_column)
        if self.chosen is None:
            return np.asarray(values[row_numbers(self.project, *parts)])
        both = values[row_numbers(self.project, "train", "validation")]
        return np.concatenate([both[self.chosen[part]] for part in parts])

    def keys(self, *parts: str) -> np.ndarray | None:
        """The group or time of each row of these parts, numbered in their order; of windows of
        several series the times of their first and last rows. None if neither divides the rows."""
        if self.project is None:
            return None
        if self.windows and self.windows.series > 1:
            first_and_last = spans(Path(self.project.dataset_folder), self.windows)
            return np.stack(first_and_last, axis=1)[self._row_numbers(*parts)]
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
        piece = self._piece(*parts)
        if piece is not None:
            return self.x[piece][:most], self.y[piece][:most]
        rows = self._row_numbers(*parts)[:most]
        return np.asarray(self.x[rows]), np.asarray(self.y[rows])

    def targets(self, *parts: str) -> np.ndarray:
        """Those that are stored with the rows of parts that follow each other."""
        return np.asarray(self.y[self._row_numbers(*parts)])

    def _piece(self, *parts: str) -> slice | None:
        """Where parts lie that follow each other in the files; of a time series with the windows
        between them. None if rows have to be picked."""
        places = [self.places[part] for part in parts]
        pieces = [place for place in places if isinstance(place, slice)]
        if len(pieces) < len(places):
            return None
        gaps = [after.start - before.stop for before, after in pairwise(pieces)]
        in_order = min(gaps, default=0) >= 0 if self.windows else not any(gaps)
        return slice(pieces[0].start, pieces[-1].stop) if in_order else None

    def _row_numbers(self, *parts: str) -> np.ndarray:
        """Where the rows of parts lie in x and y."""
        piece = self._piece(*parts)
        if piece is not None:
            return np.arange(piece.start, piece.stop)
        places = [self.places[part] for part in parts]
        rows = [np.arange(p.start, p.stop) if isinstance(p, slice) else p for p in places]
        return np.concatenate(rows)


def load_dataset(project: ProjectOrder) -> Dataset:
    """The dataset in the project's folder. Raises MissingFile."""
    return load_stored(project).learned()


def load_stored(project: ProjectOrder) -> Dataset:
    """The same; nothing has been learned of the rows yet."""
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
    return Dataset(x, y, facts, places, windows=windows, project=project, text_columns=tuple(texts))


def _load_windows(
    folder: Path, windows: Windows, split: Split
) -> tuple[np.ndarray | SeriesWindows, np.ndarray, Places]:
    """The same as `_load_arrays`: x are windows of rows that all runners map."""
    steps = np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False)
    y = np.load(folder / "y.npy", mmap_mode="r", allow_pickle=False)
    parts = dict(zip(PARTS, rows_of_parts(folder, windows, split), strict=True))
    if windows.series > 1:
        return SeriesWindows(steps, starts_of(folder), windows.look_back), y, parts
    x = cut(steps, windows.look_back, windows.stride, windows.count)
    return x, y, {name: _in_one_piece(part) for name, part in parts.items()}


def _in_one_piece(rows: np.ndarray) -> np.ndarray | slice:
    """A slice of rows that follow each other, which can stay mapped."""
    if len(rows) and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


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
