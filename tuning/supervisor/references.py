"""What rows say of files: all that the store has to keep, and where each lies on a machine."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from django.db.models import Model, QuerySet

from tuning.models import (
    Dataset,
    ModelEvaluation,
    PartialUpload,
    Prediction,
    SavedModel,
    SearchImport,
    Trial,
)
from tuning.storage.collecting import collect
from tuning.storage.configured import store
from tuning.storage.contract import Missing, StorageError, Store
from tuning.storage.stored import StoredFile, StoredFolder, contents_of

from .checkpoints import attempt_with_weights, tidy_stored

logger = logging.getLogger(__name__)

# The fields with the sizes of files, by those with their hashes.
_SIZES: dict[tuple[type[Model], str], str] = {
    (Dataset, "sha256"): "size",
    (ModelEvaluation, "sha256"): "size",
    (Prediction, "sha256"): "size",
    **{(kind, "upload_sha256"): "upload_size" for kind in (Dataset, SearchImport, Prediction)},
}
COLLECT_EVERY = 6 * 3600.0
_FILE = ("file", "sha256", "size")
_RESUME = ("resume_epoch", "resume_attempt", "resume_sha256")


class Reference(NamedTuple):
    """`field` of `row` has the hash. It is empty if the file was written before there was a store,
    or there is none."""

    row: Model
    field: str
    stored: StoredFile


def references() -> Iterator[Reference]:
    """Of all rows."""
    yield from _of_models_and_data()
    yield from _of_checkpoints(Trial.objects.exclude(oracle_id=""))


def hashed_references() -> Iterator[Reference]:
    """Of the rows that have the hash."""
    yield from (each for each in _of_models_and_data() if each.stored.sha256)
    yield from _of_checkpoints(Trial.objects.exclude(checkpoint_sha256=""))
    running = Trial.objects.active().exclude(resume_sha256="")
    for trial in running.only("search", "number", *_RESUME):
        stored = trial.resume_folder(trial.resume_epoch or 0, trial.resume_attempt or 0)
        yield Reference(trial, "resume_sha256", stored)


def _of_models_and_data() -> Iterator[Reference]:
    for model in SavedModel.objects.exclude(file="").only(*_FILE).iterator():
        yield Reference(model, "sha256", model.stored)
    for evaluation in ModelEvaluation.objects.exclude(file="").only(*_FILE).iterator():
        yield Reference(evaluation, "sha256", evaluation.stored)
    for answer in Prediction.objects.exclude(file="").only(*_FILE).iterator():
        yield Reference(answer, "sha256", answer.stored)
    for dataset in Dataset.objects.exclude(folder="").only("folder", "sha256", "size"):
        yield Reference(dataset, "sha256", dataset.stored)
    for kind in (Dataset, SearchImport, Prediction):
        for row in kind.objects.active().only("key", "upload_sha256", "upload_size"):
            yield Reference(row, "upload_sha256", row.uploaded)
    for upload in PartialUpload.objects.exclude(sha256=""):
        yield Reference(upload, "sha256", upload.stored)


def _of_checkpoints(trials: QuerySet[Trial]) -> Iterator[Reference]:
    """`checkpoints.tidy` forgets the hashes of those that cannot matter any more."""
    fields = ("search", "oracle_id", "status", "attempt", "pruned_attempt", "checkpoint_sha256")
    for trial in trials.only(*fields).iterator():
        yield Reference(trial, "checkpoint_sha256", trial.checkpoint(attempt_with_weights(trial)))


def needed(of: Store) -> set[str]:
    """The hashes of all content that a row refers to. Raises StorageError."""
    found = set()
    for _, _, stored in hashed_references():
        found.add(stored.sha256)
        if isinstance(stored, StoredFolder):
            # Written before there was a store, and not brought there since.
            with suppress(Missing):
                found.update(contents_of(of, stored.sha256).values())
    return found


def collect_now() -> None:
    """Clear the store, as all workers do a few times a day."""
    try:
        collect_unneeded()
    except StorageError as error:
        logger.warning("the storage could not be cleared: %s", error)


def collect_unneeded() -> int:
    """How much content was deleted. Raises StorageError."""
    of = store()
    if of is None:
        return 0
    note_sizes()
    tidy_stored()
    return collect(of, lambda: needed(of), lambda: set(_keys_of_uploads()))


def note_sizes() -> None:
    """Rows of earlier versions lack the sizes of their files, and pages would ask the storage."""
    for row, field, stored in hashed_references():
        name = _SIZES.get((type(row), field))
        if name and stored.size is None:
            with suppress(Missing):
                rows = type(row)._default_manager.filter(pk=row.pk, **{field: stored.sha256})
                rows.update(**{name: stored.content_size()})


def _keys_of_uploads() -> Iterable[str]:
    """Of those that a browser may go on with."""
    return PartialUpload.objects.kept().values_list("key", flat=True)
