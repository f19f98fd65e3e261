"""The columns of a table as a form asks for them: what is proposed, what may be chosen."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.core.cache import cache

from tuning.analysis.evaluation.contents import categories_of, stored_inputs
from tuning.models import Dataset
from tuning.protocol.uploads import ColumnType

from .about import known_columns

# The proposals come from so many rows, evenly taken from all.
_SAMPLED = 2_000
_CACHED_SECONDS = 3600


@dataclass(frozen=True)
class InputColumn:
    """`proposal`: the median, or the most frequent value; empty if most rows have none. `values`:
    those of a category. `may_be_missing`: whether a row without it can be predicted."""

    name: str
    is_number: bool
    proposal: str
    values: list[str] = field(default_factory=list)
    may_be_missing: bool = True
    is_text: bool = False


def input_columns(dataset: Dataset) -> list[InputColumn]:
    """Those of the form, in the order of the dataset."""
    proposals = _proposals(dataset)
    values = categories_of(dataset)
    raw = bool(dataset.profile.get("columns"))
    found = []
    for column, proposal in zip(known_columns(dataset), proposals, strict=False):
        name = column["name"]
        if column["type"] == ColumnType.NUMBER:
            text = "" if proposal is None else f"{proposal:.6g}"
            found.append(InputColumn(name, True, text, may_be_missing=raw))
        elif column["type"] == ColumnType.TEXT:
            found.append(InputColumn(name, False, _first_text(dataset, name), is_text=True))
        else:
            choices = values.get(name, [])
            place = -1 if proposal is None else int(proposal)
            usual = choices[place] if 0 <= place < len(choices) else ""
            found.append(InputColumn(name, False, usual, choices))
    return found


def _first_text(dataset: Dataset, name: str) -> str:
    """The first one, as far as the profile has it."""
    column = next(c for c in dataset.profile["columns"] if c["name"] == name)
    return next((text for text in column.get("head", []) if text), "")


def _proposals(dataset: Dataset) -> list[float | None]:
    """For each column the median of its numbers, or the most frequent of its codes."""
    # Datasets never change.
    name = f"proposals-{dataset.pk}-{dataset.folder}"
    found: list[float | None] | None = cache.get(name)
    if found is None:
        found = _computed(dataset)
        # Unless its files are still to come.
        if any(value is not None for value in found):
            cache.set(name, found, _CACHED_SECONDS)
    return found


def _computed(dataset: Dataset) -> list[float | None]:
    columns: list[dict[str, Any]] = known_columns(dataset)
    x = stored_inputs(dataset)
    if x is None or x.ndim != 2 or x.shape[1] < len(columns):
        return [None] * len(columns)
    sample = np.asarray(x[:: max(1, len(x) // _SAMPLED)])
    return [_usual(sample[:, place], c["type"]) for place, c in enumerate(columns)]


def _usual(cells: np.ndarray, kind: str) -> float | None:
    present = cells[~np.isnan(cells)]
    if not len(present):
        return None
    if kind not in (ColumnType.NUMBER, ColumnType.CATEGORY):
        return None
    if kind == ColumnType.NUMBER:
        # A value that occurs: of whole numbers a whole one.
        return float(np.quantile(present, 0.5, method="nearest"))
    if len(present) < len(cells) / 2:
        return None
    return float(np.bincount(present.astype(np.int64)).argmax())
