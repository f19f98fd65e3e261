"""The project's rows as DataFrames, in the place of the tables of scripts that select columns."""

import re
from typing import Any

import numpy as np
import pandas as pd

_SELECTING = re.compile(r"\b(ColumnTransformer|make_column_transformer|make_column_selector)\b")
_NETWORKS = re.compile(r"^\s*(import|from)\s+(tensorflow|keras)\b", re.MULTILINE)


def selects_columns(code: str) -> bool:
    """Whether a script's estimators select columns. In a script of networks, a ColumnTransformer
    makes the inputs, which the project does in its place."""
    return bool(_SELECTING.search(code)) and not _NETWORKS.search(code)


def with_raw_columns(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with the dataset's columns as the features."""
    names = [column["name"] for column in facts["columns"]]
    return {**facts, "feature_names": names, "input_shape": [len(names)]}


class ScriptTable(pd.DataFrame):
    """A table that the script may drop columns from that the dataset does not have."""

    @property
    def _constructor(self) -> type["ScriptTable"]:
        return ScriptTable

    def drop(self, *args: Any, **kwargs: Any) -> Any:
        return super().drop(*args, **{**kwargs, "errors": "ignore"})


def whole_table(x: pd.DataFrame, y: np.ndarray, target: str, classes: list[str] | None) -> Any:
    """Inputs and target together, as a script would read them; the target is the last column."""
    names = np.array(classes, dtype=object)[y] if classes else y
    if classes and all(name.lstrip("-").isdigit() for name in classes):
        names = names.astype(np.int64)
    return ScriptTable(x.assign(**{target: names}))


def whole_tables(x: pd.DataFrame, y: np.ndarray, targets: list[str]) -> Any:
    """The same with a column for each of several targets."""
    return ScriptTable(x.assign(**dict(zip(targets, y.T, strict=True))))
