"""Rows that a person gives to a saved model, and its answer. Both are deleted after an hour."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from tuning.protocol.failures import WorkKind
from tuning.protocol.predictions import RowSource
from tuning.storage.stored import StoredFile

from .saved_models import SavedModel
from .uploaded import Uploaded
from .work import Work, WorkQuerySet

KEPT_FOR = timedelta(hours=1)


class PredictionQuerySet(WorkQuerySet):
    def visible_to(self, user: Any) -> Self:
        """A person's own, about models that they see: what they ask is their affair."""
        models = SavedModel.objects.visible_to(user)
        return self.filter(created_by=user.pk, saved_model__in=models)

    def with_model(self) -> Self:
        """With what a page or the API says of the model."""
        parts = ("project__dataset", "project__hypermodel", "trial__search")
        large = ("trial__search__oracle_state", "trial__search__space")
        rows = self.select_related(*(f"saved_model__{part}" for part in parts))
        return rows.defer(*(f"saved_model__{part}" for part in large))

    def forgotten(self) -> Self:
        """Those whose time is over."""
        ended = self.exclude(finished_at=None)
        return ended.filter(finished_at__lt=timezone.now() - KEPT_FOR)


class Prediction(Uploaded, Work):
    """`answer`: tuning.protocol.events.Predicted, checked."""

    SOURCES = [(source.value, source.value) for source in RowSource]
    work_kind = WorkKind.PREDICTION

    saved_model = models.ForeignKey(
        SavedModel, on_delete=models.CASCADE, related_name="predictions"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    source = models.CharField(max_length=10, choices=SOURCES)
    rows = models.JSONField(default=list, blank=True, help_text="Those of the form.")
    key = models.SlugField(max_length=50, unique=True, help_text="Of an uploaded file.")
    name = models.CharField(max_length=150, blank=True, help_text="Of an uploaded file.")
    answer = models.JSONField(default=dict, blank=True)
    file = models.CharField(
        max_length=200, blank=True, help_text="Rows with predictions, below PREDICTIONS_ROOT."
    )
    sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="In bytes.")

    objects = PredictionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"prediction of {self.saved_model_id}"

    @property
    def stored(self) -> StoredFile:
        place = Path(settings.PREDICTIONS_ROOT) / (self.file or "-")
        return StoredFile(place, self.sha256, self.size)
