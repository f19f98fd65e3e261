"""One page of a trial table, as texts: what is in each cell and what it exactly is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tuning import figures
from tuning.analysis.front import front_of
from tuning.analysis.notes import Marks, marks_of
from tuning.models import Trial
from tuning.protocol.statuses import Status

from .columns import BYTES, HYPERPARAMETERS, NOTES, ON_FRONT, SECONDS, SHARE, Column
from .families import spans
from .selection import Selection
from .shades import Ends, ends_of, shades_of, spread_widely

PAGE_SIZE = 100
# What one line of a table can hold; all of it is in the title.
MAX_TEXT_LENGTH = 60
# Everything that a column can show of a trial; no texts of its own page.
FIELDS = (
    "number", "status", "score", "values", "metrics", "last_metrics", "epochs_done", "started_at",
    "finished_at", "earlier_seconds", "worker__name", "script", "parameters", "peak_memory",
    "peak_gpu_memory", "gpu_use", "failure_code", "is_baseline", "not_finite", "measures", "pinned",
)  # fmt: skip


class Cell(NamedTuple):
    """`title` is the exact value, empty if the text has it already."""

    text: str
    title: str = ""
    shade: str = ""


class Row(NamedTuple):
    trial: Trial
    cells: list[Cell]
    marks: Marks


class ColourBar(NamedTuple):
    """What the colours of a column's cells go from and to, as its cells write it."""

    label: str
    start: str
    end: str


@dataclass(frozen=True)
class Pages:
    """Where in the selected trials this page is. `first` and `last` count from 1."""

    number: int
    count: int
    total: int

    @property
    def first(self) -> int:
        return min((self.number - 1) * PAGE_SIZE + 1, self.total)

    @property
    def last(self) -> int:
        return min(self.number * PAGE_SIZE, self.total)

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.count else None


@dataclass(frozen=True)
class Table:
    """`spans` are titles over neighbouring columns; the first `frozen` stay while others move."""

    columns: list[Column]
    frozen: int
    spans: list[tuple[str, int, int]]
    rows: list[Row]
    pages: Pages
    best_pk: int | None
    front: set[int] = field(default_factory=set)
    bars: list[ColourBar] = field(default_factory=list)


def table_of(selection: Selection) -> Table:
    """At most eight queries, however many trials and columns there are. A page beyond the last is
    the last."""
    count = -(-selection.count // PAGE_SIZE) or 1
    pages = Pages(min(selection.page, count), count, selection.count)
    scope = selection.scope
    columns = selection.shown
    # The trial's number never moves away: what a row is about stays in sight.
    frozen = max(1, min(selection.frozen, len(columns)))
    best, front = scope.best_trial(), scope.front
    ends = ends_of(selection)
    rows = _rows(selection, columns, pages, ends)
    bars = [_bar(selection.columns[key], *pair) for key, pair in ends.items()]
    return Table(columns, frozen, spans(columns, frozen), rows, pages, best, front, bars)


def _bar(column: Column, low: float, high: float) -> ColourBar:
    texts = [cell_of(column, value).text for value in (low, high)]
    start, end = reversed(texts) if column.better == "min" else texts
    label = f"{column.label} (log scale)" if spread_widely(column, low, high) else column.label
    return ColourBar(label, start, f"{end} (best)" if column.better else end)


def _rows(selection: Selection, columns: list[Column], pages: Pages, ends: Ends) -> list[Row]:
    trials = _trials(selection, pages)
    shades = shades_of(selection, ends)
    front = selection.scope.front
    noted = any(column.group == NOTES for column in columns)
    marks = marks_of(selection.user, [trial.pk for trial in trials]) if noted else {}
    rows = []
    for trial in trials:
        mark = marks.get(trial.pk) or Marks()
        cells = []
        for column in columns:
            if column.key == "front":
                value = ON_FRONT if trial.pk in front else None
            else:
                value = value_of(column, trial, mark)
            cell = cell_of(column, value)
            if column.key in shades:
                cell = cell._replace(shade=shades[column.key](value))
            if column.key == "score" and trial.status == Status.PRUNED:
                cell = _last_value(trial, selection.search.objective)
            if column.key == "score" and trial.status == Status.INFEASIBLE:
                cell = _infeasible_value(trial, selection.search.objective)
            cells.append(cell)
        rows.append(Row(trial, cells, mark))
    return rows


def _trials(selection: Selection, pages: Pages) -> list[Trial]:
    start = (pages.number - 1) * PAGE_SIZE
    ordered = selection.ordered().values_list("trial_id", flat=True)
    keys = list(ordered[start : start + PAGE_SIZE])
    found = Trial.objects.select_related("worker").only("search", *FIELDS).in_bulk(keys)
    for trial in found.values():
        trial.search = selection.scope.by_key[trial.search_id]
    # One that was deleted between the two queries is gone.
    return [found[key] for key in keys if key in found]


def value_of(column: Column, trial: Trial, marks: Marks) -> Any:
    """The trial's own, exact value; what is still going on is told as far as it goes."""
    if column.part is not None:
        field, name = column.part
        return getattr(trial, field).get(name)
    if column.group == NOTES:
        return _OF_MARKS[column.key](marks)
    return _OF_TRIAL[column.key](trial)


def cell_of(column: Column, value: Any) -> Cell:
    if value is None or value == "":
        return Cell("")
    text = _text(column, value)
    exact = figures.exact(value)
    if column.kind == "text" and len(text) > MAX_TEXT_LENGTH:
        text = text[: MAX_TEXT_LENGTH - 1] + "…"
    return Cell(text, "" if exact == text else exact)


def _last_value(trial: Trial, objective: str) -> Cell:
    """In place of the score that a pruned trial does not have."""
    value = trial.last_metrics.get(objective)
    if value is None:
        return Cell("")
    title = f"Last value before pruning: {figures.exact(value)}"
    return Cell(figures.figure(value), title, "pruned-value")


def _infeasible_value(trial: Trial, objective: str) -> Cell:
    """In place of the score that an infeasible trial does not have."""
    value = trial.metrics.get(objective)
    if value is None:
        return Cell("")
    title = f"Infeasible: {figures.exact(value)} is not a score"
    return Cell(figures.figure(value), title, "pruned-value")


def _text(column: Column, value: Any) -> str:
    if column.group == HYPERPARAMETERS:
        return figures.setting(value)
    if column.unit in _OF_UNIT:
        return _OF_UNIT[column.unit](value)
    if column.is_number:
        return figures.figure(value)
    return str(value)


def _seconds(trial: Trial) -> float | None:
    ended = trial.duration if trial.finished_at else None
    return ended.total_seconds() if ended is not None else None


_OF_UNIT: dict[str, Callable[[Any], str]] = {
    SECONDS: figures.duration, BYTES: figures.size, SHARE: lambda share: f"{share:.0%}",
}  # fmt: skip
_OF_TRIAL: dict[str, Any] = {
    "number": lambda trial: trial.number,
    "front": lambda trial: ON_FRONT if trial.pk in front_of(trial.search).keys else None,
    "search": lambda trial: trial.search.number,
    "status": lambda trial: Status(trial.status).caption,
    "score": lambda trial: trial.score,
    "epochs": lambda trial: trial.epochs_done,
    "seconds": _seconds,
    "parameters": lambda trial: trial.parameters,
    "memory": lambda trial: trial.peak_memory,
    "gpu_memory": lambda trial: trial.peak_gpu_memory,
    "gpu_use": lambda trial: trial.gpu_use,
    "worker": lambda trial: trial.trained_by or None,
    "failure": lambda trial: trial.failure.caption if trial.failure else None,
    "not_finite": lambda trial: ", ".join(trial.not_finite),
}
_OF_MARKS: dict[str, Any] = {
    "tags": lambda marks: ", ".join(marks.tags),
    "stars": lambda marks: marks.stars or None,
    "comments": lambda marks: marks.comments or None,
}
