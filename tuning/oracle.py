"""KerasTuner's oracles as pure functions: state in, suggestion and state out.

An oracle lives for one call. Its state is JSON that the caller keeps in the same transaction as the
trial it was used for (KerasTuner's own files are not crash-safe, and an oracle's lock leaks when an
error passes through it). Importing this module imports keras_tuner, which takes seconds.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras_tuner
from keras_tuner.src.engine import oracle as kt_oracle
from keras_tuner.src.engine.trial import Trial as KerasTunerTrial

State = dict[str, Any]
FED = "fed-"
# Tuneroom counts failures in a row itself, with a message for people.
_NEVER = 2**31


@dataclass(frozen=True)
class OracleSettings:
    """What decides an oracle's suggestions, besides the scores."""

    tuner: str
    objective: str
    direction: str
    space: dict[str, Any]
    seed: int
    max_trials: int
    epochs: int
    hyperband_factor: int = 3
    hyperband_iterations: int = 1
    bayesian_initial_points: int | None = None
    bayesian_alpha: float = 1e-4
    bayesian_beta: float = 2.6


@dataclass(frozen=True)
class KnownTrial:
    """A trial as the oracle knows it. `values` include the `tuner/*` keys; `status` is one of
    KerasTuner's: RUNNING, COMPLETED or FAILED; `best_step` counts from 0."""

    trial_id: str
    values: dict[str, Any]
    status: str
    score: float | None = None
    best_step: int = 0

    @property
    def is_fed(self) -> bool:
        """Whether it has the name under which it was fed: KerasTuner's own are numbers."""
        return self.trial_id.startswith(FED)


@dataclass(frozen=True)
class Suggestion:
    """`status` RUNNING: train `values` as `trial_id`; IDLE: ask again when a running trial has
    ended; STOPPED: there is nothing more to try."""

    status: str
    trial_id: str
    values: dict[str, Any]
    state: State


def suggest(
    settings: OracleSettings, state: State, trials: list[KnownTrial], claimant: str,
    fed: Sequence[KnownTrial] = (),
) -> Suggestion:  # fmt: skip
    """Ask for the next trial. `claimant` must differ between trials that run at the same time.

    `fed` are completed trials of other searches, with values that the space takes exactly. They
    count at the first call and are part of the state from then on, whatever becomes of their rows:
    the oracle learns from them, does not suggest them again, and they are none of `max_trials`.
    """
    known = [KnownTrial(**item) for item in state["fed"]] if "fed" in state else list(fed)
    with _restored(settings, state, trials, known) as oracle:
        trial = oracle.create_trial(claimant)
        if settings.tuner == "grid":
            while trial.status == "RUNNING" and (met := _fed_values(trial, known)) is not None:
                # Where a grid stands is the trials that it has made: this one has its result.
                known[met] = replace(known[met], trial_id=trial.trial_id)
                _end(oracle, settings, known[met])
                trial = oracle.create_trial(claimant)
        values = {key: _plain(value) for key, value in trial.hyperparameters.values.items()}
        return Suggestion(trial.status, trial.trial_id, values, _state_of(oracle, known))


def report(
    settings: OracleSettings, state: State, trials: list[KnownTrial], ended: KnownTrial
) -> State:
    """Tell the oracle how a trial that it knows as RUNNING has ended."""
    known = [KnownTrial(**item) for item in state.get("fed", [])]
    with _restored(settings, state, trials, known) as oracle:
        _end(oracle, settings, ended)
        return _state_of(oracle, known)


def _end(oracle: kt_oracle.Oracle, settings: OracleSettings, ended: KnownTrial) -> None:
    trial = oracle.trials[ended.trial_id]
    trial.status = ended.status
    if ended.score is not None:
        trial.metrics.register(settings.objective, direction=settings.direction)
        trial.metrics.update(settings.objective, ended.score, step=ended.best_step)
    oracle.end_trial(trial)


def _fed_values(trial: KerasTunerTrial, fed: list[KnownTrial]) -> int | None:
    """Which of the fed trials has the values of this one and was not met before."""
    values = trial.hyperparameters.values
    return next((i for i, item in enumerate(fed) if item.is_fed and item.values == values), None)


@contextmanager
def _restored(
    settings: OracleSettings, state: State, trials: list[KnownTrial], fed: list[KnownTrial]
) -> Iterator[kt_oracle.Oracle]:
    oracle = _fresh(replace(settings, max_trials=settings.max_trials + len(fed)))
    oracle.verbose = 0
    oracle.save = _do_nothing
    oracle._save_trial = _do_nothing
    grid = settings.tuner == "grid"
    # A grid knows only the combinations that it has come to.
    for trial in [*(item for item in fed if not (grid and item.is_fed)), *trials]:
        oracle.trials[trial.trial_id] = _trial(trial, oracle.hyperparameters)
    if not state and not grid:
        for trial in fed:
            # As if they had run here and ended.
            oracle._record_values(oracle.trials[trial.trial_id])
            oracle.start_order.append(trial.trial_id)
            oracle.end_order.append(trial.trial_id)
    if state:
        # KerasTuner replaces parts of the configs that it reads: never hand it the caller's.
        oracle.set_state(deepcopy(state))
        _restore_own(oracle, settings, state)
    try:
        ongoing = {trial.trial_id for trial in oracle.ongoing_trials.values()}
        for trial in trials:
            # It ended while it waited for another attempt, and nobody told the oracle, which
            # would wait for it for ever.
            if trial.trial_id in ongoing and trial.status != "RUNNING":
                _end(oracle, settings, trial)
        yield oracle
    finally:
        # KerasTuner remembers every oracle for ever in two module-level dictionaries.
        kt_oracle.LOCKS.pop(oracle, None)
        kt_oracle.THREADS.pop(oracle, None)


def _fresh(settings: OracleSettings) -> kt_oracle.Oracle:
    common: dict[str, Any] = {
        "objective": keras_tuner.Objective(settings.objective, settings.direction),
        "hyperparameters": _hyperparameters(settings.space),
        "seed": settings.seed,
        "max_consecutive_failed_trials": _NEVER,
    }
    if settings.tuner == "hyperband":
        return keras_tuner.oracles.HyperbandOracle(
            max_epochs=settings.epochs,
            factor=settings.hyperband_factor,
            hyperband_iterations=settings.hyperband_iterations,
            **common,
        )
    if settings.tuner == "bayesian":
        return keras_tuner.oracles.BayesianOptimizationOracle(
            max_trials=settings.max_trials,
            num_initial_points=settings.bayesian_initial_points,
            alpha=settings.bayesian_alpha,
            beta=settings.bayesian_beta,
            **common,
        )
    kind = {
        "random": keras_tuner.oracles.RandomSearchOracle,
        "grid": keras_tuner.oracles.GridSearchOracle,
    }[settings.tuner]
    return kind(max_trials=settings.max_trials, **common)


def _hyperparameters(space: dict[str, Any]) -> keras_tuner.HyperParameters:
    """The space with its defaults as values, as a first build of the template would leave them.
    Without them a grid takes what is conditional for unused and begins at random values of it."""
    hp = keras_tuner.HyperParameters.from_config({"values": {}, **deepcopy(space)})
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


def _state_of(oracle: kt_oracle.Oracle, fed: list[KnownTrial]) -> State:
    state: State = _plain(oracle.get_state())
    if fed:
        state["fed"] = [_plain(asdict(item)) for item in fed]
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


def _restore_own(oracle: kt_oracle.Oracle, settings: OracleSettings, state: State) -> None:
    """What KerasTuner's set_state leaves out, or overwrites with what it was at the start."""
    if settings.tuner == "hyperband":
        oracle.hyperband_iterations = settings.hyperband_iterations
    if settings.tuner == "bayesian":
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


def _plain(value: Any) -> Any:
    """The same value in JSON's own types (oracles hand out NumPy numbers)."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def _do_nothing(*_args: Any, **_kwargs: Any) -> None:
    pass
