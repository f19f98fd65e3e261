"""`manage.py fill_storage`: the files of this data folder into the store of STORAGE_URL."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tuning.figures import counted
from tuning.storage.configured import store
from tuning.storage.contract import Damaged, StorageError
from tuning.storage.stored import StoredFolder, keep_file, keep_folder
from tuning.supervisor.references import Reference, references


class Command(BaseCommand):
    help = (
        "Copy all files of the data folder into the storage of STORAGE_URL, on the machine that "
        "has them. Files that are there already are only compared."
    )

    def handle(self, **options: Any) -> None:
        kept = store()
        if kept is None:
            raise CommandError("Set STORAGE_URL first.")
        done, damaged = 0, []
        try:
            for reference in references():
                place = reference.stored.place
                if place.exists() and _copy(reference):
                    done += 1
                elif place.exists():
                    damaged.append(place)
        except StorageError as error:
            raise CommandError(f"Not all files were copied: {error}") from error
        self.stdout.write(
            f"The storage has {counted(done, 'file or folder', 'files and folders')}."
        )
        if damaged:
            names = ", ".join(map(str, damaged[:5]))
            raise CommandError(f"{len(damaged):,} differ from what their rows say: {names}.")


def _copy(reference: Reference) -> bool:
    """False if it is not what its row says. It then stays here, as the only copy."""
    row, field, stored = reference
    if not stored.sha256:
        keep = keep_folder if isinstance(stored, StoredFolder) else keep_file
        sha256 = keep(stored.place)
        type(row)._default_manager.filter(pk=row.pk).update(**{field: sha256})
        return True
    try:
        stored.keep()
    except Damaged:
        return False
    return True
