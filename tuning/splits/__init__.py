"""Which rows of a dataset are for training, validation and test. Needs only numpy."""

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
    part's fraction by one row at most.
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
    groups = [order]
    if split.stratified:
        groups = [order[y[order] == label] for label in np.unique(y[order])]
    bounds = np.cumsum(fractions)
    pieces: list[list[np.ndarray]] = [[], [], []]
    for group in groups:
        cuts = np.rint(bounds * len(group)).astype(int)
        for piece, rows in zip(pieces, np.split(group, cuts), strict=True):
            piece.append(rows)
    return [np.concatenate([order[:0], *piece]) for piece in pieces]
