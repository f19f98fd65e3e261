"""The selected trials with their exact values, read in batches."""

import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import Value
from django.db.models.functions import Coalesce, NullIf

from tuning.analysis.trials.columns import Column
from tuning.analysis.trials.selection import Selection
from tuning.models import Tag, TrialIndex

# Few enough for the parameters of one statement on every database.
BATCH = 500

# What a trial that is still active tells as well, where the trial index waits for its end.
OF_TRIAL: dict[str, Any] = {
    "status": "trial__status", "epochs": "trial__epochs_done", "parameters": "trial__parameters",
    "memory": "trial__peak_memory", "gpu_memory": "trial__peak_gpu_memory",
    "gpu_use": "trial__gpu_use",
    "worker": Coalesce("trial__worker__name", NullIf("trial__script", Value(""))),
}  # fmt: skip

Row = list[Any]


class Rows:
    """Which trials they are, and their order, is settled when an export begins; their values are
    read as it goes on. Between two batches nothing is open: a person's slow download holds no
    transaction, in which SQLite's log would grow and PostgreSQL could not clean up.

    Values are int, float (finite), bool, str, a list of str for tags, or None for what a trial does
    not have. They come from the trial itself, since the index has floats and shortened texts.
    """

    def __init__(self, selection: Selection, columns: Sequence[Column] | None = None) -> None:
        self.selection = selection
        self.columns = list(columns or selection.shown)
        trials = selection.ordered().values_list("pk", flat=True)
        self._trials = array("q", trials.iterator(chunk_size=10_000))

    def __len__(self) -> int:
        return len(self._trials)

    @property
    def names(self) -> list[str]:
        """The columns as addresses call them: other names may be those of two columns."""
        return [tidy(column.key) for column in self.columns]

    def by_search(self) -> list[tuple[int, int]]:
        """Search and trial of each, by their numbers."""
        found: list[tuple[int, int, int]] = []
        for start in range(0, len(self), BATCH):
            rows = TrialIndex.objects.filter(pk__in=self._trials[start : start + BATCH])
            found += rows.values_list("search_id", "number", "pk")
        return [(search, trial) for search, _, trial in sorted(found)]

    def batches(self, columns: Sequence[Column] | None = None) -> Iterator[list[Row]]:
        batch = _Batch(columns or self.columns)
        for start in range(0, len(self), BATCH):
            yield batch.read(self._trials[start : start + BATCH])


class _Batch:
    """How a trial's row is made for these columns."""

    def __init__(self, columns: Sequence[Column]) -> None:
        parts = sorted({column.part[0] for column in columns if column.part})
        plain = [column for column in columns if not column.part and column.kind != "tags"]
        own = [OF_TRIAL.get(column.key) or column.source or column.field for column in plain]
        self.fields = ["pk", *(f"trial__{part}" for part in parts), *own]
        self.tagged = any(column.kind == "tags" for column in columns)
        places = {column.key: 1 + len(parts) + i for i, column in enumerate(plain)}
        places |= {column.key: 1 + parts.index(column.part[0]) for column in columns if column.part}
        self.readers = [_reader(column, places.get(column.key, -1)) for column in columns]

    def read(self, trials: Sequence[int]) -> list[Row]:
        """In this order; a trial that was deleted meanwhile is left out."""
        found = TrialIndex.objects.filter(pk__in=trials).values_list(*self.fields)
        records = {record[0]: record for record in found}
        tags = self._tags(trials)
        present = ((*records[pk], tags.get(pk)) for pk in trials if pk in records)
        return [[reader(record) for reader in self.readers] for record in present]

    def _tags(self, trials: Sequence[int]) -> dict[int, list[str]]:
        tags: dict[int, list[str]] = {}
        if self.tagged:
            found = Tag.objects.filter(trial__in=trials).values_list("trial_id", "name")
            for trial, name in found.order_by("name"):
                tags.setdefault(trial, []).append(tidy(name))
        return tags


def _reader(column: Column, place: int) -> Callable[[tuple[Any, ...]], Any]:
    if column.kind == "tags":
        return lambda record: record[-1] or []
    if column.part is None:
        return lambda record: _value(record[place])
    name = column.part[1]
    return lambda record: _value(record[place].get(name))


def _value(value: Any) -> Any:
    """Empty for what is missing, which is no text of no letters and no NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or value == "" or isinstance(value, bool | int):
        return None if value == "" else value
    return tidy(str(value))


def tidy(text: str) -> str:
    """Half a pair of surrogates, which JSON can hold, is no character of any file."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
