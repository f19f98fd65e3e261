"""A copy of the whole database as one SQLite file, as it was at one moment, while all goes on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from .rows import add_database, copy_rows

_ALIAS = "snapshot"


def take_snapshot(target: Path) -> None:
    """Write the database to `target`, which must not exist."""
    if connection.vendor == "sqlite":
        source = str(connection.settings_dict["NAME"])
        uri = source.startswith("file:")
        with closing(sqlite3.connect(source, uri=uri, timeout=60)) as reader:
            # One read transaction: writers go on, and what they write is not in it.
            reader.execute("VACUUM INTO ?", (str(target),))
        return
    with opened(target) as alias:
        call_command("migrate", database=alias, verbosity=0)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            copy_rows("default", alias)


@contextmanager
def opened(file: Path) -> Iterator[str]:
    """The alias of a snapshot, as a database of Django's."""
    # Without the journal of a database in use: the file is all there is.
    add_database(
        _ALIAS,
        {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(file),
            "OPTIONS": {"transaction_mode": "IMMEDIATE"},
            "CONN_MAX_AGE": 0,
        },
    )
    try:
        yield _ALIAS
    finally:
        connections[_ALIAS].close()
        del connections[_ALIAS]
        del connections.settings[_ALIAS]


def newest_migration(alias: str = "default") -> str:
    """The last migration of Tuneroom's own tables that a database has; "" without any."""
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    return max((name for app, name in applied if app == "tuning"), default="")
