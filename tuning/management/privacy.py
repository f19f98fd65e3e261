"""The data folder is its owner's alone: other accounts of the machine see nothing in it."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings

OTHERS = 0o007
GROUP_AND_OTHERS = 0o077


def close_data_folder() -> tuple[int, list[Path]]:
    """Take away the rights that others have on files and folders of the data folder. Returns how
    many were changed, and those that could not be: they belong to another person."""
    changed, left = 0, []
    for path, mode in open_to_others(Path(settings.DATA_ROOT)):
        try:
            path.chmod(mode)
        except OSError:
            left.append(path)
        else:
            changed += 1
    return changed, left


def open_to_others(root: Path) -> Iterator[tuple[Path, int]]:
    """What others have rights on, with the mode that it should have. The group of runners that are
    users of their own reads datasets (docs/architecture.md)."""
    for path in (root, *_below(root)):
        # Whoever works here may remove something meanwhile.
        with suppress(FileNotFoundError):
            status = path.lstat()
            runners = settings.RUNNER_USERS and status.st_gid == settings.RUNNER_USERS
            rights = OTHERS if runners else GROUP_AND_OTHERS
            if not stat.S_ISLNK(status.st_mode) and status.st_mode & rights:
                yield path, stat.S_IMODE(status.st_mode) & ~rights


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        if Path(folder) == Path(settings.RUNNERS_ROOT):
            # Each is its runner's own: a template could put a link where we are about to change.
            folders.clear()
        yield from (Path(folder) / name for name in (*folders, *files))
