"""What was done to a table, in sentences."""

from tuning.protocol.uploads import DECIMALS, DELIMITERS, ENCODINGS, SEPARATORS, ColumnType

from .choices import Kept
from .columns import Scan
from .dates import orders_of
from .schema_detection import DetectedSchema, reading_of
from .targets import Targets

# Whole numbers beyond it lose their last digits as float32.
_EXACT = 2**24
MAX_NAMED = 8
_ORDERS = {"ymd": "year, month, day", "dmy": "day, month, year", "mdy": "month, day, year"}


def notes_of(schema: DetectedSchema, targets: Targets, rows: int, kept: Kept) -> list[str]:
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
        shown = ", ".join(missing[:MAX_NAMED]) + (", …" if len(missing) > MAX_NAMED else "")
        noun = "column has" if len(missing) == 1 else "columns have"
        notes.append(f"{len(missing):,} {noun} missing values: {shown}.")
    if words := sorted(word.strip() for word in schema.missing_markers if word.strip()):
        shown = ", ".join(f"“{word}”" for word in words[:MAX_NAMED])
        notes.append(f"Read as missing values: {shown}.")
    scans = [*(scan for scan, kind in kept if kind == ColumnType.NUMBER), *targets.scans]
    if readings := [f"{scan.name}: {text}" for scan in scans if (text := reading_of(scan))]:
        more = "; …" if len(readings) > MAX_NAMED else ""
        notes.append(f"Written numbers. {'; '.join(readings[:MAX_NAMED])}{more}.")
    if targets.task.traits.has_classes and targets.scans[0].is_numeric:
        notes.append(f"The numbers in “{targets.name}” are used as classes.")
    large = [scan.name for scan, kind in kept if kind == "number" and _is_long(scan)]
    if large:
        shown = ", ".join(large[:MAX_NAMED]) + (", …" if len(large) > MAX_NAMED else "")
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
        shown = ", ".join(targets.rare[:MAX_NAMED])
        more = ", …" if len(targets.rare) > MAX_NAMED else ""
        notes.append(
            f"{len(targets.rare):,} labels are left out, because fewer than 2 rows have them or do "
            f"not have them: {shown}{more}."
        )
    return notes


def _is_long(scan: Scan) -> bool:
    return scan.whole and max(abs(scan.low), abs(scan.high)) > _EXACT
