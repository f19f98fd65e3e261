"""Networks with several outputs, such as one for each of two numbers.

A dataset of several targets has them in one array, a column for each. Here each output learns its
columns: those of its name, if the names of all outputs and targets distinguish them, else in
their order. What a network predicts becomes one array again, in the order of the targets.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np

from tuning.protocol.tasks import reconstructs, target_names


@dataclass(frozen=True)
class Outputs:
    """Which columns of the targets each output of a network learns, in the order of its outputs."""

    names: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]

    def divided(self, y: Any, y_pred: Any) -> Any:
        """Targets of shape (rows, targets) in the structure of the predictions."""
        if y is None or keras.tree.is_nested(y):
            # Code of a template has divided them.
            return y
        parts = [keras.ops.take(y, list(columns), axis=-1) for columns in self.columns]
        return keras.tree.pack_sequence_as(y_pred, parts)

    def note(self, targets: list[str]) -> str:
        """A sentence for people."""
        pairs = ", ".join(
            f"{name} → {' and '.join(targets[column] for column in columns)}"
            for name, columns in zip(self.names, self.columns, strict=True)
        )
        return f"Each output of the model learns its target: {pairs}."


def outputs_for(keras_model: Any, facts: dict[str, Any]) -> Outputs | None:
    """None for a network of one output, and for one whose outputs are not as wide together as the
    targets are."""
    widths, targets = _widths(keras_model), target_names(facts)
    if len(widths) < 2 or sum(widths) != len(targets) or not _are_several(facts):
        return None
    names = tuple(map(str, keras_model.output_names))
    if len(targets) == len(names) and (matched := _by_name(names, targets)):
        return Outputs(names, tuple((column,) for column in matched))
    ends = np.cumsum([0, *widths]).tolist()
    columns = tuple(tuple(range(start, end)) for start, end in pairwise(ends))
    return Outputs(names, columns)


def divide_targets(keras_model: Any, facts: dict[str, Any]) -> str:
    """Let a network of several outputs train on the project's targets. A sentence about it, or
    nothing."""
    outputs = outputs_for(keras_model, facts)
    if outputs is None:
        return ""
    loss, metrics = keras_model.compute_loss, keras_model.compute_metrics

    def compute_loss(
        x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
        training: bool = True,
    ) -> Any:  # fmt: skip
        return loss(x, outputs.divided(y, y_pred), y_pred, sample_weight, training)

    def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return metrics(x, outputs.divided(y, y_pred), y_pred, sample_weight)

    # Keras offers both to be overridden. A class of its own could not be saved as Keras's.
    keras_model.compute_loss, keras_model.compute_metrics = compute_loss, compute_metrics
    return outputs.note(target_names(facts))


def joined_predictions(keras_model: Any, facts: dict[str, Any], predicted: Any) -> Any:
    """What `predict` returned, as one array in the order of the targets; of one output as it is."""
    outputs = outputs_for(keras_model, facts)
    if outputs is None:
        return predicted
    parts = [np.asarray(part) for part in keras.tree.flatten(predicted)]
    order = np.argsort([column for columns in outputs.columns for column in columns])
    return np.concatenate(parts, axis=-1)[:, order]


def joined_network(keras_model: Any, facts: dict[str, Any]) -> Any:
    """The same network with one output, as files have it; one of one output as it is."""
    outputs = outputs_for(keras_model, facts)
    if outputs is None:
        return keras_model
    pairs = sorted(zip(outputs.columns, keras_model.outputs, strict=True), key=lambda pair: pair[0])
    joined = keras.layers.Concatenate(name=_free_name(keras_model))([part for _, part in pairs])
    return keras.Model(keras_model.inputs, joined)


def outputs_misfit(keras_model: Any, facts: dict[str, Any]) -> str:
    """Why a network of several outputs cannot learn the targets; empty if it can, or has one."""
    widths = _widths(keras_model)
    if len(widths) < 2 or reconstructs(facts) or outputs_for(keras_model, facts):
        return ""
    names = ", ".join(map(str, keras_model.output_names))
    targets = ", ".join(target_names(facts))
    of_classes = "classes of one target" if facts.get("num_classes") else f"the target {targets}"
    given = f"the targets {targets}" if _are_several(facts) else of_classes
    return (
        f"The template's model has {len(widths)} outputs ({names}), but the dataset has {given}. "
        "Each output needs a target of its own: numbers, or labels of 0 and 1. Select further "
        "targets when you upload the file, or use one output."
    )


def _are_several(facts: dict[str, Any]) -> bool:
    return len(target_names(facts)) > 1 and not facts.get("num_classes")


def _widths(keras_model: Any) -> list[int]:
    """How many numbers each output of a network has; empty if one is no row of numbers."""
    known = isinstance(keras_model, keras.Model)
    tensors = (getattr(keras_model, "outputs", None) or []) if known else []
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if not all(len(shape) == 2 and isinstance(shape[1], int) for shape in shapes):
        return []
    return [shape[1] for shape in shapes]


def _by_name(names: tuple[str, ...], targets: list[str]) -> list[int] | None:
    """The target of each output: the only one whose name contains the output's or the other way
    round. None if that is not clear for all of them."""
    plain = [re.sub(r"[^a-z0-9]", "", target.lower()) for target in targets]
    found = []
    for name in (re.sub(r"[^a-z0-9]", "", name.lower()) for name in names):
        same = [place for place, target in enumerate(plain) if target == name]
        alike = [
            place
            for place, target in enumerate(plain)
            if target and name and (name in target or target in name)
        ]
        best = same or alike
        if len(best) != 1:
            return None
        found += best
    return found if len(set(found)) == len(targets) else None


def _free_name(keras_model: Any) -> str:
    taken = {layer.name for layer in keras_model.layers}
    name = "targets"
    while name in taken:
        name += "_"
    return name
