"""Lines that give a person their own file's x and y, as pandas reads them."""

from pathlib import PurePath
from typing import Any

from tuning.protocol.uploads import (
    JSON_LINES,
    PARQUET,
    SPREADSHEET,
    TEXT_TABLE,
    ColumnType,
    Upload,
)
from tuning.protocol.written_dates import DAYS_SOURCE
from tuning.protocol.written_dates import IMPORTS as DATE_IMPORTS
from tuning.protocol.written_dates import SOURCE as DATE_SOURCE
from tuning.protocol.written_numbers import IMPORTS, SOURCE

from .cells import PANDAS_MISSING
from .choices import Kept
from .columns import Scan
from .dates import orders_of, parts_of
from .schema_detection import DetectedSchema
from .tags import AROUND_ALL, AROUND_ONE
from .targets import Targets
from .yes_or_no import YES

# Modules that unpack a file, by its ending.
_PACKED = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}
# Results of formulas that failed.
_ERRORS = ("#DIV/0!", "#GETTING_DATA", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")


def snippet_of(schema: DetectedSchema, upload: Upload, targets: Targets, kept: Kept) -> str:
    """x is a DataFrame of the kept columns with their missing values, y an array."""
    numbers = [scan for scan, kind in kept if kind == ColumnType.NUMBER]
    numbers += [scan for scan in targets.scans if scan.is_numeric]
    texts = [scan for scan, kind in kept if kind != ColumnType.NUMBER]
    if targets.separator or targets.task.traits.has_classes:
        texts += [scan for scan in targets.scans if not scan.is_numeric]
    lines = reading_lines(schema, upload, numbers, texts)
    names = [scan.name for scan in targets.scans]
    if targets.drops_missing:
        lines.append(f"table = table.dropna(subset={names!r})")
    lines.append(_inputs(schema, kept))
    return "\n".join([*lines, *target_lines(targets, names)]) + "\n"


def reading_lines(
    schema: DetectedSchema, upload: Upload, numbers: list[Scan], texts: list[Scan],
    has_times: bool = False,
) -> list[str]:  # fmt: skip
    """`table` is a DataFrame of the file, in which these columns are numbers or texts. `has_times`:
    whether `days_of` is needed."""
    as_text = schema.table.kind == TEXT_TABLE
    decimal = _pandas_decimal(numbers) if as_text else "."
    converted = {
        scan.name: scan.read.notation.decimal
        for scan in numbers
        if scan.read.has_texts and (not as_text or _is_converted(scan, decimal))
    }
    orders = orders_of(schema.table)
    parts = parts_of(schema.table)
    numbers = [scan for scan in numbers if scan.name not in parts]
    texts = [scan for scan in texts if scan.name not in orders]
    lines = _beginning(schema, upload.name, bool(converted), has_times)
    # Numbers that are categories, like postal codes, keep their zeros.
    names = [*(scan.name for scan in texts), *orders]
    lines += _reading(schema, upload, decimal, names, list(converted))
    table = schema.table
    if table.renamed:
        lines.append(f"table = table.rename(columns={table.renamed!r})")
    if table.has_blank_rows:
        lines.append('table = table.dropna(how="all")')
    if not as_text and schema.missing_markers:
        lines.append(f"table = table.replace({sorted(schema.missing_markers)!r}, np.nan)")
    if mixed := [s.name for s in texts if s.numbers and table.kind in (PARQUET, JSON_LINES)]:
        lines += [
            f"for name in {mixed!r}:",
            "    texts = table[name].astype(str).str.removesuffix('.0')",
            "    table[name] = texts.where(table[name].notna())",
        ]
    if converted:
        lines += [
            f"for name, decimal in {converted!r}.items():",
            "    table[name] = [number_of(cell, decimal) for cell in table[name]]",
        ]
    if orders:
        lines += [
            f"for name, order in {orders!r}.items():",
            "    dates = np.array([date_parts(cell, order) for cell in table[name]])",
            "    for place, part in enumerate(DATE_PARTS):",
            '        table[f"{name} ({part})"] = dates[:, place]',
        ]
    return lines


def target_lines(targets: Targets, names: list[str]) -> list[str]:
    """`y` of the columns `names` of `table`; nothing for a reconstruction."""
    if targets.task.traits.reconstructs:
        return []
    if targets.task.traits.has_classes:
        values = f"table[{names[0]!r}].to_numpy()"
        return [f"class_names, y = np.unique({values}, return_inverse=True)"]
    if targets.separator:
        return [
            f"labels = {targets.names!r}",
            f"cells = table[{names[0]!r}].fillna({''!r}).str.strip({AROUND_ALL!r})",
            f"found = cells.str.split({targets.separator!r}, regex=False).map(",
            f"    lambda parts: {{part.strip({AROUND_ONE!r}) for part in parts}}",
            ")",
            "y = np.array([[label in each for label in labels] for each in found], 'float32')",
        ]
    if targets.task.traits.has_labels:
        yes = ", ".join(map(repr, (*YES, "1.0")))
        return [
            f"cells = table[{names!r}].astype(str)",
            f"yes = [{yes}]",
            "y = cells.apply(lambda column: column.str.strip().str.lower().isin(yes))",
            'y = y.to_numpy("float32")',
        ]
    chosen = names if targets.names else names[0]
    return [f'y = table[{chosen!r}].to_numpy("float32")']


def _reading(
    schema: DetectedSchema, upload: Upload, decimal: str, texts: list[str], converted: list[str]
) -> list[str]:
    """`table = pd.read_…(…)` of the file, or of files of a zip."""
    table = schema.table
    if table.kind == TEXT_TABLE:
        options = _csv_options(schema, upload, decimal, [*texts, *converted])
    elif table.kind == SPREADSHEET:
        options = _excel_options(schema, texts, converted)
    else:
        options = {}
    if table.dialect.header == "no":
        options |= {"header": None, "names": table.names}
    files = schema.opened.files
    if not files:
        return _call("table = ", table.kind, _whole_file(table.kind, upload.name), options)
    lines = [f"with zipfile.ZipFile({upload.name!r}) as archive:"]
    if len(files) == 1:
        inner = _call("table = ", table.kind, _from_archive(table.kind, repr(files[0])), options)
    else:
        file = _from_archive(table.kind, "file")
        inner = [f"files = {files!r}", *_call("tables = [", table.kind, file, options)]
        inner[-1] += " for file in files]"
        inner.append("table = pd.concat(tables, ignore_index=True)")
    return [*lines, *(f"    {line}" for line in inner)]


def _whole_file(kind: str, name: str) -> str:
    """An uploaded file as the function that reads it takes it."""
    if kind != JSON_LINES:
        return repr(name)
    content = f"Path({name!r}).read_bytes()"
    if packed := _PACKED.get(PurePath(name.lower()).suffix):
        content = f"{packed}.decompress({content})"
    return f'{content}.decode("utf-8-sig")'


def _from_archive(kind: str, file: str) -> str:
    content = f"archive.read({file})"
    return f'{content}.decode("utf-8-sig")' if kind == JSON_LINES else f"io.BytesIO({content})"


def _call(start: str, kind: str, file: str, options: dict[str, Any]) -> list[str]:
    if kind == JSON_LINES:
        rows = f'json.loads(line) for line in {file}.split("\\n") if line.strip()'
        return [f"{start}pd.DataFrame([", f"    {rows}", "])"]
    function = {TEXT_TABLE: "csv", PARQUET: "parquet", SPREADSHEET: "excel"}[kind]
    if not options:
        return [f"{start}pd.read_{function}({file})"]
    inner = [f"    {name}={value!r}," for name, value in options.items()]
    return [f"{start}pd.read_{function}(", f"    {file},", *inner, ")"]


def _beginning(
    schema: DetectedSchema, name: str, converts: bool, has_times: bool
) -> list[str]:  # fmt: skip
    """The imports, and the functions that read written numbers and dates."""
    imports: list[str] = []
    if schema.opened.files:
        imports.append("import zipfile")
    if schema.table.kind == JSON_LINES:
        packed = _PACKED.get(PurePath(name.lower()).suffix)
        imports += ["import json", *([f"import {packed}"] if packed else [])]
        imports += [] if schema.opened.files else ["from pathlib import Path"]
    elif schema.opened.files:
        imports.append("import io")
    dated = has_times or bool(orders_of(schema.table))
    imports += IMPORTS if converts else ()
    imports += [line for line in DATE_IMPORTS if dated and line not in imports]
    lines = sorted(imports, key=lambda line: (not line.startswith("import"), line))
    lines += [*([""] if lines else []), "import numpy as np", "import pandas as pd", ""]
    lines += [SOURCE, "", ""] if converts else []
    lines += [DATE_SOURCE, "", ""] if dated else []
    return [*lines, DAYS_SOURCE, "", ""] if has_times else lines


def _pandas_decimal(numbers: list[Scan]) -> str:
    """The decimal sign with which pandas reads most of the columns by itself."""
    plain = [s.read.notation.decimal for s in numbers if s.votes.uses_a_sign and not s.read.written]
    return "," if plain.count(",") > plain.count(".") else "."


def _is_converted(scan: Scan, decimal: str) -> bool:
    """Whether pandas would not read the numbers of a column by itself."""
    differs = scan.votes.uses_a_sign and scan.read.notation.decimal != decimal
    return scan.read.has_texts and (differs or scan.read.written is not None)


def _csv_options(
    schema: DetectedSchema, upload: Upload, decimal: str, texts: list[str]
) -> dict[str, Any]:
    dialect = schema.table.dialect
    options: dict[str, Any] = {}
    if dialect.delimiter != ",":
        options["sep"] = r"\s+" if dialect.delimiter == " " else dialect.delimiter
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
    if texts:
        options["dtype"] = dict.fromkeys(_stored(schema, texts), "str")
    return options


def _excel_options(
    schema: DetectedSchema, texts: list[str], converted: list[str]
) -> dict[str, Any]:
    options: dict[str, Any] = {"sheet_name": schema.table.dialect.sheet}
    # Other markers of missing values are replaced by name.
    options |= {"keep_default_na": False, "na_values": ["", *sorted(_ERRORS)]}
    types = dict.fromkeys(_stored(schema, texts), "str")
    types |= dict.fromkeys(_stored(schema, converted), "object")
    return options | ({"dtype": types} if types else {})


def _stored(schema: DetectedSchema, names: list[str]) -> list[str]:
    """What pandas calls these columns before they are renamed."""
    stored = {name: raw for raw, name in schema.table.renamed.items()}
    return [stored.get(name, name) for name in names]


def _inputs(schema: DetectedSchema, kept: Kept) -> str:
    """Whichever list is shorter: the columns that are kept, or the others."""
    names = [scan.name for scan, _ in kept]
    others = [scan.name for scan in schema.scans if scan.name not in set(names)]
    others += list(schema.table.unread)
    if len(others) <= len(names) and not orders_of(schema.table):
        return f"x = table.drop(columns={others!r})"
    return f"x = table[{names!r}]"
