"""The Pareto front of points, and the hypervolume that it dominates, as Optuna defines both. Pure
functions of losses: every coordinate is better when lower (`losses_of` turns scores around)."""

from collections.abc import Iterator, Sequence

import numpy as np

from tuning.protocol.metrics import MAX

Point = tuple[float, ...]


def losses_of(values: Sequence[float], directions: Sequence[str]) -> Point:
    return tuple(
        -value if direction == MAX else value
        for value, direction in zip(values, directions, strict=True)
    )


def front_places(points: Sequence[Point]) -> list[int]:
    """The places of the points that no other one dominates: is nowhere worse and somewhere better.
    Equal points are all on the front."""
    if not points:
        return []
    # Sorted by the first coordinate, then by the next: no point is dominated by a later one.
    unique, which = np.unique(np.asarray(points, float), axis=0, return_inverse=True)
    kept: np.ndarray = _of_two(unique) if unique.shape[1] == 2 else _of_any(unique)
    return [int(place) for place in np.flatnonzero(kept[which.ravel()])]


def _of_two(unique: np.ndarray) -> np.ndarray:
    before = np.concatenate([[np.inf], np.minimum.accumulate(unique[:-1, 1])])
    return np.asarray(unique[:, 1] < before)


def _of_any(unique: np.ndarray) -> np.ndarray:
    kept: np.ndarray = np.zeros(len(unique), bool)
    front = np.empty((0, unique.shape[1]))
    for place, point in enumerate(unique):
        if not (front <= point).all(axis=1).any():
            kept[place] = True
            front = np.vstack([front, point])
    return kept


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """Of the region between the points and the reference point, which is worse than all of them in
    every coordinate. Exact, slice by slice along the last coordinate."""
    inside = [
        point for point in points if all(p < r for p, r in zip(point, reference, strict=True))
    ]
    if not inside:
        return 0.0
    if len(reference) == 1:
        return reference[0] - min(point[0] for point in inside)
    front = sorted((inside[place] for place in front_places(inside)), key=lambda each: each[-1])
    ends = [*(point[-1] for point in front[1:]), reference[-1]]
    volume = 0.0
    for count, (point, end) in enumerate(zip(front, ends, strict=True), start=1):
        if end > point[-1]:
            below = [each[:-1] for each in front[:count]]
            volume += (end - point[-1]) * hypervolume(below, reference[:-1])
    return volume


def hypervolumes(
    points: Sequence[Point], reference: Point, most: int
) -> Iterator[tuple[int, float]]:
    """The hypervolume after each point that changes the front, and after the last one; of very many
    changes `most` are worked out."""
    front: list[Point] = []
    changes: list[tuple[int, list[Point]]] = []
    for place, point in enumerate(points):
        if any(all(a <= b for a, b in zip(other, point, strict=True)) for other in front):
            continue
        front = [p for p in front if not all(a <= b for a, b in zip(point, p, strict=True))]
        front.append(point)
        changes.append((place, list(front)))
    last = len(changes) - 1
    step = max(1, -(-len(changes) // most))
    for index, (place, members) in enumerate(changes):
        if index % step == 0 or index == last:
            yield place, hypervolume(members, reference)


def knee_of(points: Sequence[Point]) -> int | None:
    """The place of the point of a front that is nearest to the best value of every coordinate, each
    scaled to the front's own range. None without points."""
    if not points:
        return None
    rows = np.asarray(points, float)
    low, high = rows.min(axis=0), rows.max(axis=0)
    scaled = (rows - low) / np.where(high > low, high - low, 1.0)
    return int(np.argmin((scaled**2).sum(axis=1)))
