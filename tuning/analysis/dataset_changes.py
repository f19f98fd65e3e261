"""What differs between two versions of a dataset: rows, columns, and distributions that moved.

Read from their profiles, so nothing is opened: histograms of numbers, the most frequent values of
categories. A distribution moved if the largest gap between the two cumulative shares (Kolmogorov
and Smirnov's; for categories half the sum of the differences) is at least `MOVED` and more than
chance explains at the 1% level. Bins hide what happens within them, so a small shift may be missed.
"""

import math
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

from tuning.figures import counted, figure
from tuning.models import Dataset
from tuning.protocol.uploads import ColumnType

from .profiles import Bar, bars_of

MOVED = 0.1
# Kolmogorov and Smirnov's factor for 1%.
_CHANCE = 1.63
_WIDTH, _HEIGHT = 120, 28


@dataclass(frozen=True)
class Distribution:
    """How the values of a column are spread: bars with shares, in the order of `labels`."""

    labels: list[str]
    shares: list[float]
    # The bounds of the bars of numbers; empty for categories.
    edges: list[float]
    total: int

    @property
    def bars(self) -> list[Bar]:
        counts = [round(share * self.total) for share in self.shares]
        texts = [f"{label}: {count:,}" for label, count in zip(self.labels, counts, strict=True)]
        return bars_of(counts, texts, _WIDTH, _HEIGHT)

    @property
    def width(self) -> int:
        return _WIDTH

    @property
    def height(self) -> int:
        return _HEIGHT


@dataclass(frozen=True)
class Moved:
    """A column whose values are spread differently. `distance`: from 0 to 1."""

    name: str
    distance: float
    text: str
    before: Distribution
    after: Distribution


@dataclass(frozen=True)
class DatasetChanges:
    facts: list[tuple[str, str, str]]
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    # Name, type before, type after.
    retyped: list[tuple[str, str, str]] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    # How many distributions were compared.
    compared: int = 0


def dataset_changes(before: Dataset, after: Dataset) -> DatasetChanges:
    """Both have to be prepared."""
    old, new = _columns(before), _columns(after)
    both = [name for name in new if name in old]
    retyped = [
        (name, old[name]["type"], new[name]["type"])
        for name in both
        if old[name]["type"] != new[name]["type"]
    ]
    pairs = {name: (_of_column(old[name]), _of_column(new[name])) for name in both}
    target = f"{after.profile.get('target_name') or 'Target'} (target)"
    pairs[target] = (_of_target(before), _of_target(after))
    compared = {name: (a, b) for name, (a, b) in pairs.items() if a and b and _alike(a, b)}
    moved = [found for name, (a, b) in compared.items() if (found := _moved(name, a, b))]
    return DatasetChanges(
        _facts(before, after),
        [name for name in new if name not in old],
        [name for name in old if name not in new],
        retyped,
        sorted(moved, key=lambda one: -one.distance),
        len(compared),
    )


def _facts(before: Dataset, after: Dataset) -> list[tuple[str, str, str]]:
    """Name, before and after, of what counts of a dataset."""

    def of(dataset: Dataset) -> dict[str, str]:
        profile = dataset.profile
        missing = sum(column["missing"] for column in profile.get("columns") or [])
        shape = " × ".join(f"{size:,}" for size in profile.get("input_shape") or [])
        return {
            "Rows": f"{profile.get('rows', 0):,}",
            "Shape of a row": shape,
            "Classes": f"{profile.get('num_classes') or 0:,}" if profile.get("num_classes") else "",
            "Target": str(profile.get("target_name") or ""),
            "Missing values": f"{missing:,}" if profile.get("columns") else "",
        }

    old, new = of(before), of(after)
    return [(name, old[name], new[name]) for name in new if old[name] or new[name]]


def _columns(dataset: Dataset) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in dataset.profile.get("columns") or []}


def _of_column(column: dict[str, Any]) -> Distribution | None:
    if column["type"] == ColumnType.TEXT:
        lengths = column["lengths"]["words"]
        return _numbers(lengths["edges"], lengths["counts"])
    if column["type"] == "number":
        return _numbers(column["histogram"]["edges"], column["histogram"]["counts"])
    return _categories(column["values"], column["counts"])


def _of_target(dataset: Dataset) -> Distribution | None:
    profile = dataset.profile
    if counts := profile.get("class_counts"):
        return _categories(
            [str(n) for n in profile.get("class_names") or range(len(counts))], counts
        )
    histogram = profile.get("target") or profile.get("target_histogram") or {}
    if isinstance(histogram, dict) and histogram.get("counts"):
        return _numbers(histogram["edges"], histogram["counts"])
    return None


def _numbers(edges: list[float], counts: list[int]) -> Distribution | None:
    total = sum(counts)
    if not total:
        return None
    labels = [f"{figure(a, 3)} to {figure(b, 3)}" for a, b in pairwise(edges)]
    return Distribution(labels, [count / total for count in counts], list(edges), total)


def _categories(values: list[str], counts: list[int]) -> Distribution | None:
    total = sum(counts)
    if not total:
        return None
    return Distribution(list(values), [count / total for count in counts], [], total)


def _alike(before: Distribution, after: Distribution) -> bool:
    """Whether both are of numbers, or both of categories."""
    return bool(before.edges) == bool(after.edges)


def _moved(name: str, before: Distribution, after: Distribution) -> Moved | None:
    numbers = bool(after.edges)
    distance = _gap(before, after) if numbers else _difference(before, after)
    chance = _CHANCE * math.sqrt(1 / before.total + 1 / after.total)
    if distance < max(MOVED, chance):
        return None
    text = _medians(before, after) if numbers else _largest_difference(before, after)
    return Moved(name, distance, text, before, after)


def _gap(before: Distribution, after: Distribution) -> float:
    points = sorted({*before.edges, *after.edges})
    return max(abs(_share_below(before, at) - _share_below(after, at)) for at in points)


def _share_below(spread: Distribution, at: float) -> float:
    """As if values were spread evenly within a bar."""
    total = 0.0
    for low, high, share in zip(spread.edges, spread.edges[1:], spread.shares, strict=False):
        if at >= high:
            total += share
        elif at > low:
            total += share * (at - low) / (high - low)
    return total


def _median(spread: Distribution) -> float:
    for place, below in enumerate(accumulate(spread.shares)):
        if below >= 0.5 and spread.shares[place]:
            low, high = spread.edges[place], spread.edges[place + 1]
            return high - (high - low) * (below - 0.5) / spread.shares[place]
    return spread.edges[-1]


def _medians(before: Distribution, after: Distribution) -> str:
    return f"median about {figure(_median(after), 3)}, was {figure(_median(before), 3)}"


def _shares(spread: Distribution) -> dict[str, float]:
    return dict(zip(spread.labels, spread.shares, strict=True))


def _difference(before: Distribution, after: Distribution) -> float:
    old, new = _shares(before), _shares(after)
    return sum(abs(new.get(name, 0) - old.get(name, 0)) for name in {*old, *new}) / 2


def _largest_difference(before: Distribution, after: Distribution) -> str:
    old, new = _shares(before), _shares(after)
    # Of equal ones that which was more frequent before.
    gaps = {one: round(abs(new.get(one, 0) - old.get(one, 0)), 6) for one in sorted({*old, *new})}
    name = max(gaps, key=lambda one: (gaps[one], old.get(one, 0)))
    return f"{name[:40]}: {new.get(name, 0):.0%}, was {old.get(name, 0):.0%}"


def summary_text(changes: DatasetChanges) -> str:
    """In a sentence, what there is to see."""
    parts = [
        text
        for number, text in (
            (len(changes.added), counted(len(changes.added), "column") + " added"),
            (len(changes.removed), counted(len(changes.removed), "column") + " removed"),
            (len(changes.retyped), counted(len(changes.retyped), "column") + " of another type"),
            (len(changes.moved), counted(len(changes.moved), "distribution") + " moved"),
        )
        if number
    ]
    if parts:
        return f"{', '.join(parts)}."
    if changes.compared:
        return f"Columns are the same. None of {changes.compared:,} distributions moved."
    return "Columns are the same."
