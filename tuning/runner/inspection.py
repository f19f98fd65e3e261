"""Reading a template: its search space, its size and the metrics that it reports.

An inspection builds the default, trains it for a moment, and builds up to 20 sampled models
(`samples.py`) for at most 4 s; their variables get a shape and no memory, so that the largest of
a space can be counted on any machine.
"""

import copy
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras
import keras_tuner as kt
from keras_tuner.src.engine.objective import DefaultObjective

from tuning.protocol.events import Inspected, Progress
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import InspectOrder
from tuning.protocol.scorers import SCORE, SCORE_SPREAD
from tuning.protocol.tasks import Task
from tuning.runner.custom_tuners.inspection import inspect_custom_tuner
from tuning.runner.custom_tuners.watch import names_of
from tuning.runner.estimators.building import is_estimator, ready
from tuning.runner.estimators.inspection import try_estimator
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.inputs.frames import frame_rows
from tuning.runner.networks.building import refuse_no_model, refuse_outputs
from tuning.runner.networks.description import description
from tuning.runner.networks.eager import trained_eagerly
from tuning.runner.networks.samples import network_size, sample_models
from tuning.runner.saved.loading import unloadable
from tuning.runner.template.code import Template, is_optuna_script
from tuning.runner.template.proposed import Proposed
from tuning.runner.template.text_inputs import unused_columns
from tuning.runner.template.training import CallbackFailed

from .channel import Channel
from .directions import metric_directions
from .failures import NoNetwork, TemplateError
from .spaces import to_json

_TRAIN_ROWS = 32
_VALIDATION_ROWS = 16
_NO_ESTIMATORS = (
    "Estimators of scikit-learn predict targets. A reconstruction needs a Keras model whose output "
    "has the shape of its input."
)
# KerasTuner builds until every conditional scope was active once, and for ever if one cannot be.
_MAX_BUILDS = 200


def inspect_template(order: InspectOrder, channel: Channel) -> None:
    """Build the template's models as often as its conditions need, train its default one shortly.

    The short training is the only way to learn the metrics' names as Keras reports them, and the
    hyperparameters that only `HyperModel.fit` asks for.
    """
    dataset = load_dataset(order.project)
    if is_optuna_script(order.project):
        # It brings Optuna, which other templates do without.
        from tuning.runner.optuna_scripts.inspection import inspect_script

        inspect_script(order, dataset, channel)
        return
    template = InspectedTemplate(
        order.project.code, dataset.facts, order.project.constants, dataset.rows,
        partial(frame_rows, dataset),
    )  # fmt: skip
    if template.tuner_class is not None:
        inspect_custom_tuner(template, dataset, channel)
        return
    oracle = kt.oracles.RandomSearchOracle(objective=kt.Objective("val_loss", "min"), seed=1)
    kt.Tuner(oracle, hypermodel=template, directory="kt", project_name="inspection")
    keras.backend.clear_session()
    hp = oracle.get_space()
    model = template.build(hp)
    if is_estimator(model) and dataset.reconstructs:
        raise TemplateError(_NO_ESTIMATORS)
    channel.send(Progress("Training the default model briefly"))
    look = _look_at_estimator if is_estimator(model) else _look_at_network
    found = look(template, hp, model, dataset)
    channel.send(Progress("Building sampled models"))
    oracle.update_space(hp)
    template.start_anew()
    samples = sample_models(oracle, found.size)
    space = to_json(oracle.get_space())
    summary = template.reservation() + found.summary
    proposed = template.objective.among(found.metrics, found.directions)
    of_estimators = found.kind == ModelKind.SKLEARN
    script = template.arguments.settings(found.metrics, space, proposed, of_estimators)
    about_objective = script.without_repeats(proposed.note)
    notes = (template.note, found.note, about_objective, _turned_score(found.kind, proposed))
    note = " ".join(filter(None, notes))
    channel.send(
        Inspected(
            space, found.metrics, found.parameters, summary, samples, note, found.kind,
            proposed.name, proposed.direction, found.directions,
            script,
        )
    )  # fmt: skip


@dataclass(frozen=True)
class _Found:
    """What was seen of the default model. `size` builds another one and counts its weights."""

    kind: ModelKind
    metrics: list[str]
    parameters: int
    summary: str
    size: Callable[[kt.HyperParameters], int]
    note: str = ""
    # Of the metrics that Keras knows.
    directions: dict[str, str] = field(default_factory=dict)


def _look_at_network(
    template: "InspectedTemplate", hp: kt.HyperParameters, model: Any, dataset: Dataset
) -> _Found:
    refuse_no_model(template, model)
    metrics = _short_training(template, hp, model, dataset)
    refuse_outputs(template, model)
    built = description(model)
    input_shape = tuple(dataset.facts["input_shape"])
    notes = (
        unloadable(model, template), unused_columns(model, dataset.facts), dataset.note,
        _about_accuracy(dataset, metrics),
    )  # fmt: skip
    return _Found(
        ModelKind.KERAS,
        metrics,
        built.parameters,
        built.summary,
        lambda values: network_size(template, values, input_shape),
        note=" ".join(filter(None, notes)),
        directions=metric_directions(model, metrics),
    )


def _about_accuracy(dataset: Dataset, metrics: list[str]) -> str:
    """A sentence about a metric that says little of labels, or nothing."""
    if "accuracy" not in metrics or not Task(dataset.facts["task"]).traits.has_labels:
        return ""
    return (
        "Of several labels, Keras's accuracy compares only the largest output. Compare trials by "
        "binary_accuracy or AUC(multi_label=True)."
    )


def _look_at_estimator(
    template: "InspectedTemplate", _: kt.HyperParameters, model: Any, dataset: Dataset
) -> _Found:
    rows = dataset.for_estimators()

    def size(values: kt.HyperParameters) -> int:
        # How much an estimator learns is known only once it is fitted.
        ready(template.build(values), rows.facts, template.builder_name)
        return 0

    note = try_estimator(model, rows, template.builder_name)
    return _Found(ModelKind.SKLEARN, [SCORE, SCORE_SPREAD], 0, repr(model), size, note)


def _turned_score(kind: ModelKind, proposed: Proposed) -> str:
    """A sentence about a script whose own scorer gives errors, or nothing."""
    if kind != ModelKind.SKLEARN or proposed.direction != "min":
        return ""
    return (
        f"Its objective {proposed.name} is better when lower. Here every scorer is better when "
        "higher (errors count as negative numbers): choose one in the form of a new search."
    )


class InspectedTemplate(Template):
    """A template that is built even where the network is missing, if any choice allows it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._builds = 0
        # Hyperparameter -> a value in place of one that needed a download.
        self._instead: dict[str, Any] = {}

    def build(self, hp: kt.HyperParameters) -> Any:
        self._builds += 1
        if self._builds > _MAX_BUILDS:
            raise TemplateError(
                f"After {_MAX_BUILDS} models a conditional scope had still not been active. Does "
                "every conditional_scope name values that its parent can take?"
            )
        hp.values.update({name: v for name, v in self._instead.items() if name in hp.values})
        try:
            return super().build(hp)
        except NoNetwork as error:
            return self._build_otherwise(hp, error)

    def start_anew(self) -> None:
        """Count builds from 0 again: the space is known."""
        self._builds = 0

    def reservation(self) -> str:
        """A sentence about a summary that is not the default's, or nothing."""
        if not self._instead:
            return ""
        values = ", ".join(f"{name} = {value}" for name, value in self._instead.items())
        return f"Shown for {values}: the default needs a download, which failed.\n\n"

    def _build_otherwise(self, hp: kt.HyperParameters, error: NoNetwork) -> Any:
        """Change one choice at a time, the last one first, until a build needs no download."""
        for entry in reversed(list(hp.space)):
            name = entry.name
            if not isinstance(entry, kt.engine.hyperparameters.Choice) or name not in hp.values:
                continue
            before = hp.values[name]
            for value in entry.values:
                if value == before:
                    continue
                hp.values[name] = value
                try:
                    keras_model = super().build(hp)
                except NoNetwork:
                    continue
                self._instead[name] = value
                return keras_model
            hp.values[name] = before
        raise error


def _short_training(
    template: Template, hp: kt.HyperParameters, keras_model: Any, dataset: Dataset
) -> list[str]:
    """One epoch on a few rows; the names of the metrics, in Keras's order. The script's callbacks
    may add some."""
    x, y = dataset.rows("train", most=_TRAIN_ROWS)
    names = MetricNames()
    own = template.training

    def train(callbacks: list[keras.callbacks.Callback]) -> Any:
        return template.fit(
            hp,
            keras_model,
            x,
            y,
            validation_data=dataset.rows("validation", most=_VALIDATION_ROWS),
            epochs=1,
            batch_size=_TRAIN_ROWS,
            callbacks=[*callbacks, names],
            verbose=2,
            **own.on_a_few_rows(),
        )

    with nullcontext() if template.fits_by_itself else trained_eagerly(keras_model):
        try:
            results = train(copy.deepcopy(own.callbacks))
        except CallbackFailed as error:
            # It may do better on all rows. If not, each trial says so.
            print(error)
            results = train([])
    if isinstance(results, dict | keras.callbacks.History):
        returned = map(str, results) if isinstance(results, dict) else ()
        return list(dict.fromkeys([*names.found, *returned]))
    # A number is the value of the objective, whatever that is called.
    only = kt.Objective(*names.found, "min") if len(names.found) == 1 else DefaultObjective()
    return names_of(results, template.objective.for_oracle() or only, "HyperModel.fit")


class MetricNames(keras.callbacks.Callback):
    """Remembers the names in an epoch's logs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.found.update(dict.fromkeys(logs or {}))
