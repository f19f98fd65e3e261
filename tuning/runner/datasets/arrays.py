"""Reading an uploaded .npz: which of its arrays are what, then one after the other."""

import math
import shutil
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tuning.protocol.data_kinds import DataKind
from tuning.protocol.events import MAX_NAME, FoundArray, FoundArrays
from tuning.protocol.names import is_one_line, one_line
from tuning.protocol.tasks import Task, joined_names
from tuning.protocol.uploads import MAX_ARRAYS, MAX_COLUMNS, ROLE_PAIRS, Upload
from tuning.runner.failures import BadData

from .archives import open_archive, read_entry
from .array_headers import Header, entries_of, header_of
from .array_images import Change, change_of
from .array_names import inputs_alone, propose, role_of
from .array_targets import Targets, targets, width_of
from .parsed import Parsed, Report, parts_note
from .sequences import are_sequences
from .sources import Source

_ROWS_AT_ONCE = 1 << 22  # values, of all the rows that are converted in one go
_LARGEST_SIZE = 1 << 30  # of one axis
_MAX_NAMED = 10


@dataclass(frozen=True)
class _Pair:
    """The arrays of one part: an index into splits.PARTS, and two names; a reconstruction has no
    targets."""

    part: int
    x: str
    y: str


Headers = dict[str, Header]


def find_arrays(path: Path, upload: Upload) -> FoundArrays:
    """What the file holds, and which arrays are what as far as that can be seen. Raises BadData if
    it holds no array."""
    found = []
    with open_archive(path, upload.most_bytes) as archive:
        entries = entries_of(archive)
        for name in _shown(entries):
            try:
                header = header_of(archive, entries[name], name)
                _check_size(header, name)
            except BadData as error:
                found.append(FoundArray(name, [], "", str(error)))
            else:
                found.append(FoundArray(name, list(header.shape), str(header.dtype)))
    good = [array for array in found if not array.problem]
    if not good:
        problems = [array.problem for array in found if array.problem]
        raise BadData(problems[0] if problems else "The file contains no arrays.")
    if roles := inputs_alone({array.name: tuple(array.shape) for array in found}):
        return FoundArrays(found, roles, clear=upload.task in ("", Task.RECONSTRUCTION))
    proposal = propose({array.name: tuple(array.shape) for array in found})
    roles = proposal.roles
    if not proposal.clear:
        usable = {array.name for array in good}
        roles = {role: name for role, name in roles.items() if name in usable}
    return FoundArrays(found, dict(roles), proposal.clear)


def read_arrays(
    path: Path, upload: Upload, roles: dict[str, str], folder: Path, report: Report
) -> Parsed:
    """Write folder/x.npy; the rest is returned. Raises BadData."""
    with open_archive(path, upload.most_bytes) as archive:
        entries = entries_of(archive)
        pairs = _pairs(roles, entries, upload.task != Task.RECONSTRUCTION)
        names = list(dict.fromkeys(name for pair in pairs for name in (pair.x, pair.y) if name))
        headers = {name: header_of(archive, entries[name], name) for name in names}
        _check_shapes(pairs, headers)
        kind, change = _kind_of_input(pairs[0].x, headers[pairs[0].x], upload)
        row = headers[pairs[0].x].shape[1:]
        shape = change.after if change else row
        rows = sum(headers[pair.x].shape[0] for pair in pairs)
        dtype = _dtype(kind, (headers[pair.x].dtype for pair in pairs))
        _check_room(rows * math.prod(shape) * dtype.itemsize, upload, folder, kind)
        unused = _unused(archive, entries, names, headers[pairs[0].x].shape[0])
        unpacked = {}
        for number, name in enumerate(names):
            # The names are a stranger's, so the files have numbers.
            scratch = folder.parent / f"unpacked-{number}.npy"
            unpacked[name] = _unpack(archive, entries[name], name, headers[name], scratch, report)
    found = (
        targets(_joined([unpacked[pair.y] for pair in pairs]), upload.task, pairs[0].y)
        if pairs[0].y
        else Targets(Task.RECONSTRUCTION, np.zeros(rows, np.float32))
    )
    inputs = [unpacked[pair.x] for pair in pairs]
    if len(row) == 2 and not (upload.side or upload.colours) and are_sequences(inputs):
        kind, change, shape, dtype = DataKind.SEQUENCE, None, row, np.dtype(np.float32)
    x = _convert(inputs, (rows, *shape), dtype, change, folder / "x.npy", report)
    for number in range(len(names)):
        (folder.parent / f"unpacked-{number}.npy").unlink()
    parts = _parts(pairs, headers)
    notes = _notes(pairs, headers, found, parts, change)
    notes += unused
    target = "class" if found.task.traits.has_classes else joined_names(found.names) or "y"
    columns = [f"column {index + 1}" for index in range(shape[0])] if kind == DataKind.TABLE else []
    source = Source(
        x, found.y, found.class_names, columns, target, found.names,
        f"Uploaded as {upload.name}.", "", _snippet(upload.name, entries, pairs, x, change, found),
    )  # fmt: skip
    return Parsed(kind, found.task, source, notes, parts=parts)


def _unused(
    archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], names: list[str], rows: int
) -> list[str]:
    """A sentence about the arrays besides `names`, or nothing."""
    others = [name for name in entries if name not in names]
    if not others:
        return []
    shown = ", ".join(map(one_line, others[:_MAX_NAMED]))[:300]
    note = f"Unused arrays: {shown}{', …' if len(others) > _MAX_NAMED else ''}."
    for name in others[:MAX_ARRAYS]:
        with suppress(BadData):
            shape = header_of(archive, entries[name], name).shape
            if len(shape) > 1 and shape[0] == rows:
                return [f"{note} Several arrays of inputs for one row are not supported."]
    return [note]


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """The targets of all parts, one below the other: (rows,) or (rows, columns)."""
    flat = [part.reshape(-1) if width_of(part.shape) == 1 else part for part in parts]
    return np.concatenate(flat)


def _shown(names: Iterable[str]) -> list[str]:
    """The names that a person may choose from; those that say what they are go first."""
    fitting = [name for name in names if is_one_line(name) and 0 < len(name) <= MAX_NAME]
    if len(fitting) > MAX_ARRAYS:
        fitting.sort(key=lambda name: role_of(name) is None)
    return fitting[:MAX_ARRAYS]


def _check_size(header: Header, name: str) -> None:
    if any(size > _LARGEST_SIZE for size in header.shape):
        raise BadData(f"The array {name} is too large: its shape is {header.shape}.")


def _pairs(roles: dict[str, str], names: Iterable[str], has_targets: bool) -> list[_Pair]:
    """The arrays of each part. Raises BadData."""
    for name in roles.values():
        if name not in names:
            shown = ", ".join(sorted(names)[:20])
            raise BadData(f"The file has no array {name[:MAX_NAME]}. It contains: {shown[:500]}.")
    pairs = []
    for part, (x, y) in enumerate(ROLE_PAIRS):
        if x in roles and (y in roles or not has_targets):
            pairs.append(_Pair(part, roles[x], roles.get(y, "")))
        elif x in roles or y in roles:
            named, missing = (x, "targets") if x in roles else (y, "inputs")
            raise BadData(f"The array {roles[named]} needs its {missing}.")
    if not pairs or pairs[0].part != 0:
        raise BadData("Select training inputs and targets.")
    return pairs


def _parts(pairs: list[_Pair], headers: Headers) -> np.ndarray | None:
    """The part of each row; None if the file has but one, or an empty one for training."""
    sizes = {pair.part: headers[pair.x].shape[0] for pair in pairs}
    if not sizes.get(0) or sum(map(bool, sizes.values())) < 2:
        return None
    return np.repeat(np.array(list(sizes), dtype=np.uint8), list(sizes.values()))


def _check_shapes(pairs: list[_Pair], headers: Headers) -> None:
    first = headers[pairs[0].x].shape
    for pair in pairs:
        x = headers[pair.x]
        if x.dtype.kind not in "biuf":
            raise BadData(f"The array {pair.x} contains text. Inputs must be numeric.")
        if x.shape[1:] != first[1:]:
            raise BadData(
                f"Rows of {pair.x} have shape {x.shape[1:]}, but rows of {pairs[0].x} have "
                f"{first[1:]}."
            )
    if not pairs[0].y:
        return
    first_y = headers[pairs[0].y]
    for pair in pairs:
        x, y = headers[pair.x], headers[pair.y]
        if len(y.shape) not in (1, 2) or (width_of(y.shape) > 1 and y.dtype.kind in "US"):
            raise BadData(
                f"The array {pair.y} has shape {y.shape}. Targets have shape (rows,), or (rows, "
                "targets) with a number or 0 and 1 in each column."
            )
        if width_of(y.shape) != width_of(first_y.shape):
            raise BadData(
                f"{pairs[0].y} has shape {first_y.shape}, but {pair.y} has {y.shape}. Both need "
                "the same columns."
            )
        if not x.shape or x.shape[0] != y.shape[0]:
            rows = x.shape[0] if x.shape else 0
            raise BadData(f"{pair.x} has {rows:,} rows, but {pair.y} has {y.shape[0]:,}.")
        if (y.dtype.kind in "US") != (first_y.dtype.kind in "US"):
            raise BadData(f"{pairs[0].y} and {pair.y} have different types.")
        if y.dtype.itemsize > 4_000:
            raise BadData(f"The array {pair.y} contains text that is too long for classes.")


def _kind_of_input(name: str, header: Header, upload: Upload) -> tuple[str, Change | None]:
    """Image or table, and what is done to each image. Raises BadData."""
    row = header.shape[1:]
    if 0 in header.shape:
        raise BadData(f"The inputs are empty: their shape is {header.shape}.")
    if len(row) == 1:
        if row[0] > MAX_COLUMNS:
            raise BadData(f"{name} has {row[0]:,} columns, more than the limit of {MAX_COLUMNS:,}.")
        if upload.side or upload.colours:
            raise BadData(
                f"{name} has shape {header.shape}, so its rows are not images. Leave image size "
                "and colours unchanged."
            )
        return DataKind.TABLE, None
    if len(row) == 2:
        return DataKind.IMAGE, change_of((*row, 1), upload)
    if len(row) == 3 and row[2] in (1, 3, 4):
        return DataKind.IMAGE, change_of(row, upload)
    if len(row) == 3 and row[0] in (1, 3):
        return DataKind.IMAGE, change_of((*row[1:], row[0]), upload, channels_first=True)
    if len(row) > 3:
        raise BadData(
            f"{name} has shape {header.shape}. 3-D volumes and video are not supported. Images "
            "have (rows, height, width, channels)."
        )
    raise BadData(
        f"{name} has shape {header.shape}. Tables have (rows, columns); images have (rows, "
        "height, width) or (rows, height, width, channels) with 1 or 3 channels; sequences have "
        "(rows, steps, features)."
    )


def _dtype(kind: str, stored: Iterable[np.dtype]) -> np.dtype:
    """Of the prepared inputs: bytes of images stay bytes."""
    only_bytes = all(dtype in (np.uint8, np.bool_) for dtype in stored)
    return np.dtype(np.uint8 if kind == DataKind.IMAGE and only_bytes else np.float32)


def _check_room(size: int, upload: Upload, folder: Path, kind: str) -> None:
    """Raises BadData if the prepared inputs would be too large."""
    advice = " Select a smaller image size or greyscale." if kind == DataKind.IMAGE else ""
    if size > upload.most_bytes:
        raise BadData(
            f"The prepared inputs need {size / 2**20:,.0f} MB, more than the limit of "
            f"{upload.most_bytes / 2**20:,.0f} MB.{advice}"
        )
    free = shutil.disk_usage(folder).free
    if size > free:
        raise BadData(
            f"The prepared inputs need {size / 2**20:,.0f} MB, but the worker has "
            f"{free / 2**20:,.0f} MB of free disk space.{advice}"
        )


def _unpack(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    name: str,
    header: Header,
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


def _convert(
    parts: list[np.ndarray],
    shape: tuple[int, ...],
    dtype: np.dtype,
    change: Change | None,
    path: Path,
    report: Report,
) -> np.ndarray:
    """All inputs, part after part, in one array file. Raises BadData for what is no number."""
    step, done, bad = max(1, _ROWS_AT_ONCE // math.prod(shape[1:])), 0, 0
    with path.open("wb") as writer:
        facts = {"descr": dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(writer, facts)
        for part in parts:
            for start in range(0, len(part), step):
                with np.errstate(over="ignore"):
                    rows = part[start : start + step]
                    piece: np.ndarray = (change.arranged(rows) if change else rows).astype(dtype)
                bad += int(piece.size - np.isfinite(piece).sum())
                writer.write((change.apply(piece) if change else piece).tobytes())
                done += len(piece)
                report(f"Reading row {done:,} of {shape[0]:,}", done / shape[0])
    if bad:
        raise BadData(f"The inputs contain {bad:,} values that are NaN or infinite.")
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _notes(
    pairs: list[_Pair],
    headers: Headers,
    found: Targets,
    parts: np.ndarray | None,
    change: Change | None,
) -> list[str]:
    notes = []
    if parts is not None:
        notes.append(parts_note(parts, "rows"))
    y, x = pairs[0].y, pairs[0].x
    target = headers[y or x].dtype
    if not y:
        notes.append("There are no targets: models reconstruct the inputs.")
    elif found.one_hot:
        notes.append(f"{y} was one-hot encoded. Classes are column indices.")
    elif found.task.traits.has_labels:
        notes.append(
            f"{y} contains only 0 and 1, with any number of 1 per row: each of its "
            f"{len(found.names):,} columns is a label."
        )
    elif found.names:
        notes.append(f"{y} has {len(found.names):,} columns: a model predicts all of them.")
    elif not found.task.traits.has_classes:
        why = "contains fractions or many values" if target.kind == "f" else "contains numbers"
        notes.append(f"{y} {why}: regression.")
    elif target.kind == "f":
        notes.append(f"{y} contains few integers, used as classes.")
    elif target.kind in "iub":
        notes.append(f"{y} contains integers, used as classes.")
    inputs = headers[x].dtype
    if inputs.kind == "f" and inputs.itemsize > 4:
        notes.append(f"{x} was stored as float32 instead of {inputs}.")
    if change and len(headers[x].shape) == 3:
        row = headers[x].shape[1:]
        notes.append(f"Rows of the shape {row} are stored as {(*row, 1)}, as grey images are.")
    if change:
        notes += change.notes(sum(headers[pair.x].shape[0] for pair in pairs))
    return notes


def _loading(name: str, arrays: list[str], files: Iterable[str]) -> list[str]:
    """`data` of an archive, or of the files that were packed into one for the upload."""
    if name != f"{' + '.join(f'{file}.npy' for file in files)}.zip":
        return [f"data = np.load({name!r})"]
    return [f'data = {{name: np.load(f"{{name}}.npy") for name in {arrays!r}}}']


def _snippet(
    name: str, files: Iterable[str], pairs: list[_Pair], x: np.ndarray, change: Change | None,
    found: Targets,
) -> str:  # fmt: skip
    """Lines that load the original file in the same form."""
    flat = ".argmax(axis=1)" if found.one_hot else "" if found.names else ".reshape(-1)"
    lines = ["import numpy as np"]
    if change and not change.is_none:
        lines.append("from PIL import Image")
    lines += ["", *_loading(name, [a for pair in pairs for a in (pair.x, pair.y) if a], files)]
    if not pairs[0].y:
        xs = ", ".join(f"data[{pair.x!r}]" for pair in pairs)
        lines.append(f"x = np.concatenate([{xs}])")
    elif len(pairs) == 1:
        lines += [f"x, y = data[{pairs[0].x!r}], data[{pairs[0].y!r}]{flat}"]
    else:
        xs = ", ".join(f"data[{pair.x!r}]" for pair in pairs)
        ys = ", ".join(f"data[{pair.y!r}]{flat}" for pair in pairs)
        lines += [f"x = np.concatenate([{xs}])", f"y = np.concatenate([{ys}])"]
    if change and change.channels_first:
        lines.append("x = np.moveaxis(x, 1, -1)")
    elif change:
        lines.append(f"x = x.reshape(-1, {', '.join(str(size) for size in change.before)})")
    lines.append(f'x = x.astype("{x.dtype}")')
    lines += change.lines() if change else []
    if found.task.traits.has_classes:
        lines.append("class_names, y = np.unique(y, return_inverse=True)")
    elif pairs[0].y:
        lines.append('y = y.astype("float32")')
    return "\n".join(lines) + "\n"
