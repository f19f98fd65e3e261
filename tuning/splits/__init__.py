"""Which rows of a dataset are for training, validation and test.

Needs only numpy, but for targets of several labels, which iterative stratification divides: it
imports scikit-learn, so the site computes sizes and never calls it.
"""

import numpy as np

from tuning.protocol.orders import Split

PARTS = ("train", "validation", "test")


def split_rows(
    y: np.ndarray, split: Split, given: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Row numbers of "train", "validation" and "test": disjoint, complete, the same every time.

    `given`: the part that the data themselves bring for each row, as an index into PARTS. A part
    that they lack is taken out of the training rows, by its share of the two fractions.
    Stratified, each class is divided by itself, so that its share of a part differs from the
    part's fraction by one row at most. Labels, of which `y` has a column each, keep their shares as
    far as possible. The parts have the same sizes either way as without labels.
    """
    # RandomState, not default_rng: numpy promises that its stream never changes, so workers
    # with different versions of numpy agree about which rows are the test's.
    random = np.random.RandomState(split.seed)
    order = random.permutation(len(y))
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
