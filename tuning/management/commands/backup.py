"""`manage.py backup FOLDER`: the database and all files, consistent while everything runs."""

import argparse
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from tuning.actions.audit import record
from tuning.figures import size
from tuning.management.backup.files import files_elsewhere, files_to_keep
from tuning.management.backup.snapshot import newest_migration, take_snapshot
from tuning.management.backup.store import Damaged, Kept, Manifest, Store
from tuning.management.processes import Taken, folder_lock
from tuning.management.system_user import acting_as_system_user
from tuning.storage import configured
from tuning.storage.contract import Missing


class Command(BaseCommand):
    help = (
        "Back up the database and all files into a folder, while Tuneroom runs. A further backup "
        "into the same folder only adds what is new."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="made if it does not exist")
        parser.add_argument(
            "--keep", type=int, metavar="N", help="afterwards, remove all but the newest N backups"
        )

    def handle(self, folder: Path, keep: int | None, **options: Any) -> None:
        folder = folder.expanduser().resolve()
        if keep is not None and keep < 1:
            raise CommandError("--keep: enter 1 or more.")
        if Path(settings.DATA_ROOT) in (folder, *folder.parents):
            raise CommandError(f"{folder} is inside the data folder. Choose a folder elsewhere.")
        try:
            (folder / "objects").mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
            with folder_lock(folder / ".lock"):
                name = self._back_up(Store(folder))
                self._remove_old(Store(folder), keep)
        except Taken as taken:
            raise CommandError(f"Process {taken} is writing a backup into {folder}.") from None
        except (OSError, Damaged) as error:
            raise CommandError(f"The backup could not be written: {error}") from error
        self.stdout.write(f"Restore it with: manage.py restore {folder} --backup {name}")

    def _back_up(self, store: Store) -> str:
        made_at = datetime.now(UTC)
        known = _known(store)
        # Twice: files that are deleted meanwhile are in the first pass, new ones in the second.
        files = _add_files(store, known)
        with tempfile.TemporaryDirectory(dir=store.root) as temporary:
            database = Path(temporary) / "database.sqlite3"
            take_snapshot(database)
            kept = store.add(database)
        files |= _add_files(store, known | files)
        name = made_at.strftime("%Y-%m-%dT%H-%M-%S-%fZ")
        store.write(
            name, Manifest(made_at.isoformat(), newest_migration(), kept.sha256, files=files)
        )
        before = {each.sha256 for each in known.values()}
        new = sum(each.size for each in files.values() if each.sha256 not in before)
        total = sum(each.size for each in files.values())
        # A database of an earlier version may have no audit log yet.
        with acting_as_system_user(), suppress(DatabaseError):
            record("site.backup", name, folder=str(store.root))
        self.stdout.write(
            f"Backup {name}: database ({size(kept.size)}) and {len(files):,} files "
            f"({size(total)}, of these {size(new)} new)."
        )
        return name

    def _remove_old(self, store: Store, keep: int | None) -> None:
        if keep is not None:
            freed = store.keep_only(store.names()[-keep:])
            self.stdout.write(f"Older backups removed: {size(freed)} freed.")


def _known(store: Store) -> dict[str, Kept]:
    """Files of the newest backup. One that cannot be read costs time, and nothing else."""
    names = store.names()
    with suppress(Damaged):
        return store.read(names[-1]).files if names else {}
    return {}


def _add_files(store: Store, known: dict[str, Kept]) -> dict[str, Kept]:
    root = Path(settings.DATA_ROOT)
    found = {}
    for path in files_to_keep():
        try:
            found[str(path)] = _add(store, root / path, known.get(str(path)))
        except FileNotFoundError:
            # Deleted since we looked, and with it its row: the snapshot has neither, or both.
            continue
    if kept := configured.store():
        for path, sha256 in files_elsewhere(kept):
            with suppress(Missing):
                found[str(path)] = store.add_from(kept, sha256)
    return found


def _add(store: Store, path: Path, known: Kept | None) -> Kept:
    status = path.stat()
    unchanged = known is not None and (known.size, known.modified) == (
        status.st_size, status.st_mtime_ns,
    )  # fmt: skip
    return known if known and unchanged and store.has(known.sha256) else store.add(path)
