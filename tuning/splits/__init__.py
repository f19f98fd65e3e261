"""Which rows of a dataset are for training, validation and test.

A row is in a part at random, by its group (`groups.py`) or by its time (`times.py`), windows of a
time series with a gap between parts (`windows.py`); `stored.py` reads what decides from a prepared
dataset. Needs only numpy, but for targets of several labels that
are divided at random: iterative stratification imports scikit-learn, so the site computes those
sizes.
"""

import numpy as np

from tuning.protocol.orders import Split
from tuning.protocol.splitting import SplitBy

from .groups import parts_of_groups
from .times import parts_of_times

PARTS = ("train", "validation", "test")


def split_rows(
    y: np.ndarray, split: Split, given: np.ndarray | None = None, key: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Row numbers of "train", "validation" and "test": disjoint, complete, the same every time.

    `given`: the part that the data themselves bring for each row, as an index into PARTS. A part
    that they lack is taken out of the training rows, by its share of the two fractions.
    Stratified, each class is divided by itself, so that its share of a part differs from the
    part's fraction by one row at most. Labels, of which `y` has a column each, keep their shares as
    far as possible. The parts have the same sizes either way as without labels.
    `key`: each row's group or time, for splits by it. Groups are stratified as far as possible; the
    rows of a split by time are in the order of time.
    """
    # RandomState, not default_rng: numpy promises that its stream never changes, so workers
    # with different versions of numpy agree about which rows are the test's.
    random = np.random.RandomState(split.seed)
    order = random.permutation(len(y))
    if key is not None:
        return _by_key(order, y, split, key, random)
    if given is None:
        parts = _divide(order, y, split, [split.train, split.validation])
    else:
        train, validation, test = (order[given[order] == part] for part in range(len(PARTS)))
        if not len(validation):
            kept = split.train / (split.train + split.validation)
            train, validation, _ = _divide(train, y, split, [kept, 1 - kept])
        if not len(test):
            train, _, test = _divide(train, y, split, [split.train / (split.train + split.test), 0])
        parts = [train, validation, test]
    return {name: random.permutation(rows) for name, rows in zip(PARTS, parts, strict=True)}


def _by_key(
    order: np.ndarray, y: np.ndarray, split: Split, key: np.ndarray, random: np.random.RandomState
) -> dict[str, np.ndarray]:
    fractions = [split.train, split.validation, split.test]
    if split.by == SplitBy.TIME:
        parts = parts_of_times(key, fractions)
        order = np.argsort(key, kind="stable")
    else:
        classes = _classes(y) if split.stratified else None
        parts = parts_of_groups(key, classes, fractions, random)
    return {name: order[parts[order] == part] for part, name in enumerate(PARTS)}


def _classes(y: np.ndarray) -> np.ndarray:
    """The class of each row, or which labels it has."""
    return y != 0 if y.ndim > 1 else np.unique(y, return_inverse=True)[1].reshape(-1)


def _divide(
    order: np.ndarray, y: np.ndarray, split: Split, fractions: list[float]
) -> list[np.ndarray]:
    """Three pieces of `order`, the first two by their fractions."""
    if split.stratified and y.ndim > 1:
        return _by_labels(order, y[order] != 0, split.seed, fractions)
    groups = [order]
    if split.stratified:
        groups = [order[y[order] == label] for label in np.unique(y[order])]
    pieces: list[list[np.ndarray]] = [[], [], []]
    for group in groups:
        for piece, rows in zip(pieces, np.split(group, _cuts(len(group), fractions)), strict=True):
            piece.append(rows)
    return [np.concatenate([order[:0], *piece]) for piece in pieces]


def _cuts(rows: int, fractions: list[float]) -> np.ndarray:
    return np.asarray(np.rint(np.cumsum(fractions) * rows).astype(int))


def _by_labels(
    order: np.ndarray, labels: np.ndarray, seed: int, fractions: list[float]
) -> list[np.ndarray]:
    """`labels`: bool (rows, labels), the rows of `order`."""
    # Only here: it imports scikit-learn.
    from iterstrat.ml_stratifiers import IterativeStratification

    shares = np.array([*fractions, 1 - sum(fractions)]).clip(0)
    place = IterativeStratification(labels, shares, np.random.RandomState(seed))
    sizes = np.diff([0, *_cuts(len(order), fractions), len(order)])
    # The algorithm keeps the shares of labels and misses the sizes by a few rows. Those that are
    # too many move; rows with the fewest labels change the shares least.
    fewest = np.argsort(labels.sum(axis=1), kind="stable")
    counts = np.bincount(place, minlength=len(sizes))
    for row in fewest:
        if (counts == sizes).all():
            break
        if counts[place[row]] > sizes[place[row]]:
            to = int(np.argmax(sizes - counts))
            counts[place[row]] -= 1
            counts[to] += 1
            place[row] = to
    return [order[place == part] for part in range(len(sizes))]
