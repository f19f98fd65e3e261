"""Queries that are the same each time but for some numbers, for what is asked and written with
every claim and every end of a trial: their SQL is written once.

Django writes that of a query anew for each call, which for one of many columns or with subqueries
takes longer than the database's answer.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from inspect import signature
from threading import local
from types import SimpleNamespace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import Expression
from django.db.models.constants import OnConflict
from django.db.models.expressions import DatabaseDefault
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


class _Given(Expression):
    """Stands for a value of its field while SQL is written, and among its parameters."""

    def as_sql(self, *_: Any) -> tuple[str, Any]:
        return "%s", (self,)


def _filled(params: Sequence[Any], value: Callable[[Any], Any], connection: Any) -> list[Any]:
    """The parameters with the values of the fields that stand among them."""
    return [
        one.field.get_db_prep_save(value(one.field), connection) if isinstance(one, _Given) else one
        for one in params
    ]


class FixedUpdate:
    """The same of an update. `make` returns the rows that it changes, `values` is what they get,
    beside the values of the fields that are `given` each time."""

    def __init__(self, make: Make, given: Sequence[str] = (), **values: Any) -> None:
        self._make, self._given, self._values = make, given, values

    @cached_property
    def _written(self) -> tuple[str, tuple[Any, ...]]:
        query: Any = self._make(*_places(self._make)).query.chain(UpdateQuery)
        fields = {name: query.model._meta.get_field(name) for name in self._given}
        given = {name: _Given(output_field=field) for name, field in fields.items()}
        query.add_update_values({**self._values, **given})
        sql, params = query.get_compiler(connection=_connection()).as_sql()
        return sql, params

    def run(self, *numbers: int, **given: Any) -> int:
        """How many rows were changed."""
        connection, (sql, params) = _connection(), self._written
        numbered = _with(numbers, params, _places(self._make))
        filled = _filled(numbered, lambda field: given[field.name], connection)
        with connection.cursor() as cursor, mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            cursor.execute(sql, filled)
            return int(cursor.rowcount)


class FixedInsert:
    """The same of new rows of a model whose key the database numbers. `values` are what the
    database computes for each; the rows have the rest."""

    def __init__(self, model: type[models.Model], **values: Any) -> None:
        self._model, self._values = model, values

    def create(self, **fields: Any) -> Any:
        """The new row. It does not know what the database computed."""
        connection, row = _connection(), self._model(**fields)
        with connection.cursor() as cursor, mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            cursor.execute(self._sql_of_one, _filled(self._params, _of(row), connection))
            row.pk = self._new_key(cursor, connection)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        return row

    def add_missing(self, rows: Iterable[models.Model]) -> None:
        """Those of which the database has none yet. None is told its key."""
        connection = _connection()
        filled = [_filled(self._params, _of(row), connection) for row in rows]
        with connection.cursor() as cursor, mark_for_rollback_on_error(DEFAULT_DB_ALIAS):
            cursor.executemany(self._sql_of_missing, filled)

    def _new_key(self, cursor: Any, connection: Any) -> Any:
        if connection.features.can_return_columns_from_insert:
            [key] = connection.ops.fetch_returned_insert_columns(cursor, ())
            return key
        # SQLite before 3.35.
        table: Any = self._model._meta
        return connection.ops.last_insert_id(cursor, table.db_table, table.pk.column)

    @cached_property
    def _params(self) -> tuple[Any, ...]:
        return self._write(None)[1]

    @cached_property
    def _sql_of_one(self) -> str:
        return self._write(None, self._model._meta.pk)[0]

    @cached_property
    def _sql_of_missing(self) -> str:
        return self._write(OnConflict.IGNORE)[0]

    def _write(self, on_conflict: Any, *returning: Any) -> tuple[str, tuple[Any, ...]]:
        key = self._model._meta.pk
        fields = [field for field in self._model._meta.concrete_fields if field is not key]
        row: Any = SimpleNamespace()
        for field in fields:
            value = self._values.get(field.name, _Given(output_field=field))
            setattr(row, field.attname, value)
        query = InsertQuery(self._model, on_conflict=on_conflict)
        query.insert_values(fields, [row], raw=True)
        compiler: Any = query.get_compiler(connection=_connection())
        compiler.returning_fields = returning
        [(sql, params)] = compiler.as_sql()
        return sql, params


def _of(row: models.Model) -> Callable[[Any], Any]:
    """What a new row has in a field."""

    def value(field: Any) -> Any:
        found = field.pre_save(row, True)
        if isinstance(found, DatabaseDefault):
            # One that the database would fill in.
            found = field.db_default
            setattr(row, field.attname, found)
        return found

    return value


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
