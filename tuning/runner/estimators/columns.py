"""Estimators that select columns of a table, by name, type or place: which ones do, and sentences
about columns that the dataset does not have."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer

from tuning.runner.failures import TEMPLATE_FILE, TemplateError

_SHOWN = 12
# What a function of the template asks a DataFrame for, and no array has.
_PANDAS = frozenset(dir(pd.DataFrame)) - frozenset(dir(np.ndarray))


def selects_columns(estimator: Any, facts: dict[str, Any]) -> bool:
    """Whether an estimator takes the raw columns of a table and not its inputs as numbers. Of a
    dataset without columns that is never so."""
    return bool(facts.get("columns")) and any(
        _part_selects(part, _known(facts)) for part in _parts(estimator)
    )


def check_columns(estimator: Any, facts: dict[str, Any]) -> None:
    """Raise TemplateError for columns that the estimator names and the dataset does not have."""
    for part in _parts(estimator):
        for selected in _selections(part):
            names = _texts(selected)
            if (names or callable(selected)) and not facts.get("columns"):
                by = f"by name (“{names[0]}”)" if names else "by type"
                raise TemplateError(
                    f"The pipeline selects columns {by}, but this dataset has no named columns: "
                    "its inputs are arrays. Use a table (CSV or Parquet), or select by number."
                )
            missing = [name for name in names if name not in _names(facts)]
            if missing:
                raise TemplateError(_missing(missing[0], facts))


def with_plain_lists(estimator: Any) -> None:
    """Turn selections that are an index of pandas or an array into lists, which can be saved."""
    for part in _parts(estimator):
        if _selections(part):
            part.set_params(
                transformers=[
                    (name, step, list(s) if isinstance(s, pd.Index | np.ndarray) else s)
                    for name, step, s in part.transformers
                ]
            )


def by_place(estimator: Any, facts: dict[str, Any]) -> str:
    """A sentence about columns that are selected by number, or nothing."""
    selected = [s for part in _parts(estimator) for s in _selections(part)]
    if not facts.get("columns") or all(_texts(s) or callable(s) for s in selected):
        return ""
    shown = ", ".join(f"{place} is {name}" for place, name in enumerate(_names(facts)[:3]))
    return f"Column numbers in the pipeline count the dataset's columns from 0: {shown}, …"


@contextmanager
def explained_columns(facts: dict[str, Any]) -> Iterator[None]:
    """Turn pandas' error about a column that the dataset does not have into a sentence."""
    try:
        yield
    except (KeyError, AttributeError) as error:
        quoted = re.findall(r"'([^']*)'", f"{error}")
        names = [*map(str, error.args), *quoted] if isinstance(error, KeyError) else quoted[1:]
        known = _known(facts) - set(_names(facts))
        for name in names:
            if facts.get("columns") and (name in known or isinstance(error, KeyError)):
                raise TemplateError(_missing(name, facts)) from error
        raise


def _missing(name: str, facts: dict[str, Any]) -> str:
    if name == facts.get("target_name"):
        return f"The pipeline selects “{name}”, which is the dataset's target and no input."
    reasons = {entry["name"]: entry["reason"] for entry in facts.get("dropped") or []}
    if name in reasons:
        return (
            f"The pipeline selects the column “{name}”, which the dataset was prepared without: it "
            f"{reasons[name]}. Create the dataset again with this column, or leave it out of the "
            "pipeline."
        )
    names = _names(facts)
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return (
        f"The pipeline selects the column “{name}”, which the dataset does not have. Available "
        f"columns: {shown}. Create derived columns inside the pipeline."
    )


def _names(facts: dict[str, Any]) -> list[str]:
    return [column["name"] for column in facts.get("columns") or []]


def _known(facts: dict[str, Any]) -> set[str]:
    """The names of all columns of the file, those that models do not get too."""
    dropped = [entry["name"] for entry in facts.get("dropped") or []]
    return {*_names(facts), *dropped, facts.get("target_name") or ""} - {""}


def _parts(estimator: Any) -> Iterator[Any]:
    """The estimator and all estimators inside of it."""
    waiting = [estimator]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, BaseEstimator) and not isinstance(value, type):
            yield value
            waiting += value.get_params(deep=False).values()
        elif isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()


def _selections(part: Any) -> list[Any]:
    """What a ColumnTransformer selects: names, places, functions."""
    if not isinstance(part, ColumnTransformer):
        return []
    return [selected for *_, selected in part.transformers]


def _part_selects(part: Any, known: set[str]) -> bool:
    if _selections(part):
        return True
    parameters = part.get_params(deep=False).values()
    if any(_is_list_of(value, known) for value in parameters):
        return True
    own = list(_own_code(part))
    # A class of the template: `Chosen(column="Age")`. Of others, a text may be anything.
    if own and any(isinstance(value, str) and value in known for value in parameters):
        return True
    return any(_uses_columns(code, known) for code in own)


def _is_list_of(value: Any, known: set[str]) -> bool:
    if not isinstance(value, list | tuple | pd.Index | np.ndarray):
        return False
    return bool(len(value)) and all(isinstance(v, str) and v in known for v in value)


def _own_code(part: Any) -> Iterator[FunctionType]:
    """The functions of the template that a part runs."""
    if isinstance(part, FunctionTransformer):
        candidates: list[Any] = [part.func, part.inverse_func]
    else:
        candidates = [value for kind in type(part).__mro__ for value in vars(kind).values()]
    for value in candidates:
        code = getattr(value, "__code__", None)
        if code is not None and code.co_filename == TEMPLATE_FILE:
            yield value


def _uses_columns(function: FunctionType, known: set[str]) -> bool:
    """Whether a function names a column (by a text, an attribute or a list at module level), or
    asks its argument for something that only a DataFrame has."""
    for code in _codes(function.__code__):
        names = set(code.co_names)
        if names & _PANDAS or (names & known) - set(dir(np.ndarray)):
            return True
        outside = [function.__globals__.get(name) for name in names]
        texts = [text for value in (*code.co_consts, *outside) for text in _texts(value)]
        if set(texts) & known:
            return True
    return False


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, slice):
        return [end for end in (value.start, value.stop) if isinstance(end, str)]
    if isinstance(value, list | tuple | frozenset | pd.Index | np.ndarray):
        return [item for item in value if isinstance(item, str)]
    return []
