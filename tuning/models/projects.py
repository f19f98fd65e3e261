"""Projects: a dataset plus a model template, and how the rows are divided."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Greatest

from tuning.protocol.orders import TEST, TRAIN, VALIDATION, Split
from tuning.protocol.splitting import SplitBy, split_choices
from tuning.protocol.tasks import task_choices

from .datasets import Dataset
from .hypermodels import HyperModel
from .teams import Team, TeamOwnedQuerySet
from .validators import validate_name

if TYPE_CHECKING:
    from .inspections import Inspection


class ProjectQuerySet(TeamOwnedQuerySet):
    project_path = ""

    def archived(self) -> Any:
        """By themselves, or with their team."""
        return self.filter(_archived())

    def unarchived(self) -> Any:
        return self.exclude(_archived())

    def for_list(self) -> Any:
        return (
            self.select_related("team", "dataset", "hypermodel")
            .annotate(
                search_count=models.Count("searches"),
                active_at=Greatest(
                    Coalesce(models.Max("searches__created_at"), "created_at"), "created_at"
                ),
            )
            .order_by("-created_at")
        )


def _archived() -> models.Q:
    return models.Q(archived_at__isnull=False) | models.Q(team__archived_at__isnull=False)


class Project(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=80, validators=[validate_name])
    description = models.TextField(blank=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="projects")
    hypermodel = models.ForeignKey(HyperModel, on_delete=models.PROTECT, related_name="projects")
    task = models.CharField(
        max_length=20, choices=task_choices, blank=True, db_default="", default="",
        help_text="What is predicted; empty: what the dataset has.",
    )  # fmt: skip
    train_fraction = models.FloatField(default=TRAIN)
    validation_fraction = models.FloatField(default=VALIDATION)
    test_fraction = models.FloatField(default=TEST)
    split_seed = models.PositiveIntegerField(default=0)
    keep_parts = models.BooleanField(
        default=True, help_text="Where the data come divided: leave them so."
    )
    split_by = models.CharField(
        max_length=10, choices=split_choices, default=SplitBy.RANDOM.value,
        db_default=SplitBy.RANDOM.value,
    )  # fmt: skip
    split_column = models.CharField(
        max_length=200, blank=True, default="", db_default="",
        help_text="Whose groups or times decide in which part a row is.",
    )  # fmt: skip
    weight_column = models.CharField(
        max_length=200, blank=True, default="", db_default="",
        help_text="How much each row counts in training.",
    )  # fmt: skip
    class_weights = models.BooleanField(
        default=False, help_text="Rows of rare classes count more in training."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # A number that an address had is not given to another row, also when the row was deleted.
    last_search_number = models.PositiveIntegerField(default=0)
    last_model_number = models.PositiveIntegerField(default=0)
    archived_at = models.DateTimeField(
        null=True, blank=True, help_text="It can only be read since then, and lists leave it out."
    )

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None or self.team.archived_at is not None

    @property
    def data(self) -> Dataset:
        """The dataset as this project reads it: without targets for a reconstruction."""
        return self.dataset.for_task(self.task)

    @property
    def split(self) -> Split:
        return self.split_of(self.dataset)

    def split_of(self, dataset: Dataset) -> Split:
        """How the rows of a version of its dataset are divided."""
        return dataset.for_task(self.task).split(
            self.train_fraction, self.validation_fraction, self.test_fraction, self.split_seed,
            self.keep_parts, self.split_by, self.split_column,
        )  # fmt: skip

    def next_search_number(self) -> int:
        """For the search that is being made: the project's row is locked."""
        return self._next_number("last_search_number", self.searches)

    def next_model_number(self) -> int:
        """For the model that is being made: the project's row is locked."""
        return self._next_number("last_model_number", self.saved_models)

    def _next_number(self, field: str, rows: Any) -> int:
        known = rows.aggregate(last=models.Max("number"))["last"] or 0
        number = max(known, int(getattr(self, field))) + 1
        setattr(self, field, number)
        self.save(update_fields=[field])
        return number

    @cached_property
    def inspection(self) -> "Inspection":
        """What is known of the pair. `create_project` sees to it that there is one, and it stays
        as long as the dataset and the template do. A query: lists must not ask for it."""
        rows = self.hypermodel.inspections.defer("summary")
        return rows.get(dataset=self.dataset_id, task=self.task)
