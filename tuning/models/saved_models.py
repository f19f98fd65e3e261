"""Saved models: a trial's values trained again on train + validation rows, ready for download."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from tuning.protocol.failures import WorkKind
from tuning.protocol.statuses import Status, status_choices
from tuning.storage.stored import StoredFile

from .projects import Project
from .teams import TeamOwnedQuerySet
from .trials import Trial
from .validators import validate_name
from .work import Work, WorkQuerySet


class SavedModelQuerySet(WorkQuerySet, TeamOwnedQuerySet):
    team_path = "project__team"
    project_path = "project__"

    def versions_of(self, name: str, project_id: int) -> Any:
        """The models of this name, the newest version first; none without a name."""
        return self.filter(project=project_id, name=name).exclude(name="").order_by("-version")


class Stage(models.TextChoices):
    """What a team has decided about a model."""

    CANDIDATE = "candidate", "Candidate"
    APPROVED = "approved", "Approved"
    ARCHIVED = "archived", "Archived"


class SavedModel(Work):
    """A retraining and its result. `file` is set last, once the whole file is in its place."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="saved_models")
    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="saved_models")
    number = models.PositiveIntegerField(default=0, help_text="Counts the project's models.")
    name = models.CharField(max_length=80, blank=True, validators=[validate_name])
    version = models.PositiveIntegerField(
        default=1, help_text="Among the project's models of the same name."
    )
    description = models.TextField(blank=True, help_text="Markdown.")
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.CANDIDATE)
    epochs = models.PositiveIntegerField()
    batch_size = models.PositiveIntegerField()
    seed = models.PositiveIntegerField(default=1)
    test_metrics = models.JSONField(default=dict, blank=True)
    parameters = models.BigIntegerField(null=True, blank=True)
    layers = models.TextField(blank=True)
    versions = models.JSONField(default=dict, blank=True)
    trusted_types = models.JSONField(
        default=list,
        blank=True,
        help_text="What loading a skops file has to trust beyond what skops trusts by itself.",
    )
    note = models.TextField(blank=True, help_text="Sentences about how the file was saved.")
    layers_code = models.TextField(
        blank=True, help_text="A module without which Keras cannot load the file."
    )
    file = models.CharField(max_length=200, blank=True, help_text="Below SAVED_MODELS_ROOT.")
    size = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    revision = models.PositiveBigIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = SavedModelQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_number_per_model"),
            models.UniqueConstraint(
                fields=["project", "name", "version"],
                condition=~Q(name=""),
                name="one_model_per_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} · model of trial {self.trial.number}"

    @property
    def stored(self) -> StoredFile:
        return StoredFile(Path(settings.SAVED_MODELS_ROOT) / self.file, self.sha256, self.size)

    @property
    def title(self) -> str:
        """Its name and version, or else its number among the project's models."""
        return f"{self.name} v{self.version}" if self.name else f"Model {self.number}"

    @property
    def is_approved(self) -> bool:
        return self.stage == Stage.APPROVED

    @property
    def is_estimator(self) -> bool:
        """Of scikit-learn, and not a network. A Tuner class of a template's own may save either."""
        if self.file:
            return self.file.endswith(".skops")
        return not self.trial.search.kind.has_epochs


class ModelEvaluation(Work):
    """What the test rows say of a saved model. A retraining makes it. For models of earlier
    versions of Tuneroom, and after a failure, a person asks for it."""

    work_kind = WorkKind.PREDICTION

    status = models.CharField(max_length=10, choices=status_choices, default=Status.COMPLETED)
    saved_model = models.OneToOneField(
        SavedModel, on_delete=models.CASCADE, related_name="evaluation"
    )
    report = models.JSONField(default=dict, help_text="tuning.protocol.evaluation.Evaluation.")
    file = models.CharField(
        max_length=200, blank=True, help_text="The predictions, below SAVED_MODELS_ROOT."
    )
    sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="In bytes.")

    objects = WorkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.saved_model} · evaluation"

    @property
    def stored(self) -> StoredFile:
        return StoredFile(Path(settings.SAVED_MODELS_ROOT) / self.file, self.sha256, self.size)

    @property
    def is_usable(self) -> bool:
        """Whether it has something to show."""
        return bool(self.report.get("outputs"))


class SavedModelEpoch(models.Model):
    saved_model = models.ForeignKey(SavedModel, on_delete=models.CASCADE, related_name="history")
    attempt = models.PositiveIntegerField()
    epoch = models.PositiveIntegerField()
    seconds = models.FloatField()
    metrics = models.JSONField()

    class Meta:
        ordering = ["epoch"]
        constraints = [
            models.UniqueConstraint(
                fields=["saved_model", "attempt", "epoch"], name="one_row_per_saved_model_epoch"
            )
        ]

    def __str__(self) -> str:
        return f"{self.saved_model} · epoch {self.epoch}"
