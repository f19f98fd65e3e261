"""The kinds of data that models learn from, and their traits: one row each, which everything else
reads.

A dataset's profile tells its kind (`kind_of_rows`). Readers make the rows (`runner/datasets/`), the
traits say how pages show them and which templates take them. What may be predicted from rows is
another table: `protocol/tasks.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .tasks import Task


class DataKind(StrEnum):
    """TABLE: a row of columns. TEXT: the same with columns of text, alone or beside others.
    IMAGE: (height, width, channels). SEQUENCE: (steps, features). WINDOWS: the same, cut from the
    rows of a table."""

    IMAGE = "image"
    TABLE = "table"
    TEXT = "text"
    SEQUENCE = "sequence"
    WINDOWS = "windows"

    @property
    def traits(self) -> "DataTraits":
        return DATA_KINDS[self]


class Display(StrEnum):
    """What pages show of a row."""

    PICTURE = "picture"
    CELLS = "cells"
    STEPS = "steps"
    NOTHING = "nothing"


@dataclass(frozen=True)
class DataTraits:
    """
    name: what the profile calls it.
    caption: what pages call it.
    row, rows: nouns for one of its rows and for many.
    contents, plural: what a dataset contains, and what several contain, in a sentence.
    templates: the kind for which templates are made that take such rows. Database rows have it as
        their kind.
    display: what pages show of a row.
    axes: how many sizes describe a row's shape; None: all of them.
    flattened: scikit-learn gets all numbers of a row one after the other.
    permutable: a row has named columns, so that each may be shuffled to see what a model uses.
    tasks: what may be predicted from such rows.
    """

    name: DataKind
    caption: str
    row: str
    rows: str
    contents: str
    plural: str
    templates: DataKind
    display: Display
    axes: int | None = None
    flattened: bool = True
    permutable: bool = False
    tasks: tuple[Task, ...] = tuple(Task)

    @property
    def reconstructable(self) -> bool:
        """Whether a model may have its input as its target."""
        return any(task.traits.reconstructs for task in self.tasks)


DATA_KINDS = {
    traits.name: traits
    for traits in (
        DataTraits(
            DataKind.IMAGE, "Images", "image", "images", "images", "images", DataKind.IMAGE,
            Display.PICTURE,
        ),
        DataTraits(
            DataKind.TABLE, "Table", "row", "rows", "a table", "tables", DataKind.TABLE,
            Display.CELLS, flattened=False, permutable=True,
        ),
        DataTraits(
            DataKind.TEXT, "Text", "row", "rows", "texts", "texts", DataKind.TEXT,
            Display.CELLS, flattened=False, permutable=True,
            tasks=(Task.CLASSIFICATION, Task.REGRESSION, Task.MULTI_LABEL),
        ),
        DataTraits(
            DataKind.SEQUENCE, "Sequences", "sequence", "sequences", "sequences", "sequences",
            DataKind.SEQUENCE, Display.NOTHING, axes=2,
        ),
        DataTraits(
            DataKind.WINDOWS, "Windows of a time series", "window", "windows", "time series",
            "time series", DataKind.SEQUENCE, Display.STEPS, axes=2, flattened=False,
            permutable=True, tasks=(Task.CLASSIFICATION, Task.REGRESSION),
        ),
    )
}  # fmt: skip

# The kinds that a template may be made for.
TEMPLATE_KINDS = {
    traits.name: traits.caption for traits in DATA_KINDS.values() if traits.templates == traits.name
}


def kind_of_rows(profile: Mapping[str, Any], kind: str = "") -> DataKind:
    """The kind of the rows of a prepared dataset; `kind` is used before it is prepared. Raises
    ValueError if neither says it."""
    # They were stored as grey images before templates were made for sequences.
    if profile.get("sequences"):
        return DataKind.SEQUENCE
    if profile.get("windows"):
        return DataKind.WINDOWS
    return DataKind(kind or profile.get("kind", ""))


def kind_choices() -> list[tuple[str, str]]:
    """For a database field, whose migrations then need not know every kind."""
    return [(str(name), caption) for name, caption in TEMPLATE_KINDS.items()]


def template_kinds_text(kinds: list[str]) -> str:
    """ "images and tables": what a template is made for."""
    return " and ".join(DataKind(kind).traits.plural for kind in kinds if kind in TEMPLATE_KINDS)
