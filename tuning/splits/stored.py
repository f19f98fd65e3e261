"""The split of a prepared dataset: what a split needs, read from the dataset's folder.

`meta.json` says where the values of a column lie: `auxiliary` describes the columns that are no
inputs, but decide about rows (their group, their time, their weight), each in its file; inputs of a
table are columns of `x.npy`.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tuning.protocol.orders import Split
from tuning.protocol.splitting import SPLITS

from . import PARTS, split_rows
from .windows import rows_of_parts, stored_windows


def stored_split(folder: Path, split: Split) -> dict[str, np.ndarray]:
    """As `split_rows`, of the dataset in this folder, or the windows of each part. Raises OSError,
    and ValueError if it does not have the split's column or has too few windows."""
    if windows := stored_windows(folder):
        return dict(zip(PARTS, rows_of_parts(folder, windows, split), strict=True))
    y = np.load(folder / "y.npy", mmap_mode="r", allow_pickle=False)
    given = np.load(folder / "parts.npy", allow_pickle=False) if split.given else None
    key = split_key(folder, split)
    if key is not None and key.shape != (len(y),):
        raise ValueError(f"“{split.column}” does not have one value for each row.")
    return split_rows(y, split, given, key)


def split_key(folder: Path, split: Split) -> np.ndarray | None:
    """What decides in which part each row is, if a column does. Raises as `stored_split`."""
    if split.given or not SPLITS[split.by].needs_column:
        return None
    return values_of(folder, split.column)


def values_of(folder: Path, column: str) -> np.ndarray:
    """The values of a column, one for each row: numbers of groups or categories, times, or numbers.
    Raises OSError, ValueError."""
    facts: dict[str, Any] = json.loads((folder / "meta.json").read_text("utf-8"))
    auxiliary = [one["name"] for one in facts.get("auxiliary", [])]
    if column in auxiliary:
        file = auxiliary_file(folder, auxiliary.index(column))
        return np.load(file, mmap_mode="r", allow_pickle=False)
    names: list[str] = facts.get("feature_names") or []
    if column not in names:
        raise ValueError(f"The dataset has no column “{column}” to split by.")
    x = np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False)
    return np.asarray(x[:, names.index(column)])


def auxiliary_file(folder: Path, place: int) -> Path:
    """Where the values of one of the auxiliary columns lie."""
    return folder / f"auxiliary-{place}.npy"
