"""What our searches try is what KerasTuner alone would try with the same seed and scores."""

from collections.abc import Iterator
from typing import Any

import pytest

from tuning.models import Search
from tuning.protocol.events import TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import SearchStatus

from .fake_runner import Step
from .keras_tuners import common

pytestmark = [pytest.mark.django_db, pytest.mark.tensorflow]

Tried = tuple[str, dict[str, Any]]


def score_of(values: dict[str, Any]) -> float:
    return values["units"] / 100 - values["learning_rate"] + values.get("tuner/epochs", 0) / 1000


def scripted(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
    yield TrialEnd({order.objective: score_of(trial.values)}, 0)


def alone(oracle: Any) -> list[Tried]:
    """KerasTuner's oracle, driven to its end by one worker."""
    oracle.verbose = 0
    oracle.save = oracle._save_trial = lambda *_: None
    tried: list[Tried] = []
    while True:
        trial = oracle.create_trial("tuner0")
        if trial.status == "STOPPED":
            return tried
        values = dict(trial.hyperparameters.values)
        tried.append((trial.trial_id, values))
        trial.metrics.register("val_accuracy", direction="max")
        trial.metrics.update("val_accuracy", score_of(values), step=0)
        trial.status = "COMPLETED"
        oracle.end_trial(trial)


def of_search(search: Search) -> list[Tried]:
    """What a search has tried, as far as its oracle knows."""
    trials = search.trials.exclude(oracle_id="")
    return [(trial.oracle_id, trial.all_values) for trial in trials]


@pytest.mark.parametrize("seed", [1, 42])
def test_hyperband_is_that_of_keras_tuner(seed: int, make_search: Any, make_slot: Any) -> None:
    import keras_tuner

    search = make_search(tuner="hyperband", epochs=9, seed=seed, hyperband_factor=3)
    make_slot(scripted).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    expected = alone(keras_tuner.oracles.HyperbandOracle(max_epochs=9, factor=3, **common(seed)))
    assert of_search(search) == expected
    # The baseline stands outside: defaults, all epochs.
    baseline = search.trials.get(number=1)
    assert baseline.is_baseline
    assert baseline.last_epoch == 9


def test_a_promoted_trial_names_its_parent_and_its_epochs(make_search: Any, make_slot: Any) -> None:
    search = make_search(tuner="hyperband", epochs=9)
    make_slot().run()
    children = [t for t in search.trials.all() if t.tuner_values.get("tuner/trial_id")]
    assert children
    for child in children:
        parent = search.trials.get(oracle_id=child.tuner_values["tuner/trial_id"])
        assert parent.values == child.values
        assert child.first_epoch == parent.last_epoch
        assert child.epochs.first().epoch == child.first_epoch + 1
        assert child.best_epoch == child.last_epoch
        assert "tuner/epochs" not in child.values


@pytest.mark.parametrize("seed", [1, 42])
def test_random_is_that_of_keras_tuner(seed: int, make_search: Any, make_slot: Any) -> None:
    import keras_tuner

    search = make_search(max_trials=9, seed=seed)
    make_slot(scripted).run()
    expected = alone(keras_tuner.oracles.RandomSearchOracle(max_trials=8, **common(seed)))
    assert of_search(search) == expected


def test_grid_is_that_of_keras_tuner(make_search: Any, make_slot: Any) -> None:
    import keras_tuner

    search = make_search(tuner="grid", max_trials=40)
    make_slot(scripted).run()
    expected = alone(keras_tuner.oracles.GridSearchOracle(max_trials=40, **common(1)))
    assert of_search(search) == expected


@pytest.mark.parametrize("tuner", ["random", "grid", "bayesian", "hyperband"])
def test_a_search_with_the_same_seed_repeats_itself(
    tuner: str, make_search: Any, make_slot: Any
) -> None:
    settings = {"tuner": tuner, "max_trials": 9, "epochs": 4, "bayesian_initial_points": 3}
    once, again = (make_search(seed=11, **settings) for _ in range(2))
    make_slot(scripted).run()
    assert of_search(once) == of_search(again) != []
    assert [t.score for t in once.trials.all()] == [t.score for t in again.trials.all()]


def test_bayesian_finds_better_values_than_it_began_with(make_search: Any, make_slot: Any) -> None:
    search = make_search(tuner="bayesian", max_trials=15)
    make_slot(scripted).run()
    scores = [trial.score for trial in search.trials.all()]
    assert len(scores) == 15
    assert max(scores[13:]) >= max(scores[:13])


def test_bayesian_has_its_own_settings(make_search: Any, make_slot: Any) -> None:
    own = {"bayesian_initial_points": 2, "bayesian_alpha": 0.5, "bayesian_beta": 0.1}
    search = make_search(tuner="bayesian", max_trials=5, **own)
    default = make_search(tuner="bayesian", max_trials=5)
    make_slot(scripted).run()
    search.refresh_from_db()
    state = search.oracle_state
    assert (state["num_initial_points"], state["alpha"], state["beta"]) == (2, 0.5, 0.1)
    # The baseline and two random points; then the model of the scores decides.
    tried, others = of_search(search), of_search(default)
    assert tried[:2] == others[:2]
    assert tried[2:] != others[2:]


def test_an_extended_search_goes_on_where_it_ended(make_search: Any, make_slot: Any) -> None:
    from tuning.actions.searches import extend_search

    search, longer = make_search(max_trials=3, seed=5), make_search(max_trials=6, seed=5)
    make_slot(scripted).run()
    assert extend_search(search, more=3, seen=3)
    assert not extend_search(search, more=3, seen=3), "the second press does nothing"
    make_slot(scripted).run()
    assert [values for _, values in of_search(search)] == [v for _, v in of_search(longer)]


def test_an_extended_hyperband_runs_another_iteration(make_search: Any, make_slot: Any) -> None:
    from tuning.actions.searches import extend_search

    search = make_search(tuner="hyperband", epochs=4)
    make_slot(scripted).run()
    before = search.trials.count()
    extend_search(search, more=1, seen=1)
    make_slot(scripted).run()
    assert search.trials.count() == 2 * before - 1, "the baseline runs once"
