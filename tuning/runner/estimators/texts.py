"""Rows with texts, as an estimator takes them: the strings of one column, or a DataFrame."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from tuning.runner.failures import TemplateError
from tuning.runner.inputs.data import Dataset
from tuning.runner.inputs.frames import frame_rows
from tuning.runner.inputs.texts import TextInput
from tuning.runner.template.text_inputs import takes_no_text

from .columns import selects_columns

_MAX_NAMED = 8
# What scikit-learn says of an array of strings.
_ABOUT_STRINGS = ("could not convert string to float", "Expected 2D array", "dtype='numeric'")


def text_taken_by(estimator: Any, dataset: Dataset) -> TextInput | None:
    """The text column whose strings, of shape (rows,), an estimator takes as they are; None for one
    that takes a DataFrame, and of datasets without texts. Raises TemplateError if the dataset has
    several."""
    texts = dataset.texts
    if not texts or selects_columns(estimator, dataset.facts):
        return None
    if len(texts) == 1 and (len(dataset.facts["columns"]) == 1 or _begins_with_text(estimator)):
        return texts[0]
    if not _begins_with_text(estimator):
        return None
    names = ", ".join(f"“{text.name}”" for text in texts)
    raise TemplateError(
        f"The pipeline takes one text, and the dataset has {names}. Select columns with a "
        "ColumnTransformer."
    )


def text_name(estimator: Any, dataset: Dataset) -> str:
    """The name of that column, or nothing."""
    text = text_taken_by(estimator, dataset)
    return text.name if text else ""


def text_rows(estimator: Any, dataset: Dataset, *parts: str) -> tuple[Any, np.ndarray]:
    """The rows of a dataset with texts."""
    text = text_taken_by(estimator, dataset)
    if text is None:
        return frame_rows(dataset, *parts)
    x, y = dataset.raw(*parts)
    return text.texts(x), y


def unused_by(estimator: Any, dataset: Dataset) -> str:
    """A sentence about the columns that are not given to an estimator of one text, or nothing."""
    name = text_name(estimator, dataset)
    left = [c["name"] for c in dataset.facts["columns"] if name and c["name"] != name]
    if not left:
        return ""
    shown = ", ".join(left[:_MAX_NAMED]) + (", …" if len(left) > _MAX_NAMED else "")
    return f"The pipeline takes the texts of {name} alone; not used: {shown}."


@contextmanager
def explained_texts(dataset: Dataset) -> Iterator[None]:
    """Turn scikit-learn's error about strings in the place of numbers into a sentence."""
    try:
        yield
    except ValueError as error:
        is_about_strings = any(part in str(error) for part in _ABOUT_STRINGS)
        if dataset.texts and is_about_strings:
            names = [text.name for text in dataset.texts]
            raise TemplateError(takes_no_text(names)) from error
        raise


def as_frame(x: Any, text: TextInput | None) -> Any:
    """Rows of `text_rows` as a DataFrame, whose columns may be shuffled one by one."""
    return x if text is None else pd.DataFrame({text.name: x})


def _begins_with_text(estimator: Any) -> bool:
    """Whether what sees the rows first makes numbers of strings."""
    if isinstance(estimator, Pipeline):
        return bool(estimator.steps) and _begins_with_text(estimator.steps[0][1])
    if isinstance(estimator, FeatureUnion):
        return any(_begins_with_text(part) for _, part in estimator.transformer_list)
    if isinstance(estimator, ColumnTransformer):
        return False
    inner = getattr(estimator, "estimator", None)
    if inner is not None:
        # A search or a meta-estimator around a pipeline.
        return _begins_with_text(inner)
    return isinstance(estimator, CountVectorizer | HashingVectorizer)
