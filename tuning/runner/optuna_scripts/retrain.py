"""Retraining an Optuna script: its objective function once more, on all rows but the test's, and
the model that it leaves behind."""

import shutil
from typing import Any

import keras
import optuna

from tuning.protocol.events import Event, Progress
from tuning.protocol.orders import RetrainOrder
from tuning.runner.channel import Channel
from tuning.runner.custom_tuners.keras_hooks import forget_saves
from tuning.runner.custom_tuners.left_behind import left_behind
from tuning.runner.custom_tuners.retrain import hand_over_model, other_rows
from tuning.runner.estimators.building import is_estimator
from tuning.runner.failures import TemplateError
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.saved.saving import rehearse
from tuning.runner.saved.skops_files import refuse_unsafe
from tuning.runner.template.stand_ins import Parts
from tuning.spaces.define_by_run import Distribution

from .inspection import some_rows
from .running import run, watched
from .template import ScriptTemplate
from .trials import new_trial
from .watch import ScriptWatch


def retrain_script(order: RetrainOrder, channel: Channel) -> None:
    """Run the objective function on train + validation rows and save its model.

    It gets the project's validation rows as those, which it is trained on as well: what it returns
    is no measure. The test rows are, and it never sees them.
    """
    dataset = load_dataset(order.project)
    channel.send(Progress("Checking on a few rows that the model can be saved and loaded"))
    _rehearse(order, dataset)
    template = ScriptTemplate(order.project, dataset, _all_rows(dataset))
    watch = ScriptWatch(channel.send, template.study_settings.value_name)
    _run(order, template, watch)
    model = left_behind(watch, template.builder_name)
    train = dataset.rows("train", "validation")[0]
    hand_over_model(model, watch, template, dataset, order, train, channel, template.builder_name)


def _all_rows(dataset: Dataset) -> Parts:
    def rows(part: str) -> tuple[Any, Any]:
        later = dataset.rows("validation") if part == "validation" else None
        # A project may have none.
        return later if later and len(later[1]) else dataset.rows("train", "validation")

    return rows


def _run(order: RetrainOrder, template: ScriptTemplate, watch: ScriptWatch) -> None:
    values = dict(order.values)

    def value(name: str, _: Distribution) -> Any:
        if name in values:
            return values[name]
        raise TemplateError(
            f"{template.builder_name} asks for {name}, which the trial has no value of: it does "
            "something else each time it runs."
        )

    trial = new_trial(template.study_settings.directions, value, watch)
    try:
        with watched(template, watch):
            run(template, trial, watch, order.seed)
    except optuna.TrialPruned as error:
        raise TemplateError(
            f"{template.builder_name} prunes this trial by itself, so that no model is left."
        ) from error


def _rehearse(order: RetrainOrder, dataset: Dataset) -> None:
    """Run it on a few rows, to see whether what it leaves behind can be saved. Raises
    CannotSave."""

    def nobody(_: Event) -> None:
        """These epochs are not the retraining's."""

    template = ScriptTemplate(order.project, dataset, some_rows(dataset))
    watch = ScriptWatch(nobody, template.study_settings.value_name, most_epochs=1)
    try:
        _run(order, template, watch)
    except (Exception, SystemExit) as error:  # noqa: BLE001  the template may raise anything
        print(f"The check on a few rows failed in {template.builder_name}: {error!r}")
        return
    model = left_behind(watch, template.builder_name)
    if is_estimator(model):
        refuse_unsafe(model)
    else:
        rehearse(model, dataset, template, instead=other_rows(model, dataset.facts))
    forget_saves()
    shutil.rmtree("kt", ignore_errors=True)
    keras.backend.clear_session()
