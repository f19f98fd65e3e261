"""HyperModels (for people: model templates): code with a search space. A version never changes."""

from typing import Any, Self

from django.db import models
from django.db.models import Q

from .datasets import Dataset
from .teams import Team


class HyperModelQuerySet(models.QuerySet["HyperModel"]):
    def visible_to(self, user: Any) -> Self:
        """Built-in templates and those of the user's teams."""
        return self.filter(Q(team__isnull=True) | Q(team__in=Team.objects.visible_to(user)))

    def current(self) -> Self:
        return self.filter(superseded=False)


class HyperModel(models.Model):
    key = models.SlugField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    superseded = models.BooleanField(default=False)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="hypermodels"
    )
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    code = models.TextField()
    kinds = models.JSONField(default=list, help_text="Kinds of dataset that it can be used with.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = HyperModelQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="one_row_per_version")
        ]

    def __str__(self) -> str:
        return self.name

    def fits(self, dataset: Dataset) -> bool:
        return dataset.kind in self.kinds
