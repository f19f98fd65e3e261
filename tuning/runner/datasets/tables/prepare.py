"""The second reading of a table: x, y and what they hold, as a person chose."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tuning.protocol.data_kinds import DataKind
from tuning.protocol.tasks import joined_names
from tuning.protocol.uploads import ColumnType, Upload
from tuning.runner.datasets.parsed import Parsed, Report
from tuning.runner.datasets.sources import Source
from tuning.runner.failures import BadData

from .auxiliary import AuxiliaryColumn, auxiliary_columns
from .choices import Kept, chosen_columns
from .columns import Scan
from .dates import orders_of, parts_of
from .filling import Column, column_of
from .notes import MAX_NAMED, notes_of
from .schema_detection import DetectedSchema
from .snippet import snippet_of
from .targets import Targets, chosen_targets, has_target, rows_with
from .texts import TextColumn


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
        auxiliary = auxiliary_columns(schema, upload, targets.scans)
        y = _fill(schema, targets, [scan for scan, _ in kept], columns, auxiliary, x)
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
            one |= {"date": date, "order": orders_of(schema.table)[date]}
    kind = DataKind.TEXT if texts else DataKind.TABLE
    notes = notes_of(schema, targets, len(y), kept) + [column.note() for column in auxiliary]
    return Parsed(
        kind, targets.task, source, notes, dropped, described,
        header=schema.table.dialect.header,
        auxiliary=[(column.described(), column.values) for column in auxiliary],
    )  # fmt: skip


def _refuse_texts(targets: Targets, kept: Kept) -> None:
    """Raise BadData for columns of text that nothing could reconstruct."""
    texts = [scan.name for scan, kind in kept if kind == ColumnType.TEXT]
    if texts and targets.task.traits.reconstructs:
        shown = ", ".join(f"“{name}”" for name in texts[:MAX_NAMED])
        raise BadData(f"Models cannot reconstruct text. Leave out {shown}, or make it a category.")


def _fill(
    schema: DetectedSchema,
    targets: Targets,
    scans: list[Scan],
    columns: list[Column],
    auxiliary: list[AuxiliaryColumn],
    x: np.ndarray,
) -> np.ndarray:
    """Write the rows that have all targets into x; their targets are returned."""
    width = (len(targets.names),) if targets.names else ()
    y: np.ndarray = np.empty((len(x), *width), targets.dtype)
    places = {scan.name: place for place, scan in enumerate(schema.scans)}
    done = 0
    for piece in schema.table.pieces():
        values = targets.of(schema, piece)
        usable = has_target(values)
        end = done + int(usable.sum())
        y[done:end] = values[usable]
        block: np.ndarray = np.empty((end - done, len(columns)), np.float32)
        for at, (scan, column) in enumerate(zip(scans, columns, strict=True)):
            block[:, at] = column.take(piece.columns[places[scan.name]], usable)
        x[done:end] = block
        for kept in auxiliary:
            kept.take(piece.columns[places[kept.name]], usable, piece.row)
        done = end
    return y
