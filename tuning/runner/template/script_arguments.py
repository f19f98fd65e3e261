"""A script's calls of its tuner and of `search()`, argument by argument: what becomes of each.

`_TUNER`, `_ORACLE` and `_SEARCH` say it by the argument's name; the four uses are those of
`tuning.protocol.script_settings`.

What the script gives to its tuner and to `search()` is read argument by argument
(`script_arguments.py`, a table): each becomes a field of the form, an edit of the space, a part
of the training (`training.py`, which trials and retrainings apply), or is listed as not used.
`Inspected.script` brings it to the site (`protocol/script_settings.py`), which checks it as
usualything that a runner says; `SearchForm` and `SpaceForm` begin with it. Weights of rows are
evaluated with the project's rows in the place of the script's data, for a retraining with all
that it trains on.
"""

import ast
import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import keras
import keras_tuner as kt
import numpy as np

from tuning.protocol.notebooks import without_commands
from tuning.protocol.scorers import scorers_of
from tuning.protocol.script_settings import (
    AMOUNTS,
    MAX_ARGUMENTS,
    MAX_NOTE,
    MAX_TEXT,
    NUMBERS,
    OBJECTIVE,
    ScriptArgument,
    ScriptSettings,
    Use,
)
from tuning.runner.spaces import to_json

from .fold_loops import fold_count, fold_loop
from .given import UNKNOWN, Given
from .proposed import Proposed
from .script_data import by_name
from .stand_ins import Parts
from .syntax import is_none
from .training import (
    Training,
    class_weight_of,
    missing_package,
    needs_validation,
    sample_weight_of,
)

_NOT_RUN = "Requires a part of the script that is not run."
_RECORDED = "Tuneroom records every epoch and keeps the results itself."
_FOR_ITS_CODE = "Passed to the template code."
_VALIDATED = "Every epoch is validated on all validation rows."
_PROJECTS = "Replaced by the project’s validation rows."
_RESCALED = "Images are not rescaled. Add a Rescaling layer to the model."
_AUGMENTED = "Images are not augmented. Add layers such as RandomRotation to the model."
_FOLD_LOOP = (
    "One search trains each trial in all folds. They follow the project’s split: shuffled and "
    "stratified, by group or by time."
)
_OF_SPACE = "hyperparameters="
_NOT_A_NUMBER = "This is not a whole number."
_NO_AMOUNT = "This is not a number of 0 or more."
# KerasTuner's class, or its oracle -> the name of its strategy.
_STRATEGIES = {
    "RandomSearch": "random", "GridSearch": "grid", "BayesianOptimization": "bayesian",
    "Hyperband": "hyperband", "RandomSearchOracle": "random", "GridSearchOracle": "grid",
    "BayesianOptimizationOracle": "bayesian", "HyperbandOracle": "hyperband",
}  # fmt: skip
# Callbacks that write files which nobody would read.
_WRITING = (
    keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore, keras.callbacks.TensorBoard,
    keras.callbacks.CSVLogger, keras.callbacks.RemoteMonitor,
)  # fmt: skip
# How names of whole sets of rows end.
_DATA = ("data", "ds", "dataset", "generator", "gen")
_MAX_SOURCE = 120


class ScriptArguments:
    """One pass over both calls. `training` is what the runner applies, `settings` what the form of
    a new search is told."""

    def __init__(
        self, given: Given, code: str, facts: dict[str, Any], own: frozenset[str],
        parts: Parts | None,
    ) -> None:  # fmt: skip
        """`own`: parameters of the template's custom tuner class and of its `run_trial` and `fit`,
        which take what KerasTuner does not know. `parts`: the project's rows."""
        self.training = Training()
        self.given = given
        self._code = code
        self._facts = facts
        self._own = own
        self._parts = parts
        self.fields: dict[str, Any] = {}
        self._space: kt.HyperParameters | None = None
        self._tunes_new = True
        self._arguments: list[ScriptArgument] = []
        self._read_strategy()
        for table, found in (
            (_TUNER, given.tuner_arguments()),
            (_ORACLE, given.oracle_arguments()),
            (_SEARCH, given.search_arguments()),
        ):
            for name, node in found.items():
                self._read(table, name, node)
        self._read_generators()
        self._read_fold_loop()

    def settings(
        self, metrics: list[str], space: dict[str, Any], objective: Proposed,
        is_estimator: bool = False,
    ) -> ScriptSettings:  # fmt: skip
        """`metrics`: those that the template reports; `space`: what was found in its code;
        `objective`: what became of the script's."""
        fields = dict(self.fields)
        if objective.name:
            for n, other in enumerate(objective.others, start=2):
                fields |= {f"objective_{n}": other.name, f"direction_{n}": other.direction}
        arguments = [_judged(one, objective) for one in self._arguments]
        arguments.sort(key=lambda one: one.line)
        monitor = fields.get("early_stopping_metric")
        if monitor is not None and monitor not in metrics:
            for name in ("metric", "patience", "direction"):
                fields.pop(f"early_stopping_{name}", None)
            note = f"The template reports no {monitor}."
            arguments = _not_used(arguments, lambda one: one.field == "early_stopping_metric", note)
        if is_estimator:
            note = "Not used for estimators."
            arguments = _not_used(arguments, lambda one: one.use == Use.TRAINING, note)
        unknown = self._unknown_names(space)
        if unknown:
            note = f"The template does not tune {', '.join(unknown)}."
            arguments = [
                replace(one, note=note[:MAX_NOTE]) if one.text.startswith(_OF_SPACE) else one
                for one in arguments
            ]
        return ScriptSettings(fields, self._changed(space), arguments[:MAX_ARGUMENTS])

    def _unknown_names(self, space: dict[str, Any]) -> list[str]:
        """Hyperparameters that the script gives to its tuner and the template never asks for."""
        known = {entry["config"]["name"] for entry in space.get("space", [])}
        given = to_json(self._space)["space"] if self._space is not None else []
        return [entry["config"]["name"] for entry in given if entry["config"]["name"] not in known]

    def _read_generators(self) -> None:
        """What the script does to its images while it loads them."""
        for node in ast.walk(ast.parse(without_commands(self._code)[0])):
            if isinstance(node, ast.Call) and _called(node) == "ImageDataGenerator":
                for keyword in node.keywords:
                    if keyword.arg and keyword.arg != "validation_split":
                        note = _RESCALED if keyword.arg == "rescale" else _AUGMENTED
                        self.tell(keyword.value, keyword.arg, Use.UNUSED, note)

    def _read_fold_loop(self) -> None:
        """The folds of a loop around `search()`, which ran a search for each of them."""
        tree = ast.parse(without_commands(self._code)[0])
        made = fold_loop(tree)
        if made is None:
            return
        count = fold_count(made, tree)
        if count is None:
            self.tell(made, "", Use.UNUSED, _NOT_A_NUMBER)
        else:
            self.propose(made, "", "folds", count, _FOLD_LOOP)

    def _read_strategy(self) -> None:
        """Which of KerasTuner's classes chooses the values: the tuner's, or its oracle's."""
        for kind, node in (self.given.tuner_class(), self.given.oracle_class()):
            names = [one.__name__ for one in getattr(kind, "__mro__", ())]
            found = next((_STRATEGIES[name] for name in names if name in _STRATEGIES), None)
            if found and node is not None:
                self.fields["tuner"] = found
                text = self._source(node)
                self._arguments.append(
                    ScriptArgument(node.lineno, text, Use.FORM, "", "tuner")
                )  # fmt: skip
                return

    def _read(self, table: dict[str, "_Handler | None"], name: str, node: ast.expr) -> None:
        if name in table:
            handler = table[name]
        elif name in self._own:
            handler = _own_of_search if table is _SEARCH else _own_of_tuner
        else:
            handler = _unused("Unknown argument.")
        if handler is None:
            return
        try:
            handler(self, name, node)
        except Exception:  # noqa: BLE001  values of the template's own code, whatever they are
            self.tell(node, name, Use.UNUSED, _NOT_RUN)

    def value(self, node: ast.expr) -> Any:
        return self.given.value(node)

    def elements(self, node: ast.expr) -> list[tuple[ast.expr, Any]]:
        """Those of a list, each with the place where it is in the script. Where the list cannot
        be made, because one of them cannot, the others are found all the same."""
        parts = list(self._written(node, frozenset()))
        value = self.value(node)
        if not isinstance(value, list | tuple):
            return [(part, self.value(part)) for part in parts]
        if len(parts) != len(value):
            parts = [node] * len(value)
        return list(zip(parts, value, strict=True))

    def _written(self, node: ast.expr, seen: frozenset[str]) -> Iterator[ast.expr]:
        """The elements of a list as it is written, and what is added to its name later."""
        found = self.given.expression(node)
        added: list[ast.expr] = []
        if isinstance(node, ast.Name):
            if node.id in seen:
                return
            seen |= {node.id}
            added = self.given.added(node.id)
        if isinstance(found, ast.List | ast.Tuple):
            for element in found.elts:
                if isinstance(element, ast.Starred):
                    yield from self._written(element.value, seen)
                else:
                    yield element
        elif isinstance(found, ast.BinOp) and isinstance(found.op, ast.Add):
            yield from self._written(found.left, seen)
            yield from self._written(found.right, seen)
        else:
            yield node
        for more in added:
            yield from self._written(more, seen)

    def tell(self, node: ast.expr, name: str, use: Use, note: str = "", field: str = "") -> None:
        source = self._source(node)
        text = f"{name}={source}" if name else source
        self._arguments.append(
            ScriptArgument(node.lineno, text[:MAX_TEXT], use, note[:MAX_NOTE], field)
        )

    def propose(self, node: ast.expr, name: str, field: str, value: Any, note: str = "") -> None:
        """A value for a field of the form. What the tuner says goes before its oracle's."""
        if field in NUMBERS:
            is_int = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if not is_int or not 0 <= value < 2**31:
                self.tell(node, name, Use.UNUSED, _NOT_A_NUMBER)
                return
            value = int(value)
        if field in AMOUNTS:
            value = _amount(value)
            if value is None:
                self.tell(node, name, Use.UNUSED, _NO_AMOUNT)
                return
        if field in self.fields and field != "early_stopping_patience":
            self.tell(node, name, Use.UNUSED, f"{field.replace('_', ' ')} is already set.")
            return
        self.fields[field] = value
        seen = str(value) in self._source(node) or isinstance(node, ast.Constant | ast.Call)
        note = note if seen else f"It is {value}. {note}".rstrip()
        self.tell(node, name, Use.FORM, note, field)

    def override(self, value: kt.HyperParameters) -> None:
        self._space = value

    def keep_new_entries(self) -> None:
        """Hyperparameters that the script's own space does not have stay at their defaults."""
        self._tunes_new = False

    @property
    def uses_hyperband(self) -> bool:
        return self.fields.get("tuner") == "hyperband"

    def count_rows(self, part: str = "train") -> int:
        """How many the project has for "train" or "validation"; 0 if that is not known."""
        return len(self._parts(part)[1]) if self._parts is not None else 0

    @property
    def facts(self) -> dict[str, Any]:
        return self._facts

    @property
    def num_classes(self) -> int | None:
        return self._facts.get("num_classes")

    def _changed(self, space: dict[str, Any]) -> dict[str, Any]:
        """The entries of the template's space that the script changes, as it changes them."""
        entries = space.get("space", [])
        given = to_json(self._space)["space"] if self._space is not None else []
        known = {entry["config"]["name"]: entry for entry in given}
        changed = []
        for entry in entries:
            config = entry["config"]
            if config["name"] in known:
                new = copy.deepcopy(known[config["name"]])
                new["config"]["conditions"] = config.get("conditions", [])
                changed.append(new)
            elif not self._tunes_new:
                about = {"name": config["name"], "value": _default_of(entry)}
                conditions = {"conditions": config.get("conditions", [])}
                changed.append({"class_name": "Fixed", "config": about | conditions})
        return {"space": changed, "values": {}} if changed else {}

    def _source(self, node: ast.expr) -> str:
        text = ast.get_source_segment(self._code, node) or ast.unparse(node)
        text = " ".join(text.split())
        return text if len(text) <= _MAX_SOURCE else text[: _MAX_SOURCE - 1] + "…"


def _called(node: ast.Call) -> str:
    """The last name of what is called."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


_Handler = Callable[[ScriptArguments, str, ast.expr], None]


def _known(handler: Callable[[ScriptArguments, str, ast.expr, Any], None]) -> _Handler:
    """A handler that gets the argument's value, and is spared those that have none."""

    def handle(reading: ScriptArguments, name: str, node: ast.expr) -> None:
        value = reading.value(node)
        if value is UNKNOWN:
            reading.tell(node, name, Use.UNUSED, _NOT_RUN)
        elif value is not None:
            handler(reading, name, node, value)

    return handle


def _unused(note: str) -> _Handler:
    def handle(reading: ScriptArguments, name: str, node: ast.expr) -> None:
        if not is_none(node):
            reading.tell(node, name, Use.UNUSED, note)

    return handle


def _proposed(field: str, note: str = "") -> _Handler:
    return _known(
        lambda reading, name, node, value: reading.propose(node, name, field, value, note)
    )


def _objective(reading: ScriptArguments, name: str, node: ast.expr) -> None:
    """`proposed.py` reads it; `settings` says what became of it."""
    reading.tell(node, name, Use.FORM, field=OBJECTIVE)


def _judged(one: ScriptArgument, objective: Proposed) -> ScriptArgument:
    """The objective with the name that the template reports and its direction, or why it cannot be
    used; every other argument as it is."""
    if one.field != OBJECTIVE:
        return one
    if not objective.name:
        return replace(one, use=Use.UNUSED, field="", note=objective.note[:MAX_NOTE])
    if objective.note:
        # It is about several, or about one of them.
        return replace(one, note=objective.note[:MAX_NOTE])
    better = {"max": "Higher is better.", "min": "Lower is better."}.get(objective.direction, "")
    name = "" if objective.name in one.text else f"It is {objective.name}."
    return replace(one, note=f"{name} {better}".strip()[:MAX_NOTE])


@_known
def _own_of_tuner(reading: ScriptArguments, name: str, node: ast.expr, _: Any) -> None:
    """One that the template's own class is made with."""
    reading.tell(node, name, Use.TRAINING, _FOR_ITS_CODE)


def _own_of_search(reading: ScriptArguments, name: str, node: ast.expr) -> None:
    """One that the template's own `run_trial` or `fit` takes. Data are the project's."""
    if by_name(name) or name.endswith(_DATA) or (isinstance(node, ast.Name) and by_name(node.id)):
        return
    value = reading.value(node)
    if value is UNKNOWN:
        reading.tell(node, name, Use.UNUSED, _NOT_RUN)
    else:
        reading.training.fit[name] = value
        reading.tell(node, name, Use.TRAINING, _FOR_ITS_CODE)


@_known
def _epochs(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    if reading.uses_hyperband and "epochs" in reading.fields:
        reading.tell(node, name, Use.UNUSED, "Hyperband decides how long each trial trains.")
    else:
        reading.propose(node, name, "epochs", value)


def _steps(reading: ScriptArguments, name: str, node: ast.expr) -> None:
    if reading.value(node) is UNKNOWN:
        note = f"{_NOT_RUN} Every epoch passes over all training rows."
        reading.tell(node, name, Use.UNUSED, note)
    else:
        _fit(reading, name, node)


@_known
def _fit(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    """An argument of `Model.fit` that is given to it as it is."""
    is_int = isinstance(value, int | np.integer) and not isinstance(value, bool) and value > 0
    if name == "shuffle":
        value = bool(value)
    elif not is_int:
        if value != 0:
            reading.tell(node, name, Use.UNUSED, _NOT_A_NUMBER)
        return
    else:
        value = int(value)
    reading.training.fit[name] = value
    reading.tell(node, name, Use.TRAINING)


@_known
def _class_weight(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    weights = class_weight_of(value)
    if weights is None:
        note = "It is not a dictionary of class numbers and weights."
        reading.tell(node, name, Use.UNUSED, note)
    elif reading.num_classes is None:
        reading.tell(node, name, Use.UNUSED, "The dataset has no classes: it predicts numbers.")
    else:
        reading.training.fit["class_weight"] = weights
        missing = [c for c in range(reading.num_classes) if c not in weights]
        others = ", ".join(map(str, missing[:5])) + (", …" if len(missing) > 5 else "")
        note = f"It has no weight for the classes {others}: they have weight 1." if missing else ""
        reading.tell(node, name, Use.TRAINING, note)


@_known
def _sample_weight(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    weights = sample_weight_of(value)
    rows = reading.count_rows()
    if weights is None:
        reading.tell(node, name, Use.UNUSED, "Use one number per row.")
    elif rows and len(weights) != rows:
        note = f"It has {len(weights):,} values, but the project has {rows:,} training rows."
        reading.tell(node, name, Use.UNUSED, note)
    else:
        reading.training.fit["sample_weight"] = weights
        reading.tell(node, name, Use.TRAINING)


def _callbacks(reading: ScriptArguments, _: str, node: ast.expr) -> None:
    for element, value in reading.elements(node):
        if value is UNKNOWN:
            reading.tell(element, "", Use.UNUSED, _NOT_RUN)
        elif value is not None:
            _callback(reading, reading.given.expression(element), value)


def _callback(reading: ScriptArguments, node: ast.expr, value: Any) -> None:
    kind = type(value).__name__
    if not isinstance(value, keras.callbacks.Callback):
        reading.tell(node, "", Use.UNUSED, f"{kind} is not a Keras callback.")
        return
    missing = missing_package(value)
    if missing:
        reading.tell(node, "", Use.UNUSED, f"{missing} is not installed on this worker.")
        return
    if isinstance(value, _WRITING):
        reading.tell(node, "", Use.UNUSED, _RECORDED)
        return
    try:
        copy.deepcopy(value)
    except Exception as error:  # noqa: BLE001  the template's own code
        note = f"Cannot be copied for each trial: {error}"
        reading.tell(node, "", Use.UNUSED, note)
        return
    if isinstance(value, keras.callbacks.EarlyStopping) and not reading.training.early_stopping:
        reading.training.early_stopping = value
        note = "Used in trials only. Retraining uses the best number of epochs."
        # A patience of 0 stops at the same epoch as one of 1.
        reading.fields["early_stopping_patience"] = max(1, int(value.patience))
        if value.mode in ("min", "max"):
            reading.fields["early_stopping_direction"] = value.mode
        reading.propose(node, "", "early_stopping_metric", str(value.monitor), note)
        return
    reading.training.callbacks.append(value)
    note = ""
    if isinstance(value, keras.callbacks.EarlyStopping):
        note = "Used in trials only. Retraining uses the best number of epochs."
    elif needs_validation(value):
        note = "Used in trials only. Retraining has no validation rows."
    reading.tell(node, "", Use.TRAINING, note)


@_known
def _compile(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    reading.training.compile[name] = value
    reading.tell(node, name, Use.TRAINING)


@_known
def _max_model_size(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    if isinstance(value, int | float | np.number) and value > 0:
        reading.training.max_model_size = int(value)
        reading.tell(node, name, Use.TRAINING, "Trials with larger models fail.")
    else:
        reading.tell(node, name, Use.UNUSED, _NOT_A_NUMBER)


@_known
def _hyperparameters(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    if isinstance(value, kt.HyperParameters):
        reading.override(value)
        reading.tell(node, name, Use.SPACE)
    else:
        reading.tell(node, name, Use.UNUSED, "It is not a HyperParameters object.")


@_known
def _new_entries(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    if not value:
        reading.keep_new_entries()
        note = "Other hyperparameters keep their defaults."
        reading.tell(node, name, Use.SPACE, note)


@_known
def _folds(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    from sklearn.model_selection import KFold, StratifiedKFold

    if isinstance(value, KFold | StratifiedKFold):
        value = value.get_n_splits()
    if isinstance(value, int):
        note = "Rows are shuffled, and classes stratified."
        reading.propose(node, name, "folds", value, note)
    else:
        note = "Folds follow the project's split: shuffled, by group or by time."
        reading.tell(node, name, Use.UNUSED, note)


@_known
def _scoring(reading: ScriptArguments, name: str, node: ast.expr, value: Any) -> None:
    found = value if isinstance(value, str) else _name_of_scorer(value, reading.facts)
    if found:
        reading.propose(node, name, "scoring", found)
    else:
        note = "Only scikit-learn’s named scorers can be used."
        reading.tell(node, name, Use.UNUSED, note)


def _name_of_scorer(scorer: Any, facts: dict[str, Any]) -> str:
    """The name of scikit-learn's own scorer that does the same: `make_scorer(f1_score,
    average="macro")` is f1_macro."""
    from sklearn.metrics import get_scorer

    for name in scorers_of(facts):
        if _alike(get_scorer(name), scorer):
            return name
    return ""


def _alike(one: Any, other: Any) -> bool:
    parts = ("_score_func", "_sign", "_kwargs", "_response_method")
    defaults = {"pos_label": None}

    def what(scorer: Any) -> list[Any]:
        found = [getattr(scorer, part, None) for part in parts]
        if isinstance(found[2], dict):
            found[2] = {n: v for n, v in found[2].items() if defaults.get(n, UNKNOWN) != v}
        return found

    return hasattr(other, "_score_func") and what(one) == what(other)


def _validation_split(reading: ScriptArguments, name: str, node: ast.expr) -> None:
    training, validation = reading.count_rows(), reading.count_rows("validation")
    note = "The project uses its own split"
    if validation:
        share = validation / (training + validation)
        note += f": {training:,} for training, {validation:,} for validation ({share:.0%})"
    reading.tell(node, name, Use.UNUSED, f"{note}.")


def _validation_freq(reading: ScriptArguments, name: str, node: ast.expr) -> None:
    if reading.value(node) not in (None, 1):
        reading.tell(node, name, Use.UNUSED, _VALIDATED)


def _validation_data(reading: ScriptArguments, name: str, node: ast.expr) -> None:
    rows = reading.count_rows("validation")
    note = f"Replaced by the project’s {rows:,} validation rows." if rows else _PROJECTS
    reading.tell(node, name, Use.UNUSED, note)
    found = reading.given.expression(node)
    if isinstance(found, ast.Tuple) and len(found.elts) > 2:
        reading.tell(found.elts[2], name, Use.UNUSED, "Validation rows are not weighted.")


def _rows(reading: ScriptArguments, name: str, node: ast.expr) -> None:
    """The project's rows take the place of the script's; what is done to them in the call itself
    is not done to those."""
    found = reading.given.expression(node)
    if isinstance(found, ast.Call):
        note = "The project’s rows are passed without this call."
        reading.tell(node, name, Use.UNUSED, note)


def _not_used(
    arguments: list[ScriptArgument], which: Callable[[ScriptArgument], bool], note: str
) -> list[ScriptArgument]:
    """The arguments, those in question with a note about why they are not used."""
    return [
        replace(one, use=Use.UNUSED, note=note[:MAX_NOTE], field="") if which(one) else one
        for one in arguments
    ]


def _default_of(entry: dict[str, Any]) -> Any:
    config = entry["config"]
    if entry["class_name"] == "Fixed":
        return config["value"]
    if config.get("default") is not None:
        return config["default"]
    return config.get("min_value", (config.get("values") or [False])[0])


def _amount(value: Any) -> float | None:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < math.inf else None


_STORED = _unused(_RECORDED)
# Of tuners and oracles alike. None: what the project or the template supplies.
_ORACLE: dict[str, _Handler | None] = {
    "objective": _objective,
    "max_trials": _proposed("max_trials"),
    "seed": _proposed("seed"),
    "max_epochs": _proposed("epochs"),
    "factor": _proposed("hyperband_factor"),
    "hyperband_iterations": _proposed("hyperband_iterations"),
    "max_retries_per_trial": _proposed("retries"),
    "max_consecutive_failed_trials": _proposed("max_consecutive_failures"),
    "hyperparameters": _hyperparameters,
    "tune_new_entries": _new_entries,
    "allow_new_entries": _new_entries,
    "num_initial_points": _proposed("bayesian_initial_points"),
    "alpha": _proposed("bayesian_alpha"),
    "beta": _proposed("bayesian_beta"),
}
_TUNER: dict[str, _Handler | None] = {
    **_ORACLE,
    "oracle": None,
    "hypermodel": None,
    "executions_per_trial": _proposed("executions_per_trial"),
    "optimizer": _compile,
    "loss": _compile,
    "metrics": _compile,
    "max_model_size": _max_model_size,
    "cv": _folds,
    "scoring": _scoring,
    "directory": _STORED,
    "project_name": _STORED,
    "overwrite": _STORED,
    "logger": _STORED,
    "tuner_id": _STORED,
    "distribution_strategy": _unused("Each trial runs on one worker."),
}
_SEARCH: dict[str, _Handler | None] = {
    "x": _rows,
    "X": _rows,
    "y": _rows,
    "groups": _unused("Folds do not use groups."),
    "validation_data": _validation_data,
    "validation_split": _validation_split,
    "epochs": _epochs,
    "batch_size": _proposed("batch_size"),
    "callbacks": _callbacks,
    "class_weight": _class_weight,
    "sample_weight": _sample_weight,
    "shuffle": _fit,
    "initial_epoch": _fit,
    "steps_per_epoch": _steps,
    "validation_steps": _unused(_VALIDATED),
    "validation_batch_size": _fit,
    "validation_freq": _validation_freq,
    "verbose": _unused(_RECORDED),
}
