"""From the raw columns of a table to a network's inputs. Needs only numpy.

What is learned here comes from the training rows alone. `raw_keras.py` builds the same steps from
Keras layers and `raw_sklearn.py` from scikit-learn's transformers, so that downloaded models take
raw values.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

# Of a column's values, how many get an input of their own; of all columns together, so that tables
# with thousands of categories or millions of rows still fit into memory.
MOST_VALUES = 100
MOST_VALUE_INPUTS = 2_000
MOST_VALUE_BYTES = 1 << 30
# The missing value of a category, as people hand it to a downloaded model.
MISSING = ""


@dataclass(frozen=True)
class Numbers:
    """The number columns: what stands for a missing value, then (value - mean) * scale. Arrays of
    one float32 for each of them; `places` are their columns in the raw rows."""

    names: list[str]
    places: np.ndarray
    fill: np.ndarray
    mean: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True)
class Category:
    """A category column, the `place`-th of the raw rows. `values`: what its codes mean.
    `vocabulary`: values with an input of their own, `MISSING` among them if the training rows have
    gaps. All others share the first input."""

    name: str
    place: int
    values: list[str]
    vocabulary: list[str]

    def codes(self, x: np.ndarray) -> np.ndarray:
        """Whole numbers: indices into `values`, then one for gaps, one for all unknown values."""
        gap, unknown = len(self.values), len(self.values) + 1
        column = np.asarray(x[:, self.place])
        return np.where(np.isnan(column), gap, np.minimum(column, unknown)).astype(np.int64)

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """The input that is 1 for each row, counted from the column's first."""
        of_value = {value: index for index, value in enumerate(self.vocabulary, 1)}
        of_code = [of_value.get(value, 0) for value in (*self.values, MISSING)]
        return np.array([*of_code, 0])[self.codes(x)]

    def texts(self, x: np.ndarray) -> np.ndarray:
        """The column as people have it: strings, `MISSING` for gaps."""
        unknown = "?" + max(self.values, key=len, default="")
        return np.array([*self.values, MISSING, unknown], dtype=object)[self.codes(x)]

    @property
    def input_names(self) -> list[str]:
        shown = [value if value != MISSING else "(missing)" for value in self.vocabulary]
        return [f"{self.name}={value}" for value in ("(other)", *shown)]


@dataclass(frozen=True)
class Preprocessing:
    """The inputs are all numbers in their order, then the values of each category in turn."""

    numbers: Numbers
    categories: list[Category]
    min_value: float
    max_value: float

    @classmethod
    def learn(cls, x: np.ndarray, columns: list[dict[str, Any]]) -> Self:
        """`x`: raw training rows, float32 (rows, columns), NaN for gaps and codes for categories.
        `columns`: the profile's."""
        kinds = [column["type"] for column in columns]
        number_places = [place for place, kind in enumerate(kinds) if kind == "number"]
        category_places = [place for place, kind in enumerate(kinds) if kind == "category"]
        numbers, low, high = _learn_numbers(x, columns, number_places)
        room = min(MOST_VALUE_INPUTS, MOST_VALUE_BYTES // (4 * max(1, len(x))))
        most = min(MOST_VALUES, max(2, room // max(1, len(category_places))))
        categories = [_learn_category(x, columns[place], place, most) for place in category_places]
        if categories:
            low, high = min(low, 0.0), max(high, 1.0)
        return cls(numbers, categories, low, high)

    def apply(self, x: np.ndarray) -> np.ndarray:
        """The inputs of raw rows: float32 (rows, width)."""
        numbers = self.numbers
        inputs: np.ndarray = np.zeros((len(x), self.width), np.float32)
        raw = np.asarray(x[:, numbers.places])
        filled = np.where(np.isnan(raw), numbers.fill, raw)
        start = len(numbers.names)
        inputs[:, :start] = (filled - numbers.mean) * numbers.scale
        for category in self.categories:
            inputs[np.arange(len(x)), start + category.inputs(x)] = 1
            start += len(category.vocabulary) + 1
        return inputs

    @property
    def width(self) -> int:
        return len(self.numbers.names) + sum(len(c.vocabulary) + 1 for c in self.categories)

    @property
    def facts(self) -> dict[str, Any]:
        """What templates may ask for about their inputs."""
        return {
            "input_shape": [self.width],
            "feature_names": [
                *self.numbers.names,
                *(name for category in self.categories for name in category.input_names),
            ],
            "min_value": self.min_value,
            "max_value": self.max_value,
        }


def _learn_numbers(
    x: np.ndarray, columns: list[dict[str, Any]], places: list[int]
) -> tuple[Numbers, float, float]:
    """The numbers, and the smallest and the largest of their inputs among the training rows."""
    count = len(places)
    fill: np.ndarray = np.zeros(count, np.float32)
    mean: np.ndarray = np.zeros(count, np.float32)
    scale: np.ndarray = np.ones(count, np.float32)
    low, high = np.zeros(count), np.zeros(count)
    for index, place in enumerate(places):
        # Sums of float32 lose digits, and squares of large ones overflow.
        column = np.asarray(x[:, place], dtype=np.float64)
        gaps = np.isnan(column)
        if not gaps.all():
            fill[index] = np.median(column[~gaps])
        column[gaps] = fill[index]
        mean[index] = column.mean()
        low[index], high[index] = column.min(), column.max()
        # Compared, not std == 0: the mean of equal values may differ from them in its last digit.
        if low[index] < high[index]:
            scale[index] = 1 / column.std()
    names = [columns[place]["name"] for place in places]
    numbers = Numbers(names, np.array(places, dtype=np.int64), fill, mean, scale)
    lowest = float(np.min((low - mean) * scale, initial=np.inf if count else 0.0))
    highest = float(np.max((high - mean) * scale, initial=-np.inf if count else 0.0))
    return numbers, lowest, highest


def _learn_category(x: np.ndarray, column: dict[str, Any], place: int, most: int) -> Category:
    values = [str(value) for value in column["values"]]
    unlearned = Category(column["name"], place, values, [])
    counts = np.bincount(unlearned.codes(x), minlength=len(values) + 2)
    # The most frequent, in the order of the profile, so that a tie is always broken alike.
    frequent = np.argsort(-counts[: len(values)], kind="stable")[:most]
    seen = [values[code] for code in sorted(frequent) if counts[code]]
    gap = [MISSING] if counts[len(values)] else []
    return Category(column["name"], place, values, [*gap, *seen])
