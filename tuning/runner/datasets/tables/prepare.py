"""The second reading of a table: x, y and what they hold, as a person chose."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tuning.protocol.data_kinds import DataKind
from tuning.protocol.tasks import joined_names
from tuning.protocol.uploads import (
    DECIMALS,
    DELIMITERS,
    ENCODINGS,
    SEPARATORS,
    ColumnType,
    Upload,
)
from tuning.runner.datasets.parsed import Parsed, Report
from tuning.runner.datasets.sources import Source
from tuning.runner.failures import BadData

from .choices import Kept, chosen_columns
from .columns import Scan
from .dates import orders_of, parts_of
from .filling import Column, column_of
from .schema_detection import DetectedSchema, reading_of
from .snippet import snippet_of
from .targets import Targets, chosen_targets, has_target, rows_with
from .texts import TextColumn

# Whole numbers beyond it lose their last digits as float32.
_EXACT = 2**24
_MAX_NAMED = 8
_ORDERS = {"ymd": "year, month, day", "dmy": "day, month, year", "mdy": "month, day, year"}


def read_table(schema: DetectedSchema, upload: Upload, folder: Path, report: Report) -> Parsed:
    """Write folder/x.npy; the rest is returned. Raises BadData."""
    targets = chosen_targets(schema, upload)
    kept, dropped = chosen_columns(schema, upload, targets.scans)
    shape = (rows_with(targets, schema), len(kept))
    if not shape[0]:
        raise BadData("No row has all targets.")
    size = shape[0] * shape[1] * 4
    if size > upload.most_bytes:
        raise BadData(
            f"The prepared table needs {size / 2**20:,.0f} MB, more than the limit of "
            f"{upload.most_bytes / 2**20:,.0f} MB."
        )
    _refuse_texts(targets, kept)
    columns = [column_of(scan, kind, len(kept)) for scan, kind in kept]
    report("Writing the prepared data", 0)
    x = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.float32, shape=shape)
    with ExitStack() as files:
        texts = [(place, c) for place, c in enumerate(columns) if isinstance(c, TextColumn)]
        for place, column in texts:
            files.enter_context(column.open(folder, place, len(x), upload.most_bytes))
        y = _fill(schema, targets, [scan for scan, _ in kept], columns, x)
    x.flush()
    targets.check(y)
    source = Source(
        x=np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False),
        y=y,
        class_names=targets.class_names,
        feature_names=[scan.name for scan, _ in kept],
        target_name=joined_names([scan.name for scan in targets.scans]),
        target_names=targets.names,
        origin=f"Uploaded as {upload.name}.",
        load_snippet=snippet_of(schema, upload, targets, kept),
    )
    described = [column.described() for column in columns]
    for one in described:
        if date := parts_of(schema.table).get(one["name"]):
            one["date"] = date
    kind = DataKind.TEXT if texts else DataKind.TABLE
    return Parsed(
        kind, targets.task, source, _notes(schema, targets, len(y), kept), dropped,
        described, header=schema.table.dialect.header,
    )  # fmt: skip


def _refuse_texts(targets: Targets, kept: Kept) -> None:
    """Raise BadData for columns of text that nothing could reconstruct."""
    texts = [scan.name for scan, kind in kept if kind == ColumnType.TEXT]
    if texts and targets.task.traits.reconstructs:
        shown = ", ".join(f"“{name}”" for name in texts[:_MAX_NAMED])
        raise BadData(f"Models cannot reconstruct text. Leave out {shown}, or make it a category.")


def _fill(
    schema: DetectedSchema,
    targets: Targets,
    scans: list[Scan],
    columns: list[Column],
    x: np.ndarray,
) -> np.ndarray:
    """Write the rows that have all targets into x; their targets are returned."""
    width = (len(targets.names),) if targets.names else ()
    y: np.ndarray = np.empty((len(x), *width), targets.dtype)
    places = {scan.name: place for place, scan in enumerate(schema.scans)}
    done = 0
    for piece in schema.table.pieces():
        values = targets.of(schema, piece)
        wanted = has_target(values)
        end = done + int(wanted.sum())
        y[done:end] = values[wanted]
        block: np.ndarray = np.empty((end - done, len(columns)), np.float32)
        for at, (scan, column) in enumerate(zip(scans, columns, strict=True)):
            block[:, at] = column.take(piece.columns[places[scan.name]], wanted)
        x[done:end] = block
        done = end
    return y


def _notes(schema: DetectedSchema, targets: Targets, rows: int, kept: Kept) -> list[str]:
    notes = []
    dialect = schema.table.dialect
    files = schema.opened.files
    if len(files) == 1:
        notes.append(f"Read from {files[0]} in the archive.")
    elif files:
        notes.append(f"{len(files):,} files were read as one table: {', '.join(files)[:300]}.")
    if dialect.sheet:
        notes.append(f"Read from the sheet “{dialect.sheet}”.")
    if dialect.header == "no":
        notes.append("The file has no column names; columns are numbered.")
    if dialect.encoding:
        notes.append(
            f"Read as text in {ENCODINGS[dialect.encoding]}; the delimiter is a "
            f"{DELIMITERS[dialect.delimiter]}, the decimal sign a {DECIMALS[dialect.decimal]}."
        )
    for name, order in orders_of(schema.table).items():
        notes.append(
            f"{name} became year, month, weekday (Monday is 0) and days since 1970-01-01. Its "
            f"dates are written as {_ORDERS[order]}."
        )
    notes += _target_notes(targets, schema.rows - rows)
    missing = [f"{scan.name} {scan.missing:,}" for scan, _ in kept if scan.missing]
    if missing:
        shown = ", ".join(missing[:_MAX_NAMED]) + (", …" if len(missing) > _MAX_NAMED else "")
        noun = "column has" if len(missing) == 1 else "columns have"
        notes.append(f"{len(missing):,} {noun} missing values: {shown}.")
    if words := sorted(word.strip() for word in schema.missing_markers if word.strip()):
        shown = ", ".join(f"“{word}”" for word in words[:_MAX_NAMED])
        notes.append(f"Read as missing values: {shown}.")
    scans = [*(scan for scan, kind in kept if kind == ColumnType.NUMBER), *targets.scans]
    if readings := [f"{scan.name}: {text}" for scan in scans if (text := reading_of(scan))]:
        more = "; …" if len(readings) > _MAX_NAMED else ""
        notes.append(f"Written numbers. {'; '.join(readings[:_MAX_NAMED])}{more}.")
    if targets.task.traits.has_classes and targets.scans[0].is_numeric:
        notes.append(f"The numbers in “{targets.name}” are used as classes.")
    large = [scan.name for scan, kind in kept if kind == "number" and _is_long(scan)]
    if large:
        shown = ", ".join(large[:_MAX_NAMED]) + (", …" if len(large) > _MAX_NAMED else "")
        notes.append(f"Whole numbers above {_EXACT:,} were rounded (float32): {shown}.")
    return notes


def _target_notes(targets: Targets, dropped: int) -> list[str]:
    notes = []
    if dropped:
        noun = (
            "row was dropped because it has"
            if dropped == 1
            else "rows were dropped because they have"
        )
        some = "no target" if len(targets.scans) == 1 else "not all targets"
        notes.append(f"{dropped:,} {noun} {some}.")
    if targets.separator:
        notes.append(
            f"“{targets.name}” contains {len(targets.names):,} labels, separated by a "
            f"{SEPARATORS[targets.separator]}."
        )
    if targets.separator and targets.scans[0].missing and not dropped:
        missing = targets.scans[0].missing
        noun = "row has no labels: its" if missing == 1 else "rows have no labels: their"
        notes.append(f"{missing:,} {noun} “{targets.name}” is empty.")
    if targets.rare:
        shown = ", ".join(targets.rare[:_MAX_NAMED])
        more = ", …" if len(targets.rare) > _MAX_NAMED else ""
        notes.append(
            f"{len(targets.rare):,} labels are left out, because fewer than 2 rows have them or do "
            f"not have them: {shown}{more}."
        )
    return notes


def _is_long(scan: Scan) -> bool:
    return scan.whole and max(abs(scan.low), abs(scan.high)) > _EXACT
