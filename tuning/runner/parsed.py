"""What a reader of uploads finds, and what all readers demand of targets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .failures import BadData
from .sources import Source

# (what is being done, which part of it is done)
Report = Callable[[str, float], None]

MOST_CLASSES = 1_000
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Parsed:
    """A dataset, what was done to it (`notes`, sentences) and what was left out: names with
    reasons. `columns` describe those of a table that may have gaps and categories (see
    docs/architecture.md); they are empty for arrays of numbers."""

    kind: str
    task: str
    source: Source
    notes: list[str] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    columns: list[dict[str, Any]] = field(default_factory=list)


def check_classes(names: list[str], counts: np.ndarray, noun: str) -> None:
    """Two classes at least, with two members each, for a split. Raises BadData."""
    if len(names) < 2:
        only = f", “{names[0][:_LONGEST_NAME]}”" if names else ""
        raise BadData(f"There is only one class{only}; to tell apart there must be two at least.")
    if len(names) > MOST_CLASSES:
        raise BadData(f"There are {len(names):,} classes; at most {MOST_CLASSES:,} are accepted.")
    long = [name for name in names if len(name) > _LONGEST_NAME]
    if long:
        raise BadData(f"The name of a class has {len(long[0])} letters: “{long[0][:40]}…”.")
    small = [name for name, count in zip(names, counts, strict=True) if count < 2]
    if len(small) == 1:
        raise BadData(f"The class “{small[0]}” has only 1 {noun}; each class needs 2 at least.")
    if small:
        raise BadData(
            f"{len(small):,} classes have only 1 {noun} (“{small[0]}” is one of them); each class "
            "needs 2 at least."
        )
