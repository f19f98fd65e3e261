"""Dry runs: what building sampled models and a few steps of each said, before a search begins."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from tuning.protocol.failures import WorkKind
from tuning.protocol.gpu_needs import GpuNeed, gpu_choices
from tuning.protocol.orders import DryRunOrder

from .inspections import Inspection
from .projects import Project
from .work import Work, WorkQuerySet

MODELS = 50


class DryRunQuerySet(WorkQuerySet):
    def visible_to(self, user: Any) -> Self:
        """A person's own, as far as they still see the template and the dataset."""
        return self.filter(created_by=user.pk, inspection__in=Inspection.objects.visible_to(user))


class DryRun(Work):
    """Each person has one for a template on a dataset: the next one replaces it."""

    work_kind = WorkKind.VALIDATION

    inspection = models.ForeignKey(Inspection, on_delete=models.CASCADE, related_name="dry_runs")
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.CASCADE, related_name="dry_runs",
        help_text="Whose split counts, if it was asked for in the form of a new search.",
    )  # fmt: skip
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    space = models.JSONField(default=dict)
    batch_size = models.PositiveIntegerField(default=32)
    folds = models.PositiveSmallIntegerField(default=5)
    gpu = models.CharField(
        max_length=8, choices=gpu_choices, blank=True, default=GpuNeed.NONE.value, db_default=""
    )
    planned = models.JSONField(
        default=dict, blank=True,
        help_text="Of the form's search: trials, their epochs (or fits) together, trials at once.",
    )  # fmt: skip
    tried = models.JSONField(default=list, blank=True, help_text="ModelTried of each, in order.")
    rows = models.PositiveIntegerField(
        default=0, help_text="How many rows an estimator was fitted on, if not on all of a fold."
    )

    objects = DryRunQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"dry run of {self.inspection_id}"

    def order(self) -> DryRunOrder:
        pair = self.inspection
        project = (
            pair.hypermodel.order(self.project.data, self.project.split)
            if self.project
            else pair.order()
        )
        kind = pair.model_kind
        return DryRunOrder(project, self.space, kind, self.batch_size, self.folds, MODELS)
