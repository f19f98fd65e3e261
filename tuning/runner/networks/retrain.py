"""Training a fresh model with a trial's values on all data but the test rows, and saving it."""

import time
from typing import Any

import keras
import keras_tuner as kt

from tuning.protocol.evaluation import Evaluation
from tuning.protocol.events import EpochEnd, Metrics, Progress, Retrained
from tuning.protocol.orders import RetrainOrder
from tuning.runner import training_weights
from tuning.runner.channel import Channel
from tuning.runner.evaluation.evaluate import evaluate_network
from tuning.runner.inputs.data import Arrays, Dataset, load_dataset
from tuning.runner.libraries import NETWORK_PACKAGES, versions
from tuning.runner.saved.loading import Form
from tuning.runner.saved.saving import rehearse, save_model
from tuning.runner.spaces import with_values
from tuning.runner.template.code import Template
from tuning.runner.template.stand_ins import Parts
from tuning.runner.template.text_inputs import as_network_takes

from .building import refuse_no_model, refuse_outputs
from .description import description, numbers


def retrain(order: RetrainOrder, channel: Channel) -> None:
    """Train on train + validation rows, evaluate once on the test rows, save and load again."""
    dataset = load_dataset(order.project)
    template = Template(order.project.code, dataset.facts, order.project.constants, dataset.rows)
    template.train_on(all_but_test(dataset))
    # `tuner/*` are Hyperband's: epochs to train and a checkpoint to start from.
    values = {k: v for k, v in order.values.items() if not k.startswith("tuner/")}
    hp = with_values(order.space, values)
    channel.send(Progress("Checking that the model can be saved and loaded"))
    _check(template, hp, dataset)
    keras.utils.set_random_seed(order.seed)
    keras_model = template.build(hp)
    x, y = dataset.rows("train", "validation")
    # Code that insists on validation rows gets those of the project, trained on as well: what it
    # tells of them is no measure. The test rows are one, and it never sees them.
    validation = {"validation_data": dataset.rows("validation")}
    template.fit(
        hp,
        keras_model,
        x,
        y,
        epochs=order.epochs,
        batch_size=order.batch_size,
        callbacks=[*template.training.callbacks, EpochReporter(channel)],
        verbose=2,
        **template.training.fit_arguments(order.epochs, order.batch_size, len(y)),
        **training_weights.for_fit(
            order.project, template.training.fit, y, dataset.weights("train", "validation")
        ),
        **(validation if template.wants_validation else {}),
    )
    x_test, y_test = dataset.rows("test")
    test = as_network_takes(keras_model, x_test), template.targets(keras_model, y_test)
    channel.send(Progress("Evaluating on the test rows and saving", 1.0))
    judge = evaluate_if_possible if template.fits_by_itself else evaluate
    metrics = judge(keras_model, test, order.batch_size)
    form = save_model(keras_model, dataset, template)
    evaluation = evaluate_network(
        keras_model, dataset, template, order.project, order.batch_size, metrics, channel,
        custom_fit=template.may_change_rows,
    )  # fmt: skip
    tell(keras_model, metrics, form, evaluation, channel)


def tell(
    keras_model: Any, metrics: Metrics, form: Form, evaluation: Evaluation, channel: Channel,
    note: str = "",
) -> None:  # fmt: skip
    """The retraining is done: what the saved network is like."""
    built = description(keras_model)
    channel.send(
        Retrained(
            metrics, built.parameters, versions(NETWORK_PACKAGES), built.summary,
            note=f"{note} {form.note}".strip(), layers_code=form.code, evaluation=evaluation,
        )
    )  # fmt: skip


def _check(template: Template, hp: kt.HyperParameters, dataset: Dataset) -> None:
    """Find out on a few rows whether a model of these values fits the data and can be saved, before
    anything is trained. The model that is trained is another one, as if this had not been."""
    keras_model = template.build(hp)
    refuse_no_model(template, keras_model)
    refuse_outputs(template, keras_model)
    rehearse(keras_model, dataset, template)
    del keras_model
    keras.backend.clear_session()


def all_but_test(dataset: Dataset) -> Parts:
    """The rows that a retraining trains on, as a script's own training data."""

    def parts(part: str, /) -> Arrays:
        return dataset.rows("train", "validation") if part == "train" else dataset.rows(part)

    return parts


class EpochReporter(keras.callbacks.Callback):
    """Sends an event at each epoch's end."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel
        self._began = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        now = time.monotonic()
        self._channel.send(EpochEnd(0, epoch + 1, now - self._began, numbers(logs)))
        # A training loop of the template's own may not say when the next one begins.
        self._began = now


def evaluate(keras_model: Any, test: Arrays, batch_size: int) -> Metrics:
    """Its metrics on these rows; none without rows, nor of a model that is trained uncompiled."""
    x, y = test
    if not len(y) or not keras_model.compiled:
        return {}
    results = keras_model.evaluate(x, y, batch_size=batch_size, verbose=2, return_dict=True)
    return numbers(results)


def evaluate_if_possible(keras_model: Any, test: Arrays, batch_size: int) -> Metrics:
    """The same; none of a model that was trained on something else than the rows as they are, such
    as targets in another form: that is known to the template's own code alone."""
    try:
        return evaluate(keras_model, test, batch_size)
    except Exception as error:  # noqa: BLE001  whatever Keras says about shapes
        print(f"The model cannot be evaluated on the test rows as they are: {error}")
        return {}
