"""Saved models: retraining a trial's values, stopping that, deleting the result."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from tuning.analysis.quotas import file_refusal
from tuning.models import ModelEvaluation, Project, SavedModel, Stage, Trial
from tuning.protocol.statuses import Status

from .archived import locked_to_start
from .audit import record
from .dispatch import ring
from .quotas import refuse_over_quota


@transaction.atomic
def retrain(user: Any, trial: Trial, epochs: int | None = None, name: str = "") -> SavedModel:
    """Have a fresh model trained with a completed trial's values on train + validation rows.

    Trains for `epochs`, or for as many as the trial had behind it at its best score. Pressing
    twice gives one retraining: one that waits or runs with the same epochs is returned as it is.
    Of a `name` that models of the project have, it becomes the next version. Raises OverQuota, and
    PermissionDenied if the project or its team is archived.
    """
    trial = Trial.objects.select_for_update().get(pk=trial.pk)
    epochs = epochs or trial.best_epoch or trial.search.epochs
    running = SavedModel.objects.active().filter(trial=trial, epochs=epochs)
    same = (running.filter(name=name) if name else running).first()
    if same:
        return same
    # Locked, so that two models do not get one number, or the last room of the team.
    project = locked_to_start(trial.search.project_id)
    refuse_over_quota(file_refusal(project.team))
    saved_model = SavedModel.objects.create(
        project=project,
        number=project.next_model_number(),
        name=name,
        version=next_version(project, name),
        trial=trial,
        epochs=epochs,
        batch_size=trial.search.batch_size,
        seed=trial.search.seed,
        created_by=user,
    )
    source = f"trial {trial.number} of search {trial.search.number}"
    record("model.retrain", saved_model, by=user, trial=source)
    ring(gpu=trial.search.gpu)
    return saved_model


def next_version(project: Project, name: str) -> int:
    """The version that a model gets with this name. The project is locked."""
    newest = SavedModel.objects.versions_of(name, project.pk).values_list("version", flat=True)
    return (newest.first() or 0) + 1


@transaction.atomic
def stop_retraining(saved_model: SavedModel) -> bool:
    changed = (
        SavedModel.objects.active()
        .filter(pk=saved_model.pk)
        .update(
            status=Status.STOPPED,
            finished_at=Now(),
            lease_expires_at=None,
            revision=F("revision") + 1,
        )
    )
    if changed:
        record("model.stop", saved_model)
    return changed == 1


@transaction.atomic
def evaluate(saved_model: SavedModel) -> bool:
    """Have a model evaluated on the test rows by its file, unless it is or is on its way. False if
    there is nothing to do."""
    # Locked, so that pressing twice makes one row.
    row = SavedModel.objects.select_for_update().get(pk=saved_model.pk)
    evaluation = ModelEvaluation.objects.filter(saved_model=row).first()
    if not row.file or (evaluation and (evaluation.is_active or evaluation.is_usable)):
        return False
    ModelEvaluation.objects.update_or_create(
        saved_model=row,
        defaults={
            "status": Status.QUEUED, "lost_attempts": 0, "failure_code": "", "failure_message": "",
            "failure_traceback": "", "progress_text": "", "log_tail": "", "report": {},
            "file": "",
        },
    )  # fmt: skip
    record("model.evaluate", saved_model)
    ring()
    return True


@transaction.atomic
def set_stage(saved_model: SavedModel, stage: Stage) -> None:
    """Say what the team has decided about a model."""
    if SavedModel.objects.filter(pk=saved_model.pk).exclude(stage=stage).update(stage=stage):
        record("model.stage", saved_model, stage=stage.label.lower())


@transaction.atomic
def delete_saved_model(saved_model: SavedModel) -> None:
    """Delete the row; its file is swept away once no row refers to it."""
    # Locked: a supervisor could add an epoch after the epochs were deleted.
    SavedModel.objects.select_for_update().filter(pk=saved_model.pk).first()
    record("model.delete", saved_model)
    SavedModel.objects.filter(pk=saved_model.pk).delete()
