"""What a runner calls a trained model: checked before it is stored, and never loaded here.

Model files (`tuning/supervisor/model_files.py`). A file that a runner calls a model is not loaded
by the worker. It is copied if it has at most `MODEL_MAX_MB` and is not mostly holes, and the copy
becomes the model if it is a harmless zip with the members of a Keras or skops file and no others,
each of which can be read. Anything else fails the retraining with `bad_model_file`.
"""

import json
import os
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tuning.protocol import description
from tuning.protocol.archives import BadArchive, open_archive, read_entry

from .files import open_plain, store_open_file

_MB = 1 << 20
# What a file may unpack to: Keras and skops do not compress, and the description is small.
_MAX_RATIO, _HARMLESS_BYTES = 20, 64 << 20
_HDF5 = b"\x89HDF\r\n\x1a\n"
# Read as a whole, so that it is known to be JSON.
_MAX_JSON = 64 << 20


class _Layout(NamedTuple):
    """What a kind of file is made of: members that it must have (those that are JSON among them),
    and a pattern for all that it may have besides."""

    name: str
    documents: tuple[str, ...]
    others: tuple[str, ...]
    besides: re.Pattern[str]


_ABOUT = re.escape(description.FILE)
_LAYOUTS = {
    ".keras": _Layout(
        "Keras", ("metadata.json", "config.json"), ("model.weights.h5",),
        re.compile(rf"assets/.*|{_ABOUT}"),
    ),
    ".skops": _Layout(
        "skops", ("schema.json",), (), re.compile(rf"[\w-]+\.(npy|npz|bin)|{_ABOUT}")
    ),
}  # fmt: skip


class BadModelFile(Exception):
    """The file is not stored; the text is one sentence for people."""


def store_model_file(
    source: Path, target: Path, most_bytes: int, heartbeat: Callable[[], None] = lambda: None
) -> tuple[int, str]:
    """Copy a runner's file of at most `most_bytes` to its place, if it is what its suffix says.
    Returns its size in bytes and its SHA-256. Calls `heartbeat` meanwhile. Raises BadModelFile, and
    BadEvent if there is no plain file."""
    with open_plain(source) as reader:
        _check_size(reader, most_bytes)
        try:
            return store_open_file(
                reader,
                target,
                heartbeat,
                lambda copy: _check(copy, _LAYOUTS[target.suffix], heartbeat),
            )
        except BadArchive as error:
            raise BadModelFile(f"The model file cannot be stored. {error}") from error


def _check_size(reader: BinaryIO, most_bytes: int) -> None:
    size = os.fstat(reader.fileno()).st_size
    if size > most_bytes:
        raise BadModelFile(
            f"The model file has {size / _MB:,.0f} MB, more than the limit of "
            f"{most_bytes / _MB:,.0f} MB (MODEL_MAX_MB)."
        )
    # A copy would have them in full. What Keras and skops write has none.
    if size > _MB and size > 2 * _written_bytes(reader.fileno(), size):
        raise BadModelFile("The model file is incomplete: most of it was never written.")


def _written_bytes(descriptor: int, size: int) -> int:
    """How much of a file is no hole."""
    written = place = 0
    with suppress(OSError):  # Nothing but a hole is left.
        while place < size:
            start = os.lseek(descriptor, place, os.SEEK_DATA)
            place = os.lseek(descriptor, start, os.SEEK_HOLE)
            written += place - start
    os.lseek(descriptor, 0, os.SEEK_SET)
    return written


def _check(path: Path, layout: _Layout, heartbeat: Callable[[], None]) -> None:
    """Raises BadArchive. Every member is read once, so that a damaged one is found."""
    most_bytes = _MAX_RATIO * path.stat().st_size + _HARMLESS_BYTES
    with open_archive(path, most_bytes) as archive:
        _check_names(archive.namelist(), layout)
        for entry in archive.infolist():
            _check_member(archive, entry, layout, heartbeat)


def _check_names(names: list[str], layout: _Layout) -> None:
    needed = (*layout.documents, *layout.others)
    if len(set(names)) < len(names):
        raise BadArchive(f"The {layout.name} file has two members of the same name.")
    for name in needed:
        if name not in names:
            raise BadArchive(f"Not a {layout.name} file: {name} is missing.")
    for name in names:
        if name not in needed and not layout.besides.fullmatch(name):
            raise BadArchive(f"Unexpected {name[:100]!r} in the {layout.name} file.")


def _check_member(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, layout: _Layout, heartbeat: Callable[[], None]
) -> None:
    is_document = entry.filename in layout.documents
    if is_document and entry.file_size > _MAX_JSON:
        raise BadArchive(f"{entry.filename} in the {layout.name} file is too large.")
    kept, start = b"", b""
    try:
        for piece in read_entry(archive, entry):
            start = start or piece[: len(_HDF5)]
            kept += piece if is_document else b""
            heartbeat()
        if is_document and not isinstance(json.loads(kept), dict):
            raise ValueError("not a JSON object")
    except (ValueError, RecursionError) as error:
        raise BadArchive(f"{entry.filename[:100]} in the {layout.name} file is damaged.") from error
    if entry.filename.endswith(".weights.h5") and start != _HDF5:
        raise BadArchive(f"{entry.filename[:100]} in the Keras file is no HDF5 file.")
