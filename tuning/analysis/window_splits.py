"""How windows of a time series are divided: the sizes of the parts and the most folds.

Of one series numbers say it; of several the times in the dataset's files (`splits/windows.py`).
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from tuning.models import Dataset
from tuning.protocol.orders import Split
from tuning.protocol.windows import TooFewWindows, Windows
from tuning.splits import PARTS
from tuning.splits.windows import rows_of_parts, spans, window_folds
from tuning.storage.at_hand import at_hand

# Nobody asks for more.
_MAX_FOLDS = 20


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
