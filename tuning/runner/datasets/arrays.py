"""Reading an uploaded .npz: arrays x and y, or the parts of them, one after the other."""

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tuning.protocol.uploads import MOST_COLUMNS, Upload
from tuning.runner.failures import BadData

from .archives import open_archive, read_entry
from .array_targets import is_wide, one_of_each, targets
from .parsed import Parsed, Report, parts_note
from .sources import Source

# In the order of splits.PARTS.
PARTS = ("train", "val", "test")
_ENDING = ".npy"
_ROWS_AT_ONCE = 1 << 22  # values, of all the rows that are converted in one go


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    dtype: np.dtype


def read_arrays(path: Path, upload: Upload, folder: Path, report: Report) -> Parsed:
    """Write folder/x.npy; the rest is returned. Raises BadData."""
    with open_archive(path, upload.most_bytes) as archive:
        entries = {
            entry.filename.removesuffix(_ENDING): entry
            for entry in archive.infolist()
            if entry.filename.endswith(_ENDING)
        }
        pairs = _pairs(entries)
        headers = {name: _header(archive, entries[name], name) for pair in pairs for name in pair}
        _check_shapes(pairs, headers)
        kind, shape = _kind_of_input(headers[pairs[0][0]])
        unpacked = {}
        for name, header in headers.items():
            path = _scratch(folder.parent, name)
            unpacked[name] = _unpack(archive, entries[name], name, header, path, report)
    y = np.concatenate([one_of_each(np.asarray(unpacked[name]), name) for _, name in pairs])
    task, y, names = targets(y)
    inputs = [unpacked[name] for name, _ in pairs]
    x = _convert(inputs, shape, kind, folder / "x.npy", upload.most_bytes, report)
    for name in headers:
        _scratch(folder.parent, name).unlink()
    parts = _parts(pairs, headers)
    notes = _notes(pairs, headers, task, parts)
    target = "class" if task == "classification" else "y"
    source = Source(
        x, y, names, _column_names(kind, shape), target, f"Uploaded as {upload.name}.", "",
        _snippet(upload.name, pairs, x, kind, task, is_wide(headers[pairs[0][1]].shape)),
    )  # fmt: skip
    return Parsed(kind, task, source, notes, parts=parts)


def _parts(pairs: list[tuple[str, str]], headers: dict[str, _Header]) -> np.ndarray | None:
    """The part of each row; None if the file has but one, or an empty one for training."""
    sizes = {PARTS.index(x.removeprefix("x_")): headers[x].shape[0] for x, _ in pairs if x != "x"}
    if not sizes.get(0) or sum(map(bool, sizes.values())) < 2:
        return None
    return np.repeat(np.array(list(sizes), dtype=np.uint8), list(sizes.values()))


def _pairs(names: dict[str, zipfile.ZipInfo]) -> list[tuple[str, str]]:
    """The names of inputs and targets, one pair for each part. Raises BadData."""
    if "x" in names and "y" in names:
        return [("x", "y")]
    pairs = [(f"x_{part}", f"y_{part}") for part in PARTS]
    found = [pair for pair in pairs if pair[0] in names or pair[1] in names]
    if found and pairs[0] in found and all(x in names and y in names for x, y in found):
        return found
    shown = ", ".join(sorted(names)[:20]) or "none"
    raise BadData(
        "The arrays must be called x and y, or x_train and y_train (and the same with _val and "
        f"_test); the file holds: {shown[:500]}."
    )


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> _Header:
    """What the array's first bytes declare, compared with how much is there. Raises BadData."""
    try:
        with archive.open(entry) as reader:
            version = np.lib.format.read_magic(reader)
            read = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                read = np.lib.format.read_array_header_2_0
            shape, _, dtype = read(reader)
            offset = reader.tell()
    except MemoryError:
        raise
    except Exception as error:
        # numpy evaluates the header as a literal: any of Python's errors may come.
        raise BadData(f"The array {name} is damaged or was not written by numpy.") from error
    if any(size < 0 for size in shape):
        raise BadData(f"The array {name} declares an impossible shape, {shape}.")
    if dtype.hasobject:
        raise BadData(
            f"The array {name} holds Python objects, which are never loaded: they could run code. "
            "Save it with a type of numbers or of text."
        )
    if dtype.kind not in "biufUS":
        raise BadData(f"The array {name} is of type {dtype}; numbers or text are needed.")
    size = math.prod(shape) * dtype.itemsize
    if size != entry.file_size - offset:
        raise BadData(
            f"The array {name} declares {size:,} bytes, but {entry.file_size - offset:,} are there."
        )
    return _Header(shape, dtype)


def _check_shapes(pairs: list[tuple[str, str]], headers: dict[str, _Header]) -> None:
    first = headers[pairs[0][0]].shape
    for x_name, y_name in pairs:
        x, y = headers[x_name], headers[y_name]
        if x.dtype.kind not in "biuf":
            raise BadData(f"The array {x_name} holds text; the inputs must be numbers.")
        if len(y.shape) not in (1, 2) or (is_wide(y.shape) and y.dtype.kind in "US"):
            raise BadData(
                f"The array {y_name} has the shape {y.shape}; one target for each row is needed, "
                "so the shape (rows,)."
            )
        if is_wide(y.shape) != is_wide(headers[pairs[0][1]].shape):
            raise BadData(f"Of {pairs[0][1]} and {y_name} only one is one-hot.")
        if not x.shape or x.shape[0] != y.shape[0]:
            rows = x.shape[0] if x.shape else 0
            raise BadData(f"{x_name} has {rows:,} rows and {y_name} has {y.shape[0]:,}.")
        if x.shape[1:] != first[1:]:
            raise BadData(
                f"The rows of {x_name} have the shape {x.shape[1:]}, those of {pairs[0][0]} have "
                f"{first[1:]}."
            )
        if (y.dtype.kind in "US") != (headers[pairs[0][1]].dtype.kind in "US"):
            raise BadData(f"{pairs[0][1]} and {y_name} are not of one type.")
        if y.dtype.itemsize > 4_000:
            raise BadData(f"The array {y_name} holds very long texts; they cannot be classes.")


def _kind_of_input(header: _Header) -> tuple[str, tuple[int, ...]]:
    """Image or table, and the shape of one row as it is prepared. Raises BadData."""
    row = header.shape[1:]
    if 0 in header.shape:
        raise BadData(f"The inputs are empty: their shape is {header.shape}.")
    if len(row) == 1:
        if row[0] > MOST_COLUMNS:
            raise BadData(f"x has {row[0]:,} columns; at most {MOST_COLUMNS:,} are accepted.")
        return "table", row
    if len(row) == 2:
        return "image", (*row, 1)
    if len(row) == 3 and row[2] in (1, 3):
        return "image", row
    raise BadData(
        f"x has the shape {header.shape}; tables have (rows, columns), images have (rows, height, "
        "width) or (rows, height, width, channels) with 1 or 3 channels."
    )


def _unpack(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    name: str,
    header: _Header,
    path: Path,
    report: Report,
) -> np.ndarray:
    """The array, mapped from a file of its own: it need not fit into memory."""
    done = 0
    try:
        with path.open("wb") as writer:
            for piece in read_entry(archive, entry):
                writer.write(piece)
                done += len(piece)
                report(f"Unpacking {name}: {done / 2**20:,.0f} MB", done / entry.file_size)
        # Without rows there is nothing to map, and the system refuses to.
        return np.load(path, mmap_mode="r" if header.shape[0] else None, allow_pickle=False)
    except ValueError as error:
        raise BadData(f"The array {name} is damaged: {error}.") from error


def _scratch(root: Path, name: str) -> Path:
    # The names are ours: x, y_train and the like.
    return root / f"unpacked-{name}.npy"


def _convert(
    parts: list[np.ndarray],
    shape: tuple[int, ...],
    kind: str,
    path: Path,
    most_bytes: int,
    report: Report,
) -> np.ndarray:
    """All inputs, part after part, in one array file. Raises BadData for what is no number."""
    bytes_only = kind == "image" and all(part.dtype in (np.uint8, np.bool_) for part in parts)
    dtype = np.uint8 if bytes_only else np.float32
    rows = sum(len(part) for part in parts)
    size = rows * math.prod(shape) * np.dtype(dtype).itemsize
    if size > most_bytes:
        raise BadData(
            f"Prepared, x takes {size / 2**20:,.0f} MB; at most {most_bytes / 2**20:,.0f} MB are "
            "accepted."
        )
    x = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(rows, *shape))
    step, done, bad = max(1, _ROWS_AT_ONCE // math.prod(shape)), 0, 0
    for part in parts:
        for start in range(0, len(part), step):
            with np.errstate(over="ignore"):
                rows_now = part[start : start + step].reshape(-1, *shape)
                piece: np.ndarray = rows_now.astype(dtype)
            x[done : done + len(piece)] = piece
            bad += int(piece.size - np.isfinite(piece).sum())
            done += len(piece)
            report(f"Reading row {done:,} of {rows:,}", done / rows)
    if bad:
        raise BadData(f"x holds {bad:,} values that are no numbers (NaN or infinite).")
    x.flush()
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _column_names(kind: str, shape: tuple[int, ...]) -> list[str]:
    return [f"column {index + 1}" for index in range(shape[0])] if kind == "table" else []


def _notes(
    pairs: list[tuple[str, str]], headers: dict[str, _Header], task: str, parts: np.ndarray | None
) -> list[str]:
    notes = []
    if parts is not None:
        notes.append(parts_note(parts, "rows"))
    target = headers[pairs[0][1]].dtype
    if is_wide(headers[pairs[0][1]].shape):
        notes.append("y was one-hot; the class of a row is the number of its column.")
    elif task == "regression":
        notes.append("y holds fractions or many values, so models predict a number (regression).")
    elif target.kind == "f":
        notes.append("y holds few whole numbers, so they were taken as classes.")
    elif target.kind in "iub":
        notes.append("y holds whole numbers, which were taken as classes.")
    inputs = headers[pairs[0][0]].dtype
    if inputs.kind == "f" and inputs.itemsize > 4:
        notes.append(f"x was stored as float32 instead of {inputs}.")
    return notes


def _snippet(
    name: str, pairs: list[tuple[str, str]], x: np.ndarray, kind: str, task: str, one_hot: bool
) -> str:
    """Lines that load the original file in the same form."""
    flat = "argmax(axis=1)" if one_hot else "reshape(-1)"
    lines = ["import numpy as np", "", f"data = np.load({name!r})"]
    if len(pairs) == 1:
        lines += [f'x, y = data["x"], data["y"].{flat}']
    else:
        xs = ", ".join(f"data[{x_name!r}]" for x_name, _ in pairs)
        ys = ", ".join(f"data[{y_name!r}].{flat}" for _, y_name in pairs)
        lines += [f"x = np.concatenate([{xs}])", f"y = np.concatenate([{ys}])"]
    if kind == "image":
        lines.append(f"x = x.reshape(-1, {', '.join(str(size) for size in x.shape[1:])})")
    lines.append(f'x = x.astype("{x.dtype}")')
    if task == "classification":
        lines.append("class_names, y = np.unique(y, return_inverse=True)")
    else:
        lines.append('y = y.astype("float32")')
    return "\n".join(lines) + "\n"
