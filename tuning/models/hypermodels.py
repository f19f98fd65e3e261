"""HyperModels (for people: model templates): code with a search space. A version never changes.

A team's template is text to the site, which parses it (`ast`) and never runs it. Its rows share a
`key`; changed code or constants are a new row with the next `version`. A project points to one
version and goes on to the newest when a person presses a button; a `Search` keeps the version
that it began with, for its trials and for retraining them.
"""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from tuning.protocol.data_kinds import template_kinds_text
from tuning.protocol.gpu_needs import GpuNeed, gpu_choices
from tuning.protocol.orders import ProjectOrder, Split
from tuning.protocol.tasks import Task, task_choices

from .datasets import PUBLISHED, Dataset
from .gallery import Publishable
from .teams import Team
from .validators import validate_name


class HyperModelQuerySet(models.QuerySet["HyperModel"]):
    def visible_to(self, user: Any) -> Self:
        """Built-in templates, those of the user's teams, and the versions that projects of these
        and their searches use: a project that was moved may use one of its former team. With them
        the gallery."""
        teams = Team.objects.visible_to(user)
        used = Q(pk__in=teams.filter(projects__isnull=False).values("projects__hypermodel"))
        paths = "projects__searches__hypermodel"
        used |= Q(pk__in=teams.filter(**{f"{paths}__isnull": False}).values(paths))
        return self.filter(Q(team__isnull=True) | Q(team__in=teams) | used | PUBLISHED)

    def editable_by(self, user: Any) -> Self:
        """Those of the teams in which the user may edit. Built-in ones belong to nobody."""
        return self.filter(team__in=Team.objects.editable_by(user))

    def versions_of(self, hypermodel: "HyperModel") -> Self:
        """All versions of the same template, the newest first."""
        return self.filter(key=hypermodel.key, team=hypermodel.team_id).order_by("-version")

    def usable_in(self, team_id: int) -> Self:
        """What projects of the team may begin to use."""
        return self.filter(Q(team__isnull=True) | Q(team=team_id) | PUBLISHED)

    def later_than(self, hypermodel: "HyperModel") -> Self:
        """The versions that came after this one, the newest first."""
        return self.versions_of(hypermodel).filter(version__gt=hypermodel.version)

    def offered_to(self, user: Any) -> Self:
        """Those to choose from: the latest versions of built-in ones and of the user's teams, and
        the latest published version of those of other teams."""
        own = Q(team__isnull=True) | Q(team__in=Team.objects.visible_to(user))
        later = HyperModel.objects.filter(
            PUBLISHED, key=OuterRef("key"), team=OuterRef("team"), version__gt=OuterRef("version")
        )
        return self.filter(own & Q(superseded=False) | ~own & PUBLISHED & ~Exists(later))

    def current(self) -> Self:
        return self.filter(superseded=False)


class HyperModel(Publishable, models.Model):
    key = models.SlugField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    superseded = models.BooleanField(default=False)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="hypermodels"
    )
    name = models.CharField(max_length=80, validators=[validate_name])
    description = models.TextField(blank=True)
    code = models.TextField()
    constants = models.JSONField(
        default=dict, blank=True, help_text="Arguments of its builder that no project supplies."
    )
    kinds = models.JSONField(default=list, help_text="Kinds of dataset that it can be used with.")
    task = models.CharField(
        max_length=20, choices=task_choices, blank=True, db_default="", default="",
        help_text="What it is made to predict; empty: what the dataset has.",
    )  # fmt: skip
    gpu = models.CharField(
        max_length=8, choices=gpu_choices, blank=True, default=GpuNeed.NONE.value, db_default="",
        help_text="What forms of its searches propose.",
    )  # fmt: skip
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = HyperModelQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="one_row_per_version")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kinds_text(self) -> str:
        """ "images and tables": what it is made for."""
        return template_kinds_text(self.kinds)

    @property
    def reconstructs(self) -> bool:
        """Whether it is made for models whose target is their input."""
        return bool(self.task) and Task(self.task).traits.reconstructs

    def fits(self, dataset: Dataset) -> bool:
        return self.takes(dataset) and self.suits_task_of(dataset)

    def takes(self, dataset: Dataset) -> bool:
        """Whether it is made for such rows."""
        return dataset.kind in self.kinds

    def suits_task_of(self, dataset: Dataset) -> bool:
        """Whether what it predicts can be had from the dataset. Built-in templates predict targets
        unless they say otherwise; of other code nobody knows."""
        if self.task:
            return self.task in dataset.data.tasks
        return not (dataset.reconstructs and self.team_id is None)

    def task_on(self, dataset: Dataset) -> str:
        """What a project of the two predicts by default, as `Project.task` has it."""
        return "" if self.task == dataset.task else self.task

    def order(self, dataset: Dataset, split: Split) -> ProjectOrder:
        """What a runner needs to know to build this template's models for a dataset."""
        return ProjectOrder(
            code=self.code,
            dataset_folder=str(dataset.stored.place),
            split=split,
            constants=self.constants,
            task=dataset.task,
        )
