"""What a person chose for a table, checked against what its cells say."""

from tuning.protocol.tasks import Task
from tuning.protocol.uploads import MAX_CATEGORIES, ColumnType, Upload
from tuning.protocol.written_numbers import read_number
from tuning.runner.failures import BadData

from .cells import LARGEST
from .columns import MAX_CATEGORY_LENGTH, Scan
from .schema_detection import DetectedSchema, task_of

_NAMED_COLUMNS = 20
Kept = list[tuple[Scan, ColumnType]]


def chosen_target(schema: DetectedSchema, upload: Upload) -> tuple[Scan, str]:
    """The target's column and the task. Raises BadData."""
    name = upload.target
    target = schema.scan_of(name)
    if target is None:
        if name in schema.table.unread:
            raise BadData(f"“{name}” cannot be the target: it {schema.table.unread[name]}.")
        raise BadData(_unknown(schema, name))
    if not target.present:
        raise BadData(f"The target “{name}” is empty. Select another target.")
    if target.missing and not upload.drop_rows:
        noun = "row has" if target.missing == 1 else "rows have"
        raise BadData(
            f"{target.missing:,} {noun} no target: “{name}” is empty in {_rows(target)}. Fix the "
            "file, or drop rows without a target."
        )
    task = upload.task or task_of(target)
    if not Task(task).traits.has_classes:
        _check_numbers(target)
        if target.low == target.high:
            raise BadData("All rows have the same target. Select another target.")
    elif target.counts is None:
        raise BadData(
            f"“{name}” has more than {MAX_CATEGORIES:,} unique values, too many for classes. "
            "Select regression for numbers."
        )
    return target, task


def chosen_columns(
    schema: DetectedSchema, upload: Upload, target: Scan
) -> tuple[Kept, list[tuple[str, str]]]:
    """The columns that models will see, with their types, and the others with the reason. Raises
    BadData."""
    kept, dropped = [], []
    for name in (*upload.types, *upload.keep):
        if schema.scan_of(name) is None and name not in schema.table.unread:
            raise BadData(_unknown(schema, name))
    for scan in schema.scans:
        if scan is target:
            continue
        kind, reason = _type_and_reason(scan, upload)
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
    if upload.keep and scan.name not in upload.keep:
        return ColumnType.OUT, ""
    if upload.keep and suggested == ColumnType.OUT:
        suggested = ColumnType.NUMBER if scan.is_numeric else ColumnType.CATEGORY
    return upload.types.get(scan.name, suggested), reason


def _unknown(schema: DetectedSchema, name: str) -> str:
    names = [scan.name for scan in schema.scans]
    more = ", …" if len(names) > _NAMED_COLUMNS else ""
    return f"No column “{name[:100]}”. Columns: {', '.join(names[:_NAMED_COLUMNS])}{more}."


def _check_type(scan: Scan, kind: str) -> None:
    if not scan.present:
        raise BadData(f"The column “{scan.name}” is empty. Leave it out.")
    if kind == ColumnType.NUMBER:
        _check_numbers(scan)
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


def _check_numbers(scan: Scan) -> None:
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


def _rows(scan: Scan) -> str:
    shown = [f"{row:,}" for row in scan.missing_rows]
    more = scan.missing - len(shown)
    if more:
        return f"rows {', '.join(shown)} and {more:,} more"
    if len(shown) == 1:
        return f"row {shown[0]}"
    return f"rows {', '.join(shown[:-1])} and {shown[-1]}"
