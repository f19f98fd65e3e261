"""Where searches looked: each hyperparameter's range in every search, what of it was tried, and
the value of the best trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min

from tuning.models import Search, TrialIndex
from tuning.models.trial_index import as_text
from tuning.spaces.hyperparameters import Hyperparameter, read_space

from .searches import best_cells, name_of

# Values of a list that are counted one by one.
MAX_VALUES = 60


def spaces_info(searches: Sequence[Search]) -> dict[str, Any]:
    """For each hyperparameter an entry of every search that has it.

    On an axis of numbers an entry has `low` and `high`, or `values`; else the axis has
    `categories`, all values of all searches. `tried` are the values that trials had, with their
    `counts`; of a range, the lowest and the highest.
    """
    read = [_read(search) for search in searches]
    names = dict.fromkeys(name for space in read for name in space)
    return {
        "hyperparameters": [
            _hyperparameter(
                name,
                [(place, searches[place], space[name]) for place, space in enumerate(read)
                 if name in space],
            )
            for name in names
        ]
    }  # fmt: skip


@dataclass(frozen=True)
class _Used:
    """`parameter` is None if nobody knows the search's space: an imported one."""

    parameter: Hyperparameter | None
    tried: list[Any]
    counts: list[int]
    best: Any

    @property
    def listed(self) -> tuple[Any, ...] | None:
        return self.parameter.listed if self.parameter else None

    @property
    def is_numeric(self) -> bool:
        return all(map(_is_number, (*(self.listed or ()), *self.tried)))


def _hyperparameter(name: str, used: list[tuple[int, Search, _Used]]) -> dict[str, Any]:
    numeric = all(each.is_numeric for _, _, each in used)
    return {
        "name": name,
        "numeric": numeric,
        # In steps of ten where any search took it so; zero and less have no place there.
        "log": numeric and any(_is_log(each) for _, _, each in used)
        and all(value > 0 for _, _, each in used for value in _ends(each)),
        "categories": [] if numeric else _categories(used),
        "searches": [
            {"search": place, "name": name_of(search), **_entry(each, numeric)}
            for place, search, each in used
        ],
    }  # fmt: skip


def _entry(used: _Used, numeric: bool) -> dict[str, Any]:
    shown = (lambda value: value) if numeric else _text
    parameter, listed = used.parameter, used.listed
    spans = numeric and parameter is not None and listed is None
    return {
        "text": parameter.range_text if parameter else "not known",
        "low": parameter.config["min_value"] if spans and parameter else None,
        "high": parameter.config["max_value"] if spans and parameter else None,
        "values": [shown(value) for value in listed or ()],
        "tried": [shown(value) for value in used.tried],
        "counts": used.counts,
        "best": None if used.best is None else shown(used.best),
    }


def _categories(used: list[tuple[int, Search, _Used]]) -> list[str]:
    every = (value for _, _, each in used for value in (*(each.listed or ()), *each.tried))
    return list(dict.fromkeys(map(_text, every)))


def _ends(used: _Used) -> list[Any]:
    own = used.parameter
    spans = own is not None and own.listed is None
    ends = [own.config["min_value"], own.config["max_value"]] if own and spans else []
    return [*ends, *(used.listed or ()), *used.tried]


def _is_log(used: _Used) -> bool:
    return used.parameter is not None and used.parameter.sampling != "linear"


def _read(search: Search) -> dict[str, _Used]:
    parameters: dict[str, Hyperparameter | None] = {
        parameter.name: parameter for parameter in read_space(search.space)
    }
    for key in search.index_columns:
        prefix, _, name = key.partition(":")
        if prefix == "hp":
            parameters.setdefault(name, None)
    best = best_cells(search)
    ranges = _ranges(search, parameters)
    return {
        name: _Used(parameter, *_tried(search, name, parameter, ranges), _of(best, search, name))
        for name, parameter in parameters.items()
    }


def _ranges(search: Search, parameters: dict[str, Hyperparameter | None]) -> dict[str, list[Any]]:
    """The lowest and the highest value of every range, in one pass over the trials."""
    slots = {
        name: search.index_columns[f"hp:{name}"]
        for name, parameter in parameters.items()
        if (parameter is None or parameter.listed is None)
        and search.index_columns.get(f"hp:{name}", "").startswith("n")
    }
    ends = {f"{end.__name__}_{slot}": end(slot) for slot in slots.values() for end in (Min, Max)}
    found = TrialIndex.objects.filter(search=search).aggregate(**ends) if ends else {}
    return {
        name: [found[f"Min_{slot}"], found[f"Max_{slot}"]]
        for name, slot in slots.items()
        if found[f"Min_{slot}"] is not None
    }


def _tried(
    search: Search, name: str, parameter: Hyperparameter | None, ranges: dict[str, list[Any]]
) -> tuple[list[Any], list[int]]:
    """Values and their counts; of a range its ends, without counts."""
    slot = search.index_columns.get(f"hp:{name}")
    if name in ranges or slot is None or (parameter and parameter.listed is None):
        return ranges.get(name, []), []
    rows = TrialIndex.objects.filter(search=search, **{f"{slot}__isnull": False}).order_by()
    counted = list(rows.values_list(slot).annotate(count=Count("pk")).order_by(slot)[:MAX_VALUES])
    return [value for value, _ in counted], [count for _, count in counted]


def _of(cells: TrialIndex | None, search: Search, name: str) -> Any:
    slot = search.index_columns.get(f"hp:{name}")
    return getattr(cells, slot) if cells and slot else None


def _text(value: Any) -> str:
    """The index holds whole numbers as floats, which a list of values does not."""
    return as_text(int(value) if isinstance(value, float) and value.is_integer() else value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
