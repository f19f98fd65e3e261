"""Schema detection: what the columns of a table are, read before a person confirms them."""

from dataclasses import asdict, dataclass
from pathlib import Path

from tuning.protocol.events import FoundColumn, SchemaDetected
from tuning.protocol.tasks import Task
from tuning.protocol.uploads import PARQUET, ColumnType, Upload
from tuning.runner.datasets.parsed import Report
from tuning.runner.failures import BadData

from .cells import CellReader
from .columns import Scan
from .source import Dialect, Table
from .target_guess import guess_target
from .text import TextTable

MAX_CLASSES_GUESSED = 20
_WIDE = 1_000


@dataclass
class DetectedSchema:
    """A table and what its cells say, column by column, in the file's order."""

    table: Table
    read: CellReader
    scans: list[Scan]
    rows: int

    def scan_of(self, name: str) -> Scan | None:
        return next((scan for scan in self.scans if scan.name == name), None)


def detect_schema(path: Path, upload: Upload, report: Report) -> DetectedSchema:
    """Read all of a table once. Raises BadData for what is no table at all."""
    table = _open(path, upload, report)
    read = CellReader(table.dialect.decimal or ".", upload.gaps)
    scans = [Scan(name, read) for name in table.names]
    if not scans:
        name, why = next(iter(table.unread.items()))
        raise BadData(f"No usable columns. For example, “{name}” {why}.")
    rows = 0
    for piece in table.pieces():
        rows += len(piece.columns[0])
        for scan, cells in zip(scans, piece.columns, strict=True):
            scan.take(cells, piece.row)
    return DetectedSchema(table, read, scans, rows)


def _open(path: Path, upload: Upload, report: Report) -> Table:
    if upload.kind == PARQUET:
        # Only here: text needs none of it.
        from .parquet import ParquetTable

        return ParquetTable(path, upload.most_bytes, report)
    dialect = Dialect(upload.encoding, upload.delimiter, upload.decimal)
    return TextTable(path, dialect, report, tabs=upload.name.lower().endswith(".tsv"))


def schema_event(schema: DetectedSchema) -> SchemaDetected:
    """What people are shown before they choose."""
    guess = guess_target(schema.scans)
    # Thousands of columns must fit into one event.
    most = 3 if len(schema.scans) <= _WIDE else 1
    columns = []
    for scan in schema.scans:
        kind, reason = scan.suggestion()
        examples = scan.examples[:most]
        columns.append(FoundColumn(scan.name, kind, scan.missing, scan.different, examples, reason))
    columns += [
        FoundColumn(name, ColumnType.OUT, 0, 0, [], why)
        for name, why in schema.table.unread.items()
    ]
    return SchemaDetected(
        schema.rows,
        columns,
        guess.column.name,
        task_of(guess.column),
        **asdict(schema.table.dialect),
        target_reason=guess.reason,
    )


def task_of(scan: Scan) -> str:
    """What a target suggests: numbers with many values are a quantity, all else are classes."""
    few = scan.different <= min(MAX_CLASSES_GUESSED, max(2, scan.present // 2))
    if scan.is_numeric and not (scan.whole and few):
        return Task.REGRESSION
    return Task.CLASSIFICATION
