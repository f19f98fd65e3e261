"""KerasTuner's oracles and Optuna's samplers and pruner by themselves, on a recorded table.

Each is used as a script would use it: no baseline, no sharing of results between trials but what
the library does itself.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import optuna

from tuning.spaces.hyperparameters import Hyperparameter, read_space

from .tables import Steps, Table

# Hyperband has no number of trials; the budget ends it.
MANY = 100


def kerastuner(oracle_name: str) -> Callable[[Table, int, int], Steps]:
    def steps(table: Table, seed: int, trials: int) -> Steps:
        import keras_tuner as kt

        _skip_checks()
        # Three failures in a row, the default, would end the whole search.
        own: dict[str, Any] = {"max_consecutive_failed_trials": MANY}
        if oracle_name == "HyperbandOracle":
            own |= {"max_epochs": table.units, "hyperband_iterations": MANY}
        else:
            own["max_trials"] = trials
        oracle = getattr(kt.oracles, oracle_name)(
            objective=kt.Objective("score", "max"), seed=seed,
            hyperparameters=kt.HyperParameters.from_config(deepcopy(table.space)), **own,
        )  # fmt: skip
        oracle.verbose = 0
        oracle.save = oracle._save_trial = lambda *_: None
        while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
            values = dict(trial.hyperparameters.values)
            begun = values.get("tuner/initial_epoch", 0)
            end = values.get("tuner/epochs", table.units)
            score = table.score(table.curve(values)[begun:end])
            trial.metrics.register("score", direction="max")
            # A score that is no number makes the trial one that failed.
            trial.metrics.update("score", float("nan") if score is None else score, step=0)
            trial.status = "COMPLETED"
            oracle.end_trial(trial)
            yield end - begun, score

    return steps


def _skip_checks() -> None:
    """Scikit-learn's checks of its inputs take more than half of the time of KerasTuner's Gaussian
    process, and change no number."""
    import sklearn.gaussian_process._gpr

    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
    sklearn.gaussian_process._gpr.validate_data = lambda _, x, y=None, **__: (
        x if y is None else (x, y)
    )


def optuna_alone(
    sampler: type[optuna.samplers.BaseSampler], pruner: optuna.pruners.BasePruner | None = None
) -> Callable[[Table, int, int], Steps]:
    def steps(table: Table, seed: int, _trials: int) -> Steps:
        study = optuna.create_study(
            direction="maximize", sampler=sampler(seed=seed),  # type: ignore[call-arg]
            pruner=pruner or optuna.pruners.NopPruner(),
        )  # fmt: skip
        while True:
            trial = study.ask()
            curve = table.curve(_as_a_script_asks(trial, table.space))
            yield _objective(study, trial, table, curve)

    return steps


def _objective(
    study: optuna.Study, trial: optuna.Trial, table: Table, curve: Any
) -> tuple[int, float | None]:
    for step in range(1, table.units + 1):
        # Of folds, the mean so far; of epochs, the last.
        seen = curve[:step]
        # A value that is no number prunes the trial.
        trial.report(float(seen.mean() if table.is_estimator else seen[-1]), step)
        if trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return step, None
    score = table.score(curve)
    state = optuna.trial.TrialState.FAIL if score is None else None
    study.tell(trial, score, state=state)
    return table.units, score


def _as_a_script_asks(trial: optuna.Trial, space: dict[str, Any]) -> dict[str, Any]:
    """Lists as categories, ranges as numbers; multiples (8, 16, 32…) by their exponent."""
    values: dict[str, Any] = {}
    for parameter in read_space(space):
        if parameter.is_active(values):
            values[parameter.name] = _asked(trial, parameter)
    return values


def _asked(trial: optuna.Trial, parameter: Hyperparameter) -> Any:
    if parameter.listed is not None:
        return trial.suggest_categorical(parameter.name, parameter.listed)
    places = range(len(parameter.grid_values))
    return parameter.value_at(trial.suggest_int(parameter.name, 0, len(places) - 1))
