"""Windows of a time series divided by time: the oldest for training, the newest for test.

Between two parts a window's length is left out, so no row that a window of one part sees or
predicts is in a window of another part. Several series are divided at the same moments, so that
nothing of another series' future is among the training rows either: `starts.npy` has the first row
of each window, `times.npy` the time of each row.
"""

import json
from pathlib import Path

import numpy as np

from tuning.protocol.orders import Split
from tuning.protocol.windows import TooFewWindows, Windows

# A fraction that is 0 up to rounding.
_SMALLEST = 1e-9

Fold = tuple[np.ndarray, np.ndarray]


def stored_windows(folder: Path) -> Windows | None:
    """Those of a prepared dataset. Raises OSError, ValueError."""
    return Windows.of(json.loads((folder / "meta.json").read_text("utf-8")))


def rows_of_parts(folder: Path, windows: Windows, split: Split) -> list[np.ndarray]:
    """The windows of each part, in the order of time. Raises TooFewWindows, OSError, ValueError."""
    fractions = [split.train, split.validation, split.test]
    if windows.series == 1:
        return [np.arange(part.start, part.stop) for part in windows.parts(*fractions)]
    return parts_in_time(*spans(folder, windows), fractions)


def starts_of(folder: Path) -> np.ndarray:
    """The first row of each window of several series. Raises OSError, ValueError."""
    return np.asarray(np.load(folder / "starts.npy", allow_pickle=False))


def spans(folder: Path, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The times of each window's first and last row, of several series. Raises OSError,
    ValueError."""
    starts = starts_of(folder)
    times = np.load(folder / "times.npy", mmap_mode="r", allow_pickle=False)
    return np.asarray(times[starts]), np.asarray(times[starts + windows.length - 1])


def absent_series(folder: Path, windows: Windows, split: Split) -> list[np.ndarray]:
    """For each part the numbers of the series, of several, that have windows, but none in it.
    Raises as `rows_of_parts`."""
    series = np.load(folder / "series.npy", mmap_mode="r", allow_pickle=False)
    of_windows = np.asarray(series[starts_of(folder)])
    parts = rows_of_parts(folder, windows, split)
    return [np.setdiff1d(of_windows, of_windows[part]) for part in parts]


def parts_in_time(
    first: np.ndarray, last: np.ndarray, fractions: list[float]
) -> list[np.ndarray]:  # fmt: skip
    """The windows of each part, by the times of their first and last rows: all rows of a part are
    older than all rows of the next one. Raises TooFewWindows."""
    used = [place for place, fraction in enumerate(fractions) if fraction > _SMALLEST]
    cuts = _cuts(first, last, [fractions[place] for place in used])
    if cuts is None:
        raise TooFewWindows(
            f"{len(first):,} windows of several series are too few for {len(used)} parts, "
            "between which a window's length is left out. Select a smaller look-back or horizon."
        )
    found: list[np.ndarray] = [np.arange(0)] * len(fractions)
    for place, low, high in zip(used, [-np.inf, *cuts], [*cuts, np.inf], strict=True):
        found[place] = np.flatnonzero((first >= low) & (last < high))
    return found


def _cuts(first: np.ndarray, last: np.ndarray, shares: list[float]) -> list[float] | None:
    """The times at which the second and each further part begins; None if a part were empty."""
    if len(shares) == 1 or not len(first):
        return [] if len(first) else None
    times = np.unique(first)
    before = np.searchsorted(np.sort(last), times, side="left")
    after = len(first) - np.searchsorted(np.sort(first), times, side="left")
    # As many windows are lost at each of the cuts as at the first one.
    usable = len(first) - (len(first) - before - after) * (len(shares) - 1)
    enough = before >= usable * shares[0] / sum(shares) - 0.5
    possible = np.flatnonzero((before > 0) & (after > 0))
    # The first one that is enough; the parts that follow may need an earlier one.
    chosen = np.searchsorted(possible, int(np.argmax(enough)) if enough.any() else len(times))
    for place in possible[: chosen + 1][::-1]:
        later = first >= times[place]
        if (cuts := _cuts(first[later], last[later], shares[1:])) is not None:
            return [float(times[place]), *cuts]
    return None


def window_folds(first: np.ndarray, last: np.ndarray, folds: int) -> list[Fold]:
    """The windows that each fold trains on, all rows of which are older than those of the windows
    that it is validated on. As in scikit-learn's TimeSeriesSplit, there is one part more than
    folds."""
    size = len(first) // (folds + 1)
    if not size:
        return []
    ordered = np.sort(first)
    cuts = [float(ordered[len(first) - size * left]) for left in range(folds, 0, -1)]
    return [
        (np.flatnonzero(last < low), np.flatnonzero((first >= low) & (first < high)))
        for low, high in zip(cuts, [*cuts[1:], np.inf], strict=True)
    ]  # fmt: skip
