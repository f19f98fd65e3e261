"""`manage.py restore FOLDER`: a backup into an empty installation, here or elsewhere."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from tuning.actions.audit import record
from tuning.management.backup.rows import Different, NotEmpty, copy_rows, must_be_empty
from tuning.management.backup.snapshot import opened
from tuning.management.backup.store import Damaged, Manifest, Store
from tuning.management.system_user import acting_as_system_user
from tuning.storage import configured


class Command(BaseCommand):
    help = "Restore a backup into an empty data folder and, if DATABASE_URL is set, its database."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where manage.py backup has written it")
        parser.add_argument("--backup", metavar="NAME", help="the newest one if not given")

    def handle(self, folder: Path, backup: str | None, **options: Any) -> None:
        store = Store(folder.expanduser().resolve())
        try:
            name = backup or _newest(store)
            manifest = store.read(name)
            _must_be_known(manifest)
            must_be_empty(DEFAULT_DB_ALIAS)
            self._restore(store, manifest)
            with acting_as_system_user():
                record("site.restore", name, folder=str(store.root))
        except (Damaged, NotEmpty) as error:
            raise CommandError(f"Nothing was restored. {error}") from error
        except (Different, OSError, DatabaseError) as error:
            # Files may be there by now. No row refers to them: they are swept after a while.
            reason = " ".join(str(error).split())
            raise CommandError(f"The backup could not be restored: {reason}") from error
        self.stdout.write(f"Restored backup {name}: {len(manifest.files):,} files, all checked.")
        if configured.store():
            call_command("fill_storage", stdout=self.stdout)
        self.stdout.write("Next: make up")

    def _restore(self, store: Store, manifest: Manifest) -> None:
        root = Path(settings.DATA_ROOT)
        # On the same disk as their places: in the end they are only renamed.
        with tempfile.TemporaryDirectory(dir=root, prefix="restore-") as temporary:
            new = Path(temporary)
            for path, kept in manifest.files.items():
                store.take(kept.sha256, new / path)
            database = new / "database.sqlite3"
            store.take(manifest.database, database)
            with opened(database) as alias:
                call_command("migrate", database=alias, verbosity=0)
                for path in manifest.files:
                    (root / path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    (new / path).rename(root / path)
                # Last: rows never point to what is not there yet.
                if connection.vendor == "sqlite":
                    _place(database)
                else:
                    call_command("migrate", verbosity=0)
                    copy_rows(alias, DEFAULT_DB_ALIAS)


def _newest(store: Store) -> str:
    names = store.names()
    if not names:
        raise Damaged(f"{store.root} has no backup.")
    return names[-1]


def _must_be_known(manifest: Manifest) -> None:
    known = {name for app, name in MigrationLoader(None).disk_migrations if app == "tuning"}
    if manifest.migration not in known:
        raise Damaged(
            f"The backup was made by a newer Tuneroom ({manifest.migration}). Update first."
        )


def _place(database: Path) -> None:
    """Put a file where SQLite's database belongs."""
    target = Path(settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"])
    connection.close()
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    database.rename(target)
