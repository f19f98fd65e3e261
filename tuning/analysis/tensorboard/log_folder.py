"""The log folder of a search as a zip archive that is made while it is sent."""

import io
import zipfile
from collections.abc import Iterator
from itertools import islice

from django.db.models import F
from django.utils.text import slugify

from tuning.eventfiles import write
from tuning.models import Epoch, Search, Trial
from tuning.protocol.statuses import Status

from .experiment import experiment_of
from .runs import runs_of

# Trials whose rows are in memory at a time.
BATCH = 200
_USED = (
    "search", "number", "status", "attempt", "values", "metrics", "best_epoch", "created_at",
    "started_at", "finished_at",
)  # fmt: skip


def file_name(search: Search) -> str:
    return (
        f"{slugify(search.project.name)[:40] or 'project'}-search-{search.number}-tensorboard.zip"
    )


def log_folder(search: Search) -> Iterator[bytes]:
    """The archive, piece by piece. However many trials there are, a batch of them is in memory,
    and of the others only their places in the archive."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        created = search.created_at.timestamp()
        about = write.header(created)
        about += write.experiment(created, experiment_of(search, _metric_names(search)))
        archive.writestr(f"events.out.tfevents.{created:.0f}.tuneroom", about)
        for trial, epochs in _trials(search):
            for folder, data in runs_of(search, trial, epochs):
                archive.writestr(f"{folder}/events.out.tfevents.{created:.0f}.tuneroom", data)
            yield pipe.take()
    yield pipe.take()


def _trials(search: Search) -> Iterator[tuple[Trial, list[Epoch]]]:
    """All trials that have begun, by number, with the epochs of their last attempt."""
    rows = search.trials.exclude(status=Status.QUEUED).order_by("number").only(*_USED)
    waiting = rows.iterator(BATCH)
    while batch := list(islice(waiting, BATCH)):
        epochs: dict[int, list[Epoch]] = {}
        found = Epoch.objects.filter(trial__in=batch, attempt=F("trial__attempt"))
        for epoch in found.order_by("execution", "epoch"):
            epochs.setdefault(epoch.trial_id, []).append(epoch)
        for trial in batch:
            yield trial, epochs.get(trial.pk, [])


def _metric_names(search: Search) -> set[str]:
    """Of all completed trials: cells know them by their columns."""
    prefixes = ("metric:", "last:")
    names = {key.partition(":")[2] for key in search.index_columns if key.startswith(prefixes)}
    return names | {search.objective}


class _Pipe(io.RawIOBase):
    """A file that can only be written, and whose contents are taken from it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
