"""KerasTuner's tuners, with every epoch told to the supervisor: without checkpoints, with those of
Hyperband, and with those of pruned trials."""

import copy
import json
import shutil
import time
from pathlib import Path
from typing import Any

import keras
import keras_tuner as kt
from keras_tuner.engine.trial import Trial
from keras_tuner.src.engine.tuner_utils import (
    SaveBestEpoch,
    TunerCallback,
    convert_to_metrics_dict,
)

from tuning.protocol.events import LARGEST, CheckpointSaved, EpochEnd, ModelMeasured
from tuning.protocol.events import Resumed as ResumedEvent
from tuning.protocol.measured import BATCH_ROWS
from tuning.protocol.orders import SearchOrder
from tuning.runner.channel import Channel
from tuning.runner.failures import MissingFile, TemplateError
from tuning.runner.measuring import network_measures
from tuning.runner.template.code import Template

from .checkpoints import Checkpoint, NotRestorable, obstacle, save, taken
from .description import description, numbers
from .remote_oracle import DIRECTORY, PROJECT_NAME, RemoteOracle, told_failures
from .steps import best_step
from .variables import build_layers

# Of the time of a training, at most one part in so many goes into its checkpoints.
CHECKPOINTS_SHARE = 20


class StreamingTuner(kt.Tuner):
    """KerasTuner's tuner; every epoch is reported to the supervisor as it ends."""

    def __init__(
        self, oracle: RemoteOracle, template: Template, order: SearchOrder, channel: Channel
    ) -> None:
        # Not `super()`: kt.Hyperband's constructor would make an oracle of its own.
        kt.Tuner.__init__(
            self,
            oracle=oracle,
            hypermodel=template,
            executions_per_trial=order.folds or order.executions_per_trial,
            max_model_size=template.training.max_model_size,
            directory=DIRECTORY,
            project_name=PROJECT_NAME,
        )
        # Where the epochs of a trial begin to count, if the script says so. Hyperband knows better.
        self._first_epoch = template.training.first_epoch(order.epochs)
        self._max_epochs = order.epochs
        self._channel = channel
        self._all_executions = order.folds or order.executions_per_trial
        self._execution = -1
        # What the current execution's model is fitted with.
        self._fit_arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
        self._described = False
        # Of the current execution, and what to measure of it.
        self._built: Any = None
        self._measures = order.measures
        self._epoch_began = 0.0
        self._epochs: list[EpochEnd] = []
        # Seconds between checkpoints of a trial; None: it has none.
        self._checkpoint_seconds = order.checkpoint_seconds
        self._checkpoint_every: float | None = None
        self._checkpoint_at = 0.0
        # From which the current trial goes on.
        self._checkpoint: Checkpoint | None = None

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        chosen = self.oracle.execution
        self._execution = -1 if chosen is None else chosen - 1
        self.executions_per_trial = self._all_executions if chosen is None else 1
        self._described = False
        self._epochs = []
        self._checkpoint_every, self._checkpoint_at = self._checkpoint_seconds, time.monotonic()
        with told_failures(self.oracle):
            results = super().run_trial(trial, *args, **kwargs)
        by_keras = all(isinstance(one, keras.callbacks.History) for one in results)
        if not by_keras:
            self.oracle.scores = scores_of(results, self.oracle.objective)
        if self._epochs and not by_keras:
            # A `fit` of its own may return a number; its callbacks were informed of epochs.
            initial = trial.hyperparameters.values.get("tuner/initial_epoch", 0)
            self.oracle.best_step = best_step(self._epochs, self.oracle.objective, initial)
        elif "tuner/initial_epoch" not in trial.hyperparameters.values:
            self.oracle.first_step = self._first_epoch
        return results

    def _build_and_fit_model(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        # A pruned trial has no further executions.
        self.oracle.pruning.check()
        self._execution += 1
        if not self._saves_best_epoch(trial):
            # Nobody reads them: the best model is trained again, from scratch, on more data.
            # They cost time in every epoch that is a best one, and three times the weights on disk.
            callbacks = kwargs["callbacks"]
            kwargs["callbacks"] = [c for c in callbacks if not isinstance(c, SaveBestEpoch)]
        self._fit_arguments = args, kwargs
        results = self._fit_from_checkpoint(trial, *args, **kwargs)
        if results is None:
            results = super()._build_and_fit_model(trial, *args, **kwargs)
        if self._measures and not self.oracle.pruning.is_pruned:
            rows = keras.tree.map_structure(lambda part: part[:BATCH_ROWS], args[0])
            measures = network_measures(self._built, rows, self._measures)
            self._channel.send(ModelMeasured(measures))
        return results

    def _fit_from_checkpoint(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Go on after the epoch at which an earlier attempt was lost; None if that cannot be."""
        after = self.oracle.resume_after
        try:
            self._checkpoint = taken(after)
            if self._checkpoint is None:
                return None
            # Not the same dictionary: what cannot be restored begins with the first epoch.
            resumed = {**kwargs, "initial_epoch": after}
            self._fit_arguments = args, resumed
            return super()._build_and_fit_model(trial, *args, **resumed)
        except NotRestorable as error:
            print(f"The checkpoint after epoch {after} is not used: {error}.")
            self._checkpoint, self._fit_arguments = None, (args, kwargs)
            return None

    def _build_hypermodel(self, hp: kt.HyperParameters) -> Any:
        # Before each build, so that a trial repeats itself wherever it runs.
        keras.utils.set_random_seed(self.oracle.seed + self._execution)
        keras_model = super()._build_hypermodel(hp)
        if self._checkpoint:
            self._restore(self._checkpoint, keras_model)
        self._built = keras_model
        self._describe(keras_model)
        # A training loop of the template's own may not say when an epoch begins.
        self._epoch_began = time.monotonic()
        return keras_model

    def on_epoch_begin(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        if self.oracle.runs(trial):
            # A `fit` of the template's own may begin another phase.
            self.oracle.pruning.check()
            if self._checkpoint:
                self._checkpoint.restore_callbacks(self._fit_arguments[1]["callbacks"])
                self._checkpoint = None
        self._epoch_began = time.monotonic()

    def _restore(self, checkpoint: Checkpoint, model: Any) -> None:
        if not model.built and self._fit_arguments[0]:
            build_layers(model, {"x": self._fit_arguments[0][0]})
        if not model.built:
            raise NotRestorable("the model is built by its first batch")
        if reason := obstacle(model, self._fit_arguments[1]["callbacks"]):
            raise NotRestorable(reason)
        checkpoint.restore_model(model)
        self.oracle.pruning.resume(checkpoint.epoch)
        self._channel.send(ResumedEvent(checkpoint.epoch))

    def on_epoch_end(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        if not self.oracle.runs(trial):
            return
        self._describe(model)
        now = time.monotonic()
        # Keras counts from 0, in Hyperband from where the parent ended.
        event = EpochEnd(self._execution, epoch + 1, now - self._epoch_began, numbers(logs))
        self._epochs.append(event)
        self._channel.send(event)
        if not self._is_complete(model, epoch) and self.oracle.pruning.epoch_ended(event.seconds):
            self._prune(trial, model)
        elif not self._is_complete(model, epoch):
            self._keep_state(model, epoch + 1)
        self._epoch_began = time.monotonic()

    def _keep_state(self, model: Any, epoch: int) -> None:
        """Save a checkpoint now and then, in case that this attempt is lost."""
        now = time.monotonic()
        if self._checkpoint_every is None or now < self._checkpoint_at + self._checkpoint_every:
            return
        callbacks = self._fit_arguments[1]["callbacks"]
        reason = obstacle(model, callbacks)
        if self.hypermodel.fits_by_itself or self._first_epoch:
            reason = "its training is not Keras's own from the first epoch on"
        if reason:
            print(f"This trial has no checkpoints: {reason}. If it is lost, it starts again.")
            self._checkpoint_every = None
            return
        save(model, callbacks, epoch)
        self._channel.send(CheckpointSaved(epoch))
        self._checkpoint_at = time.monotonic()
        took = self._checkpoint_at - now
        if self._checkpoint_every:
            self._checkpoint_every = max(self._checkpoint_every, CHECKPOINTS_SHARE * took)

    def _is_complete(self, model: Any, epoch: int) -> bool:
        """Whether the trial ends with this epoch even if nobody prunes it. It then has a score."""
        if self._execution + 1 < self.executions_per_trial or self.hypermodel.fits_by_itself:
            return False
        return bool(model.stop_training or epoch + 1 >= self._fit_arguments[1]["epochs"])

    def _prune(self, trial: Trial, model: Any) -> None:
        """End the training as Keras ends it early: its callbacks finish what they do."""
        if isinstance(model, keras.Model):
            model.stop_training = True

    def _saves_best_epoch(self, trial: Trial) -> bool:
        """Whether KerasTuner's checkpoints are written: a later trial may go on from the last."""
        return False

    def _leaves_weights(self, trial: Trial) -> bool:
        """Whether what the trial has written is wanted now that it has ended."""
        return self._saves_best_epoch(trial)

    def on_trial_end(self, trial: Trial) -> None:
        if not self._leaves_weights(trial):
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
            built = description(keras_model)
            self._channel.send(built)
            self.oracle.check_size(built.parameters)


def scores_of(results: list[Any], objective: kt.Objective) -> list[float]:
    """Of each execution, what its `fit` returned; empty if one returned none, or no number."""
    found = [convert_to_metrics_dict(one, objective).get(objective.name) for one in results]
    scores = [float(one) for one in found if one is not None and abs(one) <= LARGEST]
    return scores if len(scores) == len(results) else []


class ContinuingTuner(StreamingTuner):
    """A trial may go on from a checkpoint; a class of KerasTuner's, next to this one, loads it."""

    def on_trial_begin(self, trial: Trial) -> None:
        # The supervisor has taken what it wanted of earlier trials: it orders only then. Losers'
        # checkpoints would otherwise fill the disk, each three times its network's weights.
        parent = trial.hyperparameters.values.get("tuner/trial_id")
        for folder in Path(self.project_dir).glob("trial_*"):
            if folder.name != f"trial_{parent}":
                shutil.rmtree(folder, ignore_errors=True)
        super().on_trial_begin(trial)

    def _build_hypermodel(self, hp: kt.HyperParameters) -> Any:
        parent = hp.values.get("tuner/trial_id")
        if parent and not Path(self._get_checkpoint_fname(parent)).exists():
            raise MissingFile(
                f"The checkpoint of trial {parent}, which this trial continues, is missing."
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


class StreamingHyperband(ContinuingTuner, kt.Hyperband):
    """The same with kt.Hyperband's epochs and its way to go on from a parent's checkpoint."""

    def _saves_best_epoch(self, trial: Trial) -> bool:
        """No trial goes on from the last round of a bracket, which trains all epochs, nor from the
        baseline, which has no round. Where brackets overlap, KerasTuner gives trials the number of
        the latest bracket as `tuner/bracket`, not that of their own."""
        epochs = trial.hyperparameters.values.get("tuner/epochs", self._max_epochs)
        return bool(epochs < self._max_epochs)


class Resumed(kt.Tuner):
    """As kt.Hyperband goes on, but with the optimizer's state: the trial is the same one."""

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        values = trial.hyperparameters.values
        if "tuner/epochs" in values:
            kwargs["epochs"] = values["tuner/epochs"]
            kwargs["initial_epoch"] = values["tuner/initial_epoch"]
        return super().run_trial(trial, *args, **kwargs)

    def _build_hypermodel(self, hp: kt.HyperParameters) -> Any:
        own = hp.values.get("tuner/trial_id")
        if not own:
            return super()._build_hypermodel(hp)
        # The first epochs have had the order of rows and the dropout that the trial's seed gives.
        keras.utils.set_random_seed(self.oracle.seed + hp.values["tuner/initial_epoch"])
        keras_model = super()._build_hypermodel(hp)
        built = json.loads(Path(self._get_build_config_fname(own)).read_text("utf-8"))
        keras_model.build_from_config(built)
        optimizer = getattr(keras_model, "optimizer", None)
        if optimizer is not None:
            # Keras leaves out the state of one that has no variables yet.
            optimizer.build(keras_model.trainable_variables)
        keras_model.load_weights(self._get_checkpoint_fname(own))
        return keras_model


class ResumingTuner(ContinuingTuner, Resumed):
    """A pruned trial that may be promoted leaves the weights of its last epoch, not those of its
    best one, and the optimizer's state, from which it goes on if it is ordered again."""

    _is_resumable = False

    def on_trial_begin(self, trial: Trial) -> None:
        self._is_resumable = False
        super().on_trial_begin(trial)

    def on_epoch_begin(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        if epoch < trial.hyperparameters.values.get("tuner/initial_epoch", 0):
            raise TemplateError(
                "The template's fit begins with the first epoch again, so that a pruned trial "
                "cannot continue where it stopped. Let it pass **kwargs on to model.fit."
            )
        super().on_epoch_begin(trial, model, epoch, logs)

    def _prune(self, trial: Trial, model: Any) -> None:
        super()._prune(trial, model)
        if self.oracle.pruning.keeps_weights and self._counts_as_ordered():
            # Now: at the end of `fit`, a callback may bring the best epoch's weights back.
            model.save_weights(self._get_checkpoint_fname(trial.trial_id))
            built = json.dumps(model.get_build_config())
            Path(self._get_build_config_fname(trial.trial_id)).write_text(built, "utf-8")
            self._is_resumable = True

    def _counts_as_ordered(self) -> bool:
        """Whether Keras trains all epochs in one `fit`, and can begin with a later one: a `fit` of
        the template's own may do what it likes."""
        kwargs = self._fit_arguments[1]
        teller = next(c for c in kwargs["callbacks"] if isinstance(c, TunerCallback))
        in_one_fit = (teller.params or {}).get("epochs") == kwargs["epochs"]
        return in_one_fit and not self._first_epoch and self.hypermodel.fit_takes("initial_epoch")

    def _leaves_weights(self, trial: Trial) -> bool:
        return self._is_resumable


def tuner_class(order: SearchOrder) -> type[StreamingTuner]:
    """The tuner for a search of networks."""
    if order.hyperband:
        return StreamingHyperband
    return ResumingTuner if order.resumes else StreamingTuner
