"""Lines that give a person their own file's x and y, as pandas reads them."""

from typing import Any

from tuning.protocol.uploads import PARQUET, ColumnType, Upload

from .cells import PANDAS_GAPS
from .choices import Kept
from .columns import Scan
from .look import Look


def snippet_of(look: Look, upload: Upload, target: Scan, kept: Kept, task: str) -> str:
    """x is a DataFrame of the kept columns with their gaps, y an array."""
    lines = ["import numpy as np", "import pandas as pd", ""]
    if upload.kind == PARQUET:
        lines.append(f"table = pd.read_parquet({upload.name!r})")
        if look.read.gap_words:
            lines.append(f"table = table.replace({sorted(look.read.gap_words)!r}, np.nan)")
    else:
        lines += _read_csv(look, upload, target, kept, task)
    if look.table.renamed:
        lines.append(f"table = table.rename(columns={look.table.renamed!r})")
    if target.missing:
        lines.append(f"table = table.dropna(subset=[{target.name!r}])")
    lines.append(_inputs(look, kept))
    if task == "classification":
        values = f"table[{target.name!r}].to_numpy()"
        lines.append(f"class_names, y = np.unique({values}, return_inverse=True)")
    else:
        lines.append(f'y = table[{target.name!r}].to_numpy("float32")')
    return "\n".join(lines) + "\n"


def _read_csv(look: Look, upload: Upload, target: Scan, kept: Kept, task: str) -> list[str]:
    dialect = look.table.dialect
    options: dict[str, Any] = {}
    if dialect.delimiter != ",":
        options["sep"] = dialect.delimiter
    if dialect.decimal != ".":
        options["decimal"] = dialect.decimal
    if dialect.encoding != "utf-8":
        options["encoding"] = dialect.encoding
    if look.read.group_signs:
        options["thousands"] = sign = sorted(look.read.group_signs)[0]
        if not sign.isascii():
            options["engine"] = "python"
    if words := look.read.gap_words - PANDAS_GAPS:
        options["na_values"] = sorted(words)
    if look.table.padded:
        options["skipinitialspace"] = True
    # Numbers that are categories, like postal codes, keep their zeros.
    texts = [scan.name for scan, kind in kept if kind == ColumnType.CATEGORY]
    if task == "classification" and not target.is_numeric:
        texts.append(target.name)
    if texts:
        options["dtype"] = dict.fromkeys(texts, "str")
    if not options:
        return [f"table = pd.read_csv({upload.name!r})"]
    inner = [f"    {name}={value!r}," for name, value in options.items()]
    return ["table = pd.read_csv(", f"    {upload.name!r},", *inner, ")"]


def _inputs(look: Look, kept: Kept) -> str:
    """Whichever list is shorter: the columns that are kept, or the others."""
    names = [scan.name for scan, _ in kept]
    others = [scan.name for scan in look.scans if scan.name not in set(names)]
    others += list(look.table.unread)
    if len(others) <= len(names):
        return f"x = table.drop(columns={others!r})"
    return f"x = table[{names!r}]"
