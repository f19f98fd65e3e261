"""Projects: a dataset plus a model template, and what was learned about the pair."""

from typing import Any

from django.conf import settings
from django.db import models

from tuning.protocol.orders import ProjectOrder, Split

from .datasets import Dataset
from .hypermodels import HyperModel
from .teams import Team, TeamOwnedQuerySet
from .work import Work, WorkQuerySet


class ProjectQuerySet(TeamOwnedQuerySet):
    def for_list(self) -> Any:
        return (
            self.select_related("team", "dataset", "hypermodel", "inspection")
            .annotate(search_count=models.Count("searches"))
            .order_by("-created_at")
        )


class Project(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="projects")
    hypermodel = models.ForeignKey(HyperModel, on_delete=models.PROTECT, related_name="projects")
    train_fraction = models.FloatField(default=0.7)
    validation_fraction = models.FloatField(default=0.15)
    test_fraction = models.FloatField(default=0.15)
    split_seed = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def split(self) -> Split:
        return Split(
            train=self.train_fraction,
            validation=self.validation_fraction,
            test=self.test_fraction,
            seed=self.split_seed,
            stratified=self.dataset.task == Dataset.Task.CLASSIFICATION,
        )

    def order(self) -> ProjectOrder:
        """What a runner needs to know of this project."""
        return ProjectOrder(
            code=self.hypermodel.code,
            dataset_folder=str(settings.DATASETS_ROOT / self.dataset.folder),
            split=self.split,
        )


class Inspection(Work):
    """What a runner read from a project's template: its search space and its metrics."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="inspection")
    space = models.JSONField(default=dict, blank=True)
    metrics = models.JSONField(default=list, blank=True)
    parameters = models.BigIntegerField(null=True, blank=True)
    summary = models.TextField(blank=True)

    objects = WorkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"inspection of {self.project}"
