"""Reading a template: its search space, its size and the metrics that it reports."""

from typing import Any

import keras
import keras_tuner as kt

from tuning.protocol.events import Inspected, Progress
from tuning.protocol.orders import InspectOrder

from .channel import Channel
from .code import Template
from .data import Arrays, Dataset, load_dataset
from .failures import NoNetwork, TemplateError
from .networks import description
from .samples import sample_models
from .spaces import to_json

_TRAIN_ROWS = 32
_VALIDATION_ROWS = 16
# KerasTuner builds until every conditional scope was active once, and for ever if one cannot be.
_MAX_BUILDS = 200


def inspect_template(order: InspectOrder, channel: Channel) -> None:
    """Build the template's models as often as its conditions need, train its default one shortly.

    The short training is the only way to learn the metrics' names as Keras reports them, and the
    hyperparameters that only `HyperModel.fit` asks for.
    """
    dataset = load_dataset(order.project)
    template = InspectedTemplate(
        order.project.code, dataset.facts, order.project.constants, dataset.rows
    )
    oracle = kt.oracles.RandomSearchOracle(objective=kt.Objective("val_loss", "min"), seed=1)
    kt.Tuner(oracle, hypermodel=template, directory="kt", project_name="inspection")
    keras.backend.clear_session()
    hp = oracle.get_space()
    keras_model = template.build(hp)
    if not isinstance(keras_model, keras.Model):
        raise TemplateError(
            f"The template built {type(keras_model).__name__}, which is not a keras.Model. "
            "Does its function return the model?"
        )
    channel.send(Progress("Training the default for a moment"))
    metrics = _short_training(template, hp, keras_model, dataset)
    _refuse_outputs(template, keras_model)
    built = description(keras_model)
    space = to_json(hp)
    channel.send(Progress("Building models of random values"))
    oracle.update_space(hp)
    template.start_anew()
    samples = sample_models(template, oracle, tuple(dataset.facts["input_shape"]))
    summary = template.reservation() + built.summary
    channel.send(Inspected(space, metrics, built.parameters, summary, samples, template.note))


def _refuse_outputs(template: Template, keras_model: Any) -> None:
    """Too few outputs may train for a moment, as long as no row of a missing class comes along.
    A `fit` of the template's own may do to the targets what it likes."""
    if type(template.inner).fit is kt.HyperModel.fit:
        sentence = template.output_misfit(keras_model)
        if sentence:
            raise TemplateError(sentence)


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
    """One epoch on a few rows; the names of the metrics, in Keras's order."""
    x, y = _first(dataset.rows("train"), _TRAIN_ROWS)
    names = MetricNames()
    results = template.fit(
        hp,
        keras_model,
        x,
        y,
        validation_data=_first(dataset.rows("validation"), _VALIDATION_ROWS),
        epochs=1,
        batch_size=_TRAIN_ROWS,
        callbacks=[names],
        verbose=2,
    )
    reported = results if isinstance(results, dict) else {}
    return list(dict.fromkeys([*names.found, *map(str, reported)]))


def _first(arrays: Arrays, rows: int) -> Arrays:
    return arrays[0][:rows], arrays[1][:rows]


class MetricNames(keras.callbacks.Callback):
    """Remembers the names in an epoch's logs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.found.update(dict.fromkeys(logs or {}))
