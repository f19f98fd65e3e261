"""Searches of other programs that a worker reads: the file, and the search that it becomes."""

from typing import Self

from django.conf import settings
from django.db import models

from tuning.protocol.failures import WorkKind

from .projects import Project
from .searches import Search
from .teams import TeamOwnedQuerySet
from .uploaded import Uploaded
from .validators import validate_name
from .work import Work, WorkQuerySet


class SearchImportQuerySet(WorkQuerySet, TeamOwnedQuerySet):
    team_path = "project__team"
    project_path = "project__"

    def ready(self) -> Self:
        """Nobody has to choose first."""
        return super().ready().filter(awaits_choice=False)


class SearchImport(Uploaded, Work):
    work_kind = WorkKind.READING

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(
        max_length=150, help_text="Of the uploaded file.", validators=[validate_name]
    )
    # Chosen by a person where the files do not say them.
    objective = models.CharField(max_length=80, blank=True)
    direction = models.CharField(max_length=3, choices=Search.Direction.choices, blank=True)
    metrics = models.JSONField(default=list, blank=True, help_text="Among which to choose.")
    studies = models.JSONField(
        default=list, blank=True, db_default=[],
        help_text="Name and number of trials of each study in the file, among which to choose.",
    )  # fmt: skip
    study = models.PositiveIntegerField(
        default=0, db_default=0, help_text="The place of the chosen study, from 1."
    )
    value_name = models.CharField(
        max_length=80, blank=True, default="", db_default="",
        help_text="What the value of an Optuna study is called that has no name for it.",
    )  # fmt: skip
    awaits_choice = models.BooleanField(default=False)
    search = models.OneToOneField(
        Search, null=True, blank=True, on_delete=models.CASCADE, related_name="imported_by",
        help_text="Being filled until the import is completed.",
    )  # fmt: skip
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = SearchImportQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"import of {self.name}"
