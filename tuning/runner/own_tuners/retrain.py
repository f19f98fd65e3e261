"""Retraining with a template's own Tuner class: its `run_trial` once more, on all rows but the
test's, and the model that it leaves behind."""

from typing import Any

import keras
import keras_tuner as kt
import numpy as np

from tuning.protocol.events import Metrics, Progress, Retrained
from tuning.protocol.orders import RetrainOrder
from tuning.runner.channel import Channel
from tuning.runner.estimators.building import is_estimator
from tuning.runner.estimators.retrain import hand_over
from tuning.runner.failures import TemplateError
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.libraries import NETWORK_PACKAGES, versions
from tuning.runner.networks.description import description
from tuning.runner.networks.retrain import all_but_test, evaluate_if_possible
from tuning.runner.saved.raw_sklearn import on_raw
from tuning.runner.saved.saving import save_model
from tuning.runner.spaces import with_values
from tuning.runner.template.code import Template
from tuning.runner.template.misfits import fits_input

from .arguments import Material
from .inspection import InspectionOracle
from .keras_hooks import watched_keras
from .tuner import Unjudged, Watched, arguments_for, make_tuner, takes_epochs
from .watch import Watch


def retrain_own(order: RetrainOrder, channel: Channel) -> None:
    """Run the trial on train + validation rows and save its model.

    Code that insists on validation rows gets those of the project, which it is trained on as well:
    what it reports of them is no measure. The test rows are, and it never sees them.
    """
    dataset = load_dataset(order.project)
    template = Template(order.project.code, dataset.facts, order.project.constants, dataset.rows)
    # `tuner/*` are Hyperband's: epochs to train and a checkpoint to start from.
    values = {k: v for k, v in order.values.items() if not k.startswith("tuner/")}
    watch = Watch(channel.send, order.epochs if takes_epochs(template) else 1)
    oracle = InspectionOracle(objective=_objective(order, template), seed=order.seed)
    oracle.watch = watch
    tuner = make_tuner(template, Watched, oracle, watch, Unjudged)
    tuner._ours.seed = order.seed
    tuner.executions_per_trial = 1
    train = dataset.rows("train", "validation")
    validation = dataset.rows("validation")
    validation = validation if len(validation[0]) else train
    template.train_on(all_but_test(dataset))
    more = template.training.fit_arguments(order.epochs, order.batch_size, len(train[1]))
    callbacks = template.training.callbacks
    material = Material(train, validation, order.epochs, order.batch_size, callbacks, more)
    arguments = arguments_for(tuner, material)
    trial = oracle.begin(with_values(order.space, values))
    with watched_keras(watch, template.script.tree):
        tuner.run_trial(trial, *arguments.positional, **arguments.named)
    model = _left_behind(watch)
    if is_estimator(model):
        hand_over(_fitting(model, dataset), dataset, {}, channel)
        return
    channel.send(Progress("Evaluating on the test rows and saving", 1.0))
    if _scaled(watch.fitted_range, train[0]):
        print("run_trial scales its inputs: the test rows as they are would be no measure of it.")
        metrics: Metrics = {}
    else:
        x_test, y_test = dataset.rows("test")
        test = x_test, template.targets(model, y_test)
        metrics = evaluate_if_possible(model, test, order.batch_size)
    save_model(model, dataset, instead=_other_rows(model, dataset.facts))
    built = description(model)
    channel.send(Retrained(metrics, built.parameters, versions(NETWORK_PACKAGES), built.summary))


def _objective(order: RetrainOrder, template: Template) -> Any:
    """The search's: the class may choose its best epoch by it."""
    if order.objective:
        return kt.Objective(order.objective, order.direction)
    return template.objective.for_oracle()


def _left_behind(watch: Watch) -> Any:
    model = watch.saved_model if watch.saved_model is not None else watch.last_model
    if isinstance(model, keras.Model) or is_estimator(model):
        return model
    if model is None:
        raise TemplateError(
            "run_trial left no model behind to download. Let it hand over what it trained: "
            "self.save_model(trial.trial_id, model)."
        )
    raise TemplateError(
        f"run_trial saved a {type(model).__name__}. Only models of Keras and estimators of "
        "scikit-learn can be downloaded."
    )


def _fitting(estimator: Any, dataset: Dataset) -> Any:
    """An estimator that takes rows as people have them. Raises TemplateError if it was fitted on
    something else than the dataset's rows."""
    width = int(np.prod(dataset.facts["input_shape"]))
    fitted = getattr(estimator, "n_features_in_", width)
    if fitted != width:
        raise TemplateError(
            f"run_trial saved a {type(estimator).__name__} that was fitted on {fitted:,} features, "
            f"but the dataset's rows have {width:,}: save a Pipeline that makes them of the rows."
        )
    return on_raw(estimator, dataset)


def _scaled(fitted: tuple[float, float] | None, rows: np.ndarray) -> bool:
    """Whether the last fit saw another range of values than the rows have: by half or more, since
    an augmentation may well go a little beyond, and a fold not quite reach the ends."""
    if fitted is None:
        return False
    least, most = float(rows.min()), float(rows.max())
    return max(abs(fitted[0] - least), abs(fitted[1] - most)) > (most - least) / 2


def _other_rows(keras_model: Any, facts: dict[str, Any]) -> np.ndarray | None:
    """Something to predict for a model that does not take the dataset's rows."""
    if fits_input(keras_model, facts):
        return None
    shape = [n or 1 for n in keras_model.input_shape[1:]]
    return np.random.RandomState(0).normal(size=(8, *shape)).astype("float32")
