"""What is seen of a trial that a template's own Tuner class runs: epochs, models, results."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from weakref import WeakKeyDictionary

import keras
import numpy as np
from keras_tuner import Objective
from keras_tuner.src.engine.tuner_utils import convert_to_metrics_dict
from sklearn.base import BaseEstimator

from tuning.protocol.events import Built, EpochEnd, Event, Metrics
from tuning.runner.failures import NoScore, TemplateError
from tuning.runner.networks.description import description, numbers
from tuning.runner.networks.steps import best_of, best_step
from tuning.runner.pruning import Pruning

from .fitted import Fitted, fitted_on


@dataclass(frozen=True)
class _Update:
    """What a class gave to update_trial, and for how long it had trained since the last time."""

    step: int
    metrics: Metrics
    seconds: float

    def goes_on_from(self, before: Self) -> bool:
        return self.metrics.keys() == before.metrics.keys() and self.step >= before.step


class Watch:
    """One trial after another. An execution is the training of one model, however often its code
    calls `fit`; each model's epochs count from 1."""

    # Whether it is told of an epoch before the callbacks of the template's code, not after them.
    hears_first = False

    def __init__(
        self,
        send: Callable[[Event], None],
        last_epoch: int = 1,
        pruning: Pruning | None = None,
    ) -> None:
        """Without `pruning` no trial ends early."""
        self._send = send
        self._pruning = pruning
        # Of the epoch that stands for an execution that tells of none.
        self._last_epoch = last_epoch
        self.is_running = False
        # Counts the trials: what one of them started may go on in the next.
        self.turn = 0
        self.begin()

    def begin(self) -> None:
        self.is_running = True
        self.turn += 1
        self.last_model: Any = None
        self.saved_model: Any = None
        # The smallest and largest input of the last fit, where it was an array.
        self.fitted_range: tuple[float, float] | None = None
        # Of scikit-learn, in the order of their fits.
        self.transformers: list[Fitted] = []
        self._predictor: Fitted | None = None
        # The rows of an estimator that was not fitted itself, but cross-validated.
        self.to_refit: tuple[Any, Any] | None = None
        # What the code itself reported by update_trial.
        self._updates: list[_Update] = []
        # Whether Keras or the code's on_epoch_end tell of epochs: then update_trial does not.
        self._tells_epochs = False
        self._waiting: _Update | None = None
        self._epochs: list[EpochEnd] = []
        # Weakly: ten folds' networks would not fit into memory together.
        self._executions: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._counts: list[int] = []
        self._described = False
        self._began = self._epoch_began = self._updated_at = time.monotonic()

    def go_on(self) -> None:
        """Something is about to be trained. Raises Pruned in a trial that a verdict has ended."""
        if self._pruning is not None and self.is_running:
            self._pruning.check()

    def epoch_begin(self) -> None:
        self.go_on()
        self._epoch_began = time.monotonic()

    def epoch(self, model: Any, epoch: int, logs: dict[str, Any] | None) -> None:
        """An epoch ended. `epoch` counts from 0, for each call of `fit` again."""
        self.model_seen(model)
        self._tells_epochs = True
        self._epoch_ended(model, epoch, time.monotonic() - self._epoch_began, numbers(logs))
        self._epoch_began = time.monotonic()

    def update(self, metrics: dict[str, Any], step: int) -> None:
        """The code reported metrics by itself, as with early versions of KerasTuner. Reports of the
        same metrics, one after another, are the epochs of a loop that tells of none otherwise. A
        single one is a result: the first one of a loop waits for the second."""
        now = time.monotonic()
        update = _Update(step, numbers(metrics), now - self._updated_at)
        self._updated_at = now
        before = self._updates[-1] if self._updates else None
        self._updates.append(update)
        if self._tells_epochs:
            return
        if before is None or not update.goes_on_from(before):
            self._waiting = update
            return
        if self._waiting is not None:
            self._send_epoch(None, self._index(before), before.seconds, before.metrics)
            if self._pruning is not None:
                self._pruning.count()
            self._waiting = None
        same = update.step == before.step
        index = self._counts[-1] if same else self._index(update)
        self._epoch_ended(None, index, update.seconds, update.metrics)
        self._updated_at = time.monotonic()

    def _index(self, update: "_Update") -> int:
        """The epoch from 0 that was reported: some code counts its steps from 0, some from 1."""
        return update.step - min(1, self._updates[0].step)

    def _epoch_ended(self, model: Any, epoch: int, seconds: float, metrics: Metrics) -> None:
        self._send_epoch(model, epoch, seconds, metrics)
        if self._pruning is None or not self.is_running:
            # After its end, a trial may train what it likes.
            return
        if self._pruning.epoch_ended(seconds) and isinstance(model, keras.Model):
            model.stop_training = True

    def _send_epoch(self, model: Any, epoch: int, seconds: float, metrics: Metrics) -> None:
        execution = self._execution(model, epoch)
        number = max(epoch, self._counts[execution]) + 1
        self._counts[execution] = number
        event = EpochEnd(execution, number, seconds, metrics)
        self._epochs.append(event)
        self._send(event)

    def model_seen(self, model: Any) -> None:
        """The first Keras model of a trial is described, the last one is remembered."""
        if not isinstance(model, keras.Model):
            return
        self.last_model = model
        if not self._described and model.built:
            self._described = True
            self._send(description(model))

    def fitted(self, model: Any, x: Any) -> None:
        """A Keras model is about to be trained on `x`."""
        self.model_seen(model)
        numeric = isinstance(x, np.ndarray) and x.size and x.dtype.kind in "iufb"
        self.fitted_range = (float(x.min()), float(x.max())) if numeric else None

    def estimator_fitted(self, estimator: Any, x: Any) -> None:
        """An estimator or a transformer was fitted on `x`."""
        fitted = fitted_on(estimator, x)
        if hasattr(estimator, "predict"):
            self.last_model, self._predictor, self.to_refit = estimator, fitted, None
        else:
            self.transformers.append(fitted)

    def cross_validated(self, estimator: Any, x: Any, y: Any) -> None:
        """Copies of an estimator were fitted on parts of `x`."""
        self.last_model, self._predictor = estimator, fitted_on(estimator, x)
        self.to_refit = x, y

    def fit_of(self, estimator: Any) -> Fitted | None:
        """What is known of the estimator's own fit."""
        known = self._predictor is not None and self._predictor.estimator is estimator
        return self._predictor if known else None

    def model_saved(self, model: Any) -> None:
        self.saved_model = model
        self.model_seen(model)

    def end(self, results: Any, objective: Objective) -> Any:
        """The trial's results as KerasTuner takes them. Each execution gets one epoch at least."""
        self.is_running = False
        self.describe_estimator()
        if results is None:
            results = self._told_meanwhile(objective)
        if not self._epochs:
            seconds = time.monotonic() - self._began
            several = results if isinstance(results, list) else [results]
            for execution, result in enumerate(several):
                metrics = _final(result, objective)
                seconds_each = seconds / len(several)
                self._send(EpochEnd(execution, self._last_epoch, seconds_each, metrics))
        return results

    def describe_estimator(self) -> None:
        """Of an estimator no epoch has told."""
        if not self._described and isinstance(self.last_model, BaseEstimator):
            self._described = True
            self._send(Built(0, repr(self.last_model)))

    def epochs_of_fit(self, epochs: int) -> int:
        """How many epochs a `fit` of Keras trains that was asked for so many."""
        return epochs

    def best_step(self, objective: Objective, initial_epoch: int) -> int:
        """The epoch that the results belong to, counted from 0 after `initial_epoch`."""
        if not self._epochs:
            return max(0, self._last_epoch - 1 - initial_epoch)
        return best_step(self._epochs, objective, initial_epoch)

    def _execution(self, model: Any, epoch: int) -> int:
        try:
            known = self._executions.get(model)
        except TypeError:  # Whatever it is, it cannot be told from another one.
            known = None
            model = None
        if model is None and self._counts and epoch >= self._counts[-1]:
            known = len(self._counts) - 1
        if known is None:
            known = len(self._counts)
            self._counts.append(0)
            if model is not None:
                self._executions[model] = known
        return known

    def _told_meanwhile(self, objective: Objective) -> Any:
        """Results of a `run_trial` that returns nothing, but reported something as it went."""
        updates = [(update.step, update.metrics) for update in self._updates]
        told = updates or [(event.epoch, event.metrics) for event in self._epochs]
        if not told:
            raise TemplateError(
                "run_trial returned None. Let it return the objective's value, a dictionary of "
                "metrics, the History of model.fit, or a list of these."
            )
        scored = [item for item in told if item[1].get(objective.name) is not None]
        best = best_of(scored, objective) or told[-1]
        return dict(best[1])


def names_of(results: Any, objective: Objective, source: str = "run_trial") -> list[str]:
    """The metrics in the results of a trial. Raises TemplateError for no results at all."""
    if isinstance(results, list):
        if not results:
            raise TemplateError(f"{source} returned an empty list.")
        several = (name for one in results for name in names_of(one, objective, source))
        return list(dict.fromkeys(several))
    if isinstance(results, int | float | np.floating):
        return [objective.name]
    if isinstance(results, keras.callbacks.History):
        results = results.history
    if isinstance(results, dict):
        return list(map(str, results))
    raise TemplateError(
        f"{source} returned {type(results).__name__}. KerasTuner takes a float, a dictionary of "
        "metrics, the History of model.fit, or a list of these."
    )


def check_results(results: Any, objective: Objective) -> None:
    """KerasTuner would end the whole search over what it cannot take. Raises TemplateError,
    NoScore."""
    for one in results if isinstance(results, list) else [results]:
        names = names_of(one, objective)
        if objective.name not in names:
            raise NoScore(
                f"The objective {objective.name!r} is not among the metrics that run_trial "
                f"reported: {', '.join(sorted(names)) or 'none at all'}."
            )


def _final(result: Any, objective: Objective) -> Metrics:
    """The metrics of one execution; none of what KerasTuner cannot take."""
    try:
        return numbers(convert_to_metrics_dict(result, objective))
    except KeyError:
        return {}
