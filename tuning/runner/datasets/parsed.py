"""What a reader of uploads finds, and what all readers demand of targets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tuning.runner.failures import BadData
from tuning.splits import PARTS

from .sources import Source

# (what is being done, which part of it is done)
Report = Callable[[str, float], None]

MAX_CLASSES = 1_000
_MAX_NAME = 100
_PURPOSES = ("training", "validation", "test")


@dataclass(frozen=True)
class Parsed:
    """A dataset, what was done to it (`notes`, sentences) and what was left out: names with
    reasons. `columns` describe those of a table that may have gaps and categories (see
    runner/datasets/tables); they are empty for arrays of numbers."""

    kind: str
    task: str
    source: Source
    notes: list[str] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    columns: list[dict[str, Any]] = field(default_factory=list)
    # uint8, for each row the part that it was in (an index into splits.PARTS).
    parts: np.ndarray | None = None
    # "no" for a table without column names in its first row.
    header: str = ""
    # What the profile says of windows of a time series.
    windows: dict[str, Any] = field(default_factory=dict)
    # Columns that say something of each row and are no inputs: what the profile says, the values.
    auxiliary: list[tuple[dict[str, Any], np.ndarray]] = field(default_factory=list)


def part_facts(parts: np.ndarray, classes: np.ndarray | None) -> dict[str, Any]:
    """What the profile tells of given parts: their sizes, and how many rows of each class are for
    training (`classes`: the class of each row)."""
    sizes = np.bincount(parts, minlength=len(PARTS)).tolist()
    facts: dict[str, Any] = {"parts": dict(zip(PARTS, sizes, strict=True))}
    if classes is not None:
        counts = np.bincount(classes[parts == 0], minlength=int(classes.max()) + 1)
        facts["train_class_counts"] = counts.tolist()
    return facts


def parts_note(parts: np.ndarray, noun: str) -> str:
    """A sentence about parts that the data bring."""
    sizes = dict(zip(_PURPOSES, np.bincount(parts, minlength=len(PARTS)), strict=True))
    shown = ", ".join(f"{size:,} for {purpose}" for purpose, size in sizes.items() if size)
    note = f"Predefined split of {noun}: {shown}. Projects keep it or create a new split."
    missing = [purpose for purpose, size in sizes.items() if not size]
    if missing:
        note += f" {noun.capitalize()} for {missing[0]} are taken from the training {noun}."
    return note


def check_classes(names: list[str], counts: np.ndarray, noun: str) -> None:
    """Two classes at least, with two members each, for a split. Raises BadData."""
    if len(names) < 2:
        only = f", “{names[0][:_MAX_NAME]}”" if names else ""
        raise BadData(f"There is only one class{only}. Classification needs at least two.")
    if len(names) > MAX_CLASSES:
        raise BadData(f"There are {len(names):,} classes, more than the limit of {MAX_CLASSES:,}.")
    long = [name for name in names if len(name) > _MAX_NAME]
    if long:
        raise BadData(f"A class name has {len(long[0])} characters: “{long[0][:40]}…”.")
    small = [name for name, count in zip(names, counts, strict=True) if count < 2]
    if len(small) == 1:
        raise BadData(f"The class “{small[0]}” has only 1 {noun}. Each class needs at least 2.")
    if small:
        raise BadData(
            f"{len(small):,} classes have only 1 {noun}, such as “{small[0]}”. Each class needs "
            "at least 2."
        )


def check_labels(names: list[str], y: np.ndarray) -> None:
    """Each label on two rows at least, and missing on two, for a split. `y`: 0 and 1 of shape
    (rows, labels). Raises BadData."""
    counts = np.asarray(y.sum(axis=0), np.int64)
    for name, count in zip(names, counts, strict=True):
        others = len(y) - count
        if count < 2 or others < 2:
            rows = "no row" if not count else "only 1 row" if count == 1 else (
                "every row" if not others else "all rows but 1"
            )  # fmt: skip
            raise BadData(
                f"The label “{name[:_MAX_NAME]}” is set on {rows}. Each label needs at least 2 "
                "rows with it and 2 without. Leave it out."
            )


def check_numbers(names: list[str], y: np.ndarray) -> None:
    """Each of the targets, the columns of `y`, has several values. Raises BadData."""
    for name, column in zip(names, y.T, strict=True):
        if len(column) and (column == column[0]).all():
            which = f"“{name[:_MAX_NAME]}” has the same value in every row" if len(names) > 1 else (
                "All rows have the same target"
            )  # fmt: skip
            raise BadData(f"{which}. Select another target.")
