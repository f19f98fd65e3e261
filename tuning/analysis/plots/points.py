"""Trials as points of a plot: short columns of numbers, no more of them than a browser draws."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tuning.analysis.trials.columns import HYPERPARAMETERS, Column
from tuning.analysis.trials.frame import frame_of
from tuning.analysis.trials.selection import Selection
from tuning.figures import counted
from tuning.models.trial_index import as_text
from tuning.protocol.statuses import Status

# What a browser draws without a person waiting for it: points are elements, lines are cheap.
MAX_POINTS, MAX_LINES = 4_000, 10_000
# An axis can name each value if they are no more than these.
MAX_MARKS = 12


@dataclass(frozen=True)
class Points:
    """`frame` has the columns (see tuning.analysis.trials.frame), of `total` selected trials;
    `pruned` are those that were left out."""

    frame: dict[str, list[Any]]
    total: int
    pruned: int = 0

    @property
    def count(self) -> int:
        return len(self.frame["pk"])

    @property
    def note(self) -> str:
        """What a person must know of the sample; empty if all trials are there."""
        said = []
        if self.count < self.total:
            sample = f"A sample of {self.count:,} of {self.total:,} trials."
            said.append(f"{sample} Filter the trials to see all of them.")
        if self.pruned:
            are = "is" if self.pruned == 1 else "are"
            said.append(f"{counted(self.pruned, 'pruned trial')} {are} not drawn.")
        return " ".join(said)

    def facts(self, *extra: str) -> dict[str, Any]:
        """What every plot of points says of its trials."""
        return {
            "pk": self.frame["pk"],
            "number": self.frame["number"],
            "total": self.total,
            "note": " ".join(part for part in (self.note, *extra) if part),
        }


def points_of(selection: Selection, keys: Iterable[str], most: int = MAX_POINTS) -> Points:
    """All selected trials, or every so manieth if they are more than `most`. Pruned ones have no
    score and are left out, as Optuna does, unless a person filters by the status."""
    total = selection.count
    requested = list(dict.fromkeys(["number", *keys]))
    frame = frame_of(selection, requested, every=math.ceil(total / most) or 1)
    pruned = pruned_trials(selection)
    if pruned:
        kept = [place for place, pk in enumerate(frame["pk"]) if pk not in pruned]
        frame = {key: [values[place] for place in kept] for key, values in frame.items()}
    return Points(frame, total - len(pruned), len(pruned))


def pruned_trials(selection: Selection) -> set[int]:
    """The keys of the selected trials that plots of scores leave out."""
    if any(item.column.key == "status" for item in selection.filters):
        return set()
    return set(selection.index_rows().filter(status=Status.PRUNED).values_list("pk", flat=True))


def axis_of(column: Column, values: Sequence[Any]) -> dict[str, Any]:
    """A column for an axis. Other values than numbers become indices into `texts`. Where only some
    numbers are possible, `marks` are those that trials have, if they are few; `step` is their
    distance, if they are many."""
    axis: dict[str, Any] = {"key": column.key, "label": column.label, "better": column.better}
    if column.is_number:
        known = [value for value in values if value is not None]
        log = column.log and bool(known) and min(known) > 0
        values = [rounded(value) for value in values]
        return {**axis, **_possible(column, values), "log": log, "values": values}
    listed = column.parameter.listed if column.parameter else None
    texts = [as_text(value) for value in values if value is not None]
    known_texts = list(dict.fromkeys([*map(as_text, listed or ()), *sorted(set(texts))]))
    places = {text: index for index, text in enumerate(known_texts)}
    codes = [None if value is None else places[as_text(value)] for value in values]
    return {**axis, "log": False, "texts": known_texts, "values": codes}


def _possible(column: Column, values: Sequence[float | None]) -> dict[str, Any]:
    parameter = column.parameter
    known = {value for value in values if value is not None}
    whole = bool(known) and all(isinstance(value, int) for value in known)
    if not whole and (parameter is None or parameter.count is None):
        return {}
    if len(known) <= MAX_MARKS:
        return {"marks": sorted(known)}
    if parameter is None or parameter.listed is not None or parameter.sampling != "linear":
        return {"step": 1} if whole else {}
    return {"step": parameter.step}


def rounded(value: float | None) -> float | None:
    """Seven digits are finer than any screen, and a third of what goes over the wire."""
    if value is None or isinstance(value, int):
        return value
    return float(f"{value:.7g}") if math.isfinite(value) else None


def varying(selection: Selection, most: int, first: Iterable[str] = ()) -> list[Column]:
    """The hyperparameters that trials of this search have values of. Of more than `most` those in
    `first` are taken, then those that every trial uses."""
    columns = selection.columns.of(HYPERPARAMETERS)
    columns = [column for column in columns if column.field or column.source]
    requested = set(first)

    def rank(column: Column) -> tuple[bool, bool]:
        return column.key not in requested, bool(column.parameter and column.parameter.conditions)

    taken = sorted(columns, key=rank)[:most]
    return [column for column in columns if column in taken]
