"""The columns of text of a dataset, and the inputs that they become beside numbers.

A dataset of one text column and nothing else gives its rows as an array of strings, of shape
(rows,). Any other one gives a dict: an array of strings for each text column under its key, and
under `NUMBERS` all inputs that numbers and categories become.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuning.texts import Texts

NUMBERS = "numbers"
# An array, or a dict of arrays by their keys.
Inputs = Any


@dataclass(frozen=True)
class TextInput:
    """A text column, the `place`-th of the raw rows. `key`: what networks call it."""

    name: str
    key: str
    place: int
    stored: Texts

    def texts(self, x: np.ndarray) -> np.ndarray:
        """The texts of raw rows, as objects of shape (rows,)."""
        return self.stored.take(x[:, self.place])


def input_names(columns: Iterable[str], taken: set[str]) -> list[str]:
    """A name for each column's input: its own as far as Keras accepts that. A slash becomes an
    underscore, and a name that is taken already gets a number."""
    names: list[str] = []
    taken = set(taken)
    for column in columns:
        stem = column.replace("/", "_") or "column"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        names.append(name)
    return names


def has_strings(x: object) -> bool:
    """Whether inputs of a network hold strings, alone or beside numbers."""
    if isinstance(x, dict):
        return any(map(has_strings, x.values()))
    dtype = getattr(x, "dtype", None)
    return getattr(dtype, "kind", "") in ("O", "U", "S") or dtype == "string"


def first_rows(x: Inputs, most: int) -> Inputs:
    if isinstance(x, dict):
        return {key: part[:most] for key, part in x.items()}
    return x[:most]
