"""What there is to choose from in a column: a histogram of its numbers, its values with counts.

Counted in the trials that the filters of all other columns leave, and by the database: the bins are
a CASE over their edges, which means the same everywhere and needs no logarithm there.
"""

import math
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Max, Min, Value, When

from tuning.analysis.profiles import Bar, bars_of
from tuning.figures import setting
from tuning.models import Tag
from tuning.protocol.statuses import Status

from .columns import Column
from .selection import Selection, named
from .shades import spread_widely

BINS = 24
# Values that are listed to be ticked; of numbers only if these are all.
MAX_LISTED, MAX_NUMBERS = 60, 16
WIDTH, HEIGHT = 288, 56


@dataclass(frozen=True)
class Histogram:
    """`low` and `high` are the ends of all of the search's values, whatever is filtered."""

    edges: list[float]
    counts: list[int]
    log: bool
    can_log: bool

    @property
    def low(self) -> float:
        return self.edges[0]

    @property
    def high(self) -> float:
        return self.edges[-1]

    @property
    def bars(self) -> list[Bar]:
        labels = [
            f"{setting(low)} to {setting(high)}: {count:,}"
            for low, high, count in zip(self.edges, self.edges[1:], self.counts, strict=False)
        ]
        return bars_of(self.counts, labels, WIDTH, HEIGHT)


@dataclass(frozen=True)
class Listed:
    """`value` is used in URLs, `text` on the page."""

    value: str
    text: str
    count: int


@dataclass(frozen=True)
class Facet:
    """`missing` counts the trials that have no value; `more` is how many values are not listed."""

    histogram: Histogram | None = None
    values: tuple[Listed, ...] = ()
    more: int = 0
    missing: int = 0


def facet_of(selection: Selection, column: Column, log: bool | None = None) -> Facet:
    others = selection.without(*(f.key for f in selection.filters if f.column == column))
    match column.kind:
        case "number":
            return _numbers(others, column, log)
        case "text":
            return _texts(others, column)
        case "status":
            return Facet(values=_statuses(others))
        case "tags":
            return Facet(values=_tags(others))
    return Facet()


def _numbers(selection: Selection, column: Column, log: bool | None) -> Facet:
    every, fields = named(selection.scope.index_rows(), [column])
    field = fields[column.key]
    figures = every.annotate(figure=F(field))
    ends = figures.aggregate(low=Min("figure"), high=Max("figure"))
    low, high = ends["low"], ends["high"]
    if low is None:
        return Facet(missing=selection.count)
    low, high = float(low), float(high)
    is_log = low > 0 and (spread_widely(column, low, high) if log is None else log)
    edges = _edges(low, high, is_log)
    rows, _ = named(selection.index_rows(), [column])
    known = rows.exclude(**{field: None}).annotate(figure=F(field))
    counted = dict(known.annotate(bin=_bin(edges)).values_list("bin").annotate(Count("pk")))
    counts = [counted.get(place, 0) for place in range(len(edges) - 1)]
    histogram = Histogram(edges, counts, is_log, low > 0 and high > low)
    # Stops at the first few too many, where counting them all would sort a column of 100,000.
    few = known.values_list("figure").distinct()[: MAX_NUMBERS + 1].count() <= MAX_NUMBERS
    values, _ = _listed(known, "figure", MAX_NUMBERS) if few else ((), 0)
    return Facet(histogram, values, 0, selection.count - sum(counts))


def _edges(low: float, high: float, is_log: bool) -> list[float]:
    if low == high:
        return [low, high]
    if is_log:
        step = math.log(high / low) / BINS
        inner = [low * math.exp(step * place) for place in range(1, BINS)]
    else:
        # Not low + (high - low) …, which is infinite from one end of all floats to the other.
        inner = [low * (1 - place / BINS) + high * (place / BINS) for place in range(1, BINS)]
    return [low, *inner, high]


def _bin(edges: list[float]) -> Case:
    """From each edge up to the next one, which belongs to the next bin; the last has both."""
    whens = [When(figure__lt=edge, then=Value(place)) for place, edge in enumerate(edges[1:-1])]
    return Case(*whens, default=Value(len(edges) - 2), output_field=IntegerField())


def _texts(selection: Selection, column: Column) -> Facet:
    rows, fields = named(selection.index_rows(), [column])
    field = fields[column.key]
    known = rows.exclude(**{field: None}).exclude(**{field: ""})
    values, more = _listed(known, field, MAX_LISTED)
    missing = selection.count - known.count()
    return Facet(values=values, more=more, missing=missing)


def _listed(known: Any, field: str, most: int) -> tuple[tuple[Listed, ...], int]:
    """The most frequent values, in their own order, and how many there are besides."""
    counted = known.values_list(field).annotate(count=Count("pk"))
    frequent = sorted(counted.order_by("-count", field)[:most])
    more = counted.count() - most if len(frequent) == most else 0
    listed = tuple(Listed(_text(value), setting(value), count) for value, count in frequent)
    return listed, more


def _text(value: Any) -> str:
    return f"{value:.17g}" if isinstance(value, float) else str(value)


def _statuses(selection: Selection) -> tuple[Listed, ...]:
    """In their order. What is active is in the trials' own rows."""
    ended = dict(selection.index_rows().values_list("status").annotate(Count("pk")))
    active = selection.scope.trials().filter(index_row__status="").order_by()
    chosen = active.filter(pk__in=selection.index_rows().filter(status="").values("pk"))
    counts = ended | dict(chosen.values_list("status").annotate(Count("pk")))
    return tuple(
        Listed(status, status.caption, counts[status]) for status in Status if counts.get(status)
    )


def _tags(selection: Selection) -> tuple[Listed, ...]:
    tags = Tag.objects.filter(trial__in=selection.index_rows().values("trial")).order_by("name")
    counted = tags.values_list("name").annotate(Count("pk"))
    return tuple(Listed(name, name, count) for name, count in counted)
