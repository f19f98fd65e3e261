"""Lines that give a person their own file's x and y, as pandas reads them."""

from typing import Any

from tuning.protocol.tasks import Task
from tuning.protocol.uploads import PARQUET, ColumnType, Upload

from .cells import PANDAS_MISSING
from .choices import Kept
from .columns import Scan
from .schema_detection import DetectedSchema


def snippet_of(schema: DetectedSchema, upload: Upload, target: Scan, kept: Kept, task: str) -> str:
    """x is a DataFrame of the kept columns with their missing values, y an array."""
    lines = ["import numpy as np", "import pandas as pd", ""]
    if upload.kind == PARQUET:
        lines.append(f"table = pd.read_parquet({upload.name!r})")
        if schema.read.missing_markers:
            lines.append(f"table = table.replace({sorted(schema.read.missing_markers)!r}, np.nan)")
    else:
        lines += _read_csv(schema, upload, target, kept, task)
    if schema.table.renamed:
        lines.append(f"table = table.rename(columns={schema.table.renamed!r})")
    if target.missing:
        lines.append(f"table = table.dropna(subset=[{target.name!r}])")
    lines.append(_inputs(schema, kept))
    if Task(task).traits.has_classes:
        values = f"table[{target.name!r}].to_numpy()"
        lines.append(f"class_names, y = np.unique({values}, return_inverse=True)")
    else:
        lines.append(f'y = table[{target.name!r}].to_numpy("float32")')
    return "\n".join(lines) + "\n"


def _read_csv(
    schema: DetectedSchema, upload: Upload, target: Scan, kept: Kept, task: str
) -> list[str]:
    dialect = schema.table.dialect
    options: dict[str, Any] = {}
    if dialect.delimiter != ",":
        options["sep"] = dialect.delimiter
    if dialect.decimal != ".":
        options["decimal"] = dialect.decimal
    if dialect.encoding != "utf-8":
        options["encoding"] = dialect.encoding
    if schema.read.group_signs:
        options["thousands"] = sign = sorted(schema.read.group_signs)[0]
        if not sign.isascii():
            options["engine"] = "python"
    if words := schema.read.missing_markers - PANDAS_MISSING:
        options["na_values"] = sorted(words)
    if schema.table.padded:
        options["skipinitialspace"] = True
    # Numbers that are categories, like postal codes, keep their zeros.
    texts = [scan.name for scan, kind in kept if kind == ColumnType.CATEGORY]
    if Task(task).traits.has_classes and not target.is_numeric:
        texts.append(target.name)
    if texts:
        options["dtype"] = dict.fromkeys(texts, "str")
    if not options:
        return [f"table = pd.read_csv({upload.name!r})"]
    inner = [f"    {name}={value!r}," for name, value in options.items()]
    return ["table = pd.read_csv(", f"    {upload.name!r},", *inner, ")"]


def _inputs(schema: DetectedSchema, kept: Kept) -> str:
    """Whichever list is shorter: the columns that are kept, or the others."""
    names = [scan.name for scan, _ in kept]
    others = [scan.name for scan in schema.scans if scan.name not in set(names)]
    others += list(schema.table.unread)
    if len(others) <= len(names):
        return f"x = table.drop(columns={others!r})"
    return f"x = table[{names!r}]"
