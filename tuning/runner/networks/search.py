"""The trials of a search: KerasTuner's own loop, with an oracle at the other end of a pipe."""

import copy
from dataclasses import dataclass
from typing import Any

import keras
import keras_tuner as kt

from tuning.protocol.orders import SearchOrder
from tuning.runner import training_weights
from tuning.runner.channel import Channel
from tuning.runner.failures import NoScore
from tuning.runner.inputs.data import Arrays, Dataset, load_dataset
from tuning.runner.template.code import Template
from tuning.runner.template.training import Training

from .building import refuse_no_model
from .kept_models import KeptModels
from .kernels import kernels
from .mean_reconstruction import errors_of_mean
from .remote_oracle import RemoteOracle
from .tuners import tuner_class


def search(order: SearchOrder, channel: Channel) -> None:
    """Train trial after trial until the supervisor has no more."""
    with kernels.kept(order.project.code):
        _search(order, channel)


def _search(order: SearchOrder, channel: Channel) -> None:
    if order.folds:
        # Only here: it imports scikit-learn.
        from .folds import search_in_folds

        search_in_folds(order, channel)
        return
    dataset = load_dataset(order.project)
    made = prepared(order, dataset, KeptModels())
    if dataset.reconstructs and dataset.has_rows("validation"):
        # As models see them.
        channel.send(errors_of_mean(made.rows[0], dataset.rows("validation")[0]))
    tuner = tuner_class(order)(oracle_for(made, order, channel), made.template, order, channel)
    tuner.search(*made.rows, callbacks=made.callbacks, **made.arguments)


@dataclass(frozen=True)
class Prepared:
    """What models of some rows are trained with: a template that knows these rows alone, and the
    arguments of its `fit`, `rows` first."""

    template: "SearchTemplate"
    rows: Arrays
    arguments: dict[str, Any]
    callbacks: list[keras.callbacks.Callback]


def prepared(order: SearchOrder, dataset: Dataset, models: KeptModels) -> Prepared:
    """Of the dataset's training and validation rows."""
    template = SearchTemplate(
        order.objective, models, order.project.code, dataset.facts, order.project.constants,
        dataset.rows,
    )  # fmt: skip
    x, y = dataset.rows("train")
    validation = dataset.rows("validation")
    training = template.training
    arguments = {
        "validation_data": validation if len(validation[1]) else None,
        "epochs": order.epochs,
        "batch_size": order.batch_size,
        "verbose": 2,
        **training.fit_arguments(order.epochs, order.batch_size, len(y)),
        **training_weights.for_fit(order.project, training.fit, y, dataset.weights("train")),
    }
    return Prepared(template, (x, y), arguments, callbacks_for(order, training))


def oracle_for(made: Prepared, order: SearchOrder, channel: Channel) -> RemoteOracle:
    # What a `fit` of the template's own does with one execution after the other is its own affair.
    independent = not made.template.fits_by_itself
    # KerasTuner does so before it builds the next model, where it takes 20 ms.
    return RemoteOracle(order, channel, independent, tidy=keras.backend.clear_session)


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
        print(f"No early stopping: the direction of {metric} is unknown.")
        return []
    patience = order.early_stopping_patience
    if own is None:
        return [keras.callbacks.EarlyStopping(monitor=metric, patience=patience, mode=direction)]
    found = copy.deepcopy(own)
    found.monitor, found.mode, found.patience = metric, direction, patience
    return [found]


class SearchTemplate(Template):
    """A template whose results must have the search's objective among them."""

    def __init__(self, objective: str, models: KeptModels, *args: Any) -> None:
        super().__init__(*args)
        self._objective = objective
        self._models = models

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

    def _fit(
        self, hp: kt.HyperParameters, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        def fit(chosen: Any) -> Any:
            return super(SearchTemplate, self)._fit(hp, chosen, args, kwargs)

        if not self.fits_by_itself:
            return self._models.fit(model, args, kwargs, fit)
        kernels.add_model()
        return fit(model)
