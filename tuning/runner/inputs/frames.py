"""A table's rows as pandas has them: for pipelines that select columns, and for downloaded files.

Categories are strings in columns of type `object`, missing values NaN; texts as well, but a missing
one is empty, since vectorizers take nothing else; a number column is int64 if
the whole dataset has nothing but whole numbers there, else float64.
"""

from typing import Any

import numpy as np
import pandas as pd

from .data import Dataset
from .preprocessing import MISSING, Preprocessing

# float32 holds whole numbers up to here.
_EXACT = 2**24


def frame_rows(dataset: Dataset, *parts: str) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows of parts of a dataset that has columns, and their targets. Windows are rows of a
    table, as estimators have them."""
    dataset = dataset.for_estimators() if dataset.x.ndim == 3 else dataset
    assert dataset.preprocessing
    x, y = dataset.raw(*parts)
    frame = raw_frame(dataset.preprocessing, x)
    names = dataset.preprocessing.numbers.names
    places = dataset.preprocessing.numbers.places
    whole = [
        name
        for name, place in zip(names, places, strict=True)
        if _is_whole(np.asarray(dataset.x[:, place]))
    ]
    return frame.astype(dict.fromkeys(whole, np.int64)), y


def raw_frame(preprocessing: Preprocessing, x: np.ndarray) -> pd.DataFrame:
    """Raw rows of the dataset with all numbers as float64."""
    numbers, categories = preprocessing.numbers, preprocessing.categories
    columns: dict[int, tuple[str, Any]] = {
        int(place): (name, np.asarray(x[:, place], dtype=np.float64))
        for name, place in zip(numbers.names, numbers.places, strict=True)
    }
    for category in categories:
        texts = category.texts(x)
        texts[texts == MISSING] = np.nan
        columns[category.place] = (category.name, pd.Series(texts, dtype=object))
    for text in preprocessing.texts:
        columns[text.place] = (text.name, pd.Series(text.texts(x), dtype=object))
    return pd.DataFrame(dict(columns[place] for place in sorted(columns)))


def _is_whole(column: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return bool((np.abs(column) <= _EXACT).all() and (column == np.floor(column)).all())
