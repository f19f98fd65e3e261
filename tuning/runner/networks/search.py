"""The trials of a search: KerasTuner's own loop, with an oracle at the other end of a pipe."""

import copy
from typing import Any

import keras
import keras_tuner as kt

from tuning.protocol.orders import SearchOrder
from tuning.runner import training_weights
from tuning.runner.channel import Channel
from tuning.runner.failures import NoScore
from tuning.runner.inputs.data import load_dataset
from tuning.runner.template.code import Template
from tuning.runner.template.training import Training

from .building import refuse_no_model
from .kept_models import KeptModels
from .remote_oracle import RemoteOracle
from .tuners import tuner_class


def search(order: SearchOrder, channel: Channel) -> None:
    """Train trial after trial until the supervisor has no more."""
    dataset = load_dataset(order.project)
    template = SearchTemplate(
        order.objective, order.project.code, dataset.facts, order.project.constants, dataset.rows
    )
    # What a `fit` of the template's own does with one execution after the other is its own affair.
    oracle = RemoteOracle(order, channel, independent=not template.fits_by_itself)
    tuner = tuner_class(order)(oracle, template, order, channel)
    x, y = dataset.rows("train")
    validation = dataset.rows("validation")
    tuner.search(
        x,
        y,
        validation_data=validation if len(validation[1]) else None,
        epochs=order.epochs,
        batch_size=order.batch_size,
        callbacks=callbacks_for(order, template.training),
        verbose=2,
        **template.training.fit_arguments(order.epochs, order.batch_size, len(y)),
        **training_weights.for_fit(
            order.project, template.training.fit, y, dataset.weights("train")
        ),
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

    def __init__(self, objective: str, *args: Any) -> None:
        super().__init__(*args)
        self._objective = objective
        self._models = KeptModels()

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

        return fit(model) if self.fits_by_itself else self._models.fit(model, args, kwargs, fit)
