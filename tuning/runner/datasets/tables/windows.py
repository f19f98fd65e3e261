"""Windows of a table whose rows follow each other in time: the rows once, and a target for each
window.

- `x.npy`: float32 (rows, columns) in the order of time, as for tables. The targets are inputs, too:
  a model sees what they were. A column that is known in advance is stored `horizon` rows earlier.
- `y.npy`: float32, for each window the targets of its horizon: the first target's `horizon` values,
  then the second one's.
- `times.npy`: float64 (rows,), days since 1970-01-01 or the numbers of the time column.
- `meta.json` has `windows`: what `protocol/windows.py` needs, and what pages show.

The time column is read as `auxiliary.py` reads one: numbers, or dates with their time of day and
UTC offset.
"""

import datetime
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tuning.figures import counted
from tuning.protocol.data_kinds import DataKind
from tuning.protocol.orders import TEST, TRAIN, VALIDATION
from tuning.protocol.tasks import MAX_TARGETS, Task, joined_names
from tuning.protocol.uploads import ColumnType, Upload
from tuning.protocol.windows import MAX_LOOK_BACK, TooFewWindows, Windows
from tuning.runner.datasets.parsed import Parsed, Report, check_numbers
from tuning.runner.datasets.sources import Source
from tuning.runner.failures import BadData
from tuning.runner.inputs.windows import cut

from .auxiliary import Time, time_column
from .choices import Kept, chosen_columns, unknown_column
from .dates import parts_of
from .filling import Column, column_of
from .notes import notes_of
from .schema_detection import DetectedSchema
from .snippet import reading_lines
from .targets import Targets, chosen_targets, has_target, rows_with

# After how many steps things repeat, by the length of a step in days: a day of hours, a week of
# days, a year of weeks, months or quarters.
_SEASONS = (
    (1 / 1440, 1440), (5 / 1440, 288), (10 / 1440, 144), (15 / 1440, 96), (30 / 1440, 48),
    (1 / 24, 24), (3 / 24, 8), (6 / 24, 4), (1, 7), (7, 52), (30.44, 12), (91.3, 4),
)  # fmt: skip
# Months and quarters have different lengths.
_TOLERANCE = 0.05
_SHOWN_TARGETS = 3
_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001  dates of a file have no zone


@dataclass
class _Rows:
    """The rows that have all targets, in the order of time."""

    x: np.ndarray
    y: np.ndarray
    times: np.ndarray
    were_sorted: bool = True


def read_windows(schema: DetectedSchema, upload: Upload, folder: Path, report: Report) -> Parsed:
    """Write folder/x.npy and times.npy; the rest is returned. Raises BadData."""
    if upload.task not in ("", Task.REGRESSION):
        raise BadData("Windows predict numbers. Select regression, or no time column.")
    time = _time_of(schema, upload)
    targets = chosen_targets(schema, replace(upload, task=Task.REGRESSION.value))
    kept, dropped = _columns(schema, upload, targets)
    _check_lengths(upload, kept, targets)
    report("Writing the prepared data", 0)
    columns = [column_of(scan, kind, len(kept)) for scan, kind in kept]
    rows = _read(schema, targets, time, kept, columns, folder, upload)
    windows = Windows(upload.look_back, upload.horizon, upload.stride, len(rows.times))
    try:
        windows.parts(TRAIN, VALIDATION, TEST)
    except TooFewWindows as error:
        raise BadData(str(error)) from None
    known = [place for place, (scan, _) in enumerate(kept) if scan.name in upload.known]
    rows.x[: -windows.horizon, known] = rows.x[windows.horizon :, known]
    rows.x.flush()  # type: ignore[attr-defined]
    np.save(folder / "times.npy", rows.times, allow_pickle=False)
    target_names = [scan.name for scan in targets.scans]
    y, names = _of_windows(rows.y, windows, target_names)
    check_numbers(names or target_names, y.reshape(len(y), -1))
    steps = np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False)
    source = Source(
        x=cut(steps, windows.look_back, windows.stride, windows.count),
        y=y,
        feature_names=[scan.name for scan, _ in kept],
        target_name=joined_names(target_names),
        target_names=names,
        origin=f"Uploaded as {upload.name}.",
        load_snippet=_snippet(schema, upload, targets, kept, time),
    )
    dated = bool(time.order)
    facts = {
        "time": upload.time, "targets": target_names, "known": list(upload.known),
        "look_back": windows.look_back, "horizon": windows.horizon, "stride": windows.stride,
        "rows": windows.rows, "dated": dated, "season": _season(rows.times) if dated else 0,
        "sample": _sample(rows, windows, target_names, dated),
    }  # fmt: skip
    described = [column.described() for column in columns]
    for one in described:
        if date := parts_of(schema.table).get(one["name"]):
            one["date"] = date
    notes = notes_of(schema, targets, len(rows.times), kept)
    return Parsed(
        DataKind.SEQUENCE, Task.REGRESSION, source, [*notes, *_notes(rows, windows, upload, dated)],
        dropped, described, header=schema.table.dialect.header,
        windows=facts,
    )  # fmt: skip


def _columns(
    schema: DetectedSchema, upload: Upload, targets: Targets
) -> tuple[Kept, list[tuple[str, str]]]:
    """The inputs: the targets are among them, the time is not."""
    names = [scan.name for scan in targets.scans]
    if upload.time in names:
        raise BadData(f"“{upload.time}” orders the rows, so it cannot be the target.")
    types = {**upload.types, **dict.fromkeys(names, ColumnType.NUMBER.value)}
    if types.get(upload.time) != ColumnType.DATE:
        types[upload.time] = ColumnType.OUT.value
    keep = [*upload.keep, *names] if upload.keep else []
    kept, dropped = chosen_columns(schema, replace(upload, types=types, keep=keep), [])
    texts = [scan.name for scan, kind in kept if kind == ColumnType.TEXT]
    if texts:
        raise BadData(f"“{texts[0]}” contains text, which windows cannot have. Leave it out.")
    # A date that is an input as well is replaced by its parts.
    orders = upload.time if types[upload.time] == ColumnType.OUT else ""
    return kept, [(name, "orders the rows" if name == orders else why) for name, why in dropped]


def _check_lengths(upload: Upload, kept: Kept, targets: Targets) -> None:
    """Raises BadData for windows that cannot be cut, whatever the rows."""
    if not 1 <= upload.look_back <= MAX_LOOK_BACK:
        raise BadData(f"The look-back must be between 1 and {MAX_LOOK_BACK:,} rows.")
    if upload.horizon < 1 or upload.stride < 1:
        raise BadData("Horizon and stride must be at least 1 row.")
    outputs = upload.horizon * len(targets.scans)
    if outputs > MAX_TARGETS:
        raise BadData(
            f"A horizon of {upload.horizon:,} rows and {len(targets.scans):,} target(s) are "
            f"{outputs:,} numbers to predict, more than the limit of {MAX_TARGETS}."
        )
    inputs = {scan.name for scan, _ in kept} - {scan.name for scan in targets.scans}
    for name in upload.known:
        if name not in inputs:
            raise BadData(f"“{name[:100]}” is not an input, so it cannot be known in advance.")
    if upload.known and upload.look_back < upload.horizon:
        raise BadData(
            f"With columns that are known in advance, the look-back ({upload.look_back:,}) must be "
            f"at least the horizon ({upload.horizon:,})."
        )


def _time_of(schema: DetectedSchema, upload: Upload) -> Time:
    """The column that orders the rows. Raises BadData."""
    if not upload.time:
        raise BadData("Windows need a time column, by which the rows are ordered. Select one.")
    scan = schema.scan_of(upload.time)
    if scan is None:
        raise BadData(unknown_column(schema, upload.time))
    return time_column(schema, scan)


def _read(
    schema: DetectedSchema, targets: Targets, time: Time, kept: Kept, columns: list[Column],
    folder: Path, upload: Upload,
) -> _Rows:  # fmt: skip
    """The rows, with x in its file. Raises BadData for a time that occurs twice."""
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
    done = 0
    for piece in schema.table.pieces():
        values = targets.of(schema, piece)
        usable = has_target(values)
        end = done + int(usable.sum())
        y[done:end] = values.reshape(len(values), -1)[usable]
        time.take(piece.columns[places[time.name]], usable, piece.row)
        for at, ((scan, _), column) in enumerate(zip(kept, columns, strict=True)):
            x[done:end, at] = column.take(piece.columns[places[scan.name]], usable)
        done = end
    times = time.values
    order = np.argsort(times, kind="stable")
    were_sorted = bool((np.diff(order) > 0).all())
    if not were_sorted:
        x[:] = x[order]
    rows = _Rows(x, y[order], times[order], were_sorted)
    same = np.flatnonzero(np.diff(rows.times) == 0)
    if len(same):
        raise BadData(
            f"“{time.name}” is {_time_text(rows.times[same[0]], bool(time.order))} in several rows "
            f"({len(same) + 1:,} rows share a time). A table holds one time series, with one row "
            "for each time."
        )
    return rows


def _of_windows(
    y: np.ndarray, windows: Windows, targets: list[str]
) -> tuple[np.ndarray, list[str]]:
    """The targets of each window, and their names if there are several."""
    first: np.ndarray = np.arange(windows.count) * windows.stride + windows.look_back
    values = y[first[:, None] + np.arange(windows.horizon)]
    if values.shape[1:] == (1, 1):
        return values.reshape(-1), []
    found = np.ascontiguousarray(values.transpose(0, 2, 1)).reshape(len(values), -1)
    if windows.horizon == 1:
        return found, targets
    return found, [f"{name} +{step + 1}" for name in targets for step in range(windows.horizon)]


def _season(times: np.ndarray) -> int:
    """After how many rows things repeat, if steps are as long as an hour, a day, a week, …; else
    0."""
    step = float(np.median(np.diff(times)))
    for days, season in _SEASONS:
        if abs(step - days) <= _TOLERANCE * days:
            return season
    return 0


def _sample(
    rows: _Rows, windows: Windows, targets: list[str], dated: bool
) -> dict[str, Any]:  # fmt: skip
    """The targets of a window in the middle, for a picture."""
    start = windows.start(windows.count // 2)
    end = start + windows.length
    return {
        "first": _time_text(rows.times[start], dated),
        "last": _time_text(rows.times[end - 1], dated),
        "values": [
            [float(str(value)) for value in rows.y[start:end, place]]
            for place in range(min(len(targets), _SHOWN_TARGETS))
        ],
    }


def _time_text(time: Any, dated: bool) -> str:
    """2024-01-31 or 2024-01-31 07:00, or a plain number. `time`: a number of numpy's."""
    if not dated:
        return f"{float(time):.10g}"
    seconds = round(float(time) * 86400)
    moment = _EPOCH + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%d" if seconds % 86400 == 0 else "%Y-%m-%d %H:%M")


def _notes(rows: _Rows, windows: Windows, upload: Upload, dated: bool) -> list[str]:
    first, last = (_time_text(rows.times[place], dated) for place in (0, -1))
    notes = [
        f"{windows.count:,} windows were cut from {windows.rows:,} rows, {first} to {last}: "
        f"{counted(windows.look_back, 'row')} to look back, {windows.horizon:,} to predict; "
        f"windows begin {counted(windows.stride, 'row')} apart. Projects split them by time and "
        f"leave out {counted(windows.gap, 'window')} between parts, so that no row is in two of "
        "them."
    ]
    if not rows.were_sorted:
        notes.append(f"The rows were sorted by “{upload.time}”.")
    steps = np.diff(rows.times)
    usual = float(np.median(steps))
    wide = np.flatnonzero(steps > 1.5 * usual)
    if len(wide):
        where = _time_text(rows.times[wide[0]], dated)
        are = "is" if len(wide) == 1 else "are"
        notes.append(
            f"{counted(len(wide), 'step')} between rows {are} longer than usual, the first after "
            f"{where}. Windows reach across gaps: fill in the missing rows if that is wrong."
        )
    if upload.known:
        names = ", ".join(upload.known)[:300]
        early = counted(windows.horizon, "row")
        notes.append(f"Known in advance, and seen {early} early: {names}.")
    return notes


def _snippet(
    schema: DetectedSchema, upload: Upload, targets: Targets, kept: Kept, time: Time
) -> str:
    """`x`: a DataFrame of the inputs in the order of time; `y`: the targets of each window."""
    numbers = [scan for scan, kind in kept if kind == ColumnType.NUMBER]
    texts = [scan for scan, kind in kept if kind != ColumnType.NUMBER]
    (texts if time.order else numbers).append(time.scan)
    lines = reading_lines(schema, upload, numbers, texts, has_times=bool(time.order))
    names = [scan.name for scan in targets.scans]
    if targets.drops_missing:
        lines.append(f"table = table.dropna(subset={names!r})")
    look_back, length = upload.look_back, upload.look_back + upload.horizon
    return "\n".join([
        *lines,
        *_sorting_lines(time),
        f"x = table[{[scan.name for scan, _ in kept]!r}]",
        f"targets = table[{names!r}].to_numpy('float32')",
        f"# Of each window: the targets of the {upload.horizon} row(s) after the {look_back} that a"
        " model sees.",
        f"starts = range(0, len(table) - {length - 1}, {upload.stride})",
        f"y = np.array([targets[i + {look_back} : i + {length}].T.ravel() for i in starts])",
        *(["y = y.ravel()"] if length - look_back == len(names) == 1 else []),
    ]) + "\n"  # fmt: skip


def _sorting_lines(time: Time) -> list[str]:
    """`table` in the order of time."""
    if not time.order:
        return [f'table = table.sort_values({time.name!r}, kind="stable")']
    return [
        f"days = [days_of(str(cell), {time.order!r}) for cell in table[{time.name!r}]]",
        'table = table.iloc[np.argsort(days, kind="stable")]',
    ]
