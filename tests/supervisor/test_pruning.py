"""Trials that are ended early, with runners that train nothing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, transaction

from tuning.actions.searches import stop_search
from tuning.models import Search, Trial
from tuning.protocol.events import Built, EpochEnd, TrialEnd, TrialPruned
from tuning.protocol.failures import FailureCode
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import SearchOrder, TrialOrder, VerdictOrder
from tuning.protocol.statuses import SearchStatus, Status
from tuning.recording import pruning
from tuning.recording.curves import other_curves
from tuning.recording.pruning import Judge
from tuning.supervisor.known_trials import known_trials

from .fake_runner import Step, good_trial

pytestmark = pytest.mark.django_db

GRID = {
    "space": [{"class_name": "Choice", "config": {
        "name": "units", "default": 20, "values": [20, 40, 10, 60, 50, 30], "ordered": False,
        "conditions": []}}],
    "values": {},
}  # fmt: skip
# The values in the order of a grid search, which begins with the defaults.
UNITS = [20, 40, 10, 60, 50, 30]


@pytest.fixture
def run(make_search: Any, make_slot: Any) -> Callable[..., Search]:
    """A function that runs a grid search over GRID to its end."""

    def run_it(script: Any = good_trial, **settings: Any) -> Search:
        defaults = {
            "tuner": "grid", "space": GRID, "max_trials": 6, "epochs": 6, "pruner": "median",
            "pruning_warmup": 2, "pruning_min_trials": 2,
        }  # fmt: skip
        search: Search = make_search(**{**defaults, **settings})
        make_slot(script).run()
        search.refresh_from_db()
        return search

    return run_it


def statuses(search: Search) -> list[tuple[int, str, int]]:
    return [(t.values["units"], t.status, t.epochs_done) for t in search.trials.all()]


@pytest.mark.slow
def test_the_median_ends_worse_trials_after_the_warm_up(run: Any) -> None:
    search = run()
    done, pruned = Status.COMPLETED, Status.PRUNED
    # 10 is below the median of 20 and 40; 30 below that of 20, 40, 60 and 50.
    assert statuses(search) == [
        (20, done, 6), (40, done, 6), (10, pruned, 3), (60, done, 6), (50, done, 6),
        (30, pruned, 3),
    ]  # fmt: skip
    assert search.status == SearchStatus.COMPLETED
    trial = search.trials.get(values={"units": 10})
    assert trial.score is None
    assert trial.best_epoch is None
    assert trial.metrics == {}
    assert trial.last_metrics["val_accuracy"] == pytest.approx(0.103)
    assert (trial.pruned_after, trial.pruned_attempt) == (3, 1)
    assert trial.epochs.count() == 3
    assert trial.attempts.get().outcome == "Pruned at epoch 3"
    assert trial.index_row.status == Status.PRUNED
    assert trial.index_row.score is None
    assert trial.end_order == 3


def test_the_baseline_is_never_pruned(run: Any) -> None:
    """Nor are values that a person tries: she wants to know what becomes of them."""

    def hopeless(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        for epoch in range(1, search.epochs + 1):
            yield EpochEnd(0, epoch, 0.1, {"val_accuracy": -1.0})
        yield TrialEnd({"val_accuracy": -1.0}, 0)

    search = run(hopeless, pruner="threshold", pruning_lower=0.0, tuner="random")
    assert [t.status for t in search.trials.all()] == ["completed", *["pruned"] * 5]


def test_a_trial_that_a_person_wants_to_its_end_is_not_pruned(run: Any, make_slot: Any) -> None:
    search = run()
    trial = search.trials.get(values={"units": 10})
    Trial.objects.filter(pk=trial.pk).update(status=Status.QUEUED, trains_to_end=True)
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.RUNNING, end_reason="")
    slot = make_slot()
    slot.run()
    trial.refresh_from_db()
    assert (trial.status, trial.epochs_done, trial.attempt) == (Status.COMPLETED, 6, 2)
    assert trial.score == pytest.approx(0.106)
    # What the first attempt reported is still there.
    assert trial.epochs.filter(attempt=1).count() == 3
    orders = [order for order in slot.started[0].orders if isinstance(order, TrialOrder)]
    assert [order.verdicts_after for order in orders] == [None]


def test_a_runner_is_answered_after_each_epoch_beyond_the_warm_up(
    make_search: Any, make_slot: Any
) -> None:
    make_search(tuner="grid", space=GRID, max_trials=2, epochs=4, pruner="median", pruning_warmup=2)
    slot = make_slot()
    slot.run()
    orders = [o for o in slot.started[0].orders if isinstance(o, TrialOrder | VerdictOrder)]
    baseline, second, *verdicts = orders
    assert isinstance(baseline, TrialOrder)
    assert isinstance(second, TrialOrder)
    assert (baseline.verdicts_after, second.verdicts_after) == (None, 2)
    assert verdicts == [VerdictOrder(second.token, units, prune=False) for units in (3, 4)]


def test_who_ends_unasked_has_failed(run: Any) -> None:
    def impatient(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        if trial.values["units"] != 10:
            yield from good_trial(search, trial)
            return
        yield Built(1)
        yield TrialPruned()

    search = run(impatient, pruner="none")
    trial = search.trials.get(values={"units": 10})
    assert (trial.status, trial.failure_code) == (Status.FAILED, FailureCode.BAD_EVENT)


def test_who_was_faster_than_the_verdict_is_completed(run: Any) -> None:
    def deaf(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        if trial.values["units"] != 10:
            yield from good_trial(search, trial)
            return
        # As if the last epoch and the end were under way already.
        yield EpochEnd(0, 1, 0.1, {"val_accuracy": 0.1})
        yield TrialEnd({"val_accuracy": 0.1}, 0)

    search = run(deaf, pruning_warmup=0)
    assert search.trials.get(values={"units": 10}).status == Status.PRUNED


def test_values_that_are_no_numbers_end_a_trial(run: Any) -> None:
    def diverging(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        for step in good_trial(search, trial):
            broken = isinstance(step, EpochEnd) and trial.values["units"] == 60
            yield EpochEnd(0, step.epoch, 0.1, {"val_accuracy": None}) if broken else step

    search = run(diverging)
    trial = search.trials.get(values={"units": 60})
    assert (trial.status, trial.not_finite) == (Status.PRUNED, ["val_accuracy"])
    # KerasTuner's and Optuna's strategies both go on with it.
    assert [known.status for known in known_trials(search)][3] == "PRUNED"


def test_epochs_without_validation_are_no_reason_to_prune(run: Any) -> None:
    def every_other(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        for step in good_trial(search, trial):
            unjudged = isinstance(step, EpochEnd) and step.epoch % 2 == 1
            yield EpochEnd(0, step.epoch, 0.1, {"loss": 1.0}) if unjudged else step

    done, pruned = Status.COMPLETED, Status.PRUNED
    assert statuses(run(every_other)) == [
        (20, done, 6), (40, done, 6), (10, pruned, 4), (60, done, 6), (50, done, 6),
        (30, pruned, 4),
    ]  # fmt: skip


@pytest.mark.parametrize("direction", ["max", "min"])
def test_folds_are_compared_by_their_mean_so_far(run: Any, direction: str) -> None:
    sign = 1 if direction == "max" else -1

    def folds(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        for fold in range(search.folds):
            # Fold 3 is a good one for everybody.
            score = trial.values["units"] / 100 + (0.5 if fold == 2 else 0)
            yield EpochEnd(fold, 1, 0.1, {"val_accuracy": sign * score})
        yield TrialEnd({"val_accuracy": sign * trial.values["units"] / 100}, 0)

    search = run(
        folds, model_kind=ModelKind.SKLEARN, folds=6, direction=direction, pruning_warmup=1
    )
    assert [(units, status) for units, status, _ in statuses(search)] == [
        (20, "completed"), (40, "completed"), (10, "pruned"), (60, "completed"),
        (50, "completed"), (30, "pruned"),
    ]  # fmt: skip
    assert search.trials.get(values={"units": 10}).attempts.get().outcome == "Pruned at fold 2"


def test_wilcoxon_compares_folds_with_those_of_the_best_trial(run: Any) -> None:
    def folds(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        for fold in range(search.folds):
            yield EpochEnd(fold, 1, 0.1, {"val_accuracy": trial.values["units"] / 100 + fold / 10})
        yield TrialEnd({"val_accuracy": trial.values["units"] / 100}, 0)

    search = run(folds, model_kind=ModelKind.SKLEARN, folds=8, pruner="wilcoxon", pruning_warmup=0)
    # Four folds that are all worse: p = 1/16.
    assert statuses(search) == [
        (20, "completed", 8), (40, "completed", 8), (10, "pruned", 4), (60, "completed", 8),
        (50, "pruned", 4), (30, "pruned", 4),
    ]  # fmt: skip


def test_executions_are_compared_at_the_same_place(run: Any) -> None:
    def two(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        """Good in the first execution, bad in the second one."""
        score = trial.values["units"] / 100
        for execution in range(search.executions_per_trial):
            for epoch in range(1, search.epochs + 1):
                bad = execution == 1 and trial.values["units"] == 50
                value = 0.0 if bad and epoch > 2 else score
                yield EpochEnd(execution, epoch, 0.1, {"val_accuracy": value})
        yield TrialEnd({"val_accuracy": score}, 0)

    search = run(two, executions_per_trial=2, epochs=4, pruning_warmup=1)
    assert search.pruning.steps == 8
    # The median pruner looks at the best value so far: 50 stays.
    assert [status for _, status, _ in statuses(search)].count("pruned") == 2
    whole = run(
        two, executions_per_trial=3, epochs=4, pruner="wilcoxon", pruning_p=0.3, pruning_warmup=0
    )
    # Compared after whole executions, of which two that are worse have p = 1/4.
    assert (30, "pruned", 8) in statuses(whole)


def test_the_search_learns_from_pruned_trials_as_optuna_does(run: Any) -> None:
    search = run()
    known = {trial.values["units"]: trial for trial in known_trials(search)}
    assert (known[10].status, known[10].last_step) == ("PRUNED", 3)
    assert known[10].score == pytest.approx(0.103)
    assert (known[40].status, known[40].score) == ("COMPLETED", pytest.approx(0.406))


@pytest.mark.slow
@pytest.mark.parametrize("tuner", ["auto", "tpe", "sobol", "cmaes", "random", "bayesian"])
def test_every_strategy_goes_on_after_pruned_trials(run: Any, tuner: str) -> None:
    space = {"space": [
        {"class_name": "Float", "config": {
            "name": name, "default": 0.1, "conditions": [], "min_value": 0.0, "max_value": 1.0,
            "step": None, "sampling": "linear"}} for name in ("units", "rate")], "values": {},
    }  # fmt: skip
    few = {"pruner": "percentile", "pruning_percentile": 20.0}
    search = run(tuner=tuner, space=space, max_trials=14, **few)
    assert search.status == SearchStatus.COMPLETED
    assert search.trials.count() == 14
    assert search.trials.filter(status=Status.PRUNED).exists()
    assert search.trials.filter(status=Status.COMPLETED).count() >= 3


class TestSuccessiveHalving:
    ASHA = {"pruner": "asha", "pruning_warmup": 0, "pruning_factor": 2, "epochs": 4}

    def test_a_promoted_trial_goes_on_where_it_stopped(self, run: Any) -> None:
        """Units 10 are worse than all, 20 is the baseline. A trial that was pruned at a rung goes
        on when enough worse ones have come to it."""
        firsts = []

        def watched(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
            firsts.append((trial.values["units"], trial.values.get("tuner/initial_epoch", 0)))
            yield from good_trial(search, trial)

        space = {**GRID, "space": [{"class_name": "Choice", "config": {
            "name": "units", "default": 60, "values": [60, 50, 10, 20, 5, 6], "ordered": False,
            "conditions": []}}]}  # fmt: skip
        search = run(watched, space=space, **self.ASHA)
        # 50 is pruned at the first rung (one of two goes on, and that is 60); with two of four
        # going on it does so, from its first epoch on.
        assert (50, 0) in firsts
        assert (50, 1) in firsts
        promoted = search.trials.get(values={"units": 50})
        assert promoted.attempt == 2
        assert promoted.attempts.get(number=1).outcome == "Pruned at epoch 1"
        rows = promoted.epochs.filter(attempt=2).values_list("epoch", flat=True)
        assert list(rows) == list(range(1, promoted.epochs_done + 1))

    def test_the_best_epoch_may_be_one_before_the_pause(self, run: Any) -> None:
        def falling(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
            """Best in the first epoch. KerasTuner's loop knows its own epochs only."""
            first = int(trial.values.get("tuner/initial_epoch", 0))
            scores = [trial.values["units"] / 100 - epoch / 1000 for epoch in range(1, 5)][first:]
            for epoch, score in enumerate(scores, first + 1):
                yield EpochEnd(0, epoch, 0.1, {"val_accuracy": score, "epoch": epoch})
            yield TrialEnd({"val_accuracy": max(scores), "epoch": first + 1}, best_step=0)

        space = {**GRID, "space": [{"class_name": "Choice", "config": {
            "name": "units", "default": 60, "values": [60, 50, 10, 20, 5, 6], "ordered": False,
            "conditions": []}}]}  # fmt: skip
        search = run(falling, space=space, **{**self.ASHA, "pruning_warmup": 1})
        promoted = search.trials.get(values={"units": 50})
        assert promoted.status == Status.COMPLETED
        assert promoted.attempt == 2
        assert promoted.score == pytest.approx(0.499)
        assert promoted.best_epoch == 1
        assert promoted.metrics == {"val_accuracy": pytest.approx(0.499), "epoch": 1}

    def test_without_its_weights_it_begins_anew(self, make_search: Any, make_slot: Any) -> None:
        search = make_search(
            tuner="grid", space=GRID, max_trials=6, **{**self.ASHA, "executions_per_trial": 2}
        )
        make_slot().run()
        search.refresh_from_db()
        assert not search.pruned_trials_resume
        assert search.status == SearchStatus.COMPLETED
        for trial in search.trials.filter(status=Status.COMPLETED):
            rows = trial.epochs.filter(attempt=trial.attempt)
            assert list(rows.values_list("execution", "epoch")) == [
                (execution, epoch) for execution in range(2) for epoch in range(1, 5)
            ]

    def test_what_waits_to_go_on_when_the_search_is_stopped_is_pruned(
        self, make_search: Any, make_slot: Any, alice: Any
    ) -> None:
        search = make_search(
            tuner="grid", space=GRID, max_trials=3, **{**self.ASHA, "pruning_warmup": 1}
        )
        make_slot().run()
        trial = search.trials.filter(status=Status.PRUNED).get()
        Trial.objects.filter(pk=trial.pk).update(status=Status.QUEUED)
        Search.objects.filter(pk=search.pk).update(status=SearchStatus.RUNNING)
        stop_search(search)
        trial.refresh_from_db()
        assert (trial.status, trial.index_row.status) == (Status.PRUNED, Status.PRUNED)


def test_what_a_transaction_took_back_is_forgotten(run: Any) -> None:
    """Else the trial that gets the same end_order instead would never be compared with."""
    search = run(pruner="asha", pruning_warmup=0)
    first, second, current = (search.trials.create(number=number) for number in (21, 22, 23))

    def end(trial: Trial) -> None:
        Trial.objects.filter(pk=trial.pk).update(status=Status.PRUNED, end_order=100, attempt=1)
        row = {"attempt": 1, "execution": 0, "epoch": 1, "seconds": 1, "metrics": {}}
        trial.epochs.create(**row | {"metrics": {"val_accuracy": trial.number / 100}})

    def ended() -> dict[int, dict[int, float]]:
        curves = other_curves(search, search.pruning, current)
        return {curve.number: dict(curve.values) for curve in curves if curve.number > 20}

    assert ended() == {}
    with transaction.atomic():
        end(first)
        assert 21 in [curve.number for curve in other_curves(search, search.pruning)]
        transaction.set_rollback(True)
    assert ended() == {}
    end(second)
    assert ended() == {22: {1: 0.22}}


def test_a_database_that_does_not_answer_is_asked_again(run: Any, monkeypatch: Any) -> None:
    """Successive halving decides at rungs only: one that is missed may be the last."""
    search = run(pruner="asha", pruning_warmup=0, pruning_factor=6)
    trial = search.trials.create(number=21, oracle_id="x", attempt=1)
    judge = Judge(trial)
    working = pruning.other_curves

    def away(*_: Any) -> Any:
        raise OperationalError("no answer")

    monkeypatch.setattr(pruning, "other_curves", away)
    judge.add(EpochEnd(0, 1, 0.1, {"val_accuracy": -1.0}))
    assert not judge.prunes()
    monkeypatch.setattr(pruning, "other_curves", working)
    judge.add(EpochEnd(0, 2, 0.1, {"val_accuracy": -1.0}))
    assert judge.prunes()


def test_a_trial_that_goes_on_is_not_asked_about_again_where_it_stopped(run: Any) -> None:
    search = run(pruner="asha", pruning_warmup=0, pruning_factor=2)
    trial = search.trials.create(number=21, oracle_id="x", attempt=2)
    # At the first rung it is among the worst by now; the next rung is after four epochs.
    judge = Judge(trial, [(0, 1, -1.0), (0, 2, -1.0)])
    judge.add(EpochEnd(0, 3, 0.1, {"val_accuracy": -1.0}))
    assert not judge.prunes()
    judge.add(EpochEnd(0, 4, 0.1, {"val_accuracy": -1.0}))
    assert judge.prunes()
