"""Groups of rows, each as a whole in one part: nothing of a patient's training rows is among the
test rows.

Each group goes to the part that lacks most of what the group has, the largest groups first, as
scikit-learn's StratifiedGroupKFold does it for folds. What counts is the number of rows and, where
classes or labels are stratified, of the rows with each of them. Groups with equal counts are
divided by the fractions at once: a million groups of one row each take seconds.
"""

from collections.abc import Iterator

import numpy as np


def parts_of_groups(
    key: np.ndarray,
    classes: np.ndarray | None,
    fractions: list[float],
    random: np.random.RandomState,
) -> np.ndarray:
    """The part of each row, an index into `fractions`. `key`: each row's group; missing values are
    a group, too. `classes`: int (rows,), bool (rows, labels), or None if only sizes count. Each
    part has a group if there are enough."""
    values, group = np.unique(key, return_inverse=True)
    counts = _Counts(group.reshape(-1), classes, len(values))
    shares = np.array(fractions)
    parts: np.ndarray = np.full(len(values), -1)
    rest = []
    for members in _alike(counts, random.permutation(len(values))):
        ends = np.cumsum((len(members) * shares + 1e-9).astype(int))
        for part, some in enumerate(np.split(members, ends)[: len(shares)]):
            parts[some] = part
        rest.append(members[ends[-1] :])
    left = np.concatenate(rest)
    _fill_up(parts, left[np.argsort(-counts.sizes[left], kind="stable")], counts, shares)
    _fill_empty(parts, counts.sizes, shares)
    return parts[group.reshape(-1)]


class _Counts:
    """Of each group, how many of all rows (`sizes`) and of the rows of each class it has, as shares
    of all such rows: most groups have few classes, so the others are not stored."""

    def __init__(self, group: np.ndarray, classes: np.ndarray | None, groups: int) -> None:
        self.sizes = np.bincount(group, minlength=groups)
        rows, kinds = _classes_of_rows(classes, len(group))
        width = int(kinds.max(initial=0)) + 1
        found = np.unique(group[rows] * width + kinds, return_counts=True)
        pairs, counts = map(np.asarray, found)
        self._width = width
        self._groups: np.ndarray = pairs // width
        self._kinds: np.ndarray = pairs % width
        of_all: np.ndarray = np.asarray(np.bincount(kinds, minlength=width))
        self._shares: np.ndarray = counts / of_all[self._kinds]
        # Where the pairs of each group begin: they are sorted by group.
        self._starts = np.cumsum([0, *np.bincount(self._groups, minlength=groups)])

    def of(self, group: int) -> tuple[np.ndarray, np.ndarray]:
        """Which classes a group has, and its shares of their rows. Class 0 stands for all rows."""
        found = slice(self._starts[group], self._starts[group + 1])
        return self._kinds[found], self._shares[found]

    def of_parts(self, parts: np.ndarray, count: int) -> np.ndarray:
        """What each of the parts has of each class; groups in part -1 are in none."""
        have = np.zeros((count, self._width))
        there = parts[self._groups] >= 0
        places = parts[self._groups[there]], self._kinds[there]
        np.add.at(have, places, self._shares[there])
        return have


def _classes_of_rows(classes: np.ndarray | None, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a row and one of its classes. Every row is of class 0, too, so sizes count as well
    as classes."""
    numbers = np.arange(rows)
    every: np.ndarray = np.zeros(rows, np.int64)
    if classes is None:
        return numbers, every
    if classes.ndim > 1:
        labelled, label = np.nonzero(classes)
        return np.concatenate([numbers, labelled]), np.concatenate([every, label + 1])
    return np.concatenate([numbers, numbers]), np.concatenate([every, classes.astype(int) + 1])


def _alike(counts: _Counts, groups: np.ndarray) -> Iterator[np.ndarray]:
    """The groups with equal counts, together."""
    found: dict[bytes, list[int]] = {}
    for group in groups:
        kinds, shares = counts.of(group)
        found.setdefault(kinds.tobytes() + shares.tobytes(), []).append(group)
    return map(np.array, found.values())


def _fill_up(parts: np.ndarray, groups: np.ndarray, counts: _Counts, requested: np.ndarray) -> None:
    """Give the groups to parts one by one."""
    have = counts.of_parts(parts, len(requested))
    for group in groups:
        kinds, shares = counts.of(group)
        lacks = ((requested[:, None] - have[:, kinds]) * shares).sum(axis=1)
        lacks[requested == 0] = -np.inf
        part = int(np.argmax(lacks))
        parts[group] = part
        have[part, kinds] += shares


def _fill_empty(parts: np.ndarray, sizes: np.ndarray, requested: np.ndarray) -> None:
    """Each part gets a group, the smallest one of the part with the most groups."""
    for part in np.flatnonzero(requested > 0):
        counts = np.bincount(parts, minlength=len(requested))
        most = int(np.argmax(counts))
        if not counts[part] and counts[most] > 1:
            some = np.flatnonzero(parts == most)
            parts[some[np.argmin(sizes[some])]] = part
