"""`manage.py move --to URL`: all rows into another database, for teams that outgrow SQLite."""

import argparse
from pathlib import Path
from typing import Any

import dj_database_url
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from tuning.actions.audit import record
from tuning.management.backup.rows import (
    Different,
    NotEmpty,
    add_database,
    copy_rows,
    must_be_empty,
)
from tuning.management.prepared import is_unprepared
from tuning.management.processes import Taken, folder_lock
from tuning.management.system_user import acting_as_system_user
from tuning.models import Worker

_TARGET = "target"


class Command(BaseCommand):
    help = "Copy all rows into another, empty database, and compare each row. Files stay in place."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--to", required=True, metavar="URL", help="postgres://user:password@host/name"
        )

    def handle(self, to: str, **options: Any) -> None:
        try:
            add_database(_TARGET, dict(dj_database_url.parse(to)))
        except ValueError as error:
            raise CommandError(f"--to: {error}") from error
        try:
            # Held by `manage.py up`: what it writes after the copy would be lost.
            with folder_lock(Path(settings.DATA_ROOT) / "up.lock"):
                self._move()
        except Taken:
            raise CommandError("Tuneroom is running here. Stop it first.") from None
        except (Different, NotEmpty) as error:
            raise CommandError(f"Nothing was moved. {error}") from error
        except DatabaseError as error:
            reason = " ".join(str(error).split())
            raise CommandError(f"Nothing was moved: {reason}") from error
        self.stdout.write(
            "Next: set DATABASE_URL to the new database, on every machine, and start Tuneroom."
        )

    def _move(self) -> None:
        if is_unprepared():
            raise CommandError("This database lacks migrations. First run: make setup")
        if names := list(Worker.objects.online().values_list("name", flat=True)):
            raise CommandError(f"Workers are online: {', '.join(names)}. Stop them first.")
        must_be_empty(_TARGET)
        call_command("migrate", database=_TARGET, verbosity=0)
        count = copy_rows(DEFAULT_DB_ALIAS, _TARGET)
        with acting_as_system_user():
            record("site.move", _name(), using=_TARGET)
        self.stdout.write(f"Moved {count:,} rows; all are equal in both databases.")


def _name() -> str:
    """Of the new database, without its user and password."""
    settings_of = connections[_TARGET].settings_dict
    return " on ".join(filter(None, [str(settings_of["NAME"]), str(settings_of["HOST"])]))
