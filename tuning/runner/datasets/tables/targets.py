"""What is to be predicted from a table: one column, several, or a column of labels; checked against
what its cells say."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tuning.protocol.tasks import MAX_TARGETS, Task
from tuning.protocol.uploads import MAX_CATEGORIES, ColumnType, Upload
from tuning.runner.datasets.parsed import check_classes, check_labels, check_numbers
from tuning.runner.failures import BadData

from .cells import LARGEST_WHOLE, text_of
from .choices import check_is_numeric, unknown_column
from .columns import Scan
from .filling import mapped, sorted_texts
from .schema_detection import DetectedSchema, tags_in, task_of
from .source import Cell, Piece
from .tags import Tags, labels_of, likely
from .yes_or_no import value_of, values_of

# Cells of all targets, by the order of their columns -> float64 (rows,) or (rows, targets), NaN
# where a row has no target.
Values = Callable[[list[Sequence[Cell]]], np.ndarray]


@dataclass(frozen=True)
class Targets:
    """`scans` are the columns of the file that are no inputs. `class_names` are those of classes;
    `names` those of several targets or labels. `separator`: of the labels in one column."""

    scans: list[Scan]
    task: Task
    values: Values
    class_names: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    separator: str = ""
    # Labels that too few rows have to be learned.
    rare: list[str] = field(default_factory=list)
    # Of the table that have all targets, where that is known before they are read.
    rows: int | None = None

    @property
    def dtype(self) -> type:
        return np.int64 if self.task.traits.has_classes else np.float32

    @property
    def drops_missing(self) -> bool:
        """Whether rows are left out because a target is missing."""
        keeps = bool(self.separator) and self.rows == self.scans[0].rows
        return any(scan.missing for scan in self.scans) and not keeps

    @property
    def name(self) -> str:
        """Of the only column."""
        return self.scans[0].name

    def of(self, schema: DetectedSchema, piece: Piece) -> np.ndarray:
        """The targets of some rows, as `Values` has them."""
        if not self.scans:
            return np.zeros(len(piece.columns[0]))
        places = [schema.scans.index(scan) for scan in self.scans]
        return self.values([piece.columns[place] for place in places])

    def check(self, y: np.ndarray) -> None:
        """Raise BadData for targets of which the rows that are kept say too little."""
        if self.task.traits.has_labels:
            check_labels(self.names, y)
        elif self.names:
            check_numbers(self.names, y)


def chosen_targets(schema: DetectedSchema, upload: Upload) -> Targets:
    """The targets and the task. A reconstruction has none. Raises BadData."""
    if upload.task == Task.RECONSTRUCTION:
        return Targets([], Task.RECONSTRUCTION, lambda _: np.zeros(0), rows=schema.rows)
    scans = _chosen_columns(schema, upload)
    for scan in scans:
        if not scan.present:
            raise BadData(f"The target “{scan.name}” is empty. Select another target.")
    if len(scans) > 1:
        _refuse_missing(scans, upload)
        return _several(scans, upload.task)
    [scan] = scans
    tags = _tags(schema, scan, upload)
    if tags is not None:
        return _labels(scan, tags, upload.drop_rows)
    _refuse_missing(scans, upload)
    return _single(scan, upload.task or task_of(scan))


def rows_with(targets: Targets, schema: DetectedSchema) -> int:
    """How many rows have all of their targets."""
    if targets.rows is not None:
        return targets.rows
    return sum(int(has_target(targets.of(schema, piece)).sum()) for piece in schema.table.pieces())


def has_target(y: np.ndarray) -> np.ndarray:
    """Which rows have all of their targets."""
    return ~np.isnan(y.reshape(len(y), -1)).any(axis=1)


def _chosen_columns(schema: DetectedSchema, upload: Upload) -> list[Scan]:
    """In the order of the file. Raises BadData for names that it does not have."""
    also = {name for name, kind in upload.types.items() if kind == ColumnType.TARGET}
    names = {*_named(schema, upload.target), *also}
    for name in names:
        if name in schema.table.unread:
            raise BadData(f"“{name}” cannot be the target: it {schema.table.unread[name]}.")
        if schema.scan_of(name) is None:
            raise BadData(unknown_column(schema, name))
    if len(names) > MAX_TARGETS:
        raise BadData(f"{len(names):,} targets are more than the limit of {MAX_TARGETS}.")
    return [scan for scan in schema.scans if scan.name in names]


def _named(schema: DetectedSchema, text: str) -> list[str]:
    """One column, or several that are separated by commas."""
    known = {*schema.table.unread, *(scan.name for scan in schema.scans)}
    parts = [part.strip() for part in text.split(",")]
    return parts if text not in known and len(parts) > 1 and all(parts) else [text]


def _refuse_missing(scans: list[Scan], upload: Upload) -> None:
    """Raise BadData for rows without a target, unless they are to be dropped."""
    for scan in scans:
        if scan.missing and not upload.drop_rows:
            noun = "row has" if scan.missing == 1 else "rows have"
            raise BadData(
                f"{scan.missing:,} {noun} no target: “{scan.name}” is empty in {_rows(scan)}. Fix "
                "the file, or drop rows without a target."
            )


def _single(scan: Scan, task: str) -> Targets:
    read = scan.read
    if task == Task.REGRESSION:
        check_is_numeric(scan)
        if scan.low == scan.high:
            raise BadData("All rows have the same target. Select another target.")

        def numbers(cells: list[Sequence[Cell]]) -> np.ndarray:
            return mapped(cells[0], read, np.float64)

        return Targets([scan], Task.REGRESSION, numbers, rows=scan.present)
    if scan.counts is None:
        raise BadData(
            f"“{scan.name}” has more than {MAX_CATEGORIES:,} unique values, too many for classes. "
            "Select regression for numbers."
        )
    name_of = _class_namer(scan)
    counts: dict[str, int] = {}
    for text in sorted_texts(scan):
        name = name_of(text)
        counts[name] = counts.get(name, 0) + scan.counts[text]
    names = list(counts)
    check_classes(names, np.array(list(counts.values())), "row")
    index = {name: float(place) for place, name in enumerate(names)}

    def value(cell: Cell) -> float | None:
        return None if read(cell) is None else index[name_of(text_of(cell))]

    def values(cells: list[Sequence[Cell]]) -> np.ndarray:
        return mapped(cells[0], value, np.float64)

    return Targets([scan], Task.CLASSIFICATION, values, names, rows=scan.present)


def _several(scans: list[Scan], task: str) -> Targets:
    names = [scan.name for scan in scans]
    rows = None if any(scan.missing for scan in scans) else scans[0].rows
    task = task or _task_of(scans)
    if task == Task.CLASSIFICATION:
        raise BadData(
            f"Only one target may have classes, but {len(scans):,} are selected. Select "
            "multi-label for columns of yes and no, regression for numbers, or one target."
        )
    if task == Task.REGRESSION:
        for scan in scans:
            check_is_numeric(scan)

        values = _side_by_side([scan.read for scan in scans])
        return Targets(scans, Task.REGRESSION, values, names=names, rows=rows)
    for scan in scans:
        if values_of(scan) is None:
            raise BadData(
                f"“{scan.name}” contains {_example(scan)}. A label's column contains only 0 "
                "and 1, or yes and no. Deselect it as a target."
            )
    values = _side_by_side([value_of(scan.read) for scan in scans])
    return Targets(scans, Task.MULTI_LABEL, values, names=names, rows=rows)


def _task_of(scans: list[Scan]) -> Task:
    """What several targets suggest. Raises BadData for those of different kinds."""
    labels = [scan for scan in scans if values_of(scan) is not None]
    if len(labels) == len(scans):
        return Task.MULTI_LABEL
    others = [scan for scan in scans if scan not in labels]
    classes = [scan for scan in others if task_of(scan) == Task.CLASSIFICATION]
    numbers = [scan for scan in others if scan not in classes]
    way = (
        " Select regression to predict them as numbers."
        if all(scan.is_numeric for scan in scans)
        else ""
    )
    if not labels and not classes:
        return Task.REGRESSION
    if not labels and not numbers:
        shown = " and ".join(f"“{scan.name}”" for scan in classes[:2])
        raise BadData(f"{shown} contain classes. Only one target may have classes.{way}")
    kinds = (("yes or no", labels), ("classes", classes), ("numbers", numbers))
    first, second = [(kind, found[0].name) for kind, found in kinds if found][:2]
    raise BadData(
        f"Targets must be of one kind, but “{first[1]}” contains {first[0]} and “{second[1]}” "
        f"{second[0]}.{way}"
    )


def _tags(schema: DetectedSchema, scan: Scan, upload: Upload) -> Tags | None:
    """The labels in a column of text; None of a column that has one class or number a row."""
    if upload.task not in ("", Task.MULTI_LABEL) or (scan.is_numeric and not upload.task):
        return None
    found = tags_in(schema, scan)
    if not upload.task:
        return likely(found)
    if not found:
        raise BadData(
            f"“{scan.name}” has more than {MAX_CATEGORIES:,} labels, whichever of ; | and , "
            "separates them."
        )
    return likely(found) or found[0]


def _labels(scan: Scan, tags: Tags, drop_rows: bool) -> Targets:
    """Labels that one row has, or all but one, cannot be learned: they are left out."""
    rows = scan.present if drop_rows else scan.rows
    usual = {label for label, count in tags.counts.items() if 2 <= count <= rows - 2}
    names = sorted(usual)
    if len(names) < 2:
        raise BadData(
            f"“{scan.name}” has no two labels that at least 2 rows have and 2 do not have, "
            f"separated by “{tags.separator}”. Select classification to predict one class per row."
        )
    if len(names) > MAX_TARGETS:
        raise BadData(
            f"“{scan.name}” has {len(names):,} labels, more than the limit of {MAX_TARGETS}."
        )
    index = {name: place for place, name in enumerate(names)}

    def row(cell: Cell) -> np.ndarray:
        found: np.ndarray = np.zeros(len(names))
        if scan.read(cell) is None:
            # An empty cell is a row without labels, unless such rows are to be dropped.
            return np.full_like(found, np.nan) if drop_rows else found
        for label in labels_of(text_of(cell), tags.separator):
            if label in index:
                found[index[label]] = 1
        return found

    def values(cells: list[Sequence[Cell]]) -> np.ndarray:
        known = {cell: row(cell) for cell in set(cells[0])}
        return np.array([known[cell] for cell in cells[0]]).reshape(-1, len(names))

    rare = sorted(tags.counts.keys() - usual)
    return Targets([scan], Task.MULTI_LABEL, values, [], names, tags.separator, rare, rows)


def _side_by_side(readers: Sequence[Callable[[Cell], Any]]) -> Values:
    """`readers`: of each column."""

    def values(cells: list[Sequence[Cell]]) -> np.ndarray:
        columns = zip(cells, readers, strict=True)
        return np.stack([mapped(column, read, np.float64) for column, read in columns], axis=1)

    return values


def _class_namer(scan: Scan) -> Callable[[str], str]:
    """Numbers are one class however they are written: 1, 1.0, 01."""
    if not scan.is_numeric:
        return lambda text: text
    return lambda text: _number_named(scan.read(text), text)


def _number_named(value: float | str | None, text: str) -> str:
    exact = not isinstance(value, float) or abs(value) < LARGEST_WHOLE
    return text_of(value) if exact else text.strip()


def _example(scan: Scan) -> str:
    """A value that is neither yes nor no."""
    value = value_of(scan.read)
    texts: Iterator[str] = iter(scan.counts or Counter(scan.examples))
    return next((f"“{text[:40]}”" for text in texts if value(text) is None), "many values")


def _rows(scan: Scan) -> str:
    shown = [f"{row:,}" for row in scan.missing_rows]
    more = scan.missing - len(shown)
    if more:
        return f"rows {', '.join(shown)} and {more:,} more"
    if len(shown) == 1:
        return f"row {shown[0]}"
    return f"rows {', '.join(shown[:-1])} and {shown[-1]}"
