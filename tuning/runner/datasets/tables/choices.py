"""What somebody chose for a table, checked against what its cells say."""

from tuning.protocol.uploads import MOST_CATEGORIES, ColumnType, Upload
from tuning.runner.failures import BadData

from .columns import LONGEST_CATEGORY, Scan
from .look import Look, task_of

_NAMED_COLUMNS = 20
Kept = list[tuple[Scan, ColumnType]]


def chosen_target(look: Look, upload: Upload) -> tuple[Scan, str]:
    """The target's column and the task. Raises BadData."""
    name = upload.target
    target = look.scan_of(name)
    if target is None:
        if name in look.table.unread:
            raise BadData(f"“{name}” cannot be the target: it {look.table.unread[name]}.")
        names = [scan.name for scan in look.scans]
        more = ", …" if len(names) > _NAMED_COLUMNS else ""
        shown = ", ".join(names[:_NAMED_COLUMNS]) + more
        raise BadData(f"There is no column “{name[:100]}”; the columns are {shown}.")
    if not target.present:
        raise BadData(f"“{name}” is empty: it cannot be the target.")
    if target.missing and not upload.drop_rows:
        noun = "row has" if target.missing == 1 else "rows have"
        raise BadData(
            f"{target.missing:,} {noun} no target: “{name}” is empty in {_rows(target)}. Mend the "
            "file, or have the rows without a target dropped."
        )
    task = upload.task or task_of(target)
    if task == "regression":
        _check_numbers(target)
        if target.low == target.high:
            raise BadData("Every row has the same target: there is nothing to learn.")
    elif target.counts is None:
        raise BadData(
            f"“{name}” has more than {MOST_CATEGORIES:,} different values: too many for classes. "
            "A quantity is a task for regression."
        )
    return target, task


def chosen_columns(look: Look, upload: Upload, target: Scan) -> tuple[Kept, list[tuple[str, str]]]:
    """The columns that models will see, with their types, and the others with the reason. Raises
    BadData."""
    kept, dropped = [], []
    for scan in look.scans:
        if scan is target:
            continue
        suggested, reason = scan.suggestion()
        kind = upload.types.get(scan.name, suggested)
        if kind == ColumnType.OUT:
            dropped.append((scan.name, reason or "was left out by choice"))
            continue
        _check_type(scan, kind)
        kept.append((scan, ColumnType(kind)))
    for name, reason in look.table.unread.items():
        if upload.types.get(name, ColumnType.OUT) != ColumnType.OUT:
            raise BadData(f"The column “{name}” {reason}; leave it out.")
        dropped.append((name, reason))
    if not kept:
        raise BadData("No column is left to predict the target from.")
    return kept, dropped


def _check_type(scan: Scan, kind: str) -> None:
    if not scan.present:
        raise BadData(f"The column “{scan.name}” is empty; leave it out.")
    if kind == ColumnType.NUMBER:
        _check_numbers(scan)
    elif kind != ColumnType.CATEGORY:
        raise BadData(f"The column “{scan.name}” cannot be of the type “{kind[:20]}”.")
    elif scan.counts is None:
        raise BadData(
            f"The column “{scan.name}” has more than {MOST_CATEGORIES:,} different values; a "
            f"category has at most {MOST_CATEGORIES:,}."
        )
    elif scan.longest > LONGEST_CATEGORY:
        raise BadData(
            f"The column “{scan.name}” holds texts of up to {scan.longest:,} letters; those of a "
            f"category have at most {LONGEST_CATEGORY}."
        )


def _check_numbers(scan: Scan) -> None:
    if scan.no_number:
        row, text = scan.no_number
        raise BadData(
            f"The column “{scan.name}” holds “{text[:40]}” in row {row:,}, which is no number"
            f"{' that is small enough' if _is_huge(text) else ''}."
        )


def _is_huge(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _rows(scan: Scan) -> str:
    shown = [f"{row:,}" for row in scan.missing_rows]
    more = scan.missing - len(shown)
    if more:
        return f"rows {', '.join(shown)} and {more:,} more"
    if len(shown) == 1:
        return f"row {shown[0]}"
    return f"rows {', '.join(shown[:-1])} and {shown[-1]}"
