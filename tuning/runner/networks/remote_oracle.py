"""KerasTuner's oracle at the runner's end of the pipe: trials come from the supervisor, results go
there."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras_tuner as kt
from keras_tuner.engine.trial import Trial, TrialStatus

from tuning.protocol.events import (
    Failed,
    Metrics,
    NextTrial,
    TrialEnd,
    TrialPruned,
    TrialRefused,
)
from tuning.protocol.failures import FailureCode
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.runner.channel import Channel
from tuning.runner.failures import failure_of
from tuning.runner.pruning import Pruned, Pruning, Refused
from tuning.runner.spaces import with_values

from .description import numbers

# KerasTuner's own layout: <working folder>/kt/search/trial_<id>/checkpoint.weights.h5
DIRECTORY = "kt"
PROJECT_NAME = "search"


class RemoteOracle(kt.Oracle):
    """Asks the supervisor for trials and tells it their results. Keeps only the current trial."""

    def __init__(
        self, order: SearchOrder, channel: Channel, independent: bool = False,
        tidy: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        """`independent`: the executions of a trial have nothing to do with each other. `tidy` is
        called while the supervisor records a trial and claims the next one."""
        super().__init__(
            objective=kt.Objective(order.objective, order.direction),
            hyperparameters=with_values(order.space, {}),
        )
        self._space = order.space
        self._channel = channel
        self._tidy = tidy
        self._metrics: Metrics = {}
        self._step = 0
        # Of results in which KerasTuner finds no epochs.
        self.best_step: int | None = None
        # What KerasTuner counts its steps from.
        self.first_step = 0
        self.seed = 0
        # The one execution to train; None: all.
        self.execution: int | None = None
        self._independent = independent
        self.failure: Failed | None = None
        # Of the current trial's order, and whether its model was outside.
        self._min_parameters: float | None = None
        self._max_parameters: float | None = None
        self.is_refused = False
        self.pruning = Pruning(channel)
        # What a `fit` of the template's own returned of each execution.
        self.scores: list[float] = []
        # The epoch after which a checkpoint of the current trial lies here.
        self.resume_after = 0

    def create_trial(self, tuner_id: str) -> Trial:
        self._channel.send(NextTrial(self._independent))
        self._tidy()
        order = self._channel.receive()
        if not isinstance(order, TrialOrder):
            return Trial(kt.HyperParameters(), trial_id="", status=TrialStatus.STOPPED)
        self._metrics, self._step, self.best_step, self.failure = {}, 0, None, None
        self.first_step = 0
        self.scores = []
        self._channel.begin_trial(order.token)
        self.pruning.begin(order)
        self.seed, self.execution = order.seed, order.execution
        self.resume_after = order.resume_after
        self._min_parameters, self._max_parameters = order.min_parameters, order.max_parameters
        self.is_refused = False
        hp = with_values(self._space, order.values)
        trial = Trial(hp, trial_id=order.trial_id, status=TrialStatus.RUNNING)
        self.trials = {trial.trial_id: trial}
        return trial

    def runs(self, trial: Trial) -> bool:
        """Whether this is the current trial: threads of an earlier one may still be at work."""
        return trial.trial_id in self.trials

    def check_size(self, parameters: int) -> None:
        """Raise Refused if the current trial's model may not have so many."""
        least, most = self._min_parameters, self._max_parameters
        too_few = least is not None and parameters < least
        self.is_refused = too_few or (most is not None and parameters > most)
        if self.is_refused:
            raise Refused(f"The model has {parameters:,} parameters.")

    def update_trial(self, trial_id: str, metrics: dict[str, Any], step: int = 0) -> Trial:
        self._metrics = numbers(metrics)
        self._step = step + self.first_step if self.best_step is None else self.best_step
        return self.trials[trial_id]

    def end_trial(self, trial: Trial) -> None:
        self._channel.send(self._result(trial))

    def save(self) -> None:
        """The database remembers; there is nothing to keep here."""

    def _result(self, trial: Trial) -> TrialEnd | TrialPruned | TrialRefused | Failed:
        if self.is_refused:
            return TrialRefused()
        if self.pruning.is_pruned:
            return TrialPruned()
        if trial.status != TrialStatus.COMPLETED:
            # KerasTuner caught something that our own `run_trial` never saw.
            unseen = Failed(FailureCode.CODE_ERROR, "The trial failed.", trial.message or "")
            return self.failure or unseen
        name = self.objective.name
        score = self._metrics.get(name)
        if score is None or not math.isfinite(score):
            message = f"{name} was {score} even at its best, which is not a score."
            return Failed(FailureCode.NAN_SCORE, message)
        return TrialEnd(self._metrics, self._step, self.scores)


@contextmanager
def told_failures(oracle: RemoteOracle) -> Iterator[None]:
    """Whatever a trial raises is kept for the supervisor, and fails the trial. Code of a template
    may not expect that its training ends early: what a pruned trial raises is no failure."""
    try:
        yield
        oracle.pruning.check()
    except (Exception, SystemExit, Pruned, Refused) as error:
        if not (oracle.pruning.is_pruned or oracle.is_refused):
            oracle.failure = failure_of(error)
        # This kind fails the trial and only it. KerasTuner lets its FatalErrors, which a
        # template's slightest mistake raises, end the whole search.
        raise kt.errors.FailedTrialError(str(error)) from error
