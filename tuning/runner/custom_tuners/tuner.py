"""A template's own Tuner class, made to run with our oracle and to be seen while it runs.

The class stands between two of ours: `Watched` sees each call before the class does, `Plugged`
takes KerasTuner's BaseTuner's place at the other end and puts our oracle in place of whichever its
constructors make. What is between them runs unchanged.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import keras_tuner as kt
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial

from tuning.runner.failures import MissingFile, TemplateError
from tuning.runner.template.code import Template, given_twice, not_known
from tuning.runner.template.given import UNKNOWN, parameters_of

from .arguments import Arguments, Material, asks_for, bind
from .watch import Watch

# KerasTuner's own layout: <working folder>/kt/search/trial_<id>/checkpoint.weights.h5
DIRECTORY = "kt"
PROJECT_NAME = "search"
# In Keras's error about weights of another shape.
_NOT_LOADED = "could not be loaded"
# What a constructor may insist on and the search form decides.
_DECIDED_BY_THE_SEARCH = {"max_trials": 1, "max_epochs": 1, "hyperband_iterations": 1, "seed": 1}


@dataclass
class Ours:
    """Everything of ours that such a tuner holds, under one name: all others are its class's."""

    template: Template
    oracle: kt.Oracle
    watch: Watch
    seed: int = 0
    # Of this trial so far.
    builds: int = 0
    # The objective of the oracle that the class would have used.
    their_objective: Any = None
    # See Arguments.
    optional: frozenset[str] = frozenset()
    keeps_checkpoints: bool = False


class Plugged(BaseTuner):
    """KerasTuner's base with our oracle, below all that the template's class derives from."""

    _ours: Ours

    def __init__(
        self, oracle: Any = None, hypermodel: Any = None, directory: Any = None,
        project_name: Any = None, overwrite: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        objective = getattr(oracle, "objective", None)
        # Ours says nothing about theirs.
        theirs = objective if objective is not self._ours.oracle.objective else None
        self._ours.their_objective = theirs
        kwargs.pop("logger", None)
        super().__init__(
            self._ours.oracle, hypermodel, directory=DIRECTORY, project_name=PROJECT_NAME,
            **kwargs,
        )  # fmt: skip

    def _populate_initial_space(self) -> None:
        """The order brought the space, or `run_trial` shows it."""

    def save(self) -> None:
        """The database remembers; there is nothing to keep here."""


class Continuing(kt.Tuner):
    """kt.Hyperband's way of training, for a class that uses KerasTuner's loop without deriving
    from kt.Hyperband: a trial goes on where its parent ended."""

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        values = trial.hyperparameters.values
        if "tuner/epochs" in values:
            kwargs["epochs"] = values["tuner/epochs"]
            kwargs["initial_epoch"] = values["tuner/initial_epoch"]
        return super().run_trial(trial, *args, **kwargs)

    def _build_hypermodel(self, hp: kt.HyperParameters) -> Any:
        keras_model = super()._build_hypermodel(hp)
        parent = hp.values.get("tuner/trial_id")
        if parent:
            built = json.loads(Path(self._get_build_config_fname(parent)).read_text("utf-8"))
            keras_model.build_from_config(built)
            keras_model.load_weights(self._get_checkpoint_fname(parent))
        return keras_model


class Unjudged(kt.Tuner):
    """KerasTuner's training without a demand on its results: no search compares them."""

    def _build_and_fit_model(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        keras_model = self._try_build(trial.hyperparameters)
        return self.hypermodel.fit(trial.hyperparameters, keras_model, *args, **kwargs)


class Watched(BaseTuner):
    """What we see and fix of any class, be it in a search, an inspection or a retraining."""

    _ours: Ours

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        self._ours.watch.begin()
        self._ours.template.configure()
        self._ours.builds = 0
        keras.utils.set_random_seed(self._ours.seed)
        if "callbacks" in kwargs:
            # Classes append theirs: to this trial's list, not to the next one's.
            kwargs["callbacks"] = list(kwargs["callbacks"])
        values = trial.hyperparameters.values
        if "epochs" in kwargs and "tuner/epochs" in values:
            kwargs["epochs"] = values["tuner/epochs"]
        results = self._run_with_what_it_takes(trial, args, kwargs)
        return self._ours.watch.end(results, self.oracle.objective)

    def on_epoch_begin(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        self._ours.watch.epoch_begin()
        self._call_theirs("on_epoch_begin", trial, model, epoch, logs=logs)

    def on_epoch_end(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        self._ours.watch.epoch(model, epoch, logs)
        self._call_theirs("on_epoch_end", trial, model, epoch, logs=logs)

    def save_model(self, trial_id: str, model: Any, step: int = 0) -> None:
        self._ours.watch.model_saved(model)
        # KerasTuner's own does nothing but this; a class that calls it wants the model to be kept.
        with suppress(NotImplementedError):
            super().save_model(trial_id, model, step)

    def _build_hypermodel(self, hp: kt.HyperParameters) -> Any:
        self._ours.watch.go_on()
        parent = hp.values.get("tuner/trial_id")
        if parent and not Path(self._get_checkpoint_fname(parent)).exists():
            raise MissingFile(
                f"The checkpoint of trial {parent}, which this trial continues, is missing."
            )
        # Before each build, so that a trial repeats itself wherever it runs.
        keras.utils.set_random_seed(self._ours.seed + self._ours.builds)
        self._ours.builds += 1
        try:
            keras_model = super()._build_hypermodel(hp)
        except ValueError as error:
            if not parent or _NOT_LOADED not in str(error):
                raise
            raise MissingFile(
                f"The weights of trial {parent}, which this trial continues, do not fit its model. "
                "A new version of Tuneroom may have changed the inputs: start a new search."
            ) from error
        self._ours.watch.model_seen(keras_model)
        return keras_model

    def _configure_tensorboard_dir(self, *args: Any) -> None:
        """No TensorBoard here: its package need not be installed, nor its folders be made."""

    def _run_with_what_it_takes(
        self, trial: Trial, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """`run_trial`, without those of our extra arguments that it has no use for: it gives them
        to `model.fit` itself, or hands them to a function that does not know them."""
        while True:
            try:
                return super().run_trial(trial, *args, **kwargs)
            except Exception as error:
                refused = error if isinstance(error, TypeError) else TypeError()
                name = given_twice(refused) or not_known(refused)
                if name not in self._ours.optional or name not in kwargs:
                    self._ours.template.explain(error)
                    raise
                del kwargs[name]
                self._ours.watch.begin()

    def _call_theirs(self, name: str, *args: Any, **kwargs: Any) -> None:
        """BaseTuner has no such method; a class may."""
        theirs = getattr(super(), name, None)
        if theirs:
            theirs(*args, **kwargs)


def make_tuner(
    template: Template, watched: type[Watched], oracle: kt.Oracle, watch: Watch,
    loop: type[kt.Tuner] | None = None,
) -> Any:  # fmt: skip
    """An instance of the template's class, constructed as its script does, as far as that is
    known. `loop` changes KerasTuner's way of training, if the class uses that. Raises TemplateError
    for an argument that nobody can supply."""
    own = template.tuner_class
    continues = loop is Continuing and issubclass(own, kt.Hyperband)
    between = (loop,) if loop and issubclass(own, kt.Tuner) and not continues else ()
    known = {"_ours": Ours(template, oracle, watch), "__module__": own.__module__}
    plugged = type(own.__name__, (watched, own, *between, Plugged), known)
    tuner = plugged(**_constructor_arguments(own, template, oracle))
    if tuner.hypermodel is None and template.no_builder:
        raise template.no_builder
    return tuner


def arguments_for(tuner: Any, material: Material) -> Arguments:
    """What `search` is called with, so that `run_trial` (or the class's own `search`) gets what it
    asks for; the names that stand for the script's data get the project's."""
    template: Template = tuner._ours.template
    own = template.tuner_class
    template.use_rows(material.rows)
    classes = template.facts.get("num_classes")
    if template.script.one_hot and classes:
        # As the script made them before its search.
        material = material.one_hot(classes)
    searches = own.search is not BaseTuner.search
    function = own.search if searches else own.run_trial
    # tuner.search() in the script: its class needs no data, and may not take them.
    call = template.script.search
    anything = call is None or bool(call.args or call.keywords)
    arguments = bind(
        function, material, template.supply, template.script.tree, 1 if searches else 2, anything
    )
    tuner._ours.optional = arguments.optional
    return arguments


def takes_epochs(template: Template) -> bool:
    return asks_for(template.tuner_class.run_trial, "epochs")


def _constructor_arguments(own: Any, template: Template, oracle: kt.Oracle) -> dict[str, Any]:
    parameters = parameters_of(own)
    given = {n: value for n, value in template.given.to_tuner().items() if value is not UNKNOWN}
    # What a person wrote into the form goes before what the script says.
    given |= {name: value for name, value in template.constants.items() if name in parameters}
    if "oracle" in parameters:
        given.setdefault("oracle", oracle)
    if "hypermodel" in parameters and template.inner is not None:
        given["hypermodel"] = template
    ours = {**_DECIDED_BY_THE_SEARCH, "objective": oracle.objective, "hypermodel": None,
            "directory": DIRECTORY, "project_name": PROJECT_NAME}  # fmt: skip
    for name, parameter in parameters.items():
        if name in given:
            given[name] = template if template.stands_for(given[name]) else given[name]
        elif (supplied := template.supply(own, parameter)) is not None:
            given[name] = supplied
        elif parameter.default is parameter.empty:
            if name not in ours:
                raise TemplateError(
                    f"{own.__name__} asks for {name!r}, which a project cannot supply. Give it a "
                    f"default, or a value under Constants in the template's form: {name} = ..."
                )
            given[name] = ours[name]
    return given
