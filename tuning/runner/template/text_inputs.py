"""Rows that have texts, in the form that a network takes them: its inputs say which ones it wants,
by their type and by their names."""

from typing import Any

import keras

from tuning.hypermodels import BUILTIN
from tuning.protocol.data_kinds import DataKind
from tuning.runner.failures import TemplateError
from tuning.runner.inputs.texts import NUMBERS, has_strings

_MAX_NAMED = 8
_ALONE = "text"
_READING = (
    keras.layers.TextVectorization, keras.layers.StringLookup, keras.layers.Hashing,
    keras.layers.HashedCrossing, keras.layers.TFSMLayer, keras.layers.Lambda,
)  # fmt: skip


def as_network_takes(keras_model: Any, x: Any) -> Any:
    """Inputs of a dataset in the structure of the network's inputs, as far as those are known; what
    holds no texts stays as it is. Raises TemplateError if the network has no use for texts, or
    wants something that the dataset does not have."""
    if not has_strings(x):
        return x
    wanted = _inputs_of(keras_model)
    if wanted is None:
        return _as_first_layer_takes(keras_model, x)
    given = x if isinstance(x, dict) else {_ALONE: x}
    if not any(tensor.dtype == "string" for tensor in wanted):
        raise TemplateError(takes_no_text(given))
    chosen = [_chosen(tensor, given) for tensor in wanted]
    structure = getattr(keras_model, "_inputs_struct", None)
    if structure is None or keras.tree.is_nested(structure) is False:
        return chosen[0] if len(chosen) == 1 else chosen
    return keras.tree.pack_sequence_as(structure, chosen)


def unused_columns(keras_model: Any, facts: dict[str, Any]) -> str:
    """A sentence about columns of a dataset with texts that the network does not take, or
    nothing."""
    keys = facts.get("text_columns") or []
    wanted = _inputs_of(keras_model)
    if not keys or wanted is None or wanted == []:
        return ""
    left = [key for key in keys if len(keys) > 1 and not any(t.name == key for t in wanted)]
    if facts.get("number_count") and all(tensor.dtype == "string" for tensor in wanted):
        left += [c["name"] for c in facts["columns"] if c["type"] != "text"]
    if not left:
        return ""
    shown = ", ".join(left[:_MAX_NAMED]) + (", …" if len(left) > _MAX_NAMED else "")
    return f"The template's model takes no other columns than its texts; not used: {shown}."


def takes_no_text(given: Any) -> str:
    """Why a model that takes numbers does not suit, and which template does. `given`: the names of
    the inputs."""
    texts = [name for name in given if name not in (NUMBERS, _ALONE)]
    shown = f" ({', '.join(texts[:_MAX_NAMED])})" if texts else ""
    fitting = " or ".join(f"“{t.name}”" for t in BUILTIN if DataKind.TEXT in t.kinds)
    return (
        f"The dataset has text{shown}, and the template's model takes numbers only. Begin it with "
        'a keras.Input(dtype="string") and a TextVectorization layer (an estimator with '
        f"TfidfVectorizer), or use the template {fitting}."
    )


def no_use_for_texts(keras_model: Any, facts: dict[str, Any]) -> str:
    """A sentence about a network none of whose layers reads texts, or nothing."""
    layers = keras_model._flatten_layers() if isinstance(keras_model, keras.Model) else []
    reads = any(isinstance(layer, _READING) for layer in layers)
    custom = any(not type(layer).__module__.startswith("keras.") for layer in layers)
    return "" if reads or custom or not layers else takes_no_text(facts["text_columns"])


def learn_any_vocabulary(keras_model: Any) -> None:
    """Give a network that is built to be looked at, and thrown away, a vocabulary where its own
    `fit` would learn it: without one it neither predicts nor loads."""
    for layer in _without_vocabulary(keras_model):
        layer.adapt(["a"])


def learn_missing_vocabulary(keras_model: Any, x: Any) -> None:
    """Where a script learns a vocabulary from batches, which are not loaded, it is learned from the
    training rows `x`, as `as_network_takes` gives them. Of several texts nobody says which."""
    texts = [part for part in keras.tree.flatten(x) if has_strings(part)]
    for layer in _without_vocabulary(keras_model) if len(texts) == 1 else ():
        layer.adapt(texts[0])


def _without_vocabulary(keras_model: Any) -> list[Any]:
    layers = keras_model._flatten_layers() if isinstance(keras_model, keras.Model) else []
    # What is there before: an empty text and an unknown word.
    return [
        layer
        for layer in layers
        if isinstance(layer, keras.layers.TextVectorization) and len(layer.get_vocabulary()) <= 2
    ]


def _inputs_of(keras_model: Any) -> list[Any] | None:
    """None where only the data tell."""
    try:
        found = keras_model.inputs
    except (AttributeError, ValueError):
        return None
    return list(found) if found else None


def _as_first_layer_takes(keras_model: Any, x: Any) -> Any:
    """For a stack that its data will build."""
    first = keras_model.layers[:1] if isinstance(keras_model, keras.Sequential) else []
    if not isinstance(x, dict) or not first or not isinstance(first[0], _READING):
        return x
    texts = [part for part in x.values() if has_strings(part)]
    return texts[0] if len(texts) == 1 else x


def _chosen(tensor: Any, given: dict[str, Any]) -> Any:
    """What an input of the network gets: what has its name, else all there is of its type."""
    if tensor.name in given and has_strings(given[tensor.name]) == (tensor.dtype == "string"):
        return given[tensor.name]
    if tensor.dtype != "string":
        if NUMBERS in given:
            return given[NUMBERS]
        raise TemplateError(
            f"The template's model has an input of numbers, “{tensor.name}”, but the dataset has "
            "nothing but text."
        )
    texts = [key for key in given if has_strings(given[key])]
    if len(texts) == 1:
        return given[texts[0]]
    raise TemplateError(
        f"The template's model has an input of text, “{tensor.name}”, and the dataset has "
        f"{', '.join(texts)}. Give the input the name of the column that it takes."
    )
