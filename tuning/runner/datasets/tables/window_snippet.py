"""Lines that give a person the rows and the targets of their own windows, as pandas reads them."""

from tuning.protocol.uploads import ColumnType, Upload

from .auxiliary import Time
from .choices import Kept
from .schema_detection import DetectedSchema
from .snippet import reading_lines
from .targets import Targets


def window_snippet(
    schema: DetectedSchema, upload: Upload, targets: Targets, kept: Kept, time: Time
) -> str:
    """`x`: a DataFrame of the inputs in the order of time, with the column that names the series if
    there is one; `y`: the targets of each window."""
    numbers = [scan for scan, kind in kept if kind == ColumnType.NUMBER]
    texts = [scan for scan, kind in kept if kind != ColumnType.NUMBER]
    (texts if time.order else numbers).append(time.scan)
    used = [scan.name for scan, _ in kept]
    series = schema.scan_of(upload.series) if upload.series else None
    if series and series.name not in used:
        texts.append(series)
        used.append(series.name)
    lines = reading_lines(schema, upload, numbers, texts, has_times=bool(time.order))
    names = [scan.name for scan in targets.scans]
    if targets.drops_missing:
        lines.append(f"table = table.dropna(subset={names!r})")
    lines += _class_lines(targets)
    lines += _of_several(upload, targets, time, used) if series else _of_one(
        upload, targets, time, used
    )  # fmt: skip
    if targets.task.traits.has_classes or upload.horizon == len(names) == 1:
        lines.append("y = y.ravel()")
    return "\n".join(lines) + "\n"


def _class_lines(targets: Targets) -> list[str]:
    """`class_names`, and the number of each row's class."""
    if not targets.task.traits.has_classes:
        return []
    [scan] = targets.scans
    cells = f"table[{scan.name!r}]"
    cells = f"pd.to_numeric({cells})" if scan.is_numeric else f"{cells}.to_numpy()"
    return [
        f"class_names, classes = np.unique({cells}, return_inverse=True)",
        'table = table.assign(**{"(class)": classes})',
    ]


def _targets(targets: Targets, table: str) -> str:
    """Those of each row of `table`, as an array."""
    if targets.task.traits.has_classes:
        return f'{table}[["(class)"]].to_numpy()'
    return f"{table}[{[scan.name for scan in targets.scans]!r}].to_numpy('float32')"


def _comment(upload: Upload) -> str:
    return (
        f"# Of each window: the targets of the {upload.horizon} row(s) after the "
        f"{upload.look_back} that a model sees."
    )


def _of_one(upload: Upload, targets: Targets, time: Time, used: list[str]) -> list[str]:
    look_back, length = upload.look_back, upload.look_back + upload.horizon
    return [
        *_sorting_lines(time),
        f"x = table[{used!r}]",
        f"targets = {_targets(targets, 'table')}",
        _comment(upload),
        f"starts = range(0, len(table) - {length - 1}, {upload.stride})",
        f"y = np.array([targets[i + {look_back} : i + {length}].T.ravel() for i in starts])",
    ]


def _sorting_lines(time: Time) -> list[str]:
    """`table` in the order of time."""
    if not time.order:
        return [f'table = table.sort_values({time.name!r}, kind="stable")']
    return [
        f"days = [days_of(str(cell), {time.order!r}) for cell in table[{time.name!r}]]",
        'table = table.iloc[np.argsort(days, kind="stable")]',
    ]


def _of_several(upload: Upload, targets: Targets, time: Time, used: list[str]) -> list[str]:
    """Windows come in the order in which they end."""
    look_back, length = upload.look_back, upload.look_back + upload.horizon
    moments = (
        f"[days_of(str(cell), {time.order!r}) for cell in table[{time.name!r}]]"
        if time.order
        else f"table[{time.name!r}]"
    )
    return [
        f'table = table.assign(**{{"(time)": {moments}}})',
        f"series = table.groupby({upload.series!r}, sort=False)",
        'series = [rows.sort_values("(time)", kind="stable") for _, rows in series]',
        f"x = pd.concat(series)[{used!r}]",
        _comment(upload),
        "found = []",
        "for rows in series:",
        f'    targets, times = {_targets(targets, "rows")}, rows["(time)"].to_numpy()',
        f"    for i in range(0, len(rows) - {length - 1}, {upload.stride}):",
        f"        values = targets[i + {look_back} : i + {length}].T.ravel()",
        f"        found.append((times[i + {length - 1}], values))",
        "found.sort(key=lambda each: each[0])",
        "y = np.array([values for _, values in found])",
    ]
