"""The Pareto front and the hypervolume agree with Optuna's own."""

import numpy as np
import optuna
import pytest
from optuna._hypervolume import compute_hypervolume

from tuning.analysis.pareto import front_places, hypervolume, hypervolumes, knee_of, losses_of


def points(seed: int, count: int, dimensions: int) -> list[tuple[float, ...]]:
    """With ties and equal points."""
    rows = np.random.default_rng(seed).integers(0, 12, (count, dimensions)) / 4
    return [tuple(map(float, row)) for row in rows]


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(8))
def test_front_and_hypervolume_are_optunas(seed: int, dimensions: int) -> None:
    found = points(seed, 30, dimensions)
    study = optuna.create_study(directions=["minimize"] * dimensions)
    for point in found:
        study.add_trial(optuna.create_trial(values=list(point)))
    if dimensions > 1:
        assert front_places(found) == [trial.number for trial in study.best_trials]
    reference = (3.0,) * dimensions
    theirs = compute_hypervolume(np.array(found), np.array(reference))
    assert hypervolume(found, reference) == pytest.approx(theirs)
    *_, (_, last) = hypervolumes(found, reference, most=1000)
    assert last == pytest.approx(theirs)
    steps = list(hypervolumes(found, reference, most=1000))
    for place, volume in steps:
        assert volume == pytest.approx(
            compute_hypervolume(np.array(found[: place + 1]), np.array(reference))
        )
    assert [volume for _, volume in steps] == sorted(volume for _, volume in steps)


def test_equal_points_are_all_on_the_front() -> None:
    assert front_places([(1, 2), (2, 1), (1, 2), (2, 2)]) == [0, 1, 2]
    assert front_places([]) == []


def test_directions_turn_scores_around() -> None:
    assert losses_of((0.9, 100), ("max", "min")) == (-0.9, 100)


def test_few_of_many_changes_are_worked_out() -> None:
    line = [(float(i), float(100 - i)) for i in range(100)]
    steps = list(hypervolumes(line, (100.0, 101.0), most=10))
    assert len(steps) <= 11
    assert steps[-1][0] == 99


def test_the_knee_is_nearest_to_the_best_of_all() -> None:
    assert knee_of([(0.0, 1000.0), (0.1, 100.0), (1.0, 0.0)]) == 1
    assert knee_of([(0.5, 7.0)]) == 0
    assert knee_of([]) is None


def test_a_large_search_has_its_front_soon() -> None:
    many = [tuple(row) for row in np.random.default_rng(1).random((20_000, 3))]
    kept = front_places(many)
    assert 0 < len(kept) < 1000
