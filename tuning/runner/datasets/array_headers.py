"""What the arrays of an .npz file declare about themselves, before any of them is unpacked."""

import math
import zipfile
from dataclasses import dataclass

import numpy as np

from tuning.runner.failures import BadData

_ENDING = ".npy"


@dataclass(frozen=True)
class Header:
    shape: tuple[int, ...]
    dtype: np.dtype


def entries_of(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The arrays' places in the archive by their names."""
    return {
        entry.filename.removesuffix(_ENDING): entry
        for entry in archive.infolist()
        if entry.filename.endswith(_ENDING)
    }


def header_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Header:
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
            f"The array {name} contains Python objects, which are not loaded because they can "
            "run code. Save it as a numeric or text array."
        )
    if dtype.kind not in "biufUS":
        raise BadData(f"The array {name} has type {dtype}. Use a numeric or text type.")
    size = math.prod(shape) * dtype.itemsize
    if size != entry.file_size - offset:
        raise BadData(
            f"The array {name} declares {size:,} bytes, but contains {entry.file_size - offset:,}."
        )
    return Header(shape, dtype)
