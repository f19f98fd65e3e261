"""The replays of benchmarks/search_quality.py: what a search costs and what it has found."""

import json
from itertools import product

import numpy as np
import pytest

from benchmarks.quality.ours import ours
from benchmarks.quality.peers import optuna_alone
from benchmarks.quality.regret import corrected, regrets, units_to
from benchmarks.quality.tables import Table, recorded_tables
from tuning.spaces.combinations import combinations
from tuning.spaces.hyperparameters import read_space
from tuning.strategies.untried import untried_values

SIZES, RATES = [1, 2, 3, 4], [0.1, 0.2, 0.3]
EPOCHS = 9


@pytest.fixture
def table(tmp_path) -> Table:
    """Losses that fall from 10 to size + rate; the smallest rate has no loss at size 4."""
    listed = {"size": SIZES, "rate": RATES}
    space = [
        {
            "class_name": "Choice",
            "config": {
                "name": name, "values": values, "default": values[0], "ordered": True,
                "conditions": [],
            },
        }
        for name, values in listed.items()
    ]  # fmt: skip
    configurations = [{"size": size, "rate": rate} for size, rate in product(SIZES, RATES)]
    curves = [np.linspace(10, v["size"] + v["rate"], EPOCHS) for v in configurations]
    curves[configurations.index({"size": 4, "rate": 0.1})][:] = np.nan
    about = {
        "objective": "val_loss", "direction": "min", "space": {"space": space, "values": {}},
        "configurations": configurations,
    }  # fmt: skip
    path = tmp_path / "small.npz"
    np.savez(path, about=np.frombuffer(json.dumps(about).encode(), np.uint8), curves=curves)
    return Table(path)


def test_a_search_begins_with_the_defaults_and_ends_with_the_space(table):
    found = list(ours("tpe")(table, 1, 60))

    assert found[0] == (EPOCHS, pytest.approx(-1.1))
    assert [units for units, _ in found] == [EPOCHS] * 12
    # The one without a loss failed.
    assert [score for _, score in found].count(None) == 1


@pytest.mark.parametrize("pruner", ["median", "asha", "hyperband", "auto"])
def test_a_pruned_search_trains_less_and_finds_the_best(table, pruner):
    settings = {"min_trials": 2} if pruner == "median" else {}
    found = list(ours("auto", pruner, **settings)(table, 1, 60))

    assert sum(units for units, _ in found) < 12 * EPOCHS
    assert max(score for _, score in found if score is not None) == pytest.approx(table.best)


def test_a_promoted_trial_goes_on_where_it_stopped(table):
    found = list(ours("sobol", "asha")(table, 3, 60))

    # Rungs after 1 and 3 epochs: whoever goes on spends the rest alone.
    assert {1, EPOCHS} < {units for units, _ in found}
    assert {units for units, _ in found} & {2, 6, 8}


def test_a_script_with_optuna_may_repeat_itself(table):
    import optuna

    steps = optuna_alone(optuna.samplers.RandomSampler)(table, 1, 60)

    assert len([next(steps) for _ in range(30)]) == 30


def test_the_regret_counts_trials_that_ended_within_the_budget(table):
    worst_start = table.best - table.median
    replay = [(4, None), (13, -2.1), (22, -3.1), (31, -1.1)]

    rows = regrets(table, [replay], [4, 12, 13, 22, 31, 99])

    assert rows[0] == pytest.approx([worst_start, worst_start, 1.0, 1.0, 0.0, 0.0])
    assert units_to(table, [replay], 1.0, 40) == 13
    assert units_to(table, [replay], 0.0, 30) is None


def test_corrected_p_values_grow_with_their_number_and_keep_their_order():
    assert corrected({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )


@pytest.mark.parametrize("task", recorded_tables())
def test_every_configuration_of_a_task_is_recorded(task):
    recorded = Table(recorded_tables()[task])

    assert len(recorded) == combinations(read_space(recorded.space)) >= 500
    assert untried_values(recorded.space, set(recorded._curves), seed=0) is None
