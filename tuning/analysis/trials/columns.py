"""The columns of a search's trial table, and where the database finds each of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce, NullIf

from tuning.analysis.front import front_of
from tuning.models import Comment, Search, Star
from tuning.protocol.measured import MEASURED
from tuning.spaces.combinations import in_use
from tuning.spaces.hyperparameters import Hyperparameter, read_space

TRIAL, HYPERPARAMETERS, METRICS, LAST, NOTES = (
    "trial", "hyperparameters", "metrics", "last values", "notes",
)  # fmt: skip
# What numbers of a column are, apart from those that only templates know. A share is from 0 to 1.
COUNT, BYTES, SECONDS, SHARE = "count", "bytes", "seconds", "share"
PARTS = {"hp": "values", "metric": "metrics", "last": "last_metrics", "measure": "measures"}
# The value of the column "front", of a search with several objectives.
ON_FRONT = "on the front"


@dataclass(frozen=True)
class Column:
    """`key` is what addresses call it, `kind` what its cells hold: number, text, status, stars or
    tags. `field` is where the trial index has it, unless `source` says how to find it. `better` is
    "max" or "min" if there is a better and a worse; `log` columns are spread over orders of
    magnitude; `unit`: what its numbers are, if that is the same in every search."""

    key: str
    label: str
    group: str
    kind: str = "number"
    field: str = ""
    source: Any = None
    better: str = ""
    log: bool = False
    shown: bool = True
    parameter: Hyperparameter | None = None
    unit: str = ""

    @property
    def unit_text(self) -> str:
        """What a person who enters a limit has to know: beside the fields of a filter."""
        return {BYTES: "bytes", SECONDS: "seconds", SHARE: "share, 0 to 1"}.get(self.unit, "")

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are whole in every search."""
        return self.unit in (COUNT, BYTES)

    @property
    def is_number(self) -> bool:
        return self.kind == "number"

    @property
    def part(self) -> tuple[str, str] | None:
        """The trial's JSON field and the key in it that hold this column's exact values."""
        prefix, _, name = self.key.partition(":")
        return (PARTS[prefix], name) if prefix in PARTS and name else None


class Columns:
    """All columns of a search, in the order in which the table has them by itself."""

    def __init__(self, columns: list[Column]) -> None:
        self._by_key = {column.key: column for column in columns}

    def __iter__(self) -> Iterator[Column]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: str) -> Column | None:
        return self._by_key.get(key)

    def __getitem__(self, key: str) -> Column:
        return self._by_key[key]

    def of(self, *groups: str) -> list[Column]:
        return [column for column in self if column.group in groups]

    @property
    def shown(self) -> list[Column]:
        """What the table shows unless its address says otherwise."""
        return [column for column in self if column.shown]


def columns_of(search: Search) -> Columns:
    spread, numbers = _spread_and_others(search)
    resources = _resources(search)
    return Columns(
        [
            Column("number", "Trial", TRIAL, field="number", unit=COUNT),
            Column("status", "Status", TRIAL, "status", "status"),
            Column("score", search.score_name, TRIAL, field="score", better=search.direction),
            *spread,
            *_front(search),
            # What trials are judged by is beside the score.
            *(column for column in resources if column.shown),
            *_measures(search),
            *_hyperparameters(search),
            *numbers,
            Column("epochs", search.kind.units.capitalize(), TRIAL, field="epochs", unit=COUNT),
            Column("seconds", "Duration", TRIAL, field="seconds", better="min", unit=SECONDS),
            *(column for column in resources if not column.shown),
            Column("worker", "Worker", TRIAL, "text", "worker"),
            Column("failure", "Failure", TRIAL, "text", "failure", shown=False),
            Column("not_finite", "NaN or infinite", TRIAL, "text", "not_finite", shown=False),
            Column("tags", "Tags", NOTES, "tags"),
            Column("stars", "Stars", NOTES, "stars", source=_count(Star), unit=COUNT),
            Column("comments", "Comments", NOTES, source=_count(Comment), shown=False, unit=COUNT),
        ]
    )


def _spread_and_others(search: Search) -> tuple[list[Column], list[Column]]:
    """How far the scores of folds are apart, beside their mean, and the other metrics."""
    numbers, key = _numbers(search), f"metric:{search.objective}_std"
    if not search.has_folds:
        return [], numbers
    spread = [replace(column, group=TRIAL) for column in numbers if column.key == key]
    return spread, [column for column in numbers if column.key != key]


def _hyperparameters(search: Search) -> list[Column]:
    """Those that vary, in the template's order, then those of which only trials tell."""
    space = read_space(search.space)
    named: dict[str, list[Hyperparameter]] = {}
    for parameter, is_used in zip(space, in_use(space), strict=True):
        if is_used and parameter.kind != "Fixed":
            named.setdefault(parameter.name, []).append(parameter)
    fixed = {parameter.name for parameter in space} - set(named)
    columns = []
    for name, parameters in named.items():
        is_number = all(_is_number(parameter) for parameter in parameters)
        log = any(parameter.sampling != "linear" for parameter in parameters)
        columns.append(_of_trial(search, f"hp:{name}", is_number, log, parameters[0]))
    for key, slot in search.index_columns.items():
        name = key.removeprefix("hp:")
        if key.startswith("hp:") and name not in named and name not in fixed:
            columns.append(_of_trial(search, key, slot.startswith("n"), False, None))
    return columns


def _of_trial(
    search: Search, key: str, is_number: bool, log: bool, parameter: Hyperparameter | None
) -> Column:
    slot = search.index_columns.get(key, "")
    if slot:
        is_number = slot.startswith("n")
    kind = "number" if is_number else "text"
    name = key.partition(":")[2]
    return Column(
        key, name, HYPERPARAMETERS, kind, slot, source_of(slot, key, kind), log=log,
        parameter=parameter,
    )  # fmt: skip


def _numbers(search: Search) -> list[Column]:
    """Metrics: validation first, as people look at those; training metrics that have a validation
    metric beside them are hidden, and so is the objective, which is the score."""
    known = [key for key in search.index_columns if key.startswith("metric:")]
    reported = [key.removeprefix("metric:") for key in known]
    declared = search.inspection.metrics if search.runs_here else []
    names = sorted(
        {*reported, *declared} or {search.objective},
        key=lambda name: (not name.startswith("val_"), name),
    )
    best = [_metric(search, "metric", name, METRICS, names) for name in names]
    last = [_metric(search, "last", name, LAST, names) for name in names]
    return best + last


def _metric(search: Search, prefix: str, name: str, group: str, names: list[str]) -> Column:
    key = f"{prefix}:{name}"
    slot = search.index_columns.get(key, "")
    better = search.direction_of(name)
    judged = name in search.judged_by or f"val_{name}" not in names
    shown = group == METRICS and name != search.objective and judged
    label = name if group == METRICS else f"last {name}"
    return Column(
        key, label, group, field=slot, source=source_of(slot, key), better=better, shown=shown
    )


def _resources(search: Search) -> list[Column]:
    """Shown only where trials are judged by them."""
    rows = [
        ("parameters", "Parameters", "parameters", "min", COUNT),
        ("memory", "Peak memory", "peak_memory", "min", BYTES),
    ]
    if search.may_use_gpu:
        rows.append(("gpu_memory", "Peak GPU memory", "peak_gpu_memory", "min", BYTES))
        rows.append(("gpu_use", "GPU use", "gpu_use", "max", SHARE))
    judged = search.judged_by
    return [
        Column(key, label, TRIAL, field=key, better=better, shown=name in judged, unit=unit)
        for key, label, name, better, unit in rows
    ]


def _measures(search: Search) -> list[Column]:
    """What the search asks to measure, apart from what has a column of its own."""
    asked = [MEASURED[name] for name in search.judged_by if name in MEASURED]
    keys = {row.name: f"measure:{row.name}" for row in asked if not row.column}
    slots = {name: search.index_columns.get(key, "") for name, key in keys.items()}
    return [
        Column(
            key, MEASURED[name].label, TRIAL, field=slots[name],
            source=source_of(slots[name], key), better=search.direction_of(name),
        )
        for name, key in keys.items()
    ]  # fmt: skip


def _front(search: Search) -> list[Column]:
    """Whether a trial is on the Pareto front; its cells are drawn beside the trial's number."""
    if not search.has_several_objectives:
        return []
    here = When(trial_id__in=front_of(search).keys, then=Value(ON_FRONT))
    source = Case(here, default=Value(None), output_field=TextField())
    return [Column("front", "Pareto front", TRIAL, "text", source=source, shown=False)]


def source_of(slot: str, key: str, kind: str = "number") -> Any:
    """Without a slot the trial's own JSON is asked."""
    if slot:
        return None
    prefix, _, name = key.partition(":")
    field = F(f"trial__{PARTS[prefix]}")
    if kind != "number":
        return KeyTransform(name, field)
    # A metric that was not a number is JSON's null: no value, which SQLite spells "null".
    text = NullIf(KeyTextTransform(name, field), Value("null", TextField()))
    return Cast(text, FloatField())


def _is_number(parameter: Hyperparameter) -> bool:
    if parameter.listed is None:
        return True
    return all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in parameter.listed
    )


def _count(model: type[Star] | type[Comment]) -> Any:
    rows = model.objects.filter(trial=OuterRef("trial_id")).order_by().values("trial")
    counted = rows.annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
