"""Columns of the selected trials as plain lists: for plots, exports and refinements."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F

from tuning.models import Trial

from .columns import Column
from .selection import Selection, named


def frame_of(
    selection: Selection,
    keys: Sequence[str],
    order: bool = False,
    limit: int | None = None,
    every: int = 1,
) -> dict[str, list[Any]]:
    """A list for each key, and "pk" of the trials, by number; with `order` as the table has them.
    `every` 10 leaves one trial of ten.

    Numbers are floats, or ints where all values of the column are whole; other values are texts,
    Booleans of hyperparameters are Booleans. None where a trial has no value. Unknown keys raise
    KeyError; tags and stars are no columns of figures, see tuning.analysis.notes.
    """
    columns = [selection.columns[key] for key in keys]
    rows = (
        selection.ordered() if order else selection.index_rows().order_by(*selection.number_order)
    )
    if every > 1:
        rows = rows.alias(place=F("number") % every).filter(place=0)
    rows, fields = named(rows, columns)
    sources = {fields[c.key]: c.source for c in columns if c.source is not None}
    names = ["trial_id", *(fields[column.key] for column in columns)]
    table = rows.annotate(**sources).values_list(*names)
    lists = [list(values) for values in zip(*table[:limit], strict=True)] or [[] for _ in names]
    frame = {"pk": lists[0]}
    for column, values in zip(columns, lists[1:], strict=True):
        frame[column.key] = _typed(column, values)
    if "status" in frame:
        _tell_active(selection, frame)
    return frame


def _typed(column: Column, values: list[Any]) -> list[Any]:
    parameter = column.parameter
    if column.is_number and _is_whole(column):
        return [None if value is None else int(value) for value in values]
    if parameter is not None and _is_flag(column):
        return [None if value is None else value in ("true", True) for value in values]
    return values


def _is_whole(column: Column) -> bool:
    parameter = column.parameter
    if parameter is None:
        return column.is_whole
    if parameter.listed is not None:
        return all(isinstance(value, int) for value in parameter.listed)
    return parameter.kind == "Int"


def _is_flag(column: Column) -> bool:
    listed = column.parameter.listed if column.parameter else None
    return listed is not None and all(isinstance(value, bool) for value in listed)


def _tell_active(selection: Selection, frame: dict[str, list[Any]]) -> None:
    """What active trials do is in their own rows only."""
    active = dict(selection.scope.trials().active().values_list("pk", "status"))
    frame["status"] = [
        status or active.get(pk) or _ended_meanwhile(pk)
        for pk, status in zip(frame["pk"], frame["status"], strict=True)
    ]


def _ended_meanwhile(pk: int) -> str | None:
    return Trial.objects.filter(pk=pk).values_list("status", flat=True).first()
