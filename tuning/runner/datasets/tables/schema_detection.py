"""Schema detection: what the columns of a table are, read before a person confirms them."""

from collections import Counter
from dataclasses import asdict, dataclass, replace

from tuning.protocol.events import FoundColumn, SchemaDetected
from tuning.protocol.names import one_line
from tuning.protocol.tasks import Task
from tuning.protocol.uploads import MAX_MARKER, MAX_MARKERS, ColumnType, Upload
from tuning.runner.failures import BadData

from .cells import CellReader, text_of
from .columns import Scan
from .notation import PERCENT, Notation, Votes, decimal_of
from .opening import Opened
from .source import Table
from .tags import Tags, likely, tags_of
from .target_guess import guess_target

MAX_CLASSES_GUESSED = 20
_WIDE = 1_000


@dataclass
class DetectedSchema:
    """A table and what its cells say, column by column, in the file's order."""

    opened: Opened
    scans: list[Scan]
    rows: int

    @property
    def table(self) -> Table:
        return self.opened.table

    def scan_of(self, name: str) -> Scan | None:
        return next((scan for scan in self.scans if scan.name == name), None)

    @property
    def missing_markers(self) -> set[str]:
        """The cells that were read as missing values."""
        return set().union(*(scan.read.missing_markers for scan in self.scans))


def detect_schema(opened: Opened, upload: Upload) -> DetectedSchema:
    """Read all of a table, once if the first rows tell how its numbers are written. Raises BadData
    for what is no table at all."""
    table = opened.table
    votes = [Votes() for _ in table.names]
    if not votes:
        name, why = next(iter(table.unread.items()))
        raise BadData(f"No usable columns. For example, “{name}” {why}.")
    readers = _Readers(table, upload)
    scans: list[Scan] = []
    rows = 0
    for piece in table.pieces():
        rows += len(piece.columns[0])
        tallies = [Counter(cells) for cells in piece.columns]
        for vote, tally in zip(votes, tallies, strict=True):
            vote.take(tally)
        scans = scans or readers.scans(votes)
        for scan, cells, tally in zip(scans, piece.columns, tallies, strict=True):
            scan.take(cells, piece.row, tally)
    schema = DetectedSchema(opened, scans, rows)
    _scan_again(schema, readers.scans(votes))
    if table.dialect.encoding:
        table.dialect.decimal = readers.decimal(votes)
    return schema


class _Readers:
    """The columns' scans, with the notation that their cells have voted for so far."""

    def __init__(self, table: Table, upload: Upload) -> None:
        self._table, self._upload = table, upload

    def decimal(self, votes: list[Votes]) -> str:
        return self._upload.decimal or decimal_of(votes, self._table.dialect.delimiter)

    def scans(self, votes: list[Votes]) -> list[Scan]:
        default = self.decimal(votes)
        gaps, values = self._upload.gaps, self._upload.not_missing
        return [
            Scan(name, CellReader(self._notation(name, vote, default), gaps, values), vote)
            for name, vote in zip(self._table.names, votes, strict=True)
        ]

    def _notation(self, name: str, vote: Votes, default: str) -> Notation:
        found = vote.notation(default, self._upload.decimals.get(name, ""))
        if self._upload.percents is None:
            return found
        if name in self._upload.percents:
            return replace(found, unit=PERCENT)
        return replace(found, unit="") if found.unit == PERCENT else found


def _scan_again(schema: DetectedSchema, decided: list[Scan]) -> None:
    """Read the columns once more whose first rows looked otherwise than all of them."""
    changed = [
        place
        for place, (scan, other) in enumerate(zip(schema.scans, decided, strict=True))
        if scan.read.notation != other.read.notation
    ]
    if not changed:
        return
    for piece in schema.table.pieces():
        for place in changed:
            cells = piece.columns[place]
            decided[place].take(cells, piece.row)
    for place in changed:
        schema.scans[place] = decided[place]


def schema_event(schema: DetectedSchema, file_names: str = "") -> SchemaDetected:
    """What people are shown before they choose; `file_names` is the column of images' names."""
    others = [scan for scan in schema.scans if scan.name != file_names]
    guess = guess_target(others or schema.scans)
    # Thousands of columns must fit into one event.
    most = 3 if len(schema.scans) <= _WIDE else 1
    columns = []
    for scan in schema.scans:
        kind, reason = scan.suggestion()
        examples = scan.examples[:most]
        columns.append(
            FoundColumn(
                scan.name, kind, scan.missing, scan.different, examples, reason,
                reading_of(scan), scan.is_open,
            )
        )  # fmt: skip
    columns += [
        FoundColumn(name, ColumnType.OUT, 0, 0, [], why)
        for name, why in schema.table.unread.items()
    ]
    tags = None if guess.column.is_numeric else likely(tags_in(schema, guess.column))
    markers = sorted({word.strip()[:MAX_MARKER] for word in schema.missing_markers} - {""})
    return SchemaDetected(
        schema.rows,
        columns,
        guess.column.name,
        Task.MULTI_LABEL if tags else task_of(guess.column),
        **asdict(schema.table.dialect),
        separator=tags.separator if tags else "",
        target_reason=guess.reason,
        markers=markers[:MAX_MARKERS],
        file_names=file_names,
        sheets=schema.table.sheets,
        members=schema.opened.members,
    )


def tags_in(schema: DetectedSchema, scan: Scan) -> list[Tags]:
    """What a column holds if its cells are several labels, for each separator. A column of many
    different texts is read once more."""
    if scan.counts is not None:
        return tags_of([scan.counts])
    place = schema.scans.index(scan)
    pieces = (Counter(piece.columns[place]) for piece in schema.table.pieces())
    return tags_of(
        {text_of(cell): count for cell, count in cells.items() if scan.read(cell) is not None}
        for cells in pieces
    )


def reading_of(scan: Scan) -> str:
    """“$1,234.50” is read as 1234.5; empty for numbers that are written as programs write them."""
    if not scan.is_numeric or not (scan.read.written or scan.is_open):
        return ""
    text, number = scan.read.written or (scan.examples[0], scan.read(scan.examples[0]))
    return f"“{one_line(text)}” is read as {number:.10g}"


def task_of(scan: Scan) -> str:
    """What a target suggests: numbers with many values are a quantity, all else are classes."""
    few = scan.different <= min(MAX_CLASSES_GUESSED, max(2, scan.present // 2))
    if scan.is_numeric and not (scan.whole and few):
        return Task.REGRESSION
    return Task.CLASSIFICATION
