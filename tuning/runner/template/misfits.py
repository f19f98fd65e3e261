"""Whether a built network fits the dataset, as a sentence that names both shapes."""

from typing import Any

from tuning.protocol.tasks import Task, reconstructs, target_names

from .image_limits import preparation_for
from .several_outputs import outputs_misfit
from .targets import REGRESSION, loss_of, outputs_of
from .text_inputs import no_use_for_texts

_SPARSE = "sparse_categorical_crossentropy"


def misfit(keras_model: Any, facts: dict[str, Any], one_hot: bool = False) -> str:
    """What about the network's input, output or loss does not fit; empty if nothing is seen."""
    return _input_misfit(keras_model, facts) or output_misfit(keras_model, facts, one_hot)


def fits_input(keras_model: Any, facts: dict[str, Any]) -> bool:
    """Whether the network takes the dataset's rows as they are, as far as its shape is known."""
    return not _input_misfit(keras_model, facts)


def _input_misfit(keras_model: Any, facts: dict[str, Any]) -> str:
    if facts.get("text_columns"):
        return no_use_for_texts(keras_model, facts)
    wanted = _rows(getattr(keras_model, "input_shape", None))
    given = tuple(facts["input_shape"])
    if wanted is None or _alike(wanted, given):
        return ""
    way = "Let the builder ask for input_shape: the project supplies it."
    if preparation := preparation_for(wanted, given):
        way = (
            f"{preparation[:-1]}, or let the builder ask for input_shape: the project supplies it."
        )
    return (
        f"The template's model takes inputs of shape {wanted}, but the dataset's have shape "
        f"{given}. {way}"
    )


def output_misfit(keras_model: Any, facts: dict[str, Any], one_hot: bool = False) -> str:
    """What about the network's output and loss does not fit the targets. `one_hot`: they are
    given to it one-hot."""
    if sentence := outputs_misfit(keras_model, facts):
        return sentence
    output, loss = outputs_of(keras_model, facts), loss_of(keras_model)
    if reconstructs(facts):
        return _misfit_of_inputs(output, loss, facts)
    if not output or not loss or output[-1] is None:
        return ""
    last, classes = output[-1], facts.get("num_classes")
    model = f"The template's model has outputs of shape {output} and the loss {loss}"
    if not classes:
        return _misfit_of_columns(model, output, loss, facts)
    targets = f"the dataset's targets are class numbers of shape (), from 0 to {classes - 1}"
    if len(output) > 1 and loss in (_SPARSE, "categorical_crossentropy"):
        return f"{model}, but {targets}. Flatten or pool before the last layer."
    if loss in (_SPARSE, "categorical_crossentropy") and last < classes:
        return f"{model}, but {targets}: it needs {classes} outputs. Let it ask for num_classes."
    if loss == "binary_crossentropy" and not one_hot and (last != 1 or classes > 2):
        return f"{model}, but {targets}. Use {classes} outputs with softmax and {_SPARSE}."
    if loss in REGRESSION and last == 1 and classes > 2:
        return (
            f"{model}, which predicts amounts, but {targets}. Use {classes} outputs and {_SPARSE}."
        )
    return ""


def _misfit_of_inputs(
    output: tuple[int | None, ...] | None, loss: str, facts: dict[str, Any]
) -> str:
    """What does not fit a reconstruction."""
    given = tuple(facts["input_shape"])
    if loss.startswith("sparse_"):
        return f"The loss {loss} takes classes. A reconstruction needs one such as mse."
    if output is None or _alike(output, given):
        return ""
    return (
        f"The template's model has outputs of shape {output}, but a reconstruction has the shape "
        f"of the inputs, {given}. End in a layer of that shape, or select a project that predicts "
        "the dataset's target."
    )


def _misfit_of_columns(
    model: str, output: tuple[int | None, ...], loss: str, facts: dict[str, Any]
) -> str:
    """What does not fit numbers to predict, or labels. `model`: a sentence's beginning."""
    count = len(target_names(facts))
    if Task(facts["task"]).traits.has_labels:
        if output == (count,) and loss != _SPARSE:
            return ""
        return (
            f"{model}, but the dataset has {count} labels of 0 and 1, of shape ({count},). Use "
            f"{count} outputs with sigmoid and binary_crossentropy."
        )
    if count == 1:
        if "crossentropy" in loss or output[-1] != 1:
            return f"{model}, but the dataset's targets are single numbers to predict, of shape ()."
        return ""
    if "crossentropy" in loss or output != (count,):
        return (
            f"{model}, but the dataset has {count} numbers to predict, of shape ({count},). Use "
            f"{count} outputs without activation and mean_squared_error."
        )
    return ""


def _rows(shape: Any) -> tuple[int | None, ...] | None:
    """A shape without the batch; None of a network with several inputs or without a known one."""
    if not isinstance(shape, tuple) or not all(n is None or isinstance(n, int) for n in shape):
        return None
    return shape[1:]


def _alike(wanted: tuple[int | None, ...], given: tuple[int, ...]) -> bool:
    """Keras adds or drops a last axis of 1 by itself."""
    wanted, given = _squeezed(wanted), _squeezed(given)
    pairs = zip(wanted, given, strict=False)
    return len(wanted) == len(given) and all(a is None or a == b for a, b in pairs)


def _squeezed(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
