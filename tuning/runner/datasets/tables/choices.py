"""What a person chose for a table, checked against what its cells say."""

from tuning.protocol.uploads import AUXILIARY, MAX_CATEGORIES, ColumnType, Upload
from tuning.protocol.written_numbers import read_number
from tuning.runner.failures import BadData

from .cells import LARGEST
from .columns import MAX_CATEGORY_LENGTH, Scan
from .schema_detection import DetectedSchema

_NAMED_COLUMNS = 20
Kept = list[tuple[Scan, ColumnType]]


def chosen_columns(
    schema: DetectedSchema, upload: Upload, targets: list[Scan]
) -> tuple[Kept, list[tuple[str, str]]]:
    """The columns that models will see, with their types, and the others with the reason, but for
    auxiliary ones. Raises BadData."""
    kept, dropped = [], []
    for name in (*upload.types, *upload.keep):
        if schema.scan_of(name) is None and name not in schema.table.unread:
            raise BadData(unknown_column(schema, name))
    for scan in schema.scans:
        if scan in targets:
            continue
        kind, reason = _type_and_reason(scan, upload)
        if kind == ColumnType.DATE:
            dropped.append((scan.name, "was replaced by its year, month, weekday and days"))
            continue
        if kind in AUXILIARY:
            continue
        if kind == ColumnType.OUT:
            dropped.append((scan.name, reason or "was excluded by you"))
            continue
        _check_type(scan, kind)
        kept.append((scan, ColumnType(kind)))
    for name, reason in schema.table.unread.items():
        if upload.types.get(name, ColumnType.OUT) != ColumnType.OUT:
            raise BadData(f"The column “{name}” {reason}. Leave it out.")
        dropped.append((name, reason))
    if not kept:
        raise BadData("No input columns remain. Include at least one.")
    return kept, dropped


def _type_and_reason(scan: Scan, upload: Upload) -> tuple[str, str]:
    """What becomes of a column, and why it should be left out if it should."""
    suggested, reason = scan.suggestion()
    if upload.types.get(scan.name) in AUXILIARY:
        return upload.types[scan.name], ""
    if upload.keep and scan.name not in upload.keep:
        return ColumnType.OUT, ""
    if upload.keep and suggested == ColumnType.OUT:
        suggested = ColumnType.NUMBER if scan.is_numeric else ColumnType.CATEGORY
    return upload.types.get(scan.name, suggested), reason


def unknown_column(schema: DetectedSchema, name: str) -> str:
    """A sentence about a column that the table does not have."""
    names = [scan.name for scan in schema.scans]
    more = ", …" if len(names) > _NAMED_COLUMNS else ""
    return f"No column “{name[:100]}”. Columns: {', '.join(names[:_NAMED_COLUMNS])}{more}."


def _check_type(scan: Scan, kind: str) -> None:
    if not scan.present:
        raise BadData(f"The column “{scan.name}” is empty. Leave it out.")
    if kind == ColumnType.TEXT:
        return
    if kind == ColumnType.NUMBER:
        check_is_numeric(scan)
    elif kind != ColumnType.CATEGORY:
        raise BadData(f"The column “{scan.name}” cannot have type “{kind[:20]}”.")
    elif scan.counts is None:
        raise BadData(
            f"The column “{scan.name}” has more than {MAX_CATEGORIES:,} unique values, the "
            "limit for categories."
        )
    elif scan.longest > MAX_CATEGORY_LENGTH:
        raise BadData(
            f"The column “{scan.name}” has text of up to {scan.longest:,} characters, more than "
            f"the limit of {MAX_CATEGORY_LENGTH} for categories."
        )


def check_is_numeric(scan: Scan) -> None:
    """Raises BadData for a column with anything else than numbers."""
    if scan.no_number:
        row, text = scan.no_number
        raise BadData(f"Column “{scan.name}”, row {row:,}: “{text[:40]}” is {_wrong_number(text)}.")


def _wrong_number(text: str) -> str:
    """What is the matter with a text in a column of numbers."""
    found = read_number(text) or read_number(text, ",")
    if found is None:
        return "not a number"
    if abs(found[0]) > LARGEST:
        return "too large a number"
    return "not written like the other numbers (one decimal separator and one unit per column)"
