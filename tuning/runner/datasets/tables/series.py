"""The rows of one time series, or of several that a column names, in the order of time."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tuning.protocol.uploads import Upload
from tuning.protocol.written_dates import moment_text
from tuning.runner.failures import BadData

from .auxiliary import Group, Time
from .choices import Kept
from .filling import Column
from .schema_detection import DetectedSchema
from .targets import Targets, has_target, rows_with


@dataclass(frozen=True)
class Series:
    """The rows that have all targets. Several series follow each other in the order of their first
    rows in the file: `series` has the number of each row's, `names` what they are called. `y`:
    (rows, targets)."""

    x: np.ndarray
    y: np.ndarray
    times: np.ndarray
    series: np.ndarray
    names: list[str]
    were_sorted: bool = True

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """The first row of each series, and the one after its last."""
        ends = np.cumsum(np.bincount(self.series)).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))

    @property
    def befores(self) -> np.ndarray:
        """The rows that another row of their series follows."""
        return np.flatnonzero(np.diff(self.series) == 0)

    @property
    def steps(self) -> np.ndarray:
        """How much time lies between each of these and the next row."""
        return np.asarray(self.times[self.befores + 1] - self.times[self.befores])


def read_series(
    schema: DetectedSchema, targets: Targets, time: Time, kept: Kept, columns: list[Column],
    folder: Path, upload: Upload,
) -> Series:  # fmt: skip
    """The rows, with x in its file. Raises BadData for a time that occurs twice in a series, and
    for rows without a series."""
    count = rows_with(targets, schema)
    if count * len(kept) * 4 > upload.most_bytes:
        raise BadData(
            f"The prepared table needs {count * len(kept) * 4 / 2**20:,.0f} MB, more than the "
            f"limit of {upload.most_bytes / 2**20:,.0f} MB."
        )
    if not count:
        raise BadData("No row has all targets.")
    shape = (count, len(kept))
    x = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.float32, shape=shape)
    y: np.ndarray = np.empty((count, len(targets.scans)), np.float32)
    places = {scan.name: place for place, scan in enumerate(schema.scans)}
    named = schema.scan_of(upload.series) if upload.series else None
    group = Group(named) if named else None
    done = 0
    for piece in schema.table.pieces():
        values = targets.of(schema, piece)
        usable = has_target(values)
        end = done + int(usable.sum())
        y[done:end] = values.reshape(len(values), -1)[usable]
        time.take(piece.columns[places[time.name]], usable, piece.row)
        if group:
            group.take(piece.columns[places[group.name]], usable, piece.row)
        for at, ((scan, _), column) in enumerate(zip(kept, columns, strict=True)):
            x[done:end, at] = column.take(piece.columns[places[scan.name]], usable)
        done = end
    series, names = _numbered(group, count)
    order = np.lexsort((time.values, series))
    if not (np.diff(order) > 0).all():
        x[:] = x[order]
    found = Series(x, y[order], time.values[order], series[order], names)
    found = replace(found, were_sorted=bool((np.diff(order)[found.befores] > 0).all()))
    _refuse_doubles(found, time, upload)
    return found


def _numbered(group: Group | None, count: int) -> tuple[np.ndarray, list[str]]:
    """The number of each row's series, in the order of their first rows, and their names."""
    if group is None:
        return np.zeros(count, np.int64), [""]
    values = group.values
    if missing := int((values < 0).sum()):
        rows = "1 row" if missing == 1 else f"{missing:,} rows"
        raise BadData(f"“{group.name}” is empty in {rows}, but each row needs the name of its "
                      "series. Fix the file, or select another column.")  # fmt: skip
    found, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    by_first = np.argsort(first)
    number: np.ndarray = np.empty(len(found), np.int64)
    number[by_first] = np.arange(len(found))
    texts = group.texts
    return number[inverse.reshape(-1)], [texts[int(found[place])] for place in by_first]


def _refuse_doubles(rows: Series, time: Time, upload: Upload) -> None:
    """Raises BadData for several rows of a series at the same time."""
    same = rows.befores[rows.steps == 0]
    if not len(same):
        return
    moment = moment_text(rows.times[same[0]], bool(time.order))
    advice = (
        f"Each series has one row for each time: “{rows.names[rows.series[same[0]]][:40]}” has "
        "several."
        if upload.series
        else "A time series has one row for each time. If the table holds several series, select "
        "the column that names them."
    )
    raise BadData(
        f"“{time.name}” is {moment} in several rows ({len(same) + 1:,} rows share a time). {advice}"
    )
