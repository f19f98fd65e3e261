"""Which files of the data folder belong to a backup."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from tuning.storage.contract import Missing, Store
from tuning.storage.stored import StoredFolder, contents_of
from tuning.supervisor.references import hashed_references

# Not the rest: folders of runners, the broker's hints, locks and static files are made anew,
# answers to predictions are deleted after an hour, and trials that ran start again.
FOLDERS = ("datasets", "saved_models", "checkpoints", "uploads", "downloads")
SECRET_KEY = "secret_key"  # noqa: S105  the name of a file
# Rows of a dataset in the order of a split: they are laid down again when they are needed.
_DERIVED = "split-"


def files_to_keep() -> Iterator[Path]:
    """Paths relative to the data folder."""
    root = Path(settings.DATA_ROOT)
    if (root / SECRET_KEY).exists():
        yield Path(SECRET_KEY)
    for name in FOLDERS:
        for folder, folders, files in os.walk(root / name):
            folders[:] = sorted(each for each in folders if not each.startswith(_DERIVED))
            for file in sorted(files):
                path = Path(folder) / file
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(root)


def files_elsewhere(kept: Store) -> Iterator[tuple[Path, str]]:
    """Files that a store has and this data folder has not, with their hashes."""
    for _, _, stored in hashed_references():
        place = stored.place.relative_to(settings.DATA_ROOT)
        if place.parts[0] not in FOLDERS or stored.place.exists():
            continue
        if isinstance(stored, StoredFolder):
            # Gone with its row since we looked.
            with suppress(Missing):
                files = contents_of(kept, stored.sha256)
                yield from ((place / name, sha256) for name, sha256 in files.items())
        else:
            yield place, stored.sha256
