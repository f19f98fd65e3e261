"""Cross-validation of networks: each execution of a trial is trained on one fold's rows and
validated on the others, as a loop of KFold around a script would do it.

A fold has a template and inputs of its own. What they learn of rows (a scale, a vocabulary, weights
of classes, what a script computes of its training data) they learn of that fold's training rows
alone. Nothing is written to the disk: rows that follow each other stay mapped, others are picked
out of the mapped ones.
"""

from typing import Any

import keras
from keras_tuner.engine.trial import Trial

from tuning.protocol.orders import SearchOrder
from tuning.runner.channel import Channel
from tuning.runner.folds import rows_of_folds
from tuning.runner.inputs.data import load_stored

from .kept_models import KeptModels
from .search import Prepared, oracle_for, prepared
from .tuners import StreamingTuner

# Of all folds together. Of larger data only the fold that trains is in memory: to pick its rows
# again takes less time than to train on them.
MAX_KEPT_BYTES = 64 << 20


def search_in_folds(order: SearchOrder, channel: Channel) -> None:
    """Train trial after trial until the supervisor has no more."""
    folds = Folds(order)
    oracle = oracle_for(folds[0], order, channel)
    FoldsTuner(oracle, folds, order, channel).search(verbose=2)


class Folds:
    """What each fold of a search is trained with, made when it is asked for."""

    def __init__(self, order: SearchOrder) -> None:
        self._order = order
        self._dataset = load_stored(order.project)
        self._rows = rows_of_folds(order, self._dataset)
        self._made: dict[int, Prepared] = {}
        # Folds of equal sizes have graphs in common.
        self._models = KeptModels()

    def __getitem__(self, number: int) -> Prepared:
        if number not in self._made:
            if self._are_large():
                self._made.clear()
            dataset = self._dataset.fold(*self._rows[number]).learned()
            self._made[number] = prepared(self._order, dataset, self._models)
        return self._made[number]

    def _are_large(self) -> bool:
        """As inputs: a table's categories take more than in its file."""
        made = next(iter(self._made.values()), None)
        size = sum(part.nbytes for part in keras.tree.flatten(made.rows)) if made else 0
        return size * len(self._rows) > MAX_KEPT_BYTES


class FoldsTuner(StreamingTuner):
    """The execution with a number trains on the fold with that number."""

    def __init__(self, oracle: Any, folds: Folds, order: SearchOrder, channel: Channel) -> None:
        super().__init__(oracle, folds[0].template, order, channel)
        self._folds = folds

    def _build_and_fit_model(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        del args
        self.oracle.pruning.check()
        # The rows of the fold before need not be in memory any more.
        self._fit_arguments = (), {}
        fold = self._folds[self._execution + 1]
        self.hypermodel = fold.template
        callbacks = [*self._deepcopy_callbacks(fold.callbacks), *kwargs["callbacks"]]
        return super()._build_and_fit_model(
            trial, *fold.rows, **fold.arguments, callbacks=callbacks
        )
