"""The table of trials: its columns, one page of its rows, in the wanted order."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Coalesce, Now

from tuning.models import Search, Trial

from .combinations import in_use
from .space import read_space
from .summary import light

PAGE_SIZE = 100


@dataclass(frozen=True)
class Column:
    """`key` is what ?sort= calls it; `name` is its key in the trial's values or metrics."""

    key: str
    label: str
    group: str
    name: str = ""


@dataclass(frozen=True)
class Row:
    trial: Trial
    values: list[Any]
    metrics: list[Any]


@dataclass(frozen=True)
class Table:
    values: list[Column]
    metrics: list[Column]
    rows: list[Row]
    page: Page
    sort: str
    best_pk: int | None


def table_info(search: Search, sort: str = "number", page: str | int = 1) -> Table:
    """One page of the table. An unknown `sort` or page gives the nearest thing there is."""
    values = value_columns(search)
    metrics = metric_columns(search)
    trials = light(search.trials.select_related("worker"))
    keys = {column.key: column for column in (*values, *metrics)}
    order, sort = _order(search, sort, keys)
    shown = Paginator(trials.order_by(*order, "number"), PAGE_SIZE).get_page(page)
    best = search.trials.best_first(search.direction).values_list("pk", flat=True).first()
    rows = [
        Row(
            trial,
            [trial.values.get(column.name) for column in values],
            [trial.metrics.get(column.name) for column in metrics],
        )
        for trial in shown
    ]
    return Table(values, metrics, rows, shown, sort, best)


def value_columns(search: Search) -> list[Column]:
    """A column for each hyperparameter that varies, in the template's order."""
    space = read_space(search.space)
    used = zip(space, in_use(space), strict=True)
    names = [parameter.name for parameter, is_used in used if is_used and parameter.kind != "Fixed"]
    return [Column(f"hp:{name}", name, "values", name) for name in names]


def metric_columns(search: Search) -> list[Column]:
    """A column for each metric that the template reports, the objective left out: that is the
    score."""
    reported = list(search.inspection.metrics)
    if not reported:
        reported = sorted(
            {name for row in search.trials.values_list("metrics", flat=True)[:100] for name in row}
        )
    names = sorted(
        (name for name in reported if name != search.objective),
        key=lambda name: (not name.startswith("val_"), name),
    )
    return [Column(f"metric:{name}", name, "metrics", name) for name in names]


def _order(search: Search, sort: str, keys: dict[str, Column]) -> tuple[list[Any], str]:
    """Order expressions for a ?sort= value, and the value that was understood."""
    name = sort.removeprefix("-")
    down = sort.startswith("-")
    if name == "score":
        # The plain link shows the best first, whichever way the objective goes.
        down = (search.direction == Search.Direction.MAX) != down
        expression: Any = F("score")
    elif name == "duration":
        expression = ExpressionWrapper(
            Coalesce("finished_at", Now()) - F("started_at"), output_field=DurationField()
        )
    elif name in keys:
        expression = KeyTransform(keys[name].name, keys[name].group)
    elif name in _FIELDS:
        expression = F(_FIELDS[name])
    else:
        return [F("number").asc()], "number"
    if down:
        return [expression.desc(nulls_last=True)], sort
    return [expression.asc(nulls_last=True)], sort


_FIELDS = {
    "number": "number",
    "status": "status",
    "epochs": "epochs_done",
    "worker": "worker__name",
}
