"""A selection: which trials of a search a person looks at, and how. All of it is in the URL.

    ?metric:val_loss__lt=0.3&hp:optimizer__in=adam&hp:optimizer__in=sgd&score__top=10%25
    &sort=-score&sort=number&column=number&column=score&freeze=2&colour=score&page=3&plot=parallel

Several filters have to hold together. What makes no sense is left out and said in a sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet
from django.http import QueryDict

from tuning.figures import in_words
from tuning.models import Search, TrialIndex

from .columns import Column, Columns
from .merged_columns import columns_in
from .operators import OPERATORS, Asked, BadFilter, Operator, operators_for
from .scope import Scope, search_scope

MAX_FILTERS = 40
MAX_FROZEN = 8
# The view that is none: the table as it is by itself, past the project's default view.
PLAIN = "none"


@dataclass(frozen=True)
class Filter:
    """`arguments` are as they is in the URL, `value` is what they mean."""

    column: Column
    operator: Operator
    arguments: tuple[str, ...]
    value: Any

    @property
    def key(self) -> str:
        return f"{self.column.key}__{self.operator.name}"

    @property
    def sentence(self) -> str:
        return self.operator.sentence(self.column, self.value)


@dataclass(frozen=True)
class Sort:
    """Scores go best first unless turned around, all others smallest first."""

    column: Column
    turned: bool = False

    @property
    def down(self) -> bool:
        return (self.column.key == "score" and self.column.better == "max") != self.turned

    @classmethod
    def of(cls, column: Column, down: bool) -> Self:
        """The order of this column that goes down, or up."""
        return cls(column, turned=cls(column).down != down)

    @property
    def text(self) -> str:
        return f"{'-' if self.turned else ''}{self.column.key}"


@dataclass(frozen=True)
class Selection:
    """`plots` are the parameters that belong to plots, kept as they are. `view` is the saved view
    that this began with: its key, or "none" for the plain table, or empty."""

    scope: Scope
    user: Any
    columns: Columns
    filters: tuple[Filter, ...] = ()
    sort: tuple[Sort, ...] = ()
    chosen: tuple[Column, ...] = ()
    frozen: int = 1
    coloured: tuple[Column, ...] = ()
    page: int = 1
    plots: tuple[tuple[str, str], ...] = ()
    view: str = ""
    problems: tuple[str, ...] = ()

    @classmethod
    def read(cls, of: Search | Scope, query: QueryDict | str, user: Any) -> Self:
        given = QueryDict(query) if isinstance(query, str) else query
        scope = of if isinstance(of, Scope) else search_scope(of)
        columns = columns_in(scope)
        filters, problems = _filters(columns, given)
        problems += _strangers(columns, given)
        return cls(
            scope=scope,
            user=user,
            columns=columns,
            filters=filters,
            sort=_sorts(columns, given.getlist("sort")),
            chosen=_known(columns, given.getlist("column")),
            frozen=min(_whole(given.get("freeze"), 1, least=0), MAX_FROZEN),
            coloured=_known(columns, given.getlist("colour")),
            page=_whole(given.get("page"), 1, least=1),
            plots=tuple(
                (key, value)
                for key, values in given.lists()
                if key == "plot" or key.startswith("plot.")
                for value in values
            ),
            view=_view(given.get("view", "")),
            problems=tuple(problems),
        )

    @property
    def search(self) -> Search:
        """The search, or the newest of several: their objective and direction are the same."""
        return self.scope.search

    @property
    def shown(self) -> list[Column]:
        """The columns of the table, in order. A trial's number is always the first."""
        chosen = list(self.chosen) or self.columns.shown
        number = self.columns["number"]
        return [number, *(column for column in chosen if column.key != "number")]

    @property
    def sentence(self) -> str:
        """The filters in words: "learning_rate below 0.01, top 10 % by val_loss"."""
        return ", ".join(item.sentence for item in self.filters)

    @property
    def filter_pairs(self) -> list[tuple[str, str]]:
        return [(item.key, argument) for item in self.filters for argument in item.arguments]

    @property
    def scope_pairs(self) -> list[tuple[str, str]]:
        """Which objective's searches, unless it is the newest one's."""
        scope = self.scope
        is_default = scope.objective == scope.default_objective
        return [("objective", scope.objective)] if scope.is_project and not is_default else []

    @property
    def filter_query(self) -> str:
        """Only the filters: what decides which trials there are."""
        return _encoded(self.scope_pairs + self.filter_pairs)

    def query(self, **changes: Any) -> str:
        """The address after its question mark, always the same for the same selection."""
        return _encoded(self.pairs(**changes))

    def pairs(self, **changes: Any) -> list[tuple[str, str]]:
        """The same, taken apart: for forms."""
        changed = replace(self, **changes) if changes else self
        pairs = changed.scope_pairs + changed.filter_pairs
        pairs += [("sort", sort.text) for sort in changed.sort]
        pairs += [("column", column.key) for column in changed.chosen]
        if changed.frozen != 1:
            pairs.append(("freeze", str(changed.frozen)))
        pairs += [("colour", column.key) for column in changed.coloured]
        pairs += changed.plots
        if changed.page > 1:
            pairs.append(("page", str(changed.page)))
        if changed.view:
            # With nothing else, a view's key would bring back what has just been taken out of it.
            pairs.append(("view", changed.view if pairs else PLAIN))
        return pairs

    def with_filter(self, key: str, arguments: Sequence[str]) -> Self:
        """With this filter in place of another one of its key. Raises BadFilter."""
        new = _filter(self.columns, key, arguments)
        kept = tuple(item for item in self.filters if item.key != key)
        return replace(self, filters=(*kept, new), page=1)

    def without(self, *keys: str) -> Self:
        kept = tuple(item for item in self.filters if item.key not in keys)
        return replace(self, filters=kept, page=1)

    def sorted_by(self, column: Column) -> tuple[Sort, ...]:
        """What a press on a column's head makes of the order: by it, or turned around."""
        now = next((sort for sort in self.sort if sort.column == column), None)
        return (Sort(column, turned=now is not None and not now.turned),)

    @cached_property
    def total(self) -> int:
        """How many trials there are without filters."""
        return self.scope.index_rows().count()

    @cached_property
    def count(self) -> int:
        """How many of them are left."""
        return self.index_rows().count() if self.filters else self.total

    def index_rows(self) -> QuerySet[TrialIndex]:
        """The trials that are left, in no order."""
        return self._index_rows.all()

    @cached_property
    def _index_rows(self) -> QuerySet[TrialIndex]:
        rows = self.scope.index_rows()
        asked = [item.column for item in self.filters]
        rows, fields = named(rows, asked)
        early = [item for item in self.filters if not item.operator.last]
        for item in early:
            rows = rows.filter(self._condition(item, rows, fields))
        # Of what the others leave, not of each other's.
        late = [item for item in self.filters if item.operator.last]
        conditions = [self._condition(item, rows, fields) for item in late]
        return rows.filter(*conditions)

    def ordered(self) -> QuerySet[TrialIndex]:
        """The same in the requested order; what has no value comes last."""
        rows, fields = named(self.index_rows(), [sort.column for sort in self.sort])
        order = []
        for sort in self.sort:
            field = F(fields[sort.column.key])
            order.append(field.desc(nulls_last=True) if sort.down else field.asc(nulls_last=True))
        return rows.order_by(*order, *self.number_order)

    @property
    def number_order(self) -> list[str]:
        """By number; those of several searches follow each other."""
        return ["search_id", "number"] if self.scope.is_project else ["number"]

    def _condition(self, item: Filter, rows: QuerySet[TrialIndex], fields: Mapping[str, str]) -> Q:
        asked = Asked(self.scope, self.user, rows)
        return item.operator.condition(asked, item.column, fields[item.column.key], item.value)


def named(rows: QuerySet[TrialIndex], columns: Sequence[Column]) -> tuple[Any, dict[str, str]]:
    """The rows with a name for each of the columns, to filter and order by."""
    fields: dict[str, str] = {}
    for column in columns:
        fields[column.key] = column.field
        if column.source is not None:
            fields[column.key] = "column_" + column.key.encode().hex()
            rows = rows.alias(**{fields[column.key]: column.source})
    return rows, fields


def _filters(columns: Columns, given: QueryDict) -> tuple[tuple[Filter, ...], list[str]]:
    filters: list[Filter] = []
    problems: list[str] = []
    for key, arguments in given.lists():
        if "__" not in key:
            continue
        try:
            filters.append(_filter(columns, key, arguments))
        except BadFilter as problem:
            problems.append(f"{key.replace('__', ' ')[:80]}: {problem}")
    if len(filters) > MAX_FILTERS:
        problems.append(f"Only the first {MAX_FILTERS} filters are used.")
    return tuple(filters[:MAX_FILTERS]), problems


def _filter(columns: Columns, key: str, arguments: Sequence[str]) -> Filter:
    name, _, word = key.rpartition("__")
    column = columns.get(name)
    if column is None:
        raise BadFilter("this search has no such column. The filter is ignored.")
    fitting = operators_for(column)
    operator = OPERATORS.get(word)
    if operator not in fitting or operator is None:
        raise BadFilter(f"this column supports {in_words([item.name for item in fitting])}.")
    if any("\x00" in argument for argument in arguments):
        # PostgreSQL refuses the question, so no value has one.
        raise BadFilter("values cannot contain NUL characters.")
    return Filter(column, operator, tuple(arguments), operator.read(column, arguments))


def _sorts(columns: Columns, given: Sequence[str]) -> tuple[Sort, ...]:
    sorts: dict[str, Sort] = {}
    for text in given:
        column = columns.get(text.removeprefix("-"))
        if column is not None and (column.field or column.source is not None):
            sorts.setdefault(column.key, Sort(column, text.startswith("-")))
    return tuple(sorts.values())


def _known(columns: Columns, given: Sequence[str]) -> tuple[Column, ...]:
    found = (columns.get(key) for key in dict.fromkeys(given))
    return tuple(column for column in found if column is not None)


def _strangers(columns: Columns, given: QueryDict) -> list[str]:
    """Columns that are asked for and not there: a saved view may come from another search."""
    requested = [*given.getlist("column"), *given.getlist("colour")]
    requested += [text.removeprefix("-") for text in given.getlist("sort")]
    missing = [key[:80] for key in dict.fromkeys(requested) if columns.get(key) is None]
    names = [key.partition(":")[2] or key for key in missing]
    return [f"This search has no {in_words(names)}. Ignored."] if names else []


def _view(text: str) -> str:
    known = text == PLAIN or (text.isascii() and text.isdecimal() and len(text) < 10)
    return text if known else ""


def _whole(text: str | None, default: int, least: int) -> int:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 9:
        return default
    return max(int(text), least)


def _encoded(pairs: Sequence[tuple[str, str]]) -> str:
    return urlencode(pairs, safe=":,")
