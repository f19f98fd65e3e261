"""Lines that give a person their own file's x and y, as pandas reads them."""

from typing import Any

from tuning.protocol.tasks import Task
from tuning.protocol.uploads import PARQUET, ColumnType, Upload
from tuning.protocol.written_numbers import IMPORTS, SOURCE

from .cells import PANDAS_MISSING
from .choices import Kept
from .columns import Scan
from .schema_detection import DetectedSchema


def snippet_of(schema: DetectedSchema, upload: Upload, target: Scan, kept: Kept, task: str) -> str:
    """x is a DataFrame of the kept columns with their missing values, y an array."""
    numbers = [scan for scan, kind in kept if kind == ColumnType.NUMBER]
    if target.is_numeric:
        numbers.append(target)
    texts = [scan for scan, kind in kept if kind == ColumnType.CATEGORY]
    if Task(task).traits.has_classes and not target.is_numeric:
        texts.append(target)
    lines = reading_lines(schema, upload, numbers, texts)
    if target.missing:
        lines.append(f"table = table.dropna(subset=[{target.name!r}])")
    lines.append(_inputs(schema, kept))
    if Task(task).traits.has_classes:
        values = f"table[{target.name!r}].to_numpy()"
        lines.append(f"class_names, y = np.unique({values}, return_inverse=True)")
    else:
        lines.append(f'y = table[{target.name!r}].to_numpy("float32")')
    return "\n".join(lines) + "\n"


def reading_lines(
    schema: DetectedSchema, upload: Upload, numbers: list[Scan], texts: list[Scan]
) -> list[str]:
    """`table` is a DataFrame of the file, in which these columns are numbers or texts."""
    decimal = _pandas_decimal(numbers)
    converted = {s.name: s.read.notation.decimal for s in numbers if _is_converted(s, decimal)}
    lines = _beginning(bool(converted))
    if upload.kind == PARQUET:
        lines.append(f"table = pd.read_parquet({upload.name!r})")
        if schema.missing_markers:
            lines.append(f"table = table.replace({sorted(schema.missing_markers)!r}, np.nan)")
    else:
        # Numbers that are categories, like postal codes, keep their zeros.
        as_text = [*(scan.name for scan in texts), *converted]
        lines += _read_csv(schema, upload, decimal, as_text)
    if schema.table.renamed:
        lines.append(f"table = table.rename(columns={schema.table.renamed!r})")
    if converted:
        lines += [
            f"for name, decimal in {converted!r}.items():",
            "    table[name] = [number_of(cell, decimal) for cell in table[name]]",
        ]
    return lines


def _beginning(converts: bool) -> list[str]:
    """The imports, and the function that reads written numbers."""
    lines = [*(IMPORTS if converts else ()), *([""] if converts else ())]
    lines += ["import numpy as np", "import pandas as pd", ""]
    return [*lines, SOURCE, "", ""] if converts else lines


def _pandas_decimal(numbers: list[Scan]) -> str:
    """The decimal sign with which pandas reads most of the columns by itself."""
    plain = [s.read.notation.decimal for s in numbers if s.votes.uses_a_sign and not s.read.written]
    return "," if plain.count(",") > plain.count(".") else "."


def _is_converted(scan: Scan, decimal: str) -> bool:
    """Whether pandas would not read the numbers of a column by itself."""
    differs = scan.votes.uses_a_sign and scan.read.notation.decimal != decimal
    return scan.read.has_texts and (differs or scan.read.written is not None)


def _read_csv(
    schema: DetectedSchema, upload: Upload, decimal: str, as_text: list[str]
) -> list[str]:
    dialect = schema.table.dialect
    options: dict[str, Any] = {}
    if dialect.delimiter != ",":
        options["sep"] = dialect.delimiter
    if decimal != ".":
        options["decimal"] = decimal
    if dialect.encoding != "utf-8":
        options["encoding"] = dialect.encoding
    if upload.not_missing:
        options["keep_default_na"] = False
        options["na_values"] = sorted({"", *schema.missing_markers})
    elif words := schema.missing_markers - PANDAS_MISSING:
        options["na_values"] = sorted(words)
    if schema.table.padded:
        options["skipinitialspace"] = True
    if as_text:
        stored = {name: raw for raw, name in schema.table.renamed.items()}
        options["dtype"] = {stored.get(name, name): "str" for name in as_text}
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
