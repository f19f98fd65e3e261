"""The trials of a search that a template's own Tuner class runs."""

import shutil
from pathlib import Path
from typing import Any

from keras_tuner.engine.trial import Trial, TrialStatus

from tuning.protocol.orders import SearchOrder
from tuning.runner.channel import Channel
from tuning.runner.inputs.data import load_dataset
from tuning.runner.networks.remote_oracle import RemoteOracle, told_failures
from tuning.runner.networks.search import callbacks_for
from tuning.runner.template.code import Template

from .arguments import Material
from .keras_hooks import forget_saves, watched_keras
from .sklearn_hooks import watched_sklearn
from .tuner import Continuing, Watched, arguments_for, make_tuner, takes_epochs
from .watch import Watch, check_results


def search_custom(order: SearchOrder, channel: Channel) -> None:
    """Run trial after trial until the supervisor has no more."""
    dataset = load_dataset(order.project)
    template = Template(order.project.code, dataset.facts, order.project.constants, dataset.rows)
    oracle = ListeningOracle(order, channel)
    watch = Watch(channel.send, order.epochs if takes_epochs(template) else 1, oracle.pruning)
    oracle.watch = watch
    tuner = make_tuner(
        template, SearchingTuner, oracle, watch, Continuing if order.hyperband else None
    )
    tuner._ours.keeps_checkpoints = order.hyperband
    tuner.executions_per_trial = order.executions_per_trial
    validation = dataset.rows("validation")
    train = dataset.rows("train")
    material = Material(
        train,
        validation if len(validation[1]) else None,
        order.epochs,
        order.batch_size,
        callbacks_for(order, template.training),
        template.training.fit_arguments(order.epochs, order.batch_size, len(train[1])),
    )
    arguments = arguments_for(tuner, material)
    with watched_keras(watch, template.script.tree), watched_sklearn(watch):
        tuner.search(*arguments.positional, **arguments.named)


class ListeningOracle(RemoteOracle):
    """Takes what a class reports by itself during a trial for what it is: news, not the result."""

    watch: Watch

    def update_trial(self, trial_id: str, metrics: dict[str, Any], step: int = 0) -> Trial:
        if self.watch.is_running:
            self.watch.update(metrics, step)
            if self.pruning.is_pruned:
                # What a loop that was written for early versions of KerasTuner looks at.
                self.trials[trial_id].status = TrialStatus.STOPPED
            return self.trials[trial_id]
        values = self.trials[trial_id].hyperparameters.values
        initial = values.get("tuner/initial_epoch", 0)
        # KerasTuner knows the best epoch of a History only.
        self.best_step = step or self.watch.best_step(self.objective, initial)
        return super().update_trial(trial_id, metrics, step)


class SearchingTuner(Watched):
    """A failure ends its own trial only, and nothing but Hyperband's checkpoints is kept."""

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        self._ours.seed = self.oracle.seed
        with told_failures(self.oracle):
            results = super().run_trial(trial, *args, **kwargs)
            check_results(results, self.oracle.objective)
            return results

    def on_trial_begin(self, trial: Trial) -> None:
        # The supervisor has taken what it wanted of earlier trials: it orders only then.
        parent = trial.hyperparameters.values.get("tuner/trial_id")
        for folder in Path(self.project_dir).glob("trial_*"):
            if folder.name != f"trial_{parent}":
                shutil.rmtree(folder, ignore_errors=True)
        forget_saves()
        super().on_trial_begin(trial)

    def on_epoch_begin(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        if self.oracle.runs(trial):
            super().on_epoch_begin(trial, model, epoch, logs)

    def on_epoch_end(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        if self.oracle.runs(trial):
            super().on_epoch_end(trial, model, epoch, logs)

    def on_trial_end(self, trial: Trial) -> None:
        if not self._ours.keeps_checkpoints:
            shutil.rmtree(self.get_trial_dir(trial.trial_id), ignore_errors=True)
        self._ours.watch.begin()  # Lets go of the trial's models.
        self._ours.watch.is_running = False
        super().on_trial_end(trial)
