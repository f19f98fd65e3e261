"""KerasTuner's oracles as a strategy: random, grid, Bayesian, Hyperband.

An oracle lives for one call: KerasTuner's own files are not crash-safe, and an oracle's lock leaks
when an error passes through it. Its state is kept as JSON. Importing this module imports
keras_tuner, which takes seconds.

The first trial of a search is the template's defaults, the baseline. Optuna's samplers know it;
random, Bayesian and Hyperband oracles never see it, so that they suggest exactly what KerasTuner
alone would with the same seed and scores (`tests/supervisor/test_oracles.py` compares them); a
grid begins with the defaults by itself.

KerasTuner forgets a grid search's position and a Hyperband's extended iterations when it is
reloaded, changes the configs it is handed, and keeps every oracle in a module-level dictionary
for ever; `kerastuner.py` fixes all four. It also gives a fresh oracle the defaults as values, as
a first build of the template would: a grid takes conditional hyperparameters for unused without
them and begins at random ones.
"""

import math
import os
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras_tuner
from keras_tuner.src.engine import oracle as kt_oracle
from keras_tuner.src.engine.trial import Trial as KerasTunerTrial

from tuning.spaces.hyperparameters import read_space

from .contract import KnownTrial, Settings, State, Suggestion, known_warm, plain, with_warm
from .traits import Name
from .untried import Key, is_listable, key_of, untried_values

# Tuneroom counts failures in a row itself, with a message for people.
_NEVER = 2**31


def suggest(
    settings: Settings, state: State, trials: Sequence[KnownTrial], claimant: str,
    warm: Sequence[KnownTrial] = (),
) -> Suggestion:  # fmt: skip
    """See `contract.Suggests`."""
    # Whether a trial of an earlier search violates a constraint decides about nothing here.
    known = [replace(one, status="COMPLETED") for one in known_warm(state, warm)]
    tried = {one.key for one in (*known, *trials)}
    trials = [_without_pruning(trial) for trial in trials]
    own = [trial for trial in trials if trial.suggested]
    # What it did not choose takes one of the trials all the same.
    settings = replace(settings, max_trials=settings.max_trials - (len(trials) - len(own)))
    with _restored(settings, state, own, known) as oracle:
        if settings.strategy in (Name.RANDOM, Name.BAYESIAN):
            _draw_what_is_left(oracle, settings, tried)
        trial = oracle.create_trial(claimant)
        if settings.strategy == Name.GRID:
            while trial.status == "RUNNING" and (met := _warm_values(trial, known)) is not None:
                # Where a grid stands is the trials that it has made: this one has its result.
                known[met] = replace(known[met], trial_id=trial.trial_id)
                _end(oracle, settings, known[met])
                trial = oracle.create_trial(claimant)
        # Hyperband's next rounds repeat values on purpose.
        elif (
            settings.strategy != Name.HYPERBAND
            and trial.status == "RUNNING"
            and not _make_new(trial, oracle, settings, tried)
        ):
            return Suggestion("STOPPED", "", {}, state)
        values = {key: plain(value) for key, value in trial.hyperparameters.values.items()}
        state = with_warm(_state_of(oracle), known)
        return Suggestion(trial.status, trial.trial_id, values, state)


def _without_pruning(trial: KnownTrial) -> KnownTrial:
    """KerasTuner knows no pruned trials: one counts as completed with its last value. Else its
    Gaussian process would learn nothing of the region and suggest it again."""
    if trial.status == "INFEASIBLE":
        # Of strategies of this module, those that take constraints do not learn.
        return replace(trial, status="FAILED", score=None)
    if trial.status != "PRUNED":
        return trial
    if trial.score is None or not math.isfinite(trial.score):
        return replace(trial, status="FAILED", score=None)
    return replace(trial, status="COMPLETED", best_step=max(trial.last_step - 1, 0))


def _make_new(
    trial: KerasTunerTrial, oracle: kt_oracle.Oracle, settings: Settings, tried: Set[Key]
) -> bool:
    """Give a suggestion that was tried before other values: KerasTuner's Bayesian oracle repeats
    itself once it has converged, and none knows the baseline. False if all has been tried."""
    _keep_in_range(trial.hyperparameters.values, settings.space)
    if key_of(trial.hyperparameters.values) not in tried:
        return True
    listable = is_listable(settings.space)
    values = _untried(settings, tried) if listable else oracle._random_values()
    if values is None:
        return False
    trial.hyperparameters.values = values
    oracle._record_values(trial)
    return True


def _keep_in_range(values: dict[str, Any], space: dict[str, Any]) -> None:
    """KerasTuner's Gaussian process may choose one more than the highest whole number of a
    logarithmic range."""
    for parameter in read_space(space):
        if parameter.kind == "Int" and parameter.is_active(values):
            highest = parameter.config["max_value"]
            values[parameter.name] = min(values[parameter.name], highest)


def _draw_what_is_left(oracle: kt_oracle.Oracle, settings: Settings, tried: Set[Key]) -> None:
    """KerasTuner takes a space for exhausted after a few draws of known values."""
    draw = oracle._random_values

    def drawn() -> dict[str, Any] | None:
        found: dict[str, Any] | None = draw()
        if found is None and is_listable(settings.space):
            return _untried(settings, tried)
        return found

    oracle._random_values = drawn


def _untried(settings: Settings, tried: Set[Key]) -> dict[str, Any] | None:
    return untried_values(settings.space, tried, settings.seed + len(tried))


def _end(oracle: kt_oracle.Oracle, settings: Settings, ended: KnownTrial) -> None:
    trial = oracle.trials[ended.trial_id]
    trial.status = ended.status
    if ended.score is not None:
        trial.metrics.register(settings.objective, direction=settings.direction)
        trial.metrics.update(settings.objective, ended.score, step=ended.best_step)
    oracle.end_trial(trial)


def _warm_values(trial: KerasTunerTrial, warm: list[KnownTrial]) -> int | None:
    """Which of the warm trials has the values of this one and was not met before."""
    values = trial.hyperparameters.values
    return next((i for i, item in enumerate(warm) if item.is_warm and item.values == values), None)


@contextmanager
def _restored(
    settings: Settings, state: State, trials: list[KnownTrial], warm: list[KnownTrial]
) -> Iterator[kt_oracle.Oracle]:
    oracle = _fresh(replace(settings, max_trials=settings.max_trials + len(warm)))
    oracle.verbose = 0
    oracle.save = _do_nothing
    oracle._save_trial = _do_nothing
    grid = settings.strategy == Name.GRID
    # A grid knows only the combinations that it has come to.
    for trial in [*(item for item in warm if not (grid and item.is_warm)), *trials]:
        oracle.trials[trial.trial_id] = _trial(trial, oracle.hyperparameters)
    if not state and not grid:
        for trial in warm:
            # As if they had run here and ended.
            oracle._record_values(oracle.trials[trial.trial_id])
            oracle.start_order.append(trial.trial_id)
            oracle.end_order.append(trial.trial_id)
    if state:
        # KerasTuner replaces parts of the configs that it reads: never hand it the caller's.
        oracle.set_state(deepcopy(state))
        _restore_own(oracle, settings, state)
    try:
        # Those that have ended since the last suggestion.
        ongoing = {trial.trial_id for trial in oracle.ongoing_trials.values()}
        for trial in sorted(trials, key=lambda trial: trial.end_order):
            if trial.trial_id in ongoing and trial.status != "RUNNING":
                _end(oracle, settings, trial)
        yield oracle
    finally:
        # KerasTuner remembers every oracle for ever in two module-level dictionaries.
        kt_oracle.LOCKS.pop(oracle, None)
        kt_oracle.THREADS.pop(oracle, None)


def _fresh(settings: Settings) -> kt_oracle.Oracle:
    common: dict[str, Any] = {
        "objective": keras_tuner.Objective(settings.objective, settings.direction),
        "hyperparameters": _hyperparameters(settings.space),
        "seed": settings.seed,
        "max_consecutive_failed_trials": _NEVER,
    }
    if settings.strategy == Name.HYPERBAND:
        return keras_tuner.oracles.HyperbandOracle(
            max_epochs=settings.epochs,
            factor=settings.hyperband_factor,
            hyperband_iterations=settings.hyperband_iterations,
            **common,
        )
    if settings.strategy == Name.BAYESIAN:
        return keras_tuner.oracles.BayesianOptimizationOracle(
            max_trials=settings.max_trials,
            num_initial_points=settings.bayesian_initial_points,
            alpha=settings.bayesian_alpha,
            beta=settings.bayesian_beta,
            **common,
        )
    kind = {
        Name.RANDOM: keras_tuner.oracles.RandomSearchOracle,
        Name.GRID: keras_tuner.oracles.GridSearchOracle,
    }[Name(settings.strategy)]
    return kind(max_trials=settings.max_trials, **common)


def _hyperparameters(space: dict[str, Any]) -> keras_tuner.HyperParameters:
    """The space with its defaults as values, as a first build of the template would leave them.
    Without them a grid takes what is conditional for unused and begins at random values of it."""
    copied = deepcopy(space)
    for entry in copied.get("space", []):
        if entry["class_name"] == "Fixed":
            # KerasTuner refuses it. Spaces of earlier versions may have one.
            entry["config"].pop("default", None)
    hp = keras_tuner.HyperParameters.from_config({"values": {}, **copied})
    for entry in hp.space:
        if hp.is_active(entry):
            hp.values.setdefault(entry.name, entry.default)
    return hp


def _trial(known: KnownTrial, space: keras_tuner.HyperParameters) -> KerasTunerTrial:
    # All trials share one space: a copy for each makes restoring 1,000 trials take 331 ms.
    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters._space = space._space
    hyperparameters._hps = space._hps
    hyperparameters.values = dict(known.values)
    trial = KerasTunerTrial(hyperparameters, trial_id=known.trial_id, status=known.status)
    trial.score = known.score
    trial.best_step = known.best_step
    return trial


def _state_of(oracle: kt_oracle.Oracle) -> State:
    state: State = plain(oracle.get_state())
    if isinstance(oracle, keras_tuner.oracles.GridSearchOracle):
        # KerasTuner forgets where a grid search stands when it is reloaded.
        ordered = oracle._ordered_ids
        state["grid"] = {
            "populate_next": list(oracle._populate_next),
            "memory": list(ordered._memory),
            "next_index": [[key, value] for key, value in ordered._next_index.items()],
            "last_index": ordered._last_index,
        }
    return state


def _restore_own(oracle: kt_oracle.Oracle, settings: Settings, state: State) -> None:
    """What KerasTuner's set_state leaves out, or overwrites with what it was at the start."""
    if settings.strategy == Name.HYPERBAND:
        oracle.hyperband_iterations = settings.hyperband_iterations
    if settings.strategy == Name.BAYESIAN:
        # Else every claim would begin its optimisation at the same random points.
        oracle._random_state.seed(settings.seed + len(oracle.trials))
    if "grid" in state:
        grid = state["grid"]
        oracle._populate_next = list(grid["populate_next"])
        ordered = oracle._ordered_ids
        ordered._memory = list(grid["memory"])
        ordered._data_to_index = {data: index for index, data in enumerate(ordered._memory)}
        ordered._next_index.update(dict(grid["next_index"]))
        ordered._last_index = grid["last_index"]


def _do_nothing(*_args: Any, **_kwargs: Any) -> None:
    pass
