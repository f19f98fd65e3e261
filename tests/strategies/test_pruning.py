"""Our pruners decide as Optuna's own do in a script that reports each epoch."""

import math
import warnings
from typing import Any

import numpy as np
import optuna
import pytest

from tuning.strategies.contract import Curve
from tuning.strategies.optuna_arguments import OF_PRUNERS, arguments_for
from tuning.strategies.pruners import CHOICES, PRUNERS, Name, Pruning, resolved, traits_of
from tuning.strategies.pruning import promoted, should_prune
from tuning.strategies.traits import STRATEGIES
from tuning.strategies.traits import Name as Strategy

STEPS = 12
NAME = "search"


def curves(seed: int, trials: int = 40) -> Any:
    """Curves that cross, with noise and some that become NaN."""
    random = np.random.default_rng(seed)
    ends, speeds = random.uniform(0, 1, trials), random.uniform(0.1, 1, trials)
    steps = np.arange(1, STEPS + 1)
    found = ends[:, None] * (1 - np.exp(-speeds[:, None] * steps))
    found += random.normal(0, 0.05, found.shape)
    found[random.integers(trials), 4:] = math.nan
    return found


def optuna_alone(
    pruner: optuna.pruners.BasePruner,
    direction: str,
    table: Any,
    first: int = 1,
    asked: int = STEPS,
) -> list[int]:
    """After how many epochs each trial ends. `first`: where the script begins to count them;
    `asked`: up to which one it asks."""
    study = optuna.create_study(study_name=NAME, direction=f"{direction}imize", pruner=pruner)
    ended = []
    for curve in table:
        trial = study.ask()
        for step, value in enumerate(curve, 1):
            trial.report(value, step - 1 + first)
            if step < asked and trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            best = np.nanmax(curve) if direction == "max" else np.nanmin(curve)
            study.tell(trial, best)
        ended.append(step)
    return ended


def ours(pruning: Pruning, table: Any, asked: int = STEPS) -> list[int]:
    others: list[Curve] = []
    ended = []
    for number, curve in enumerate(table, 1):
        values: dict[int, float] = {}
        status = "COMPLETED"
        for step, value in enumerate(curve, 1):
            values[step] = value
            running = Curve(number, "RUNNING", dict(values))
            if step < asked and should_prune(pruning, others, running, NAME):
                status = "PRUNED"
                break
        best = np.nanmax(curve) if pruning.direction == "max" else np.nanmin(curve)
        score = best if status == "COMPLETED" else None
        others.append(Curve(number, status, values, score))
        ended.append(step)
    return ended


def as_optuna_alone(make: Any, pruning: Pruning, asked: int = STEPS) -> list[list[int]]:
    """After how many epochs each trial ends, in several searches; ours is compared with Optuna's
    pruner, which `make` makes."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(3):
            table = curves(seed) if pruning.direction == "max" else -curves(seed)
            if pruning.pruner == Name.THRESHOLD:
                table = np.abs(table)
            theirs = optuna_alone(make(), pruning.direction, table, pruning.first_step, asked)
            assert ours(pruning, table, asked) == theirs
            assert len(set(theirs)) > 1
            found.append(theirs)
    return found


THEIRS = {
    # Optuna disables pruning in steps below the warm-up; ours is the number of epochs without it.
    Name.MEDIAN: lambda: optuna.pruners.MedianPruner(5, 3),
    Name.PERCENTILE: lambda: optuna.pruners.PercentilePruner(25.0, 5, 3, interval_steps=2),
    Name.ASHA: lambda: optuna.pruners.SuccessiveHalvingPruner(3, 2),
    Name.HYPERBAND: lambda: optuna.pruners.HyperbandPruner(3, STEPS, 2),
    Name.PATIENT: lambda: optuna.pruners.PatientPruner(optuna.pruners.MedianPruner(5, 3), 1),
    Name.THRESHOLD: lambda: optuna.pruners.ThresholdPruner(0.1, 0.9, 3),
    Name.WILCOXON: lambda: optuna.pruners.WilcoxonPruner(p_threshold=0.1, n_startup_steps=3),
}  # fmt: skip


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("name", THEIRS)
def test_the_same_trials_end_at_the_same_epochs(name: Name, direction: str) -> None:
    pruning = Pruning(
        name, direction, STEPS, warmup=2, percentile=25.0, patience=1, lower=0.1, upper=0.9,
        factor=2, interval=2 if name == Name.PERCENTILE else 1,
    )  # fmt: skip
    for theirs in as_optuna_alone(THEIRS[name], pruning):
        assert max(theirs) == STEPS


# Pruners as scripts make them, with what `samplers_and_pruners.py` makes of them where the script
# counts its steps from 0. Together they have each argument of `OF_PRUNERS`.
ARGUED: dict[str, tuple[Any, Name, dict[str, Any], dict[str, Any]]] = {
    "median": (
        lambda: optuna.pruners.MedianPruner(3, 2, 2, n_min_trials=8),
        Name.MEDIAN, {"min_trials": 3, "warmup": 2, "interval": 2}, {"n_min_trials": 8},
    ),
    "percentile": (
        lambda: optuna.pruners.PercentilePruner(40.0, 3, 0, 3, n_min_trials=6),
        Name.PERCENTILE, {"percentile": 40.0, "min_trials": 3, "interval": 3}, {"n_min_trials": 6},
    ),
    "patient": (
        lambda: optuna.pruners.PatientPruner(optuna.pruners.MedianPruner(2, 1), 1, 0.02),
        Name.PATIENT, {"min_trials": 2, "warmup": 1, "patience": 1}, {"min_delta": 0.02},
    ),
    "asha": (
        lambda: optuna.pruners.SuccessiveHalvingPruner(1, 2, 1, 3),
        Name.ASHA, {"warmup": 1, "factor": 2},
        {"min_early_stopping_rate": 1, "bootstrap_count": 3},
    ),
    "asha_with_defaults": (
        lambda: optuna.pruners.SuccessiveHalvingPruner(),
        Name.ASHA, {"warmup": 1, "factor": 4}, {"min_resource": "auto"},
    ),
    "hyperband_with_defaults": (
        lambda: optuna.pruners.HyperbandPruner(),
        Name.HYPERBAND, {"warmup": 1}, {"max_resource": "auto"},
    ),
    "hyperband": (
        lambda: optuna.pruners.HyperbandPruner(1, 9, 2, 2),
        Name.HYPERBAND, {"warmup": 1, "factor": 2}, {"max_resource": 9, "bootstrap_count": 2},
    ),
    "threshold": (
        lambda: optuna.pruners.ThresholdPruner(0.1, 0.9, 3, 2),
        Name.THRESHOLD, {"lower": 0.1, "upper": 0.9, "warmup": 3, "interval": 2}, {},
    ),
    "wilcoxon": (
        lambda: optuna.pruners.WilcoxonPruner(p_threshold=0.3, n_startup_steps=0),
        Name.WILCOXON, {"p": 0.3}, {"n_startup_steps": 0},
    ),
}  # fmt: skip


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("script", ARGUED)
def test_arguments_of_a_scripts_pruner_are_used_as_optuna_uses_them(
    script: str, direction: str
) -> None:
    make, name, fields, arguments = ARGUED[script]
    assert arguments_for(OF_PRUNERS, name, arguments) == arguments
    # A trial may be pruned after its last step, too.
    pruning = Pruning(
        name, direction, STEPS, first_step=0, ends_by_code=True,
        arguments=tuple(arguments.items()), **fields,
    )  # fmt: skip
    as_optuna_alone(make, pruning, asked=STEPS + 1)


def test_each_argument_of_a_pruner_is_compared_with_optunas() -> None:
    compared = {(name, one) for _, name, _, arguments in ARGUED.values() for one in arguments}
    assert compared == {(name, one) for name, each in OF_PRUNERS.items() for one in each}


def test_every_pruner_is_compared() -> None:
    assert set(THEIRS) == set(PRUNERS) - {Name.NONE, Name.AUTO}
    assert [value for value, _ in CHOICES] == [str(name) for name in PRUNERS]


def test_a_pruned_trial_of_the_best_third_after_all_goes_on() -> None:
    pruning = Pruning(Name.ASHA, "max", 9, warmup=0, factor=3)
    assert pruning.rungs() == [1, 3]
    first = Curve(1, "COMPLETED", dict.fromkeys(range(1, 10), 0.9), 0.9)
    second = Curve(2, "PRUNED", {1: 0.5})
    # Its verdict came an epoch late; its value at the rung is what counts.
    third = Curve(3, "PRUNED", {1: 0.4, 2: 0.95})
    assert promoted(pruning, [first], [second, third], NAME) == []
    worse = [Curve(number, "PRUNED", {1: 0.1}) for number in range(4, 7)]
    assert promoted(pruning, [first, *worse], [second, third], NAME) == [second]
    assert promoted(Pruning(Name.MEDIAN, "max", 9), [first], [second], NAME) == []


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("arguments", [
    (), (("bootstrap_count", 3),), (("min_early_stopping_rate", 1),), (("min_resource", "auto"),),
], ids=str)  # fmt: skip
def test_each_pruned_trial_is_promoted_as_if_asked_alone(
    direction: str, arguments: tuple[tuple[str, Any], ...]
) -> None:
    random = np.random.default_rng(5)
    pruning = Pruning(Name.ASHA, direction, STEPS, warmup=0, factor=2, arguments=arguments)
    count = 0
    for seed in range(4):
        found = []
        for number, values in enumerate(curves(seed, 25).round(1), 1):
            # Some report every step, some skip rungs; equal values happen.
            steps = [1, 5, 12] if random.random() < 0.2 else range(1, random.integers(2, STEPS + 1))
            status = random.choice(["PRUNED", "PRUNED", "RUNNING", "COMPLETED"])
            reported = {step: float(values[step - 1]) for step in steps}
            found.append(
                Curve(number, str(status), reported, 0.5 if status == "COMPLETED" else None)
            )
        pruned = [curve for curve in found if curve.status == "PRUNED"]
        others = [curve for curve in found if curve.status != "PRUNED"]
        alone = set()
        for curve in pruned:
            last = max((rung for rung in pruning.rungs() if rung <= max(curve.values)), default=0)
            step = next((step for step in curve.values if step >= last), 0)
            rest = [other for other in found if other is not curve]
            if last and not should_prune(pruning, rest, curve.until(step), NAME):
                alone.add(curve.number)
        assert {curve.number for curve in promoted(pruning, others, pruned, NAME)} == alone
        count += len(alone)
    assert count > 0


def test_automatic_says_what_it_chose_and_why() -> None:
    asked = Pruning(Name.AUTO, "max", 20)
    tpe = STRATEGIES[Strategy.TPE]
    chosen = resolved(asked, tpe, has_epochs=True, max_trials=50)
    assert (chosen.pruner, chosen.warmup) == (Name.MEDIAN, 4)
    assert "20 epochs" in chosen.reason
    few = resolved(asked, tpe, has_epochs=True, max_trials=9)
    assert few.pruner == Name.NONE
    assert "10 trials" in few.reason
    short = resolved(Pruning(Name.AUTO, "max", 4), tpe, has_epochs=True, max_trials=50)
    assert short.pruner == Name.NONE
    assert "5 epochs" in short.reason
    random = resolved(asked, STRATEGIES[Strategy.RANDOM], has_epochs=True, max_trials=50)
    assert random.pruner == Name.NONE
    assert "Random search" in random.reason
    folds = resolved(Pruning(Name.AUTO, "max", 8), tpe, has_epochs=False, max_trials=50)
    assert folds.pruner == Name.WILCOXON
    assert traits_of(folds.pruner).by_part
    # Rounds of its own, whatever anybody asks for.
    hyperband = resolved(Pruning(Name.MEDIAN, "max", 20), STRATEGIES[Strategy.HYPERBAND], True, 50)
    assert hyperband.pruner == Name.NONE
