"""Reading a template with a Tuner class of its own: its `run_trial` alone shows what it tunes."""

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras
import keras_tuner as kt
from keras_tuner.engine.trial import Trial

from tuning.protocol.events import Built, Inspected, Progress, Samples
from tuning.protocol.model_kinds import ModelKind
from tuning.runner.channel import Channel
from tuning.runner.directions import metric_directions
from tuning.runner.inputs.data import Dataset
from tuning.runner.networks.description import description
from tuning.runner.networks.samples import network_size, sample_models
from tuning.runner.spaces import to_json
from tuning.runner.template.code import Template
from tuning.runner.template.proposed import Proposed, objective_of

from .arguments import Material
from .keras_hooks import forget_saves, watched_keras
from .left_behind import download_note
from .sklearn_hooks import watched_sklearn
from .tuner import Unjudged, Watched, arguments_for, make_tuner
from .watch import Watch, names_of

if TYPE_CHECKING:
    from tuning.runner.inspection import InspectedTemplate

TRAIN_ROWS = 32
VALIDATION_ROWS = 16
# For conditional scopes. The trial of the defaults may take as long as inspections may.
_SECONDS = 60.0
_TRIALS = 50


def inspect_custom_tuner(template: "InspectedTemplate", dataset: Dataset, channel: Channel) -> None:
    """Run trials on a few rows: one of the defaults, then one for each conditional scope, as
    KerasTuner builds models. A class without a builder has no other way to tell."""
    oracle = InspectionOracle(objective=template.objective.for_oracle(), seed=1)
    watch = oracle.watch = Watch(lambda _: None)
    tuner = make_tuner(template, Watched, oracle, watch, Unjudged)
    material = Material(
        dataset.rows("train", most=TRAIN_ROWS),
        dataset.rows("validation", most=VALIDATION_ROWS),
        epochs=1,
        batch_size=TRAIN_ROWS,
        callbacks=template.training.callbacks,
        more=template.training.on_a_few_rows(),
    )
    arguments = arguments_for(tuner, material)
    if getattr(tuner, "hypermodel", None) is not None:
        tuner.hypermodel.declare_hyperparameters(oracle.hyperparameters)
    # Of the trial of the defaults.
    first: list[tuple[Any, Any, Built, str]] = []

    def run(hp: kt.HyperParameters) -> None:
        results = tuner.run_trial(oracle.begin(hp), *arguments.positional, **arguments.named)
        if not first:
            model = watch.last_model
            about = description_of(model), download_note(watch, template)
            first.append((results, model, *about))
        forget_saves()

    channel.send(Progress("Running a trial with the defaults on a few rows"))
    with watched_keras(watch, template.script.tree), watched_sklearn(watch):
        unexplored = _explore(oracle, run)
    results, model, built, download = first[0]
    proposed = _objective_of(tuner, template)
    metrics = names_of(results, proposed.for_oracle() or oracle.objective)
    directions = metric_directions(model, metrics)
    if not proposed.name and oracle.objective.name in metrics:
        # A number without a name, which KerasTuner minimises.
        proposed = Proposed(oracle.objective.name)
    proposed = proposed.among(metrics, directions)
    space = to_json(oracle.get_space())
    script = template.arguments.settings(metrics, space, proposed)
    notes = (
        _note(template, unexplored, arguments.are_given), script.without_repeats(proposed.note),
        download,
    )  # fmt: skip
    channel.send(
        Inspected(
            space,
            metrics,
            built.parameters,
            built.summary,
            _samples(template, tuner, oracle, dataset, channel) if built.parameters else Samples(),
            " ".join(filter(None, notes)),
            ModelKind.CUSTOM,
            proposed.name,
            proposed.direction,
            directions,
            script,
        )
    )


class InspectionOracle(kt.oracles.RandomSearchOracle):
    """An oracle whose trials we make; nothing is written."""

    watch: Watch

    def begin(self, hp: kt.HyperParameters) -> Trial:
        trial = Trial(hp, trial_id="inspection")
        self.trials: dict[str, Trial] = {trial.trial_id: trial}
        return trial

    def update_trial(self, trial_id: str, metrics: dict[str, Any], step: int = 0) -> Trial:
        self.watch.update(metrics, step)
        return self.trials[trial_id]


def description_of(model: Any) -> Built:
    """Of a Keras model its layers, of an estimator its parameters."""
    if isinstance(model, keras.Model):
        return description(model) if model.built else Built(0)
    return Built(0, "" if model is None else repr(model))


def _objective_of(tuner: Any, template: Template) -> Proposed:
    """That of the oracle which the class made by itself, else the one that it was given."""
    theirs, given = objective_of(tuner._ours.their_objective), template.objective
    if theirs.name and theirs.name == given.name:
        return replace(theirs, direction=theirs.direction or given.direction)
    return theirs if theirs.name else given


def _explore(oracle: kt.Oracle, run: Callable[[kt.HyperParameters], None]) -> int:
    """Run trials until every conditional scope was active once, as KerasTuner does with builds, or
    until the time is over. The number of scopes that were not."""
    end = time.monotonic() + _SECONDS
    active: list[Any] = []
    waiting: list[Any] = []
    failed: list[Any] = []
    hp = oracle.get_space()
    for tried in range(_TRIALS):
        try:
            run(hp)
        except Exception:
            if not tried:
                raise
            # These values do not work; the trials of the search will say why.
            failed.append(waiting[0])
        oracle.update_space(hp)
        active += [deepcopy(scope) for scope in hp.active_scopes if scope not in active]
        waiting += [deepcopy(scope) for scope in hp.inactive_scopes if scope not in waiting]
        waiting = [scope for scope in waiting if scope not in active and scope not in failed]
        if not waiting or time.monotonic() > end:
            break
        hp = oracle.get_space()
        for condition in waiting[0]:
            hp.values[condition.name] = condition.values[0]
        hp.ensure_active_values()
    return len(waiting) + len(failed)


def _samples(
    template: "InspectedTemplate", tuner: Any, oracle: kt.Oracle, dataset: Dataset, channel: Channel
) -> Samples:
    """Models of random values, where the class has a builder that makes some."""
    if template.inner is None or tuner.hypermodel is not template:
        return Samples()
    channel.send(Progress("Building sampled models"))
    template.start_anew()
    input_shape = tuple(dataset.facts["input_shape"])
    return sample_models(oracle, lambda values: network_size(template, values, input_shape))


def _note(template: Template, unexplored: int, takes_data: bool) -> str:
    name = template.tuner_class.__name__
    text = (
        f"Its tuner class {name} runs each trial by itself (run_trial): the project supplies the "
        "data, the search form the algorithm. The search space was found by running it"
        + (f" on {TRAIN_ROWS} rows." if takes_data else ": it asks for no data.")
    )
    if unexplored:
        scopes = "1 conditional scope" if unexplored == 1 else f"{unexplored} conditional scopes"
        text += (
            f" {scopes} could not be reached in {_TRIALS} trials or {_SECONDS:.0f} s: what is "
            "tuned in there alone keeps its defaults."
        )
    return " ".join(part for part in (template.note, text) if part)
