"""Queries that are the same each time but for some numbers, for what is asked and written with
every claim and every end of a trial: their SQL is written once.

Django writes that of a query anew for each call, which for one of many columns or with subqueries
takes longer than the database's answer.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from inspect import signature
from threading import local
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.transaction import TransactionManagementError, mark_for_rollback_on_error

Make = Callable[..., "models.QuerySet[Any, Any]"]

# In place of the numbers while the SQL is written. They have to be what all columns could hold:
# Django leaves out comparisons with others.
_LAST = 2**31 - 1


def _connection() -> Any:
    """This thread's own. Django's `connection` looks it up again for each use."""
    return connections[DEFAULT_DB_ALIAS]


def _places(make: Make) -> list[int]:
    return [_LAST - place for place in range(len(signature(make).parameters))]


def _with(numbers: Sequence[int], params: Sequence[Any], asked: Sequence[int]) -> list[Any]:
    places = dict(zip(asked, numbers, strict=True))
    return [places.get(param, param) if isinstance(param, int) else param for param in params]


class FixedQuery:
    """`make` returns the query for the numbers that it is given, mostly keys; nothing else of it
    may depend on when it is made."""

    def __init__(self, make: Make) -> None:
        self._make = make
        # A compiler belongs to a connection, and a connection to a thread, which may get another.
        self._kept = local()

    def rows(self, *numbers: int) -> list[Any]:
        """What the database has now: objects, or tuples of a query of values."""
        connection = _connection()
        query: _WrittenQuery | None = getattr(self._kept, "query", None)
        if query is None or query.connection is not connection:
            query = self._kept.query = _WrittenQuery(self._make, connection)
        return query.rows(numbers)

    def first(self, *numbers: int) -> Any:
        """The first row; None if there is none."""
        return next(iter(self.rows(*numbers)), None)


class _WrittenQuery:
    """A query and its SQL, of one connection."""

    def __init__(self, make: Make, connection: Any) -> None:
        self._asked = _places(make)
        self._queryset: Any = make(*self._asked)
        query, self.connection = self._queryset.query, connection
        self._compiler = query.get_compiler(connection=connection)
        self._sql, self._params = self._compiler.as_sql()
        columns = [expression for expression, *_ in self._compiler.select]
        self._converters = self._compiler.get_converters(columns)
        self._numbers: tuple[int, ...] = ()
        # Where Django makes objects of rows, it asks these for the SQL and what to do with values.
        vars(self._compiler)["as_sql"] = self._filled
        vars(self._compiler)["get_converters"] = lambda _: self._converters
        vars(query)["get_compiler"] = lambda *_, **__: self._compiler

    def _filled(self) -> tuple[str, list[Any]]:
        return self._sql, _with(self._numbers, self._params, self._asked)

    def rows(self, numbers: tuple[int, ...]) -> list[Any]:
        if self._queryset.query.select_for_update:
            _check_transaction(self.connection)
        self._numbers = numbers
        return list(self._queryset._iterable_class(self._queryset))


def _check_transaction(connection: Any) -> None:
    """As Django does where it writes the SQL: without a transaction nothing would be locked."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("a lock outside of a transaction")


class FixedUpdate:
    """The same of an update. `make` returns the rows that it changes, `values` is what they get."""

    def __init__(self, make: Make, **values: Any) -> None:
        self._make, self._values = make, values

    @cached_property
    def _written(self) -> tuple[str, tuple[Any, ...]]:
        query: Any = self._make(*_places(self._make)).query.chain(UpdateQuery)
        query.add_update_values(self._values)
        sql, params = query.get_compiler(connection=_connection()).as_sql()
        return sql, params

    def run(self, *numbers: int) -> int:
        """How many rows were changed."""
        sql, params = self._written
        with _connection().cursor() as cursor, mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            cursor.execute(sql, _with(numbers, params, _places(self._make)))
            return int(cursor.rowcount)


class FixedUpsert:
    """Writing a row of a model, all of it, in place of the one with the same `unique` field."""

    def __init__(self, model: type[models.Model], unique: str) -> None:
        self._model, self._unique = model, unique

    @cached_property
    def _fields(self) -> list[Any]:
        return list(self._model._meta.concrete_fields)

    @cached_property
    def _sql(self) -> str:
        unique = self._model._meta.get_field(self._unique)
        query = InsertQuery(
            self._model,
            on_conflict=OnConflict.UPDATE,
            update_fields=[field for field in self._fields if not field.primary_key],
            unique_fields=[unique],
        )
        query.insert_values(self._fields, [self._model()])
        [(sql, _)] = query.get_compiler(connection=_connection()).as_sql()
        return str(sql)

    def write(self, row: models.Model) -> None:
        connection = _connection()
        params = [
            field.get_db_prep_save(field.pre_save(row, True), connection) for field in self._fields
        ]
        with connection.cursor() as cursor, mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            cursor.execute(self._sql, params)
