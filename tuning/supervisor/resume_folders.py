"""Checkpoints of running trials, as folders from which the next attempt goes on if one is lost.
Each replaces the one before, and they go with the trial's end."""

import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from tuning.models import Trial
from tuning.storage.stored import StoredFolder

from .files import SWEEP_AFTER


def remove_resume_folders(trial: Trial, keep: Path | None = None) -> None:
    """Those of one trial that are not needed any more."""
    any_of_it = trial.resume_folder(0, 0).place
    for folder in any_of_it.parent.glob(f"{trial.number}-*"):
        if folder != keep:
            StoredFolder(folder, "").remove()


def sweep() -> None:
    """Remove those of trials that ended where nobody could remove them, and what a crash left half.
    Younger ones may belong to a row that is about to be written."""
    held = Trial.objects.active().filter(resume_epoch__isnull=False)
    fields = "search", "number", "resume_epoch", "resume_attempt", "resume_sha256"
    keep = {
        trial.resume_folder(trial.resume_epoch or 0, trial.resume_attempt or 0).place
        for trial in held.only(*fields)
    }
    limit = time.time() - SWEEP_AFTER.total_seconds()
    for search in Path(settings.RESUME_ROOT).iterdir():
        # Another worker may sweep at the same moment.
        with suppress(OSError):
            for folder in set(search.iterdir()) - keep:
                if folder.stat().st_mtime < limit:
                    StoredFolder(folder, "").remove()
            if search.stat().st_mtime < limit and not any(search.iterdir()):
                search.rmdir()
