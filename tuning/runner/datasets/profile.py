"""The facts about a dataset that pages show and templates ask for."""

from typing import Any

import numpy as np

from tuning.protocol.catalogue import CatalogueEntry
from tuning.protocol.data_kinds import DataKind, Display
from tuning.protocol.tasks import Task, TaskTraits
from tuning.runner.inputs.windows import SeriesWindows

from .sources import Source

_HEAD_ROWS = 5
# Of the first rows; wider tables are cut there, with an ellipsis before the target.
_HEAD_COLUMNS = 40
_BINS = 20
# Of several targets: those that are drawn, and those whose values are in the first rows.
_HISTOGRAMS = 12
_HEAD_TARGETS = 10
# Of what pages show. meta.json has all of it.
_PAGE_COLUMNS = 1_000
_PAGE_VALUES = 12
_PAGE_LETTERS = 40


def profile_of(
    entry: CatalogueEntry, source: Source, columns: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Shapes, ranges, class balance and first rows, as JSON values only. `columns` describe those
    of an uploaded table."""
    x, y = source.x, source.y
    # Windows of several series are copies of their rows.
    low, high = _range(x.steps if isinstance(x, SeriesWindows) else x)
    profile: dict[str, Any] = {
        "key": entry.key,
        "kind": entry.kind,
        "task": entry.task,
        "rows": len(x),
        "input_shape": list(x.shape[1:]),
        "dtype": str(x.dtype),
        "min_value": low,
        "max_value": high,
        "target_name": source.target_name,
        "source": source.origin,
        "citation": source.citation,
        "load_snippet": source.load_snippet,
    }
    task = Task(entry.task).traits
    if task.reconstructs:
        del profile["target_name"]
        profile |= {"num_classes": None}
    elif task.has_classes:
        profile |= {
            "num_classes": len(source.class_names),
            "class_names": source.class_names,
            "class_counts": np.bincount(y, minlength=len(source.class_names)).tolist(),
        }
    elif task.has_labels:
        counts = y.sum(axis=0, dtype=np.int64).tolist()
        profile |= {
            "num_classes": None, "target_names": source.target_names, "label_counts": counts,
        }  # fmt: skip
    elif source.target_names:
        shown = zip(source.target_names[:_HISTOGRAMS], y.T, strict=False)
        histograms = [{"name": name, **_histogram(column)} for name, column in shown]
        profile |= {
            "num_classes": None, "target_names": source.target_names,
            "target_histograms": histograms,
        }  # fmt: skip
    else:
        profile |= {"num_classes": None, "target_histogram": _histogram(y)}
    if DataKind(entry.kind).traits.display == Display.CELLS:
        profile |= _first_rows(source, columns or [], task)
    if columns:
        profile |= {"columns": columns, "column_count": len(columns)}
    return profile


def _histogram(y: np.ndarray) -> dict[str, Any]:
    counts, edges = np.histogram(y, bins=_BINS)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def for_pages(profile: dict[str, Any]) -> dict[str, Any]:
    """The profile without what only preprocessing needs: thousands of columns, each with hundreds
    of categories, would be read from the database with every list of datasets."""
    if "columns" not in profile:
        return profile
    columns = profile["columns"][:_PAGE_COLUMNS]
    return {**profile, "columns": [_most_frequent(column) for column in columns]}


def _most_frequent(column: dict[str, Any]) -> dict[str, Any]:
    if "values" not in column:
        return column
    pairs = list(zip(column["values"], column["counts"], strict=True))
    top = sorted(pairs, key=lambda pair: -pair[1])[:_PAGE_VALUES]
    return {
        **column,
        "values": [value[:_PAGE_LETTERS] for value, _ in top],
        "counts": [count for _, count in top],
        "different": len(pairs),
    }


def _range(x: np.ndarray) -> tuple[float, float]:
    """Gaps do not count."""
    if x.dtype.kind != "f":
        return float(x.min()), float(x.max())
    return float(np.fmin.reduce(x, axis=None)), float(np.fmax.reduce(x, axis=None))


def _first_rows(source: Source, columns: list[dict[str, Any]], task: TaskTraits) -> dict[str, Any]:
    """Names, and the first rows; each with its targets as the last cells: one with the class or the
    labels, one for each number, or none."""
    names = source.feature_names
    cut = len(names) > _HEAD_COLUMNS
    gap = ["…"] if cut else []
    values = [column.get("values") or column.get("head") for column in columns] or [None] * len(
        names
    )
    facts = {
        "feature_names": names,
        "head": [
            [
                *map(_cell, row[:_HEAD_COLUMNS], values[:_HEAD_COLUMNS]),
                *gap,
                *_targets(source, value, task),
            ]
            for row, value in zip(source.x[:_HEAD_ROWS], source.y[:_HEAD_ROWS], strict=True)
        ],
    }
    if cut:
        facts["head_names"] = [*names[:_HEAD_COLUMNS], *gap]
    if len(source.target_names) > 1 and not task.has_labels:
        facts["head_targets"] = source.target_names[:_HEAD_TARGETS]
    return facts


def _cell(value: np.floating, categories: list[str] | None) -> float | str | None:
    if np.isnan(value):
        return None
    return categories[int(value)] if categories else _short(value)


def _short(value: np.floating) -> float:
    """A float32 as the shortest number that means it: 5.1, not 5.099999904632568."""
    return float(str(value))


def _targets(source: Source, value: Any, task: TaskTraits) -> list[Any]:
    if task.reconstructs:
        return []
    if task.has_labels:
        return [", ".join(np.array(source.target_names, dtype=object)[value == 1])]
    if source.target_names:
        return [_short(number) for number in value[:_HEAD_TARGETS]]
    return [source.class_names[int(value)] if source.class_names else _short(value)]
