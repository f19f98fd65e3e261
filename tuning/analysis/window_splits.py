"""How windows of a time series are divided: the sizes of the parts, which series a part lacks, and
the most folds.

Of one series numbers say it; of several the times in the dataset's files (`splits/windows.py`).
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tuning.models import Dataset
from tuning.protocol.orders import Split
from tuning.protocol.windows import TooFewWindows, Windows
from tuning.splits import PARTS
from tuning.splits.windows import absent_series, rows_of_parts, spans, window_folds
from tuning.storage.at_hand import at_hand

# Nobody asks for more.
_MAX_FOLDS = 20
# Of the series that a part lacks; each with so many characters.
_MAX_NAMED, _MAX_NAME = 5, 40
# What a part is called, and what follows for the series that it lacks.
_PARTS = (
    ("training", "Trials do not learn from {}."),
    ("validation", "Scores of trials do not include {}."),
    ("test", "Test scores do not include {}."),
)


def window_sizes(dataset: Dataset, split: Split) -> dict[str, int] | None:
    """How many windows each part has. None if a part has none, or once the files are gone."""
    try:
        return dict(zip(PARTS, _sizes(*_where(dataset), split), strict=True))
    except (TooFewWindows, OSError, ValueError):
        return None


def window_problem(dataset: Dataset, split: Split) -> str:
    """Why windows cannot be divided so; empty if they can."""
    try:
        _sizes(*_where(dataset), split)
    except TooFewWindows as error:
        return str(error)
    except (OSError, ValueError):
        return f"The rows of “{dataset}” cannot be read."
    return ""


def series_notes(dataset: Dataset, split: Split) -> list[str]:
    """Which of several series have no windows in a part, in sentences: they end too early or begin
    too late, since all series are divided at the same times."""
    if dataset.windows is None or dataset.windows.series == 1:
        return []
    try:
        absent = _absent(*_where(dataset), split)
    except (TooFewWindows, OSError, ValueError):
        return []
    return [
        _absent_text(dataset, numbers, part, consequence)
        for numbers, (part, consequence) in zip(absent, _PARTS, strict=True)
        if numbers
    ]


def series_name(facts: Mapping[str, Any], number: int) -> str:
    """Of one of several series, counted from 0. `facts`: what the profile says of the windows."""
    names = facts.get("series_names") or []
    return str(names[number]) if number < len(names) else f"series {number + 1:,}"


def _absent_text(dataset: Dataset, numbers: tuple[int, ...], part: str, consequence: str) -> str:
    facts = dataset.profile["windows"]
    names = [f"“{series_name(facts, number)[:_MAX_NAME]}”" for number in numbers[:_MAX_NAMED]]
    more = [f"{len(numbers) - _MAX_NAMED:,} more"] if len(numbers) > _MAX_NAMED else []
    *first, last = [*names, *more]
    listed = f"{', '.join(first)} and {last}" if first else last
    have, them = ("has", "it") if len(numbers) == 1 else ("have", "them")
    return (
        f"{len(numbers):,} of {facts['series_count']:,} series {have} no {part} windows: {listed}. "
        f"{consequence.format(them)}"
    )


def most_folds_of_windows(dataset: Dataset, split: Split) -> int:
    """Each fold's part for validation, and the windows between its parts, leave some to train on.
    What is left over may make a larger number possible where a smaller one is not: up to the number
    returned, all are."""
    try:
        return _most_folds(*_where(dataset), split)
    except (TooFewWindows, OSError, ValueError):
        return 0


def _where(dataset: Dataset) -> tuple[Path, Windows]:
    """Raises OSError."""
    windows = dataset.windows
    assert windows
    # Those of one series need no files.
    return at_hand(dataset.stored) if windows.series > 1 else Path(), windows


# The folder of a dataset never changes. Of many windows only what is counted stays in memory.
@lru_cache(maxsize=256)
def _sizes(folder: Path, windows: Windows, split: Split) -> tuple[int, ...]:
    """Of the parts. Raises TooFewWindows, OSError, ValueError."""
    return tuple(map(len, rows_of_parts(folder, windows, split)))


@lru_cache(maxsize=256)
def _absent(folder: Path, windows: Windows, split: Split) -> tuple[tuple[int, ...], ...]:
    """The series that each part lacks. Those without any window are in the dataset's notes. Raises
    as `_sizes`."""
    return tuple(tuple(part.tolist()) for part in absent_series(folder, windows, split))


@lru_cache(maxsize=256)
def _most_folds(folder: Path, windows: Windows, split: Split) -> int:
    """Raises TooFewWindows, OSError, ValueError."""
    train, validation, _ = rows_of_parts(folder, windows, split)
    if windows.series > 1:
        first, last = spans(folder, windows)
        chosen = np.concatenate([train, validation])
        return _most_folds_of_several(first[chosen], last[chosen])
    # As scikit-learn's TimeSeriesSplit divides them, with the windows between the two parts.
    count = max(int(part[-1]) + 1 for part in (train, validation) if len(part)) - int(train[0])
    numbers = range(2, count)
    impossible = (n for n in numbers if count - n * (count // (n + 1)) <= windows.gap)
    return next(impossible, count) - 1


def _most_folds_of_several(first: np.ndarray, last: np.ndarray) -> int:
    for folds in range(2, _MAX_FOLDS + 1):
        found = window_folds(first, last, folds)
        if len(found) < folds or not all(len(part) for fold in found for part in fold):
            return folds - 1
    return _MAX_FOLDS
