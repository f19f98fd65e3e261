"""Hyperband's plan against figures worked out from KerasTuner's own rules."""

import pytest

from tuning.strategies.hyperband_plan import brackets, epoch_count, trial_count


def test_nine_epochs_by_three() -> None:
    plan = [[(r.trials, r.epochs) for r in bracket.rounds] for bracket in brackets(9, 3)]
    assert plan == [[(9, 1), (3, 3), (1, 9)], [(5, 3), (2, 9)], [(3, 9)]]
    assert trial_count(9, 3, 1) == 23
    assert trial_count(9, 3, 2) == 46
    assert epoch_count(9, 3, 1) == (9 + 3 * 2 + 6) + (15 + 2 * 6) + 27


def test_one_epoch_has_one_bracket() -> None:
    assert [len(bracket.rounds) for bracket in brackets(1, 3)] == [1]


@pytest.mark.tensorflow
@pytest.mark.parametrize("epochs", [1, 2, 5, 10, 27, 81, 100])
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_plan_is_keras_tuners(epochs: int, factor: int) -> None:
    import keras_tuner

    oracle = keras_tuner.oracles.HyperbandOracle(
        objective="val_loss", max_epochs=epochs, factor=factor
    )
    plan = brackets(epochs, factor)
    assert len(plan) == oracle._get_num_brackets()
    for bracket in plan:
        for item in bracket.rounds:
            assert item.trials == oracle._get_size(bracket.number, item.number)
            assert item.epochs == oracle._get_epochs(bracket.number, item.number)
