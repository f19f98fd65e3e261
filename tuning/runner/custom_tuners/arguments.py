"""What a Tuner class's `run_trial` gets: its signature decides, as a call of `search` would."""

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import keras

from tuning.runner.failures import TemplateError
from tuning.runner.inputs.data import Arrays
from tuning.runner.template.targets import as_one_hot

# Meaning -> what people call it, in lower case.
_NAMES: dict[str, str] = {
    "x": "x x_train train_x x_tr xtrain inputs features train_images train_features images",
    "y": "y y_train train_y y_tr ytrain targets target labels train_labels train_targets",
    "x_val": "x_val val_x x_valid valid_x x_validation x_test test_x val_images test_images",
    "y_val": "y_val val_y y_valid valid_y y_validation y_test test_y val_labels test_labels",
    "validation": "validation_data val_data valid_data validation val test_data",
    "train_set": "train_ds train_dataset ds dataset train_data training_data data train",
    "validation_set": "val_ds val_dataset valid_ds validation_ds validation_dataset test_ds",
    "epochs": "epochs num_epochs n_epochs nb_epochs max_epochs nb_epoch",
    "batch_size": "batch_size batchsize",
    "callbacks": "callbacks",
    "verbose": "verbose",
}
_MEANINGS = {name: meaning for meaning, names in _NAMES.items() for name in names.split()}
# By position, as nearly everybody orders them.
_ORDER = ("x", "y", "validation")
# What goes to `**kwargs`: from there it usually reaches `model.fit`.
_KEYWORDS = {
    "validation_data": "validation",
    "epochs": "epochs",
    "batch_size": "batch_size",
    "callbacks": "callbacks",
    "verbose": "verbose",
}
_VALIDATION = frozenset({"x_val", "y_val", "validation", "validation_set"})


@dataclass(frozen=True)
class Material:
    """Everything that can be given. `validation` is None where the project has no such rows."""

    train: Arrays
    validation: Arrays | None
    epochs: int
    batch_size: int
    callbacks: list[keras.callbacks.Callback] = field(default_factory=list)
    # What else the script gives to its search, by name: `class_weight` and the like.
    more: dict[str, Any] = field(default_factory=dict)

    def one_hot(self, classes: int) -> "Material":
        """The same with class numbers one-hot."""
        (x, y), later = self.train, self.validation
        validation = later and (later[0], as_one_hot(later[1], classes))
        return replace(self, train=(x, as_one_hot(y, classes)), validation=validation)

    def rows(self, part: str) -> Arrays:
        """As a script's own data: those of "train" or "validation"; of these there may be none."""
        if part == "train":
            return self.train
        return self.validation or (self.train[0][:0], self.train[1][:0])

    def value(self, meaning: str) -> Any:
        given = {
            "x": self.train[0],
            "y": self.train[1],
            "x_val": self.validation and self.validation[0],
            "y_val": self.validation and self.validation[1],
            "validation": self.validation,
            "verbose": 2,
        }
        return given[meaning] if meaning in given else getattr(self, meaning)


@dataclass(frozen=True)
class Arguments:
    """A call's arguments. `optional` are those by name that nobody asked for by name: a class that
    passes them on twice, or to what does not know them, does without."""

    positional: list[Any]
    named: dict[str, Any]
    optional: frozenset[str]

    @property
    def are_given(self) -> bool:
        """Whether the class asks for anything, and so has no data of its own."""
        return bool(self.positional or self.named)


# What a project has for a parameter of a function, or None.
Supply = Callable[[Callable[..., Any], inspect.Parameter], Any]


def bind(
    function: Callable[..., Any], material: Material, supply: Supply, tree: ast.Module,
    skip: int, anything_else: bool,
) -> Arguments:  # fmt: skip
    """The arguments for `function`, after its first `skip` parameters. `anything_else`: whether
    `*args` and `**kwargs` get the data and the settings too. Raises TemplateError."""
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    kinds = {parameter.kind for parameter in parameters}
    asked = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    meanings = {p.name: _meaning(p.name, [q.name for q in asked]) for p in asked}
    given = set(meanings.values())
    by_order: Iterator[str] = iter([meaning for meaning in _ORDER if meaning not in given])
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in asked:
        name, meaning = parameter.name, meanings[parameter.name]
        supplied = None if meaning else supply(function, parameter)
        if not meaning and name in material.more:
            named[name] = material.more[name]
        elif supplied is not None:
            named[name] = supplied
        elif meaning or parameter.default is parameter.empty:
            named[name] = _given(material, meaning or next(by_order, ""), name, tree, function)
    takes_args = inspect.Parameter.VAR_POSITIONAL in kinds and anything_else
    if takes_args and not given & {"x", "y", "train_set"}:
        # Those that have a name stand before the others.
        before = [p.name for p in asked if p.name in named and p.kind == p.POSITIONAL_OR_KEYWORD]
        positional = [*map(named.pop, before), material.value("x"), material.value("y")]
    extra: dict[str, Any] = {}
    if inspect.Parameter.VAR_KEYWORD in kinds and anything_else:
        has_data = bool(positional) or bool(given & {"x", "train_set"})
        extra = _for_kwargs(material, given, not has_data)
        extra |= {n: value for n, value in material.more.items() if n not in named}
    return Arguments(positional, {**named, **extra}, frozenset(extra))


def _for_kwargs(material: Material, given: set[str], with_data: bool) -> dict[str, Any]:
    """What `**kwargs` gets: whatever is not among the parameters that have a name."""
    wanted = {**({"x": "x", "y": "y"} if with_data else {}), **_KEYWORDS}
    known = given | ({"validation"} if given & _VALIDATION else set())
    return {name: material.value(meaning) for name, meaning in wanted.items()
            if meaning not in known}  # fmt: skip


def asks_for(function: Callable[..., Any], meaning: str) -> bool:
    names = inspect.signature(function).parameters
    return any(_MEANINGS.get(name.lower()) == meaning for name in names)


def _meaning(name: str, siblings: list[str]) -> str:
    meaning = _MEANINGS.get(name.lower(), "")
    others = {_MEANINGS.get(other.lower(), "") for other in siblings if other != name}
    if meaning == "train_set" and "y" in others and "x" not in others:
        return "x"  # run_trial(self, trial, train_data, train_labels)
    return meaning


def _given(
    material: Material, meaning: str, name: str, tree: ast.Module, function: Callable[..., Any]
) -> Any:
    if not meaning:
        raise TemplateError(
            f"{function.__name__} asks for {name!r}, which a project cannot supply. It can supply "
            "x, y, validation_data, x_val, y_val, train_ds, val_ds, epochs, batch_size and "
            "callbacks; give every other argument a default."
        )
    if meaning in ("train_set", "validation_set"):
        rows = material.train if meaning == "train_set" else material.validation
        if rows is None or _is_unpacked(name, tree) or keras.backend.backend() != "tensorflow":
            return rows
        return _as_dataset(rows, _strings_of(tree), _is_batched(name, tree), material.batch_size)
    return material.value(meaning)


def _as_dataset(rows: Arrays, strings: set[str], batched_later: bool, batch_size: int) -> Any:
    """A tf.data.Dataset of pairs; of dictionaries where the code reads its elements by name, as
    those of TensorFlow Datasets."""
    import tensorflow as tf

    of_x = [name for name in ("image", "features", "x", "inputs") if name in strings]
    of_y = [name for name in ("label", "labels", "y", "target") if name in strings]
    elements: Any = {of_x[0]: rows[0], of_y[0]: rows[1]} if of_x and of_y else rows
    dataset = tf.data.Dataset.from_tensor_slices(elements)
    return dataset if batched_later else dataset.batch(batch_size)


def _is_batched(name: str, tree: ast.Module) -> bool:
    """Whether the code calls train_ds.batch(...), be it after train_ds.shuffle(...)."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "batch" and name in _names(node.value)
        for node in ast.walk(tree)
    )


def _is_unpacked(name: str, tree: ast.Module) -> bool:
    """Whether the code takes it apart as a pair of arrays: x, y = data, data[0] or *data."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            found: ast.AST = node.value
        elif isinstance(node, ast.Subscript | ast.Starred):
            found = node.value
        else:
            continue
        if isinstance(found, ast.Name) and found.id == name:
            return True
    return False


def _strings_of(tree: ast.Module) -> set[str]:
    """The strings by which something is looked up."""
    slices = (node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript))
    return {s.value for s in slices if isinstance(s, ast.Constant) and isinstance(s.value, str)}


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
