"""Large datasets laid down once in the order of a split, so that all runners can map one copy.

A runner that picks rows at random has to copy them; rows that follow each other it maps, and the
system keeps each page of the file in memory once, however many runners read it.

Runners read a dataset where it lies. Rows picked at random have to be copied, so of a dataset of
64 MB and more the worker lays x down once in the order of the split (`tuning/splits/arranged.py`:
training, validation, test, in `split-<hash>/` below the dataset's folder, under a lock
(`storage/locks.py`), renamed when whole; swept with the dataset, or once no project has that
split). It takes the dataset's size on the disk again; without that space, or for small datasets,
runners copy their rows as before.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tuning.protocol.orders import Split

from . import PARTS
from .stored import stored_split
from .windows import stored_windows

# Bytes of x; copies of smaller ones cost nothing that anybody notices.
LARGE = 64 << 20
_BYTES_AT_ONCE = 16 << 20
_SIZES = "sizes.json"

# Calls to show that the work goes on; may raise to end it.
Heartbeat = Callable[[], None]


def arranged_folder(dataset: Path, split: Split) -> Path:
    """Where the rows lie in the order of this split: it goes with the dataset's folder."""
    facts = asdict(split)
    if not split.column:
        # As before splits had these two: the folders stay valid.
        del facts["by"], facts["column"]
    document = json.dumps(facts, sort_keys=True)
    return dataset / f"split-{hashlib.sha256(document.encode()).hexdigest()[:16]}"


def is_to_arrange(dataset: Path, split: Split) -> bool:
    """Whether a dataset is large, and its rows do not lie in the order of this split yet, as
    windows of a time series always do. Raises OSError, ValueError."""
    if stored_windows(dataset):
        return False
    x = np.load(dataset / "x.npy", mmap_mode="r", allow_pickle=False)
    return x.nbytes >= LARGE and not arranged_folder(dataset, split).exists()


def arrange(dataset: Path, split: Split, heartbeat: Heartbeat = lambda: None) -> None:
    """Lay a large dataset's rows down, unless that was done before. Needs as much space on the disk
    as the dataset. One at a time for each dataset: the caller sees to that. Raises OSError."""
    if not is_to_arrange(dataset, split):
        return
    for broken_off in dataset.glob(".split-*"):
        shutil.rmtree(broken_off, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=".split-", dir=dataset))
    try:
        x = np.load(dataset / "x.npy", mmap_mode="r", allow_pickle=False)
        _lay_down(x, dataset, split, temporary, heartbeat)
        temporary.rename(arranged_folder(dataset, split))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def load_arranged(dataset: Path, split: Split) -> tuple[np.ndarray, np.ndarray, dict[str, slice]]:
    """x, y and where in them each part lies. Writing to x changes this process's memory and never
    the file. Raises FileNotFoundError if the rows were not laid down."""
    folder = arranged_folder(dataset, split)
    sizes = json.loads((folder / _SIZES).read_text("utf-8"))
    x = np.load(folder / "x.npy", mmap_mode="c", allow_pickle=False)
    y = np.load(folder / "y.npy", allow_pickle=False)
    places, start = {}, 0
    for part in PARTS:
        places[part] = slice(start, start + sizes[part])
        start += sizes[part]
    return x, y, places


def _lay_down(
    x: np.ndarray, dataset: Path, split: Split, folder: Path, heartbeat: Heartbeat
) -> None:
    y = np.load(dataset / "y.npy", allow_pickle=False)
    rows = stored_split(dataset, split)
    order = np.concatenate([rows[part] for part in PARTS])
    step = max(1, _BYTES_AT_ONCE // (x.nbytes // len(x)))
    with (folder / "x.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {**np.lib.format.header_data_from_array_1_0(x), "fortran_order": False}
        )
        for start in range(0, len(order), step):
            file.write(np.ascontiguousarray(x[order[start : start + step]]).data)
            heartbeat()
        file.flush()
        os.fsync(file.fileno())
    np.save(folder / "y.npy", y[order], allow_pickle=False)
    (folder / _SIZES).write_text(json.dumps({part: len(rows[part]) for part in PARTS}), "utf-8")
    for path in folder.iterdir():
        path.chmod(0o444)
    # As readable as the dataset's own folder; temporary ones are their owner's alone.
    shutil.copymode(dataset, folder)
