"""Splits by a column: which columns there are, whether one divides the rows, and what comes of
it."""

import datetime
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tuning.figures import counted, figure
from tuning.models import Dataset, Project
from tuning.protocol.orders import Split
from tuning.protocol.splitting import SPLITS, SplitBy
from tuning.protocol.uploads import ColumnType
from tuning.splits import PARTS
from tuning.splits.stored import split_key, stored_split
from tuning.storage.at_hand import at_hand

from .window_splits import series_notes

# So many different values has a column that divides rows into training, validation and test.
_MIN_VALUES = len(PARTS)
# Parts that differ more from their fractions are mentioned.
_DIFFERS = 0.05
_UPLOAD_AGAIN = (
    "To use a column that is not an input, set its type to Group, Time or Weight when you upload "
    "the file."
)


@dataclass(frozen=True)
class ColumnSplit:
    """What a split by a column comes to. `values`: how many different groups or times each part
    has; `lows`: the smallest value of each; `different`: of all rows; `missing`: rows without a
    value."""

    sizes: dict[str, int]
    values: dict[str, int]
    lows: dict[str, float]
    different: int
    missing: int


def split_columns(dataset: Dataset, by: str) -> list[str]:
    """The columns that rows can be divided by: those that were stored for it, then inputs."""
    if dataset.windows:
        # They come divided by their time.
        return []
    auxiliary = _auxiliary(dataset)
    kinds = {SplitBy.GROUP: (ColumnType.GROUP, ColumnType.TIME), SplitBy.TIME: (ColumnType.TIME,)}
    stored = [
        one["name"]
        for kind in kinds.get(SplitBy(by), ())
        for one in auxiliary
        if one["type"] == kind
    ]
    return [*stored, *_inputs(dataset, by)]


def weight_columns(dataset: Dataset) -> list[str]:
    return [one["name"] for one in _auxiliary(dataset) if one["type"] == ColumnType.WEIGHT]


def column_split(dataset: Dataset, split: Split) -> ColumnSplit | None:
    """None while the dataset is not prepared, or if its files are gone."""
    if not dataset.folder:
        return None
    try:
        return _column_split(at_hand(dataset.stored), split)
    except (OSError, ValueError):
        return None


def column_problem(dataset: Dataset, split: Split) -> str:
    """Why the rows cannot be divided by the split's column; empty if they can."""
    name, by = split.column, split.by
    if not dataset.is_ready:
        return f"“{dataset}” is not prepared yet, so its columns are not known. Try again later."
    if name not in split_columns(dataset, by):
        return f"“{dataset}” has no column “{name}” to split by {by}. {_UPLOAD_AGAIN}"
    found = column_split(dataset, split)
    if found is None:
        return f"The rows of “{dataset}” cannot be read."
    if by == SplitBy.TIME and found.missing:
        rows = counted(found.missing, "row")
        return f"“{name}” is missing in {rows}, but each row needs a time. Select another column."
    if found.different < _MIN_VALUES:
        noun = "group" if by == SplitBy.GROUP else "different time"
        return (
            f"“{name}” has only {counted(found.different, noun)}, but training, validation and "
            f"test need one each. Select another column."
        )
    return ""


def weight_problem(dataset: Dataset, column: str) -> str:
    """Why a column cannot weight the rows; empty if it can."""
    if column in weight_columns(dataset):
        return ""
    return f"“{dataset}” has no column of weights “{column}”. {_UPLOAD_AGAIN}"


def moving_problem(project: Project, dataset: Dataset) -> str:
    """Why a project cannot go on with another version of its dataset; empty if it can."""
    if project.weight_column and (problem := weight_problem(dataset, project.weight_column)):
        return problem
    split = project.split_of(dataset)
    return column_problem(dataset, split) if split.column else ""


def split_notes(project: Project) -> list[str]:
    """What a split by a column, or of several series, means for this project, in sentences."""
    split = project.split
    if project.dataset.windows:
        return series_notes(project.dataset, split)
    found = column_split(project.dataset, split) if split.column else None
    if found is None:
        return []
    return _group_notes(split, found) if split.by == SplitBy.GROUP else _time_notes(project, found)


def _group_notes(split: Split, found: ColumnSplit) -> list[str]:
    train, validation, test = (found.values[part] for part in PARTS)
    notes = [
        f"Rows with the same {split.column} are in the same part: {counted(train, 'group')} for "
        f"training, {validation:,} for validation, {test:,} for test. Scores show how well models "
        "do on groups that they have not seen."
    ]
    if found.missing:
        rows = counted(found.missing, "row")
        notes.append(f"The {rows} without a value in {split.column} are one group.")
    return notes + _size_notes(split, found, "Groups are not divided")


def _time_notes(project: Project, found: ColumnSplit) -> list[str]:
    split = project.split
    dates = any(
        one["name"] == split.column and one.get("dates") for one in _auxiliary(project.dataset)
    )
    validation, test = (_moment(found.lows[part], dates) for part in ("validation", "test"))
    notes = [
        f"The oldest rows are for training, the newest for test: validation begins at {validation} "
        f"and test at {test}. Scores show how well models do on later rows."
    ]
    return notes + _size_notes(split, found, f"Rows with the same {split.column} stay together")


def _size_notes(split: Split, found: ColumnSplit, reason: str) -> list[str]:
    shares = [found.sizes[part] / sum(found.sizes.values()) for part in PARTS]
    requested = (split.train, split.validation, split.test)
    if max(abs(a - b) for a, b in zip(shares, requested, strict=True)) <= _DIFFERS:
        return []
    shown = [f"{share:.0%}" for share in shares]
    return [f"{reason}, so the parts have {shown[0]}, {shown[1]} and {shown[2]} of the rows."]


def _moment(value: float, dates: bool) -> str:
    if not dates:
        return figure(value)
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=value)
    return f"{moment:%Y-%m-%d}" if value == int(value) else f"{moment:%Y-%m-%d %H:%M}"


def _auxiliary(dataset: Dataset) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dataset.profile.get("auxiliary") or []
    return found


def _inputs(dataset: Dataset, by: str) -> list[str]:
    """Inputs whose values lie in x; by time, only numbers."""
    profile = dataset.profile
    kinds = {one["name"]: one["type"] for one in profile.get("columns") or []}
    known = {
        SplitBy.GROUP: (ColumnType.NUMBER, ColumnType.CATEGORY), SplitBy.TIME: (ColumnType.NUMBER,)
    }  # fmt: skip
    return [
        name
        for name in profile.get("feature_names") or []
        if kinds.get(name, ColumnType.NUMBER) in known.get(SplitBy(by), ())
    ]


# The folder of a dataset never changes.
@lru_cache(maxsize=256)
def _column_split(folder: Path, split: Split) -> ColumnSplit:
    """Raises OSError, ValueError."""
    rows = stored_split(folder, split)
    key = split_key(folder, split)
    assert key is not None
    key = np.asarray(key)
    parts = {part: key[rows[part]] for part in PARTS}
    missing = np.isnan(key) if key.dtype.kind == "f" else key < 0
    return ColumnSplit(
        sizes={part: len(values) for part, values in parts.items()},
        values={part: len(np.unique(values)) for part, values in parts.items()},
        lows={part: float(values.min()) for part, values in parts.items() if len(values)},
        different=len(np.unique(key)),
        missing=int(missing.sum()),
    )


def split_caption(split: Split) -> str:
    """ "By group: patient, stratified as far as possible, seed 0"."""
    caption = f"{SPLITS[split.by].caption}: {split.column}"
    if split.by == SplitBy.GROUP and split.stratified:
        caption += ", stratified as far as possible"
    return f"{caption}, seed {split.seed}" if SPLITS[split.by].seeded else caption
