"""Checkpoints of trials as folders: stored, found again, and removed as soon as they cannot matter
any more (`recording/checkpoints.py` says which can).

A folder is first renamed, while the search is locked: nobody can be told meanwhile to go on from
it, and what is removed is never seen half. Passes repeat themselves: after each trial that leaves
weights, and every few minutes over all folders, on whichever machine comes first. What a crash
leaves behind is found there.
"""

import shutil
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from tuning.models import Search, Trial
from tuning.protocol.statuses import ACTIVE, Status
from tuning.recording.checkpoints import Key, needed
from tuning.recording.recorder import LeaseLost, locked

from .files import SWEEP_AFTER

# What is renamed to be removed, or not whole yet, begins with it.
_HIDDEN = "."


def tidy(search_id: int) -> None:
    """Remove the checkpoints of a search that cannot matter any more."""
    found = _stored(_folder(search_id))
    elsewhere = Trial.objects.filter(search=search_id).exclude(checkpoint_sha256="")
    gone = []
    if found or elsewhere.exists():
        with suppress(LeaseLost), transaction.atomic():
            search = locked(search_id)
            keep = needed(search)
            _forget_not_needed(elsewhere, keep)
            for path in _not_needed(search, keep, found):
                hidden = path.with_name(f"{_HIDDEN}{path.name}.gone")
                # Another worker may do the same.
                with suppress(OSError):
                    path.rename(hidden)
                    gone.append(hidden)
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)


def tidy_stored() -> None:
    """The same for all searches with checkpoints in the store, of which no machine may have a copy
    any more."""
    stored = Trial.objects.exclude(checkpoint_sha256="")
    for search_id in set(stored.order_by().values_list("search", flat=True).distinct()):
        tidy(search_id)


def sweep() -> None:
    """The same for all searches with copies here. What has no row, or was left half by a crash, is
    removed once it is old: it may belong to a row that is about to be written."""
    limit = time.time() - SWEEP_AFTER.total_seconds()
    for folder in Path(settings.CHECKPOINTS_ROOT).iterdir():
        # Another worker may sweep at the same moment.
        with suppress(FileNotFoundError, NotADirectoryError):
            known = set()
            if folder.name.isdigit():
                tidy(int(folder.name))
                known = _with_row(int(folder.name), _stored(folder))
            for path in set(folder.iterdir()) - known:
                if path.stat().st_mtime < limit:
                    shutil.rmtree(path, ignore_errors=True)
            if folder.stat().st_mtime < limit and not any(folder.iterdir()):
                folder.rmdir()


def _folder(search_id: int) -> Path:
    return Path(settings.CHECKPOINTS_ROOT) / str(search_id)


def _stored(folder: Path) -> dict[Key, Path]:
    """The whole ones in a folder, by trial and attempt."""
    found = {}
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            name, _, attempt = path.name.rpartition("-")
            if attempt.isdigit() and not name.startswith(_HIDDEN):
                found[name, int(attempt)] = path
    return found


def attempt_with_weights(trial: Trial) -> int:
    """Which attempt has left those that its row has the hash of."""
    if trial.status == Status.COMPLETED:
        return trial.attempt
    return trial.pruned_attempt or trial.attempt


def _forget_not_needed(trials: QuerySet[Trial], keep: set[Key]) -> None:
    """What no row has the hash of is collected (`references.py`)."""
    for trial in trials.exclude(status__in=ACTIVE):
        if (trial.oracle_id, attempt_with_weights(trial)) not in keep:
            trials.filter(pk=trial.pk).update(checkpoint_sha256="")


def _not_needed(search: Search, keep: set[Key], found: dict[Key, Path]) -> list[Path]:
    rows = _rows(search.pk, found)
    return [
        path
        for (name, attempt), path in found.items()
        if (name, attempt) not in keep
        and name in rows
        # One that is being stored belongs to an attempt that has not ended.
        and not (rows[name][0] in ACTIVE and attempt >= rows[name][1])
    ]


def _with_row(search_id: int, found: dict[Key, Path]) -> set[Path]:
    rows = _rows(search_id, found)
    return {path for (name, _), path in found.items() if name in rows}


def _rows(search_id: int, found: dict[Key, Path]) -> dict[str, tuple[str, int]]:
    """Status and attempt of the trials, by their names."""
    rows = Trial.objects.filter(search=search_id, oracle_id__in={name for name, _ in found})
    return {name: (status, attempt) for name, status, attempt in rows.values_list(
        "oracle_id", "status", "attempt")}  # fmt: skip
