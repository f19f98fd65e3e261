"""A trained network together with its preprocessing as Keras layers: it takes raw values.

The file loads with plain `keras.models.load_model`: only Keras's own layers are used.

The downloaded model takes a dict of arrays (rows, 1), one for each column under its name: float32
with NaN for missing values, or strings (of categories and texts) with an empty string for missing
values. A slash in a name
becomes `_`, a name that is taken gets a number. With more than 200 columns there are two inputs,
`numbers` and `categories`, with a column each; each text column has its own. Of windows, arrays are
(windows, steps, 1) instead. Every `.keras` file
also holds `description.json`, which Keras leaves alone: the names of the classes, and which input
takes which column.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from tuning.runner.inputs.preprocessing import MAX_INPUT, Category, Numbers, Preprocessing
from tuning.runner.inputs.scaling import Scaling
from tuning.runner.inputs.texts import NUMBERS, input_names
from tuning.runner.template.text_inputs import as_network_takes

from .reconstruction import answers

# With more columns than this, all numbers share one input and all categories another one: Keras
# takes seconds for a thousand inputs.
MAX_INPUTS = 200
_NUMBERS, _CATEGORIES, _PREPARE = "numbers", "categories", "prepare"
_ROWS = "rows"


@contextmanager
def plain_floats() -> Iterator[None]:
    """Layers made here compute in float32, whatever policy the template has set."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


class RawModel:
    """`keras_model` takes a dict of arrays, float32 or string; `inputs` tells which one holds each
    raw column."""

    def __init__(
        self, network: Any, preprocessing: Preprocessing, reconstructs: bool = False,
        steps: tuple[int, ...] = (),
    ) -> None:  # fmt: skip
        """`reconstructs`: the network reproduces its inputs, and the file answers as
        `reconstruction.py` says. `steps`: how many rows each of a window's columns has, if the rows
        are windows."""
        self._preprocessing = preprocessing
        self._reconstructs = reconstructs
        self._steps = steps
        numbers, categories = preprocessing.numbers.names, preprocessing.categories
        texts = [text.name for text in preprocessing.texts]
        self._wide = len(numbers) + len(categories) > MAX_INPUTS
        # The input of each column by the column's name, numbers first.
        names = [*numbers, *(category.name for category in categories), *texts]
        # Keras wants the names of inputs and of layers to differ.
        taken = {network.name, _NUMBERS, _CATEGORIES, _PREPARE}
        if self._wide:
            self.inputs = {
                **dict.fromkeys(numbers, _NUMBERS),
                **{category.name: _CATEGORIES for category in categories},
                **dict(zip(texts, input_names(texts, taken), strict=True)),
            }
        else:
            self.inputs = dict(zip(names, input_names(names, taken), strict=True))
        with plain_floats():
            self.keras_model = self._assemble(network)

    def feed(self, x: np.ndarray) -> dict[str, Any]:
        """Raw rows of the dataset as `keras_model` takes them."""
        return tensors_of(raw_cells(self._preprocessing, x), self.inputs)

    def _assemble(self, network: Any) -> Any:
        numbers, categories = self._preprocessing.numbers, self._preprocessing.categories
        inputs: dict[str, Any] = {}
        parts: dict[str, Any] = {}
        kinds = (
            (_NUMBERS, "float32", numbers.names),
            (_CATEGORIES, "string", [category.name for category in categories]),
        )
        for name, dtype, columns in kinds:
            if not columns:
                continue
            if self._wide:
                parts[name] = keras.Input((*self._steps, len(columns)), name=name, dtype=dtype)
                inputs[name] = parts[name]
                continue
            shape = (*self._steps, 1)
            own = [keras.Input(shape, name=self.inputs[c], dtype=dtype) for c in columns]
            inputs |= {tensor.name: tensor for tensor in own}
            parts[name] = _joined(own, name)
        texts = {
            text.key: keras.Input((1,), name=self.inputs[text.name], dtype="string")
            for text in self._preprocessing.texts
        }
        inputs |= {tensor.name: tensor for tensor in texts.values()}
        given = self._as_network_takes(network, parts, texts)
        if self._reconstructs:
            return keras.Model(inputs, answers(network, given, *self._preprocessing.low_and_scale))
        return keras.Model(inputs, network(given))

    def _as_network_takes(
        self, network: Any, parts: dict[str, Any], texts: dict[str, Any]
    ) -> Any:  # fmt: skip
        preprocessing = self._preprocessing
        given = {key: tensor[:, 0] for key, tensor in texts.items()}
        if preprocessing.width:
            prepare = _prepare(preprocessing.numbers, preprocessing.categories, self._steps)
            given[NUMBERS] = prepare(parts)
        if not texts:
            return given[NUMBERS]
        return as_network_takes(network, given if len(given) > 1 else next(iter(given.values())))


def scaled_model(network: Any, scaling: Scaling, shape: tuple[int, ...]) -> Any:
    """A model that takes raw rows of this shape and answers as `reconstruction.py` says."""
    with plain_floats():
        rows = keras.Input(shape, name=_ROWS, dtype="float32")
        shifted = keras.ops.subtract(rows, scaling.low)
        scaled = keras.ops.multiply(shifted, scaling.scale)
        inputs = keras.ops.clip(scaled, -MAX_INPUT, MAX_INPUT)
        return keras.Model(rows, answers(network, inputs, scaling.low, scaling.scale))


def raw_cells(preprocessing: Preprocessing, x: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of raw rows or windows of the dataset, by their names: float32 or strings."""
    numbers = preprocessing.numbers
    cells: dict[str, np.ndarray] = {
        name: np.asarray(x[..., place], dtype=np.float32)
        for name, place in zip(numbers.names, numbers.places, strict=True)
    }
    cells |= {category.name: category.texts(x) for category in preprocessing.categories}
    return cells | {text.name: text.texts(x) for text in preprocessing.texts}


def tensors_of(cells: dict[str, np.ndarray], inputs: dict[str, str]) -> dict[str, Any]:
    """Columns as a raw model takes them. `inputs`: the model's input of each."""
    columns: dict[str, list[np.ndarray]] = {}
    for name, column in cells.items():
        columns.setdefault(inputs[name], []).append(column)
    # Keras takes no numpy strings, but tensors of them.
    return {
        name: keras.ops.convert_to_tensor(np.stack(column, axis=-1))
        for name, column in columns.items()
    }


def _prepare(numbers: Numbers, categories: list[Category], steps: tuple[int, ...]) -> Any:
    """The preprocessing as a model of its own: one matrix of numbers, one of strings. Its layers
    may be called as they like, whatever the columns are called."""
    inputs, outputs = {}, []
    if numbers.names:
        raw = keras.Input((*steps, len(numbers.names)), name=_NUMBERS, dtype="float32")
        inputs[_NUMBERS] = raw
        if len(numbers.kept):
            outputs.append(_scaled(raw, numbers))
    if categories:
        texts = keras.Input((*steps, len(categories)), name=_CATEGORIES, dtype="string")
        inputs[_CATEGORIES] = texts
        outputs += [
            _looked_up(c, texts[..., i : i + 1]) for i, c in enumerate(categories) if c.width
        ]
    return keras.Model(inputs, _joined(outputs, "inputs"), name=_PREPARE)


def _scaled(raw: Any, numbers: Numbers) -> Any:
    """The number columns that have an input, filled, standardised and clipped."""
    kept = numbers.kept
    if len(kept) < len(numbers.names):
        raw = keras.ops.take(raw, kept.tolist(), axis=-1)
    filled = keras.ops.where(keras.ops.isnan(raw), numbers.fill[kept], raw)
    mean = numbers.mean[kept]
    # Apart, because Normalization takes all columns that vary less than 1e-7 for constant.
    centred = keras.layers.Normalization(mean=mean, variance=np.ones_like(mean))(filled)
    scaled = keras.layers.Rescaling(numbers.scale[kept].tolist())(centred)
    return keras.ops.clip(scaled, -MAX_INPUT, MAX_INPUT)


def _looked_up(category: Category, texts: Any) -> Any:
    """One-hot; whatever is not in the vocabulary is the first input, if there is one for it."""
    # Keras refuses a vocabulary that holds its word for unknown values.
    unknown = "[UNK]"
    while unknown in category.vocabulary:
        unknown += "_"
    lookup = keras.layers.StringLookup(
        vocabulary=category.vocabulary, mask_token=None, oov_token=unknown, output_mode="one_hot"
    )
    inputs = lookup(texts)
    return inputs if category.has_other else inputs[..., 1:]


def _joined(tensors: list[Any], name: str) -> Any:
    return keras.layers.Concatenate(name=name)(tensors) if len(tensors) > 1 else tensors[0]
