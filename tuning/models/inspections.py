"""Inspections: what a runner read from a template with a dataset. A fact about the pair, which all
projects of the pair with the same task share."""

from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from tuning.protocol.failures import WorkKind
from tuning.protocol.model_kinds import KindTraits, ModelKind
from tuning.protocol.objectives import infer_direction
from tuning.protocol.orders import ProjectOrder
from tuning.protocol.script_settings import ScriptSettings
from tuning.protocol.tasks import task_choices

from .datasets import Dataset
from .hypermodels import HyperModel
from .projects import Project
from .work import Work, WorkQuerySet


class InspectionQuerySet(WorkQuerySet):
    def visible_to(self, user: Any) -> Self:
        """Those whose dataset and whose template the user may both see."""
        return self.filter(
            dataset__in=Dataset.objects.visible_to(user),
            hypermodel__in=HyperModel.objects.visible_to(user),
        )

    def ready(self) -> Self:
        """The data are there."""
        return super().ready().exclude(dataset__folder="")

    def usable(self) -> Self:
        """Those of which a worker can build models: the space is known, and the data are there (an
        administrator may have freed the space of a built-in dataset since)."""
        return self.completed().exclude(dataset__folder="")

    def awaited(self) -> Self:
        """A project needs it, or a person asked for it."""
        return self.filter(_of_a_project() | Q(requested=True))

    def unasked(self) -> Self:
        """No project needs it yet. A replaced version will not get another project."""
        return self.filter(~_of_a_project(), requested=False, hypermodel__superseded=False)


def _of_a_project() -> Q:
    names = ("dataset", "hypermodel", "task")
    pair = Project.objects.filter(**{name: OuterRef(name) for name in names})
    return Q(Exists(pair))


class Inspection(Work):
    """A template's search space, its metrics and its size by default, as read on a dataset."""

    work_kind = WorkKind.VALIDATION

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="inspections")
    hypermodel = models.ForeignKey(HyperModel, on_delete=models.CASCADE, related_name="inspections")
    task = models.CharField(
        max_length=20, choices=task_choices, blank=True, db_default="", default="",
        help_text="What is predicted; empty: what the dataset has.",
    )  # fmt: skip
    requested = models.BooleanField(
        default=False, help_text="Somebody asked for it and waits on the template's page."
    )
    space = models.JSONField(default=dict, blank=True)
    metrics = models.JSONField(default=list, blank=True)
    parameters = models.BigIntegerField(null=True, blank=True)
    summary = models.TextField(blank=True)
    samples = models.JSONField(
        default=dict, blank=True, help_text="Sizes of models of random values, built untrained."
    )
    model_kind = models.CharField(
        max_length=10, choices=[(k.value, k.value) for k in ModelKind], default=ModelKind.KERAS
    )
    objective = models.TextField(
        blank=True, help_text="The metric by which the code's own search compares, if it says."
    )
    direction = models.CharField(max_length=3, blank=True)
    directions = models.JSONField(
        default=dict, blank=True, help_text="Which way metrics improve, as their classes say."
    )
    script = models.JSONField(
        default=dict, blank=True,
        help_text="What the code's script gives to its tuner and its search: see ScriptSettings.",
    )  # fmt: skip
    note = models.TextField(blank=True, help_text="How the code was read, if not as it stands.")

    objects = InspectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "hypermodel", "task"], name="one_inspection_per_task"
            )
        ]

    def __str__(self) -> str:
        return f"inspection of {self.hypermodel} on {self.dataset}"

    def direction_of(self, metric: str) -> str:
        """ "max" or "min": as the template's code says, else the metric's class, else its name. ""
        if none of them does."""
        if metric == self.objective and self.direction:
            return self.direction
        stated = {self.objective: self.direction} if self.direction else {}
        return infer_direction(metric, {**stated, **self.directions})

    @property
    def kind(self) -> KindTraits:
        return ModelKind(self.model_kind).traits

    @property
    def script_settings(self) -> ScriptSettings:
        return ScriptSettings.of_json(self.script)

    def order(self) -> ProjectOrder:
        """What a runner needs to know. The space depends on the data's shape, not on how some
        project divides them, so any split will do."""
        data = self.dataset.for_task(self.task)
        return self.hypermodel.order(data, data.split())
