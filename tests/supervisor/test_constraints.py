"""What Tuneroom measures, and trials that violate a constraint."""

from collections.abc import Iterator
from typing import Any

import pytest

from tuning.analysis.warm_start import warm_start
from tuning.models import Search, Trial
from tuning.protocol.events import Built, EpochEnd, ModelMeasured, TrialEnd, TrialRefused
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import SearchStatus, Status
from tuning.supervisor.known_trials import warm

from .fake_runner import Step

pytestmark = pytest.mark.django_db

MIN_SIZE = [{"name": "parameters", "direction": "min"}]
SMALL = [{"name": "parameters", "relation": "<=", "limit": 3200}]


def sized(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
    """A model of `units` times 100 parameters, refused before its training as its order says."""
    parameters = 100 * trial.values["units"]
    yield Built(parameters=parameters, summary="dense")
    if trial.max_parameters is not None and parameters > trial.max_parameters:
        yield TrialRefused()
        return
    score = trial.values["units"] / 100
    for epoch, seconds in enumerate((0.9, 0.2, 0.4), 1):
        yield EpochEnd(0, epoch, seconds, {search.objective: score, "loss": 1 - score})
    if search.measures:
        yield ModelMeasured(dict.fromkeys(search.measures, 2.5))
    yield TrialEnd({search.objective: score, "loss": 1 - score}, best_step=2)


def test_a_model_that_is_too_large_is_not_trained(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=12, constraints=SMALL)
    make_slot(sized).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    refused = list(search.trials.filter(status=Status.INFEASIBLE))
    trained = list(search.trials.completed())
    assert len(refused) + len(trained) == 12
    assert 0 < len(refused) < 12
    assert all(trial.parameters > 3200 and trial.epochs_done == 0 for trial in refused)
    assert all(trial.parameters <= 3200 and trial.epochs_done == 3 for trial in trained)
    assert {trial.score for trial in refused} == {None}
    assert search.trials.best_first("max")[0].parameters <= 3200
    assert [str(each.text) for each in refused[0].violated] == ["parameters ≤ 3,200"]
    assert refused[0].index_row.status == Status.INFEASIBLE


@pytest.mark.parametrize(
    "limit", [("loss", "<=", 0.7), ("val_accuracy", ">=", 0.3), ("epoch_seconds", "<=", 0.2)]
)
def test_a_trained_trial_that_violates_a_constraint_has_no_score(
    make_search: Any, make_slot: Any, limit: tuple[str, str, float]
) -> None:
    name, relation, value = limit
    constraint = {"name": name, "relation": relation, "limit": value}
    search = make_search(max_trials=8, constraints=[constraint])
    make_slot(sized).run()
    for trial in search.trials.all():
        holds = trial.values["units"] >= 30 if name != "epoch_seconds" else False
        assert trial.status == (Status.COMPLETED if holds else Status.INFEASIBLE)
        assert (trial.score is None) == (not holds)
        # It was trained, and what it reached can be seen.
        assert trial.metrics["val_accuracy"] == trial.values["units"] / 100
        assert trial.attempts.get().outcome == trial.get_status_display()


def test_only_what_is_asked_for_is_measured(make_search: Any, make_slot: Any) -> None:
    asked = ["epoch_seconds", "training_seconds", "latency", "parameters", "peak_memory"]
    plain = make_search(max_trials=1)
    search = make_search(
        max_trials=1, parallel_trials=2, executions_per_trial=2,
        other_objectives=[{"name": name, "direction": "min"} for name in asked],
    )  # fmt: skip
    assert (plain.order().measures, search.order().measures) == ([], ["latency"])
    # One slot measures all executions of a trial.
    assert not search.spreads
    make_slot(sized).run()
    assert plain.trials.get().measures == {}
    trial = search.trials.get()
    assert trial.measures == {
        "epoch_seconds": pytest.approx(0.3), "training_seconds": pytest.approx(1.5), "latency": 2.5,
    }  # fmt: skip
    assert [trial.figure(name) for name in asked] == pytest.approx([0.3, 1.5, 2.5, 1600, 1000])
    search.refresh_from_db()
    assert search.index_columns.keys() >= {"measure:latency", "measure:epoch_seconds"}


def test_measures_of_several_executions_are_averaged(make_search: Any, make_slot: Any) -> None:
    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        *steps, end = sized(order, trial)
        yield from steps
        yield ModelMeasured({"latency": 3.5})
        yield end

    search = make_search(max_trials=1, other_objectives=[{"name": "latency", "direction": "min"}])
    make_slot(script).run()
    assert search.trials.get().measures == {"latency": 3.0}


def test_a_trial_without_a_measure_that_it_is_judged_by_fails(
    make_search: Any, make_slot: Any
) -> None:
    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield from (step for step in sized(order, trial) if not isinstance(step, ModelMeasured))

    search = make_search(max_trials=1, other_objectives=[{"name": "latency", "direction": "min"}])
    make_slot(script).run()
    trial = search.trials.get()
    assert trial.status == Status.FAILED
    assert "Latency (ms) was not measured" in trial.failure_message


def test_a_runner_cannot_refuse_what_its_order_allows(make_search: Any, make_slot: Any) -> None:
    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield Built(100, "dense")
        yield TrialRefused()

    search = make_search(max_trials=1, constraints=SMALL)
    make_slot(script).run()
    assert search.trials.get().failure_code == "bad_event"


def test_a_metric_goes_before_what_is_measured_under_its_name(
    make_search: Any, make_slot: Any
) -> None:
    search = make_search(max_trials=1, constraints=SMALL)
    search.inspection.metrics.append("parameters")
    search.inspection.save()

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        assert trial.max_parameters is None
        yield Built(10**6, "dense")
        yield EpochEnd(0, 1, 0.1, {"val_accuracy": 0.5, "parameters": 7.0})
        yield TrialEnd({"val_accuracy": 0.5, "parameters": 7.0}, 0)

    make_slot(script).run()
    trial = search.trials.get()
    assert (trial.status, trial.figure("parameters")) == (Status.COMPLETED, 7.0)


@pytest.mark.parametrize("tuner", ["auto", "tpe", "nsga2", "nsga3", "random", "grid", "sobol"])
def test_every_strategy_runs_with_several_objectives(
    make_search: Any, make_slot: Any, tuner: str
) -> None:
    search = make_search(
        tuner=tuner, max_trials=12, seed=2, other_objectives=MIN_SIZE, constraints=SMALL
    )
    make_slot(sized).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED, search.failure_message
    assert search.trials.filter(status__in=(Status.COMPLETED, Status.INFEASIBLE)).count() == 12
    again = make_search(
        tuner=tuner, max_trials=12, seed=2, other_objectives=MIN_SIZE, constraints=SMALL
    )
    make_slot(sized).run()
    values = [list(Trial.objects.filter(search=s).values_list("values")) for s in (search, again)]
    assert values[0] == values[1]


@pytest.mark.parametrize("tuner", ["tpe", "random", "grid", "nsga2"])
def test_a_warm_start_is_judged_by_the_new_constraints(
    make_search: Any, make_slot: Any, tuner: str
) -> None:
    earlier = make_search(max_trials=8)
    make_slot(sized).run()
    search = make_search(tuner=tuner, max_trials=3, constraints=SMALL)
    search.warm_start_trials.set(earlier.trials.completed())
    Search.objects.filter(pk=search.pk).update(warm_start_count=8)
    search.refresh_from_db()
    judged = {each.values["units"]: each for each in warm(search)}
    # A continuous range has few values on a grid.
    assert tuner == "grid" or any(units > 32 for units in judged)
    for units, each in judged.items():
        assert each.status == ("INFEASIBLE" if units > 32 else "COMPLETED")
    make_slot(sized).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED, search.failure_message


def test_a_warm_start_needs_the_same_objectives(make_search: Any) -> None:
    earlier, new = make_search(), make_search(other_objectives=MIN_SIZE)
    assert "other objectives" in warm_start(earlier, new).refusal
