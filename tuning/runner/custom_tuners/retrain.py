"""Retraining with a template's own Tuner class: its `run_trial` once more, on all rows but the
test's, and the model that it leaves behind."""

import copy
import shutil
from typing import Any

import keras
import keras_tuner as kt
import numpy as np

from tuning.protocol.evaluation import CHANGES_ROWS, Evaluation
from tuning.protocol.events import Metrics, Progress
from tuning.protocol.orders import RetrainOrder
from tuning.runner.channel import Channel
from tuning.runner.estimators.building import is_estimator
from tuning.runner.estimators.retrain import hand_over
from tuning.runner.evaluation.evaluate import evaluate_network
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.networks.retrain import all_but_test, evaluate_if_possible, tell
from tuning.runner.saved.raw_sklearn import on_raw
from tuning.runner.saved.saving import rehearse, save_model
from tuning.runner.saved.skops_files import refuse_unsafe
from tuning.runner.spaces import with_values
from tuning.runner.template.code import Template
from tuning.runner.template.misfits import fits_input
from tuning.runner.template.text_inputs import as_network_takes

from .arguments import Material
from .inspection import TRAIN_ROWS, VALIDATION_ROWS, InspectionOracle
from .keras_hooks import forget_saves, watched_keras
from .left_behind import RUN_TRIAL, estimator_for_rows, left_behind
from .sklearn_hooks import watched_sklearn
from .tuner import DIRECTORY, Unjudged, Watched, arguments_for, make_tuner, takes_epochs
from .watch import Watch


def retrain_custom(order: RetrainOrder, channel: Channel) -> None:
    """Run the trial on train + validation rows and save its model.

    Code that insists on validation rows gets those of the project, which it is trained on as well:
    what it reports of them is no measure. The test rows are, and it never sees them.
    """
    dataset = load_dataset(order.project)
    template = Template(order.project.code, dataset.facts, order.project.constants, dataset.rows)
    channel.send(Progress("Checking on a few rows that the model can be saved and loaded"))
    _rehearse(order, template, dataset)
    train = dataset.rows("train", "validation")
    validation = dataset.rows("validation")
    validation = validation if len(validation[1]) else train
    watch = Watch(channel.send, order.epochs if takes_epochs(template) else 1)
    template.train_on(all_but_test(dataset))
    more = template.training.fit_arguments(order.epochs, order.batch_size, len(train[1]))
    callbacks = template.training.callbacks
    material = Material(train, validation, order.epochs, order.batch_size, callbacks, more)
    _run(_tuner(order, template, watch), template, watch, order, material)
    hand_over_model(left_behind(watch), watch, template, dataset, order, train[0], channel)


def hand_over_model(
    model: Any, watch: Watch, template: Template, dataset: Dataset, order: RetrainOrder,
    train: np.ndarray, channel: Channel, function: str = RUN_TRIAL,
) -> None:  # fmt: skip
    """Evaluate what a template's code has trained, save it and tell of it. `train`: the rows that
    it was given; `function`: what the code is called."""
    if is_estimator(model):
        rows = train.reshape(len(train), -1)
        found = estimator_for_rows(model, watch, rows, function)
        with_steps, notes, takes_rows = found
        whole = on_raw(with_steps, dataset)
        hand_over(whole, dataset, order.project, {}, channel, " ".join(notes), evaluates=takes_rows)
        return
    channel.send(Progress("Evaluating on the test rows and saving", 1.0))
    metrics: Metrics = {}
    note = ""
    evaluation = Evaluation(problem=CHANGES_ROWS)
    scaled = _scaled(watch.fitted_range, train)
    if scaled:
        note = (
            f"{function} scales its inputs before the fit. The file does not do that, so scale its "
            "inputs in the same way. For the same reason it has no test scores."
        )
    else:
        x_test, y_test = dataset.rows("test")
        test = as_network_takes(model, x_test), template.targets(model, y_test)
        metrics = evaluate_if_possible(model, test, order.batch_size)
    form = save_model(model, dataset, template, instead=other_rows(model, dataset.facts))
    if not scaled:
        evaluation = evaluate_network(
            model, dataset, template, order.project, order.batch_size, metrics, channel,
            custom_fit=True,
        )  # fmt: skip
    tell(model, metrics, form, evaluation, channel, note)


def _tuner(order: RetrainOrder, template: Template, watch: Watch) -> Any:
    oracle = InspectionOracle(objective=_objective(order, template), seed=order.seed)
    oracle.watch = watch
    tuner = make_tuner(template, Watched, oracle, watch, Unjudged)
    tuner._ours.seed = order.seed
    tuner.executions_per_trial = 1
    return tuner


def _run(
    tuner: Any, template: Template, watch: Watch, order: RetrainOrder, material: Material
) -> None:
    """One trial with the order's values."""
    # `tuner/*` are Hyperband's: epochs to train and a checkpoint to start from.
    values = {k: v for k, v in order.values.items() if not k.startswith("tuner/")}
    arguments = arguments_for(tuner, material)
    trial = tuner.oracle.begin(with_values(order.space, values))
    with watched_keras(watch, template.script.tree), watched_sklearn(watch):
        tuner.run_trial(trial, *arguments.positional, **arguments.named)


def _rehearse(order: RetrainOrder, template: Template, dataset: Dataset) -> None:
    """Run the trial on a few rows, to see whether what it leaves behind can be saved. Raises
    CannotSave. A class with data of its own would take as long as for the retraining itself."""
    watch = Watch(lambda _: None)
    tuner = _tuner(order, template, watch)
    few = Material(
        dataset.rows("train", most=TRAIN_ROWS), dataset.rows("validation", most=VALIDATION_ROWS),
        epochs=1, batch_size=TRAIN_ROWS,
        callbacks=copy.deepcopy(template.training.callbacks),
        more=template.training.on_a_few_rows(),
    )  # fmt: skip
    if not arguments_for(tuner, few).are_given and not template.script.data:
        return
    try:
        _run(tuner, template, watch, order, few)
    except (Exception, SystemExit) as error:  # noqa: BLE001  the template may raise anything
        print(f"The check on a few rows failed in run_trial: {error!r}")
        return
    model = left_behind(watch)
    if is_estimator(model):
        refuse_unsafe(model)
    else:
        rehearse(model, dataset, template, instead=other_rows(model, dataset.facts))
    # What it saved is not the retraining's.
    forget_saves()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    keras.backend.clear_session()
    template.configure()


def _objective(order: RetrainOrder, template: Template) -> Any:
    """The search's: the class may choose its best epoch by it."""
    if order.objective:
        return kt.Objective(order.objective, order.direction)
    return template.objective.for_oracle()


def _scaled(fitted: tuple[float, float] | None, rows: np.ndarray) -> bool:
    """Whether the last fit saw another range of values than the rows have: by half or more, since
    an augmentation may well go a little beyond, and a fold not quite reach the ends."""
    if fitted is None:
        return False
    least, most = float(rows.min()), float(rows.max())
    return max(abs(fitted[0] - least), abs(fitted[1] - most)) > (most - least) / 2


def other_rows(keras_model: Any, facts: dict[str, Any]) -> np.ndarray | None:
    """Something to predict for a model that does not take the dataset's rows."""
    if fits_input(keras_model, facts):
        return None
    shape = [n or 1 for n in keras_model.input_shape[1:]]
    return np.random.RandomState(0).normal(size=(8, *shape)).astype("float32")
