"""From the raw columns of a table to a network's inputs. Needs only numpy.

What is learned here comes from the training rows alone. `raw_keras.py` builds the same steps from
Keras layers and `raw_sklearn.py` from scikit-learn's transformers, so that downloaded models take
raw values.

Two promises hold for any table and any row, seen or unseen. No input is constant over the training
rows, and none exceeds `MAX_INPUT`. Whoever standardises the inputs of a network again by the
training rows (`Normalization`, `BatchNormalization`) gets at most about 1 / sqrt(`MIN_SHARE`),
which is 22: an input that differs from its usual value in fewer rows than that does not exist.
Estimators keep such inputs (`keeps_rare`): a tree can split on a few rows that matter, and no
estimator's training diverges by them.

A table from CSV or Parquet is stored raw (numbers, indices of categories, NaN for missing values)
with `columns` in its `meta.json`. What its rows become is learned from the training rows alone
(`tuning/runner/inputs/preprocessing.py`):

- number: input: missing values become the median, then (value - mean) / standard deviation,
  clipped at ±10
- text: strings, as they are; a missing text is an empty one (`inputs/texts.py`)
- category: input: one input for each of the most frequent values (at most 100, fewer in tables
  with very many categories or rows), missing being a value too; one for everything else

An input of a network exists only if at least one training row in 500 differs from the others in
it: neither constant columns nor values of a handful of rows have one. Estimators get those too
(`Dataset.for_estimators`). Values that no training row has share the input of the rare ones, or
are all zeros where nothing is rare. The mean and the standard deviation of a number leave out how
extreme the most extreme 500th of the rows are. So no input exceeds 10, and none exceeds 23 after
a template standardises the inputs by the training rows again;
`tests/runner/test_bounded_inputs.py` holds both for random tables. Arrays (`.npz`) reach a
template as they are: the built-in dense networks switch constant columns off and clip the others,
inside the model. A template's own `Normalization` gets a least variance
(`template/normalization.py`).

A later version may make other inputs of a table than the one in which a Hyperband search was
paused. Where a parent's checkpoint does not fit the model, the child trains its parent's epochs
first, unrecorded, and then its own.

Trials and retrainings get these inputs from numpy. Retraining uses more rows but the same
statistics, so that the network sees its inputs as in the trial. `raw_keras.py` builds the same
steps from Keras's own layers around the trained network, `raw_sklearn.py` from scikit-learn's
transformers; the tests compare the three. A file is handed out only once it has been loaded again
and predicts, from raw rows, what the network predicts.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from tuning.runner.failures import BadData
from tuning.texts import Texts

from .texts import NUMBERS, Inputs, TextInput, input_names
from .windows import cut, steps_of

# The size at which standardised numbers are clipped.
MAX_INPUT = 10.0
# The share of the training rows that must have a value, or a value as extreme, for the value to
# count: rarer ones have no input of their own and do not widen a number's scale. (A distribution
# whose maximum has the share p lies within sqrt(1 / p) standard deviations of its mean.)
MIN_SHARE = 1 / 500
# What only one training row has teaches nothing about the next row.
MIN_ROWS = 2
# Columns whose standard deviation is smaller, absolutely or in relation to their largest value,
# are taken as constant: float32 can hardly tell their values apart.
MIN_DEVIATION = 1e-37
MIN_RELATIVE_DEVIATION = 1e-6
# Of a column's values, how many get an input of their own; of all columns together, so that tables
# with thousands of categories or millions of rows still fit into memory.
MAX_VALUES = 100
MAX_VALUE_INPUTS = 2_000
MAX_VALUE_BYTES = 1 << 30
# Of columns, in a sentence.
MAX_NAMED = 8
# The missing value of a category, as people hand it to a downloaded model.
MISSING = ""


@dataclass(frozen=True)
class Numbers:
    """The number columns, with arrays of one entry for each of them; `places` are their columns in
    the raw rows. `fill` replaces missing values; then comes (value - mean) * scale, clipped.
    `kept`: indices of those that have an input; the others hardly change in the training rows."""

    names: list[str]
    places: np.ndarray
    fill: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    kept: np.ndarray

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """float32 (rows, kept columns)."""
        kept = self.kept
        raw = np.asarray(x[:, self.places[kept]])
        filled = np.where(np.isnan(raw), self.fill[kept], raw)
        # An extreme value may overflow to infinity, which is then clipped.
        with np.errstate(over="ignore"):
            scaled = (filled - self.mean[kept]) * self.scale[kept]
        return scaled.clip(-MAX_INPUT, MAX_INPUT)


@dataclass(frozen=True)
class Category:
    """A category column, the `place`-th of the raw rows. `values`: what its codes mean.
    `vocabulary`: values with an input of their own, `MISSING` among them if enough training rows
    have none. All others share the first input if `has_other`, else all inputs are 0 for them."""

    name: str
    place: int
    values: list[str]
    vocabulary: list[str]
    has_other: bool

    def codes(self, x: np.ndarray) -> np.ndarray:
        """Whole numbers: indices into `values`, then one for gaps, one for all unknown values."""
        gap, unknown = len(self.values), len(self.values) + 1
        column = np.asarray(x[..., self.place])
        return np.where(np.isnan(column), gap, np.minimum(column, unknown)).astype(np.int64)

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """float32 (rows, width): at most one input of a row is 1, the others are 0."""
        of_value = {value: index for index, value in enumerate(self.vocabulary, 1)}
        of_code = [of_value.get(value, 0) for value in (*self.values, MISSING)]
        chosen = np.array([*of_code, 0])[self.codes(x)]
        inputs: np.ndarray = np.zeros((len(x), len(self.vocabulary) + 1), np.float32)
        inputs[np.arange(len(x)), chosen] = 1
        return inputs if self.has_other else inputs[:, 1:]

    def texts(self, x: np.ndarray) -> np.ndarray:
        """The column as people have it: strings, `MISSING` for gaps."""
        unknown = "?" + max(self.values, key=len, default="")
        return np.array([*self.values, MISSING, unknown], dtype=object)[self.codes(x)]

    @property
    def width(self) -> int:
        return len(self.vocabulary) + self.has_other

    @property
    def input_names(self) -> list[str]:
        shown = [value if value != MISSING else "(missing)" for value in self.vocabulary]
        others = ["(other)"] if self.has_other else []
        return [f"{self.name}={value}" for value in (*others, *shown)]


@dataclass(frozen=True)
class Preprocessing:
    """The inputs are all numbers in their order, then the values of each category in turn. Texts
    are inputs of their own."""

    numbers: Numbers
    categories: list[Category]
    min_value: float
    max_value: float
    texts: tuple[TextInput, ...] = ()

    @classmethod
    def learn(
        cls, x: np.ndarray, columns: list[dict[str, Any]], keeps_rare: bool = False,
        texts: tuple[TextInput, ...] = (), to_range: bool = False,
    ) -> Self:  # fmt: skip
        """`x`: raw training rows, float32 (rows, columns), NaN for missing values and codes for
        categories. `columns`: the profile's. `keeps_rare`: whether what only a few rows have gets
        an input. `to_range`: numbers are scaled to 0 to 1 instead of standardised, for a
        reconstruction. Raises BadData if no column has an input."""
        kinds = [column["type"] for column in columns]
        number_places = [place for place, kind in enumerate(kinds) if kind == "number"]
        category_places = [place for place, kind in enumerate(kinds) if kind == "category"]
        numbers = _learn_numbers(x, columns, number_places, keeps_rare, to_range)
        room = min(MAX_VALUE_INPUTS, MAX_VALUE_BYTES // (4 * max(1, len(x))))
        most = min(MAX_VALUES, max(2, room // max(1, len(category_places))))
        enough = 1 if keeps_rare else _rows_enough(len(x))
        categories = [
            _learn_category(x, columns[place], place, most, enough) for place in category_places
        ]
        inputs = numbers.inputs(x)
        low, high = float(inputs.min(initial=np.inf)), float(inputs.max(initial=-np.inf))
        if any(category.width for category in categories):
            low, high = min(low, 0.0), max(high, 1.0)
        if low > high:
            low = high = 0.0
        learned = cls(numbers, categories, low, high, texts)
        if not learned.width and not texts:
            raise BadData(
                "All columns are constant in the training rows. Select another split or add "
                "columns."
            )
        return learned

    def apply(self, x: np.ndarray) -> Inputs:
        """The inputs of raw rows: float32 (rows, width) without texts, else as `inputs/texts.py`
        says. Of windows, (rows, steps, columns), float32 (rows, steps, width)."""
        if x.ndim == 3:
            steps, stride = steps_of(x)
            return cut(self._matrix(steps), x.shape[1], stride, len(x))
        if not self.texts:
            return self._matrix(x)
        inputs: dict[str, np.ndarray] = {text.key: text.texts(x) for text in self.texts}
        if self.width:
            inputs[NUMBERS] = self._matrix(x)
        return next(iter(inputs.values())) if len(inputs) == 1 else inputs

    def for_each_step(self, names: list[list[str]]) -> Self:
        """For windows as rows: their columns one after the other, step by step. `names`: those of
        each step, in the order of the columns."""
        numbers, width, steps = self.numbers, len(names[0]), range(len(names))
        kept: list[np.ndarray] = [numbers.kept + step * len(numbers.names) for step in steps]
        fill, mean, scale = (
            np.tile(one, len(names)) for one in (numbers.fill, numbers.mean, numbers.scale)
        )
        tiled = Numbers(
            [of_step[place] for of_step in names for place in numbers.places],
            np.concatenate([numbers.places + step * width for step in steps]),
            fill, mean, scale, np.concatenate(kept),
        )  # fmt: skip
        categories = [
            replace(one, name=names[step][one.place], place=one.place + step * width)
            for step in steps
            for one in self.categories
        ]
        return replace(self, numbers=tiled, categories=categories)

    def _matrix(self, x: np.ndarray) -> np.ndarray:
        """float32 (rows, width): numbers and categories."""
        inputs: np.ndarray = np.empty((len(x), self.width), np.float32)
        start = 0
        for part in self._parts:
            block = part.inputs(x)
            end = start + block.shape[1]
            inputs[:, start:end] = block
            start = end
        return inputs

    @property
    def _parts(self) -> list[Numbers | Category]:
        return [self.numbers, *self.categories]

    @property
    def low_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        """What each input was made with: (value - low) * scale; 0 and 1 of a category's values."""
        others = self.width - len(self.numbers.kept)
        low = np.concatenate([self.numbers.mean[self.numbers.kept], np.zeros(others)])
        scale = np.concatenate([self.numbers.scale[self.numbers.kept], np.ones(others)])
        return low.astype(np.float32), scale.astype(np.float32)

    @property
    def input_columns(self) -> list[tuple[str, str | None]]:
        """The column that each input comes from and, of a category, the value that it stands for:
        `MISSING` for gaps, None for all others and for numbers."""
        numbers: list[tuple[str, str | None]] = [
            (self.numbers.names[index], None) for index in self.numbers.kept
        ]
        for category in self.categories:
            numbers += [(category.name, None)] if category.has_other else []
            numbers += [(category.name, value) for value in category.vocabulary]
        return numbers

    @property
    def width(self) -> int:
        return len(self.numbers.kept) + sum(category.width for category in self.categories)

    @property
    def note(self) -> str:
        """A sentence about the columns that have no input, or nothing."""
        kept = set(self.numbers.kept.tolist())
        names = [name for place, name in enumerate(self.numbers.names) if place not in kept]
        names += [category.name for category in self.categories if not category.width]
        if not names:
            return ""
        shown = ", ".join(names[:MAX_NAMED]) + (", …" if len(names) > MAX_NAMED else "")
        return f"Excluded because the value is constant in the training rows: {shown}."

    @property
    def facts(self) -> dict[str, Any]:
        """What templates may ask for about their inputs."""
        return {
            **self._text_facts,
            "input_shape": [self.width or 1],
            "feature_names": [
                *(self.numbers.names[index] for index in self.numbers.kept),
                *(name for category in self.categories for name in category.input_names),
            ],
            "min_value": self.min_value,
            "max_value": self.max_value,
        }

    @property
    def _text_facts(self) -> dict[str, Any]:
        if not self.texts:
            return {}
        keys = [text.key for text in self.texts]
        return {"text_columns": keys, "number_count": self.width}


def text_inputs(folder: Path, columns: list[dict[str, Any]]) -> tuple[TextInput, ...]:
    """The text columns of a prepared dataset. Raises OSError and ValueError."""
    names = {place: c["name"] for place, c in enumerate(columns) if c["type"] == "text"}
    keys = input_names(names.values(), taken={NUMBERS})
    return tuple(
        TextInput(name, key, place, Texts(folder, place))
        for (place, name), key in zip(names.items(), keys, strict=True)
    )


def _learn_numbers(
    x: np.ndarray, columns: list[dict[str, Any]], places: list[int], keeps_rare: bool,
    to_range: bool,
) -> Numbers:  # fmt: skip
    count = len(places)
    fill: np.ndarray = np.zeros(count, np.float32)
    mean: np.ndarray = np.zeros(count, np.float32)
    scale: np.ndarray = np.ones(count, np.float32)
    kept = []
    for index, place in enumerate(places):
        # Sums of float32 lose digits, and squares of large ones overflow.
        column = np.asarray(x[:, place], dtype=np.float64)
        missing = np.isnan(column)
        if not missing.all():
            fill[index] = np.median(column[~missing])
        column[missing] = fill[index]
        usual = without_rare_extremes(column)
        if keeps_rare and not _varies(usual):
            usual = column
        mean[index] = usual.min() if to_range else usual.mean()
        if _varies(usual):
            spread = usual.max() - usual.min() if to_range else usual.std()
            # Not below what float32 holds with all its digits.
            scale[index] = max(1 / spread, float(np.finfo(np.float32).tiny))
            kept.append(index)
    names = [columns[place]["name"] for place in places]
    return Numbers(
        names, np.array(places, np.int64), fill, mean, scale, np.array(kept, dtype=np.int64)
    )


def _varies(column: np.ndarray) -> bool:
    least = max(MIN_DEVIATION, MIN_RELATIVE_DEVIATION * np.abs(column).max())
    return bool(column.std() > least)


def without_rare_extremes(column: np.ndarray) -> np.ndarray:
    """The column with the values that hardly any row reaches lowered or raised to those that enough
    rows reach."""
    at = max(0, _rows_enough(len(column)) - 1)
    if not at:
        return column
    last = len(column) - 1 - at
    ordered = np.partition(column, [at, last])
    return column.clip(ordered[at], ordered[last])


def _rows_enough(count: int) -> int:
    """Of so many training rows, how many must have a value."""
    return max(1, math.ceil(MIN_SHARE * count))


def _learn_category(
    x: np.ndarray, column: dict[str, Any], place: int, most: int, enough: int
) -> Category:
    """`most`: values that get an input. `enough`: rows that must have a value, or all others."""
    values = [str(value) for value in column["values"]]
    unlearned = Category(column["name"], place, values, [], False)
    counts = np.bincount(unlearned.codes(x), minlength=len(values) + 2)
    # The most frequent, in the order of the profile, so that a tie is always broken alike.
    frequent = np.argsort(-counts[: len(values)], kind="stable")[:most]
    candidates = [len(values), *sorted(frequent)]
    chosen = [code for code in candidates if counts[code] >= max(enough, MIN_ROWS)]
    others = len(x) - int(counts[chosen].sum())
    # Of a value that (nearly) all rows have, neither it nor the others distinguish rows.
    if not chosen or len(x) - int(counts[chosen].max()) < enough:
        return unlearned
    vocabulary = [(*values, MISSING)[code] for code in chosen]
    return Category(column["name"], place, values, vocabulary, has_other=others >= enough)
