"""A project's arrays, divided into train, validation and test rows. Needs only numpy."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tuning.protocol.orders import ProjectOrder, Split
from tuning.splits import split_rows

from .failures import MissingFile
from .preprocessing import Preprocessing

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Dataset:
    """A prepared dataset: x and y stay on disk (memory-mapped) until rows are taken. `facts` are
    those of the rows as templates get them."""

    x: np.ndarray
    y: np.ndarray
    facts: dict[str, Any]
    split: Split
    # For each row, the part that the data bring; None to divide them by fractions.
    given: np.ndarray | None = None
    # Of tables with raw columns: what was learned from the training rows.
    preprocessing: Preprocessing | None = None

    def rows(self, *parts: str) -> Arrays:
        """Copies of the rows of one or more of "train", "validation" and "test", as networks get
        them."""
        x, y = self.raw(*parts)
        return (self.preprocessing.apply(x) if self.preprocessing else x), y

    def raw(self, *parts: str) -> Arrays:
        """The same as they are stored: gaps and codes of categories in tables that have them."""
        indices = split_rows(self.y, self.split, self.given)
        chosen = np.concatenate([indices[part] for part in parts])
        return np.asarray(self.x[chosen]), np.asarray(self.y[chosen])


def load_dataset(project: ProjectOrder) -> Dataset:
    """The dataset in the project's folder. Raises MissingFile."""
    folder = Path(project.dataset_folder)
    try:
        # No objects: an array file must not be able to run code.
        x = np.load(folder / "x.npy", mmap_mode="r", allow_pickle=False)
        y = np.load(folder / "y.npy", mmap_mode="r", allow_pickle=False)
        given = np.load(folder / "parts.npy", allow_pickle=False) if project.split.given else None
        facts = json.loads((folder / "meta.json").read_text("utf-8"))
    except FileNotFoundError as error:
        name = Path(error.filename).name
        raise MissingFile(f"The dataset's file {name} is not there any more.") from error
    dataset = Dataset(x, y, facts, project.split, given)
    columns = facts.get("columns")
    if not columns:
        return dataset
    preprocessing = Preprocessing.learn(dataset.raw("train")[0], columns)
    return replace(dataset, facts=facts | preprocessing.facts, preprocessing=preprocessing)
