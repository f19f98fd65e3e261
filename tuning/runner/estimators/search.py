"""The trials of a search over scikit-learn estimators: KerasTuner's own cross-validation, each fold
told as it ends."""

import math
import time
from typing import Any

import keras
import keras_tuner as kt
from keras_tuner.engine.trial import Trial

from tuning.protocol.events import Built, EpochEnd, ModelMeasured
from tuning.protocol.measured import BATCH_ROWS
from tuning.protocol.orders import SearchOrder
from tuning.protocol.scorers import SCORE, spread_of
from tuning.runner.channel import Channel
from tuning.runner.failures import NotANumber
from tuning.runner.folds import OneFold, folds_of
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.measuring import estimator_measures
from tuning.runner.networks.remote_oracle import (
    DIRECTORY,
    PROJECT_NAME,
    RemoteOracle,
    told_failures,
)

from .building import EstimatorTemplate, in_threads, rows_for, score_of
from .columns import explained_columns, selects_columns
from .texts import text_name
from .weighting import Weighted, WeightedTemplate


def search_estimators(order: SearchOrder, channel: Channel) -> None:
    """Cross-validate trial after trial on the training and validation rows."""
    dataset = load_dataset(order.project).for_estimators()
    template = EstimatorTemplate(order.project, dataset)
    oracle = RemoteOracle(order, channel, independent=True)
    tuner = StreamingSklearnTuner(oracle, template, dataset, order, channel)
    with in_threads(dataset.x.size):
        # Each trial takes its own rows.
        tuner.search(None, None)


class StreamingSklearnTuner(kt.SklearnTuner):
    """KerasTuner's tuner. Each fold is reported to the supervisor as an execution of one epoch."""

    def __init__(
        self,
        oracle: RemoteOracle,
        template: EstimatorTemplate,
        dataset: Dataset,
        order: SearchOrder,
        channel: Channel,
    ) -> None:
        self._all_folds = folds_of(order, template.facts["task"], dataset.windows)
        self._template = template
        self._keys = dataset.keys("train", "validation")
        self._weights = dataset.weights("train", "validation")
        super().__init__(
            oracle=oracle,
            hypermodel=template if self._weights is None else WeightedTemplate(template),
            # Called once a fold, with the fitted estimator: the one place to hear of it.
            scoring=self._score_fold,
            cv=self._all_folds,
            directory=DIRECTORY,
            project_name=PROJECT_NAME,
        )
        self._dataset = dataset
        # By how the estimator takes them.
        self._rows: dict[Any, tuple[Any, Any]] = {}
        self._scorer = order.scoring
        self._measures = order.measures
        self._folds = order.folds
        self._channel = channel
        # The first fold of the current order, and the scores from it on.
        self._first_fold = 0
        self._scores: list[float] = []
        self._fold_began = 0.0

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> dict[str, float]:
        del args, kwargs
        chosen = self.oracle.execution
        self._first_fold = chosen or 0
        self.cv = self._all_folds if chosen is None else OneFold(self._all_folds, chosen)
        self._scores = []
        with told_failures(self.oracle), explained_columns(self._dataset.facts):
            x, y = self._rows_for(self._template.build(trial.hyperparameters))
            self._begin_fold()
            results = super().run_trial(trial, x, y, self._weights, self._keys)
        # Of one fold there is no spread.
        return results if chosen is not None else {**results, **spread_of(self._scores)}

    def save_model(self, trial_id: str, model: Any, step: int = 0) -> None:
        """KerasTuner would pickle the last fold's estimator, which has not seen all rows. The best
        one is fitted again."""

    def save(self) -> None:
        """The database remembers; there is nothing to keep here."""

    def _populate_initial_space(self) -> None:
        """The order brought the space: no need to build estimators to find it."""

    def _rows_for(self, estimator: Any) -> tuple[Any, Any]:
        way = selects_columns(estimator, self._dataset.facts), text_name(estimator, self._dataset)
        if way not in self._rows:
            self._rows[way] = rows_for(estimator, self._dataset, "train", "validation")
        return self._rows[way]

    @property
    def _fold(self) -> int:
        return self._first_fold + len(self._scores)

    def _begin_fold(self) -> None:
        # Before each build, so that a trial repeats itself wherever it runs.
        keras.utils.set_random_seed(self.oracle.seed + self._fold)
        self._fold_began = time.monotonic()

    def _score_fold(self, estimator: Any, x: Any, y: Any, sample_weight: Any = None) -> float:
        """Weights are for training alone."""
        del sample_weight
        estimator = estimator.estimator if isinstance(estimator, Weighted) else estimator
        fold = self._fold
        if not self._scores:
            self._channel.send(Built(0, repr(estimator)))
        score = score_of(estimator, self._scorer, x, y)
        seconds = time.monotonic() - self._fold_began
        self._channel.send(EpochEnd(fold, 1, seconds, {SCORE: score}))
        if not math.isfinite(score):
            raise NotANumber(f"The score of fold {fold + 1} was {score}, which is not a score.")
        self._scores.append(score)
        if self._measures:
            measures = estimator_measures(estimator, x[:BATCH_ROWS], self._measures)
            self._channel.send(ModelMeasured(measures))
        # With the last fold the trial has its score.
        if fold + 1 < self._folds and self.oracle.pruning.epoch_ended(seconds):
            self.oracle.pruning.check()
        self._begin_fold()
        return score
