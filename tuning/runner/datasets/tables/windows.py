"""Windows of a table whose rows follow each other in time: the rows once, and a target for each
window.

- `x.npy`: float32 (rows, columns) in the order of time, as for tables; of several series, one after
  the other. The targets are inputs, too: a model sees what they were. A column that is known in
  advance is stored `horizon` rows earlier.
- `y.npy`: float32, for each window the targets of its horizon: the first target's `horizon` values,
  then the second one's. Of classes int64, that of the next row.
- `times.npy`: float64 (rows,), days since 1970-01-01 or the numbers of the time column.
- `starts.npy`, `series.npy`: int64, only of several series: the first row of each window, in the
  order of the windows' ends, and the series of each row.
- `meta.json` has `windows`: what `protocol/windows.py` needs, and what pages show.

The time column is read as `auxiliary.py` reads one: numbers, or dates with their time of day and
UTC offset.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tuning.figures import counted
from tuning.protocol.data_kinds import DataKind
from tuning.protocol.orders import TEST, TRAIN, VALIDATION
from tuning.protocol.tasks import MAX_TARGETS, Task, joined_names
from tuning.protocol.uploads import ColumnType, Upload
from tuning.protocol.windows import MAX_LOOK_BACK, TooFewWindows, Windows
from tuning.protocol.written_dates import moment_text
from tuning.runner.datasets.parsed import Parsed, Report, check_numbers
from tuning.runner.datasets.sources import Source
from tuning.runner.failures import BadData
from tuning.runner.inputs.windows import SeriesWindows, cut
from tuning.splits.windows import parts_in_time

from .auxiliary import Time, time_column
from .choices import Kept, chosen_columns, unknown_column
from .dates import orders_of, parts_of
from .filling import column_of
from .notes import notes_of
from .schema_detection import DetectedSchema
from .series import Series, read_series
from .targets import Targets, chosen_targets
from .window_snippet import window_snippet

# After how many steps things repeat, by the length of a step in days: a day of hours, a week of
# days, a year of weeks, months or quarters.
_SEASONS = (
    (1 / 1440, 1440), (5 / 1440, 288), (10 / 1440, 144), (15 / 1440, 96), (30 / 1440, 48),
    (1 / 24, 24), (3 / 24, 8), (6 / 24, 4), (1, 7), (7, 52), (30.44, 12), (91.3, 4),
)  # fmt: skip
# Months and quarters have different lengths.
_TOLERANCE = 0.05
_SHOWN_TARGETS = 3
# Of several series, for plots and sentences; with so many characters of each name.
_MAX_NAMES, _MAX_NAME = 1_000, 100


def read_windows(schema: DetectedSchema, upload: Upload, folder: Path, report: Report) -> Parsed:
    """Write folder/x.npy, times.npy and, of several series, starts.npy and series.npy; the rest is
    returned. Raises BadData."""
    time = _time_of(schema, upload)
    targets = chosen_targets(schema, replace(upload, task=_task(schema, upload).value))
    kept, dropped = _columns(schema, upload, targets)
    _check_lengths(upload, kept, targets)
    report("Writing the prepared data", 0)
    columns = [column_of(scan, kind, len(kept)) for scan, kind in kept]
    rows = read_series(schema, targets, time, kept, columns, folder, upload)
    starts, windows = _cut(rows, upload, len(kept), folder)
    known = [place for place, (scan, _) in enumerate(kept) if scan.name in upload.known]
    for start, end in rows.blocks if known else []:
        later = rows.x[start + windows.horizon : end, known]
        rows.x[start : start + len(later), known] = later
    rows.x.flush()  # type: ignore[attr-defined]
    np.save(folder / "times.npy", rows.times, allow_pickle=False)
    target_names = [scan.name for scan in targets.scans]
    y, names = _of_windows(rows.y, starts, windows, targets)
    steps = np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False)
    source = Source(
        x=SeriesWindows(steps, starts, windows.look_back)
        if windows.series > 1
        else cut(steps, windows.look_back, windows.stride, windows.count),
        y=y,
        feature_names=[scan.name for scan, _ in kept],
        target_name=joined_names(target_names),
        target_names=names,
        class_names=targets.class_names,
        origin=f"Uploaded as {upload.name}.",
        load_snippet=window_snippet(schema, upload, targets, kept, time),
    )  # fmt: skip
    dated = bool(time.order)
    described = [column.described() for column in columns]
    for one in described:
        if date := parts_of(schema.table).get(one["name"]):
            one |= {"date": date, "order": orders_of(schema.table)[date]}
    facts = {
        "time": upload.time, "targets": target_names, "known": list(upload.known),
        "look_back": windows.look_back, "horizon": windows.horizon, "stride": windows.stride,
        "rows": windows.rows, "dated": dated, "order": time.order,
        "season": _season(rows) if dated else 0,
        "sample": _sample(rows, int(starts[len(starts) // 2]), windows, target_names, dated),
        **_facts_of_series(rows, windows, upload), **_facts_of_classes(targets, described),
    }  # fmt: skip
    notes = notes_of(schema, targets, len(rows.times), kept)
    return Parsed(
        DataKind.SEQUENCE, targets.task, source, [*notes, *_notes(rows, windows, upload, dated)],
        dropped, described, header=schema.table.dialect.header,
        windows=facts,
    )  # fmt: skip


def _task(schema: DetectedSchema, upload: Upload) -> Task:
    """Numbers are predicted as numbers if nobody says otherwise."""
    if upload.task not in ("", Task.REGRESSION, Task.CLASSIFICATION):
        raise BadData(
            "Windows predict numbers or the class of the next row. Select regression or "
            "classification, or no time column."
        )
    scan = schema.scan_of(upload.target)
    of_text = scan is not None and not scan.is_numeric
    return Task(upload.task or (Task.CLASSIFICATION if of_text else Task.REGRESSION))


def _columns(
    schema: DetectedSchema, upload: Upload, targets: Targets
) -> tuple[Kept, list[tuple[str, str]]]:
    """The inputs: the targets are among them, and the series as a category if it is not left out;
    the time is not."""
    names = [scan.name for scan in targets.scans]
    if upload.time in names:
        raise BadData(f"“{upload.time}” orders the rows, so it cannot be the target.")
    kind = ColumnType.CATEGORY if targets.task.traits.has_classes else ColumnType.NUMBER
    types = {**upload.types, **dict.fromkeys(names, kind.value)}
    if types.get(upload.time) != ColumnType.DATE:
        types[upload.time] = ColumnType.OUT.value
    reasons = {} if types[upload.time] == ColumnType.DATE else {upload.time: "orders the rows"}
    if upload.series:
        types[upload.series] = _type_of_series(schema, upload, names)
        reasons[upload.series] = "names the series"
    keep = [*upload.keep, *names] if upload.keep else []
    kept, dropped = chosen_columns(schema, replace(upload, types=types, keep=keep), [])
    texts = [scan.name for scan, kind in kept if kind == ColumnType.TEXT]
    if texts:
        raise BadData(f"“{texts[0]}” contains text, which windows cannot have. Leave it out.")
    # A date that is an input as well is replaced by its parts.
    return kept, [(name, reasons.get(name, why)) for name, why in dropped]


def _type_of_series(schema: DetectedSchema, upload: Upload, targets: list[str]) -> str:
    """Models see which series a row belongs to, unless a person leaves it out or there are too many
    of them. Raises BadData."""
    scan = schema.scan_of(upload.series)
    if scan is None:
        raise BadData(unknown_column(schema, upload.series))
    if upload.series in (upload.time, *targets):
        what = "time column" if upload.series == upload.time else "target"
        raise BadData(f"“{upload.series}” names the series, so it cannot be the {what}.")
    # What suggests to leave out a column of another table, such as numbers with an exception, does
    # not hold for names.
    chosen = upload.types.get(upload.series, ColumnType.CATEGORY)
    left_out = upload.keep and upload.series not in upload.keep
    inputs = (ColumnType.NUMBER, ColumnType.CATEGORY)
    is_input = chosen in inputs and not left_out and scan.different > 1 and scan.may_be_category
    return (ColumnType.CATEGORY if is_input else ColumnType.OUT).value


def _check_lengths(upload: Upload, kept: Kept, targets: Targets) -> None:
    """Raises BadData for windows that cannot be cut, whatever the rows."""
    if not 1 <= upload.look_back <= MAX_LOOK_BACK:
        raise BadData(f"The look-back must be between 1 and {MAX_LOOK_BACK:,} rows.")
    if upload.horizon < 1 or upload.stride < 1:
        raise BadData("Horizon and stride must be at least 1 row.")
    if targets.task.traits.has_classes and upload.horizon > 1:
        raise BadData(
            f"Only the class of the next row can be predicted, but the horizon is "
            f"{upload.horizon:,}. Set it to 1."
        )
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


def _cut(rows: Series, upload: Upload, width: int, folder: Path) -> tuple[np.ndarray, Windows]:
    """The first row of each window, in the order of the windows' ends. Raises BadData for too few
    of them, and for more than fit into memory."""
    windows = Windows(upload.look_back, upload.horizon, upload.stride, len(rows.times))
    fractions = [TRAIN, VALIDATION, TEST]
    try:
        if len(rows.names) == 1:
            windows.parts(*fractions)
            return np.arange(windows.count) * windows.stride, windows
        of_each: list[np.ndarray] = [
            np.arange(replace(windows, rows=end - start).count) * windows.stride + start
            for start, end in rows.blocks
        ]
        starts = np.concatenate(of_each)
        ends = rows.times[starts + windows.length - 1]
        starts = starts[np.argsort(ends, kind="stable")]
        parts_in_time(rows.times[starts], np.sort(ends), fractions)
    except TooFewWindows as error:
        raise BadData(str(error)) from None
    # Windows of one series share the memory of their rows.
    size = len(starts) * windows.look_back * width * 4
    if size > upload.most_bytes:
        raise BadData(
            f"{len(starts):,} windows of {windows.look_back:,} rows need {size / 2**20:,.0f} MB, "
            f"more than the limit of {upload.most_bytes / 2**20:,.0f} MB. Select a smaller "
            "look-back or a larger stride."
        )
    np.save(folder / "starts.npy", starts, allow_pickle=False)
    np.save(folder / "series.npy", rows.series, allow_pickle=False)
    return starts, replace(windows, series=len(rows.names), total=len(starts))


def _of_windows(
    y: np.ndarray, starts: np.ndarray, windows: Windows, targets: Targets
) -> tuple[np.ndarray, list[str]]:
    """The targets of each window, and their names if there are several. Raises BadData for windows
    that all have the same ones."""
    values = y[(starts + windows.look_back)[:, None] + np.arange(windows.horizon)]
    names = [scan.name for scan in targets.scans]
    if targets.task.traits.has_classes:
        classes = values.reshape(-1).astype(np.int64)
        counts = np.bincount(classes, minlength=len(targets.class_names))
        for name, count in zip(targets.class_names, counts, strict=True):
            if not count:
                raise BadData(
                    f"No window has the class “{name}” as its target: only the rows that come "
                    f"before all targets have it. Select a smaller look-back or another target."
                )
        return classes, []
    found = np.ascontiguousarray(values.transpose(0, 2, 1)).reshape(len(values), -1)
    if windows.horizon > 1:
        names = [f"{name} +{step + 1}" for name in names for step in range(windows.horizon)]
    check_numbers(names, found)
    return (found, names) if len(names) > 1 else (found.reshape(-1), [])


def _facts_of_series(rows: Series, windows: Windows, upload: Upload) -> dict[str, Any]:
    """What the profile says of several series; the column's name also of a single one."""
    if not upload.series:
        return {}
    facts: dict[str, Any] = {"series": upload.series}
    if windows.series == 1:
        return facts
    return {
        **facts, "series_count": windows.series, "count": windows.count,
        "series_names": [name[:_MAX_NAME] for name in rows.names[:_MAX_NAMES]],
    }  # fmt: skip


def _facts_of_classes(targets: Targets, described: list[dict[str, Any]]) -> dict[str, Any]:
    """The class of each code that the target's past has in x."""
    if not targets.task.traits.has_classes:
        return {}
    texts = next(one["values"] for one in described if one["name"] == targets.name)
    return {"codes": [int(value) for value in targets.values([texts])]}


def _season(rows: Series) -> int:
    """After how many rows things repeat, if steps are as long as an hour, a day, a week, …; else
    0."""
    step = float(np.median(rows.steps))
    for days, season in _SEASONS:
        if abs(step - days) <= _TOLERANCE * days:
            return season
    return 0


def _sample(
    rows: Series, start: int, windows: Windows, targets: list[str], dated: bool
) -> dict[str, Any]:  # fmt: skip
    """The targets of a window in the middle, for a picture."""
    end = start + windows.length
    return {
        "first": moment_text(float(rows.times[start]), dated),
        "last": moment_text(float(rows.times[end - 1]), dated),
        "values": [
            [float(str(value)) for value in rows.y[start:end, place]]
            for place in range(min(len(targets), _SHOWN_TARGETS))
        ],
    }


def _notes(rows: Series, windows: Windows, upload: Upload, dated: bool) -> list[str]:
    first, last = (moment_text(float(time), dated) for time in (rows.times.min(), rows.times.max()))
    several = f" of {windows.series:,} series (“{upload.series}”)" if windows.series > 1 else ""
    split = (
        "No window has rows of two series. Projects split all series at the same moments and leave "
        "out windows that reach across one."
        if several
        else f"Projects split them by time and leave out {counted(windows.gap, 'window')} between "
        "parts, so that no row is in two of them."
    )
    notes = [
        f"{windows.count:,} windows were cut from {windows.rows:,} rows{several}, {first} to "
        f"{last}: {counted(windows.look_back, 'row')} to look back, {windows.horizon:,} to "
        f"predict; windows begin {counted(windows.stride, 'row')} apart. {split}"
    ]
    if not rows.were_sorted:
        notes.append(f"The rows were sorted by “{upload.time}”.")
    notes += [note for note in (_short_series(rows, windows), _long_steps(rows, dated)) if note]
    if upload.known:
        names = ", ".join(upload.known)[:300]
        early = counted(windows.horizon, "row")
        notes.append(f"Known in advance, and seen {early} early: {names}.")
    return notes


def _short_series(rows: Series, windows: Windows) -> str:
    """A sentence about series without a window, or nothing."""
    sizes = np.bincount(rows.series)
    short = np.flatnonzero(sizes < windows.length)
    if not len(short):
        return ""
    names = ", ".join(f"“{rows.names[number][:40]}”" for number in short[:_SHOWN_TARGETS])
    more = ", …" if len(short) > _SHOWN_TARGETS else ""
    have = "has" if len(short) == 1 else "have"
    return (
        f"{len(short):,} series with fewer than {windows.length:,} rows {have} no window: "
        f"{names}{more}."
    )


def _long_steps(rows: Series, dated: bool) -> str:
    """A sentence about steps that are longer than usual, or nothing."""
    steps = rows.steps
    wide = np.flatnonzero(steps > 1.5 * float(np.median(steps)))
    if not len(wide):
        return ""
    where = moment_text(rows.times[rows.befores[wide[0]]], dated)
    are = "is" if len(wide) == 1 else "are"
    return (
        f"{counted(len(wide), 'step')} between rows {are} longer than usual, the first after "
        f"{where}. Windows reach across gaps: fill in the missing rows if that is wrong."
    )
