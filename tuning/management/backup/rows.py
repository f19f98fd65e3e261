"""All rows from one database to another one, of either kind, and the proof that they are equal."""

from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction

_ROWS_AT_ONCE = 500
# For a float.
_TOO_LARGE = 1 << 1023


class NotEmpty(Exception):
    """The database is in use already. The text is for people."""


class Different(Exception):
    """The databases differ after the copy. The text names the table."""


def add_database(alias: str, configuration: dict[str, Any]) -> None:
    """Make a further database known to Django, for this process."""
    databases = {DEFAULT_DB_ALIAS: connections.settings[DEFAULT_DB_ALIAS], alias: configuration}
    connections.settings[alias] = connections.configure_settings(databases)[alias]


def must_be_empty(database: str) -> None:
    """Raises NotEmpty if a database has accounts, however few tables it has."""
    users = get_user_model()
    tables = connections[database].introspection.table_names()
    if users._meta.db_table in tables and users._base_manager.using(database).exists():
        raise NotEmpty("The database has accounts already. Choose an empty one.")


def copy_rows(source: str, target: str) -> int:
    """Replace all rows of the database `target`, which has all tables of this version, by those of
    `source`, in one transaction. Returns their number. Raises Different if they are not equal
    afterwards; then nothing is changed."""
    with transaction.atomic(using=source), transaction.atomic(using=target):
        # Rows that migrations write (content types, permissions) would have other keys.
        call_command(
            "flush", database=target, interactive=False, verbosity=0, inhibit_post_migrate=True
        )
        count = sum(_copy_table(model, source, target) for model in _tables())
        _reset_sequences(target)
        for model in _tables():
            _compare(model, source, target)
    return count


def _tables() -> list[type[models.Model]]:
    """All tables, those of many-to-many relations included."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def _copy_table(model: type[models.Model], source: str, target: str) -> int:
    fields: Any = model._meta.concrete_fields
    operations = connections[target].ops
    rows = _rows(model, source)
    count = 0
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        size = max(1, operations.bulk_batch_size(fields, some))
        for start in range(0, len(some), size):
            # As they are: `bulk_create` would set the times of changes anew.
            manager: Any = model._base_manager
            manager._insert(some[start : start + size], fields=fields, using=target, raw=True)
        count += len(some)
    return count


def _rows(model: type[models.Model], database: str) -> Iterator[models.Model]:
    rows = model._base_manager.using(database).order_by("pk")
    return rows.iterator(chunk_size=_ROWS_AT_ONCE)


def _compare(model: type[models.Model], source: str, target: str) -> None:
    names = [field.attname for field in model._meta.concrete_fields]
    for one, other in zip_longest(_rows(model, source), _rows(model, target)):
        if one is None or other is None or _values(one, names) != _values(other, names):
            raise Different(f"the rows of {model._meta.db_table} differ after the copy")


def _values(row: models.Model, names: list[str]) -> list[Any]:
    return [_comparable(getattr(row, name)) for name in names]


def _comparable(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)  # So does PostgreSQL give binary columns.
    if isinstance(value, dict | list):
        return _with_floats(value)
    return value


def _with_floats(value: Any) -> Any:
    """JSON with all numbers as floats: PostgreSQL gives 1e300 back as 1 and 300 zeros."""
    if isinstance(value, dict):
        return {key: _with_floats(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_floats(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _TOO_LARGE:
        return float(value)
    return value


def _reset_sequences(database: str) -> None:
    """New rows get keys beyond those that were copied."""
    statements = connections[database].ops.sequence_reset_sql(no_style(), _tables())
    with connections[database].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
