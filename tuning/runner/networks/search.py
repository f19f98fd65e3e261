"""The trials of a search: KerasTuner's own loop, with an oracle at the other end of a pipe."""

import copy
import math
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import keras_tuner as kt
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.src.engine.tuner_utils import SaveBestEpoch

from tuning.protocol.events import EpochEnd, Failed, Metrics, NextTrial, TrialEnd
from tuning.protocol.failures import FailureCode
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.runner.channel import Channel
from tuning.runner.failures import MissingFile, NoScore, failure_of
from tuning.runner.inputs.data import load_dataset
from tuning.runner.spaces import with_values
from tuning.runner.template.code import Template
from tuning.runner.template.training import Training

from .building import refuse_no_model
from .description import description, numbers
from .steps import best_step

# KerasTuner's own layout: <working folder>/kt/search/trial_<id>/checkpoint.weights.h5
DIRECTORY = "kt"
PROJECT_NAME = "search"


def search(order: SearchOrder, channel: Channel) -> None:
    """Train trial after trial until the supervisor has no more."""
    dataset = load_dataset(order.project)
    template = SearchTemplate(
        order.objective, order.project.code, dataset.facts, order.project.constants, dataset.rows
    )
    oracle = RemoteOracle(order, channel)
    tuner_class = StreamingHyperband if order.hyperband else StreamingTuner
    tuner = tuner_class(oracle, template, order, channel)
    x, y = dataset.rows("train")
    validation = dataset.rows("validation")
    tuner.search(
        x,
        y,
        validation_data=validation if len(validation[0]) else None,
        epochs=order.epochs,
        batch_size=order.batch_size,
        callbacks=callbacks_for(order, template.training),
        verbose=2,
        **template.training.fit_arguments(order.epochs, order.batch_size, len(y)),
    )


def callbacks_for(order: SearchOrder, training: Training) -> list[keras.callbacks.Callback]:
    """Those of the script, and the early stopping that the order asks for."""
    return [*training.callbacks, *early_stopping(order, training.early_stopping)]


def early_stopping(
    order: SearchOrder, own: keras.callbacks.EarlyStopping | None = None
) -> list[keras.callbacks.Callback]:
    """The callback that the order asks for, if any: the script's own with the order's metric and
    patience, or a new one."""
    metric = order.early_stopping_metric
    if not metric:
        return []
    direction = order.early_stopping_direction
    if not direction:
        # An older search, from before anybody was asked.
        print(f"No early stopping: nobody knows whether {metric} is better when higher or lower.")
        return []
    patience = order.early_stopping_patience
    if own is None:
        return [keras.callbacks.EarlyStopping(monitor=metric, patience=patience, mode=direction)]
    found = copy.deepcopy(own)
    found.monitor, found.mode, found.patience = metric, direction, patience
    return [found]


class SearchTemplate(Template):
    """A template whose results must have the search's objective among them."""

    def __init__(self, objective: str, *args: Any) -> None:
        super().__init__(*args)
        self._objective = objective

    def build(self, hp: kt.HyperParameters) -> Any:
        built = super().build(hp)
        refuse_no_model(self, built)
        return built

    def fit(self, hp: kt.HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        # KerasTuner would end the whole search, or fail with a bare KeyError.
        results = super().fit(hp, model, *args, **kwargs)
        reported = results
        if isinstance(results, keras.callbacks.History):
            reported = results.history
        if isinstance(reported, dict) and self._objective not in reported:
            names = ", ".join(sorted(map(str, reported))) or "none at all"
            raise NoScore(
                f"The objective {self._objective!r} is not among the metrics that the training "
                f"reported: {names}."
            )
        return results


class RemoteOracle(kt.Oracle):
    """Asks the supervisor for trials and tells it their results. Keeps only the current trial."""

    def __init__(self, order: SearchOrder, channel: Channel) -> None:
        super().__init__(
            objective=kt.Objective(order.objective, order.direction),
            hyperparameters=with_values(order.space, {}),
        )
        self._space = order.space
        self._channel = channel
        self._metrics: Metrics = {}
        self._step = 0
        # Of results in which KerasTuner finds no epochs.
        self.best_step: int | None = None
        # What KerasTuner counts its steps from.
        self.first_step = 0
        self.seed = 0
        self.failure: Failed | None = None

    def create_trial(self, tuner_id: str) -> Trial:
        self._channel.send(NextTrial())
        order = self._channel.receive()
        if not isinstance(order, TrialOrder):
            return Trial(kt.HyperParameters(), trial_id="", status=TrialStatus.STOPPED)
        self._metrics, self._step, self.best_step, self.failure = {}, 0, None, None
        self.first_step = 0
        self._channel.begin_trial(order.token)
        self.seed = order.seed
        hp = with_values(self._space, order.values)
        trial = Trial(hp, trial_id=order.trial_id, status=TrialStatus.RUNNING)
        self.trials = {trial.trial_id: trial}
        return trial

    def runs(self, trial: Trial) -> bool:
        """Whether this is the current trial: threads of an earlier one may still be at work."""
        return trial.trial_id in self.trials

    def update_trial(self, trial_id: str, metrics: dict[str, Any], step: int = 0) -> Trial:
        self._metrics = numbers(metrics)
        self._step = step + self.first_step if self.best_step is None else self.best_step
        return self.trials[trial_id]

    def end_trial(self, trial: Trial) -> None:
        self._channel.send(self._result(trial))

    def save(self) -> None:
        """The database remembers; there is nothing to keep here."""

    def _result(self, trial: Trial) -> TrialEnd | Failed:
        if trial.status != TrialStatus.COMPLETED:
            # KerasTuner caught something that our own `run_trial` never saw.
            unseen = Failed(FailureCode.CODE_ERROR, "The trial failed.", trial.message or "")
            return self.failure or unseen
        name = self.objective.name
        score = self._metrics.get(name)
        if score is None or not math.isfinite(score):
            message = f"{name} was {score} even at its best, which is not a score."
            return Failed(FailureCode.NAN_SCORE, message)
        return TrialEnd(self._metrics, self._step)


@contextmanager
def told_failures(oracle: RemoteOracle) -> Iterator[None]:
    """Whatever a trial raises is kept for the supervisor, and fails the trial."""
    try:
        yield
    except (Exception, SystemExit) as error:
        oracle.failure = failure_of(error)
        # This kind fails the trial and only it. KerasTuner lets its FatalErrors, which a
        # template's slightest mistake raises, end the whole search.
        raise kt.errors.FailedTrialError(str(error)) from error


class StreamingTuner(kt.Tuner):
    """KerasTuner's tuner; every epoch is told to the supervisor as it ends."""

    keeps_checkpoints = False

    def __init__(
        self, oracle: RemoteOracle, template: Template, order: SearchOrder, channel: Channel
    ) -> None:
        # Not `super()`: kt.Hyperband's constructor would make an oracle of its own.
        kt.Tuner.__init__(
            self,
            oracle=oracle,
            hypermodel=template,
            executions_per_trial=order.executions_per_trial,
            max_model_size=template.training.max_model_size,
            directory=DIRECTORY,
            project_name=PROJECT_NAME,
        )
        # Where the epochs of a trial begin to count, if the script says so. Hyperband knows better.
        self._first_epoch = template.training.first_epoch(order.epochs)
        self._channel = channel
        self._execution = -1
        self._described = False
        self._epoch_began = 0.0
        self._epochs: list[EpochEnd] = []

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        self._execution = -1
        self._described = False
        self._epochs = []
        with told_failures(self.oracle):
            results = super().run_trial(trial, *args, **kwargs)
        if self._epochs and not all(isinstance(one, keras.callbacks.History) for one in results):
            # A `fit` of its own may return a number; its callbacks were told of epochs.
            initial = trial.hyperparameters.values.get("tuner/initial_epoch", 0)
            self.oracle.best_step = best_step(self._epochs, self.oracle.objective, initial)
        elif "tuner/initial_epoch" not in trial.hyperparameters.values:
            self.oracle.first_step = self._first_epoch
        return results

    def _build_and_fit_model(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        self._execution += 1
        if not self.keeps_checkpoints:
            # Nobody reads them: the best model is trained again, from scratch, on more data.
            # They cost time in every epoch that is a best one, and three times the weights on disk.
            callbacks = kwargs["callbacks"]
            kwargs["callbacks"] = [c for c in callbacks if not isinstance(c, SaveBestEpoch)]
        return super()._build_and_fit_model(trial, *args, **kwargs)

    def _build_hypermodel(self, hp: kt.HyperParameters) -> Any:
        # Before each build, so that a trial repeats itself wherever it runs.
        keras.utils.set_random_seed(self.oracle.seed + self._execution)
        keras_model = super()._build_hypermodel(hp)
        self._describe(keras_model)
        # A training loop of the template's own may not say when an epoch begins.
        self._epoch_began = time.monotonic()
        return keras_model

    def on_epoch_begin(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        self._epoch_began = time.monotonic()

    def on_epoch_end(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        if not self.oracle.runs(trial):
            return
        self._describe(model)
        now = time.monotonic()
        # Keras counts from 0, in Hyperband from where the parent ended.
        event = EpochEnd(self._execution, epoch + 1, now - self._epoch_began, numbers(logs))
        self._epoch_began = now
        self._epochs.append(event)
        self._channel.send(event)

    def on_trial_end(self, trial: Trial) -> None:
        if not self.keeps_checkpoints:
            # KerasTuner writes how the model was built next to the checkpoint that is not there.
            shutil.rmtree(self.get_trial_dir(trial.trial_id), ignore_errors=True)
        super().on_trial_end(trial)

    def save(self) -> None:
        """The database remembers; there is nothing to keep here."""

    def _populate_initial_space(self) -> None:
        """The order brought the space: no need to build models to find it."""

    def _configure_tensorboard_dir(self, *args: Any) -> None:
        """No TensorBoard here: its package need not be installed, nor its folders be made."""

    def _describe(self, keras_model: Any) -> None:
        """Tell once a trial what was built; one without an input shape is built by its data."""
        if not self._described and isinstance(keras_model, keras.Model) and keras_model.built:
            self._described = True
            self._channel.send(description(keras_model))


class StreamingHyperband(StreamingTuner, kt.Hyperband):
    """The same with kt.Hyperband's epochs and its way to go on from a parent's checkpoint."""

    keeps_checkpoints = True
    # What the current execution's model is fitted with.
    _fit_arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def on_trial_begin(self, trial: Trial) -> None:
        # The supervisor has taken what it wanted of earlier trials: it orders only then. Losers'
        # checkpoints would otherwise fill the disk, each three times its network's weights.
        parent = trial.hyperparameters.values.get("tuner/trial_id")
        for folder in Path(self.project_dir).glob("trial_*"):
            if folder.name != f"trial_{parent}":
                shutil.rmtree(folder, ignore_errors=True)
        super().on_trial_begin(trial)

    def _build_and_fit_model(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        self._fit_arguments = args, kwargs
        return super()._build_and_fit_model(trial, *args, **kwargs)

    def _build_hypermodel(self, hp: kt.HyperParameters) -> Any:
        parent = hp.values.get("tuner/trial_id")
        if parent and not Path(self._get_checkpoint_fname(parent)).exists():
            raise MissingFile(
                f"The checkpoint of trial {parent}, where this trial goes on, is not there."
            )
        try:
            return super()._build_hypermodel(hp)
        except ValueError as error:
            if not parent:
                raise
            print(f"The checkpoint of trial {parent} does not fit: {error}")
        # What the template itself raised, it raises again here.
        del hp.values["tuner/trial_id"]
        try:
            keras_model = super()._build_hypermodel(hp)
        finally:
            hp.values["tuner/trial_id"] = parent
        self._train_again(keras_model, hp)
        return keras_model

    def _train_again(self, keras_model: Any, hp: kt.HyperParameters) -> None:
        """The epochs of the parent. An older version of Tuneroom may have made other inputs of a
        table, so that the parent's weights have another shape."""
        args, kwargs = self._fit_arguments
        callbacks = copy.deepcopy(self.hypermodel.training.callbacks)
        epochs = {"epochs": hp.values["tuner/initial_epoch"], "initial_epoch": 0}
        self.hypermodel.fit(hp, keras_model, *args, **{**kwargs, **epochs, "callbacks": callbacks})
