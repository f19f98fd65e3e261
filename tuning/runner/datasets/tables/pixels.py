"""Images whose pixels are the columns of a table: pixel0 to pixel783, 1x1 to 28x28.

Columns are pixels if their names are the same text with consecutive numbers, or rows and columns of
a whole grid. They are in the order of the numbers, row by row, the channels of a pixel next to
each other.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tuning.protocol.data_kinds import DataKind
from tuning.protocol.tasks import joined_names
from tuning.protocol.uploads import AUTO_PIXELS, PIXELS, Upload
from tuning.runner.datasets.parsed import Parsed, Report
from tuning.runner.datasets.sources import Source
from tuning.runner.failures import BadData

from .auxiliary import AuxiliaryColumn, auxiliary_columns
from .columns import Scan
from .filling import mapped
from .schema_detection import DetectedSchema
from .snippet import reading_lines, target_lines
from .targets import Targets, chosen_targets, has_target, rows_with

MIN_PIXELS = 16
_NUMBERED = re.compile(r"(.*?)(\d+)")
_GRID = re.compile(r"(\D*)(\d+)([xX_,.-])(\d+)")
# Names that say so. Others may be pixels if a person says it.
_CLEAR = re.compile(r"(pixel|pixels|pix|px|p)[\W_]*", re.I)
_CHANNELS = (1, 3)


@dataclass(frozen=True)
class Pixels:
    """Columns that may be pixels, in order. `lines`: Python that makes `pixels`, their names;
    `clear`: their names leave no doubt. `size`: height and width of a grid."""

    names: list[str]
    lines: list[str]
    clear: bool
    size: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """The shape of a square image, or of the grid."""
        count = len(self.names)
        if self.size:
            return (*self.size, 1)
        for channels in _CHANNELS:
            side = math.isqrt(count // channels)
            if side * side * channels == count:
                return side, side, channels
        return None


def find_pixels(schema: DetectedSchema) -> Pixels | None:
    """The largest group of columns of numbers that may be pixels."""
    names = [scan.name for scan in schema.scans if scan.is_numeric]
    found = [*_numbered(names), *_grids(names)]
    return max(found, key=lambda pixels: len(pixels.names), default=None)


def pixels_of(schema: DetectedSchema, upload: Upload) -> str:
    """The shape that columns are read as; empty for a table."""
    if upload.pixels != AUTO_PIXELS:
        return upload.pixels
    found = find_pixels(schema)
    return text_of_shape(found.shape) if found and found.clear and found.shape else ""


def text_of_shape(shape: tuple[int, int, int]) -> str:
    return "x".join(map(str, shape))


def _numbered(names: list[str]) -> list[Pixels]:
    groups: dict[str, dict[int, str]] = {}
    for name in names:
        if match := _NUMBERED.fullmatch(name):
            groups.setdefault(match[1], {})[int(match[2])] = name
    found = []
    for prefix, members in groups.items():
        first, last = min(members), max(members)
        written = all(name == f"{prefix}{number}" for number, name in members.items())
        if len(members) < MIN_PIXELS or last - first + 1 != len(members) or not written:
            continue
        ordered = [members[number] for number in range(first, last + 1)]
        line = f"pixels = [{prefix!r} + str(n) for n in range({first}, {last + 1})]"
        found.append(Pixels(ordered, [line], bool(_CLEAR.fullmatch(prefix))))
    return found


def _grids(names: list[str]) -> list[Pixels]:
    groups: dict[tuple[str, str], dict[tuple[int, int], str]] = {}
    for name in names:
        if match := _GRID.fullmatch(name):
            place = int(match[2]), int(match[4])
            groups.setdefault((match[1], match[3]), {})[place] = name
    found = []
    for (prefix, sign), members in groups.items():
        rows = sorted({row for row, _ in members})
        columns = sorted({column for _, column in members})
        whole = len(members) == len(rows) * len(columns)
        even = all(line[-1] - line[0] + 1 == len(line) for line in (rows, columns))
        if len(members) < MIN_PIXELS or not whole or not even or min(len(rows), len(columns)) < 2:
            continue
        written = all(name == f"{prefix}{r}{sign}{c}" for (r, c), name in members.items())
        if not written:
            continue
        ordered = [members[row, column] for row in rows for column in columns]
        lines = [
            f'pixels = [f"{prefix}{{row}}{sign}{{column}}" for row in '
            f"range({rows[0]}, {rows[-1] + 1})",
            f"          for column in range({columns[0]}, {columns[-1] + 1})]",
        ]
        # q1_1 to q4_5 are a survey, 2022-01 to 2023-12 months.
        clear = bool(_CLEAR.fullmatch(prefix)) or (not prefix and sign in "xX")
        found.append(Pixels(ordered, lines, clear, size=(len(rows), len(columns))))
    return found


def read_pixels(schema: DetectedSchema, upload: Upload, folder: Path, report: Report) -> Parsed:
    """Write folder/x.npy, an image for each row; the rest is returned. Raises BadData."""
    targets = chosen_targets(schema, upload)
    found, shape = _chosen(schema, upload.pixels)
    scans = [scan for name in found.names if (scan := schema.scan_of(name))]
    _check(scans, targets)
    rows = rows_with(targets, schema)
    size = rows * math.prod(shape) * 4
    if not rows or size > upload.most_bytes:
        raise BadData(
            f"The prepared images need {size / 2**20:,.0f} MB, more than the limit of "
            f"{upload.most_bytes / 2**20:,.0f} MB."
            if rows
            else "No row has all targets."
        )
    bytes_only = all(scan.whole and scan.low >= 0 and scan.high <= 255 for scan in scans)
    dtype = np.dtype(np.uint8 if bytes_only else np.float32)
    report("Writing the prepared data", 0)
    x = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=dtype, shape=(rows, *shape))
    auxiliary = auxiliary_columns(schema, upload, targets.scans)
    y = _fill(schema, targets, scans, auxiliary, x)
    x.flush()
    targets.check(y)
    target_names = [scan.name for scan in targets.scans]
    used = {*target_names, *found.names, *(column.name for column in auxiliary)}
    others = [scan.name for scan in schema.scans if scan.name not in used]
    dropped = [(name, "is not a pixel") for name in (*others, *schema.table.unread)]
    source = Source(
        np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False), y, targets.class_names,
        target_name=joined_names(target_names), target_names=targets.names,
        origin=f"Uploaded as {upload.name}.",
        load_snippet=_snippet(schema, upload, targets, found, scans, shape, dtype),
    )  # fmt: skip
    notes = _notes(found, shape, schema.rows - rows) + [column.note() for column in auxiliary]
    return Parsed(
        DataKind.IMAGE, targets.task, source, notes, dropped, header=schema.table.dialect.header,
        auxiliary=[(column.described(), column.values) for column in auxiliary],
    )  # fmt: skip


def _fill(
    schema: DetectedSchema, targets: Targets, scans: list[Scan], auxiliary: list[AuxiliaryColumn],
    x: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Write the rows that have all targets into x; their targets are returned."""
    width = (len(targets.names),) if targets.names else ()
    y: np.ndarray = np.empty((len(x), *width), targets.dtype)
    places = [schema.table.names.index(scan.name) for scan in scans]
    done = 0
    for piece in schema.table.pieces():
        values = targets.of(schema, piece)
        usable = has_target(values)
        end = done + int(usable.sum())
        y[done:end] = values[usable]
        columns = [
            mapped(piece.columns[place], scan.read, np.float32)[usable]
            for place, scan in zip(places, scans, strict=True)
        ]
        x[done:end] = np.stack(columns, axis=1).astype(x.dtype).reshape(-1, *x.shape[1:])
        for kept in auxiliary:
            cells = piece.columns[schema.table.names.index(kept.name)]
            kept.take(cells, usable, piece.row)
        done = end
    return y


def _notes(found: Pixels, shape: tuple[int, int, int], dropped: int) -> list[str]:
    notes = [
        f"{len(found.names):,} columns, {found.names[0]} to {found.names[-1]}, are images of "
        f"{shape[0]} × {shape[1]} pixels with {shape[2]} channel{'s' if shape[2] > 1 else ''}, "
        "row by row."
    ]
    if dropped:
        notes.append(f"{dropped:,} rows without a target were dropped.")
    return notes


def _chosen(schema: DetectedSchema, text: str) -> tuple[Pixels, tuple[int, int, int]]:
    """The columns that are pixels, and the shape of each image. Raises BadData."""
    found = find_pixels(schema)
    if found is None:
        raise BadData("No columns with consecutive numbers, such as pixel0, pixel1, …, were found.")
    return found, _shape(text, found)


def _shape(text: str, found: Pixels) -> tuple[int, int, int]:
    match = re.fullmatch(PIXELS, text)
    if match is None:
        raise BadData(f"“{text[:40]}” is not an image shape, such as 28x28x1.")
    height, width, channels = (int(size) for size in (match[1], match[2], match[3] or 1))
    if channels not in _CHANNELS:
        raise BadData("Images have 1 or 3 channels.")
    if height * width * channels != len(found.names):
        raise BadData(
            f"An image of {text} needs {height * width * channels:,} columns, but "
            f"{found.names[0]} to {found.names[-1]} are {len(found.names):,}."
        )
    return height, width, channels


def _check(scans: list[Scan], targets: Targets) -> None:
    for scan in scans:
        if scan in targets.scans:
            raise BadData(f"The target “{scan.name}” is a pixel. Select another target.")
        if scan.missing:
            row = scan.missing_rows[0]
            raise BadData(f"The pixel column “{scan.name}” has no value in row {row:,}.")


def _snippet(
    schema: DetectedSchema, upload: Upload, targets: Targets, found: Pixels, scans: list[Scan],
    shape: tuple[int, int, int], dtype: np.dtype,
) -> str:  # fmt: skip
    numbers = [*scans, *(scan for scan in targets.scans if scan.is_numeric)]
    texts = [scan for scan in targets.scans if not scan.is_numeric]
    lines = reading_lines(schema, upload, numbers, texts)
    names = [scan.name for scan in targets.scans]
    if targets.drops_missing:
        lines.append(f"table = table.dropna(subset={names!r})")
    lines += [*found.lines, f"x = table[pixels].to_numpy({dtype.name!r}).reshape(-1, *{shape!r})"]
    return "\n".join([*lines, *target_lines(targets, names)]) + "\n"
