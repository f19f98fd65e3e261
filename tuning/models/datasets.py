"""Datasets: what models are trained on. Prepared once by a runner, immutable from then on."""

from copy import copy
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When

from tuning.protocol.data_kinds import DataTraits, Display, kind_choices, kind_of_rows
from tuning.protocol.failures import WorkKind
from tuning.protocol.orders import TEST, TRAIN, VALIDATION, Split
from tuning.protocol.splitting import SPLITS, SplitBy
from tuning.protocol.statuses import Status
from tuning.protocol.tasks import Task, task_choices, without_targets
from tuning.protocol.uploads import ARRAYS, TABLES
from tuning.protocol.windows import Windows
from tuning.storage.stored import StoredFolder

from .gallery import Publishable
from .teams import Team
from .uploaded import Uploaded
from .validators import validate_name
from .work import Work, WorkQuerySet

PUBLISHED = Q(published_at__isnull=False)


class DatasetQuerySet(WorkQuerySet):
    def ready(self) -> Self:
        """A person needs it: built-in ones are not prepared before that."""
        return super().ready().filter(requested=True, folder="")

    def visible_to(self, user: Any) -> Self:
        """Built-in datasets, those of the user's teams, and what projects of these use: a project
        that was moved may use a dataset of its former team. With them the gallery."""
        teams = Team.objects.visible_to(user)
        used = teams.filter(projects__isnull=False).values("projects__dataset")
        return self.filter(Q(team__isnull=True) | Q(team__in=teams) | Q(pk__in=used) | PUBLISHED)

    def editable_by(self, user: Any) -> Self:
        """Those of teams in which the user may change things. Nobody changes built-in ones."""
        return self.filter(team__in=Team.objects.editable_by(user))

    def usable(self) -> Self:
        """What a project can be made with: uploads once they are prepared, built-in ones always,
        since a project has them prepared."""
        return self.exclude(source=Dataset.Source.UPLOAD, folder="")

    def named(self, team: Team, name: str) -> Self:
        """The team's uploads of this name, unless they failed; the latest version first."""
        rows = self.filter(team=team, name=name, source=Dataset.Source.UPLOAD)
        failed = Q(status__in=(Status.FAILED, Status.STOPPED), folder="")
        return rows.exclude(failed).order_by("-version", "-pk")

    def namesakes_of(self, dataset: "Dataset", team: Team, name: str) -> Self:
        """Other datasets of the team with this name: a file under it could be the next version of
        each of them."""
        first = dataset.series or dataset.key
        return self.named(team, name).exclude(Q(series=first) | Q(key=first))

    def versions_of(self, dataset: "Dataset") -> Self:
        """All versions of the same dataset, the latest first."""
        first = dataset.series or dataset.key
        return self.filter(Q(series=first) | Q(key=first), team=dataset.team_id).order_by(
            "-version", "-pk"
        )

    def usable_in(self, team_id: int) -> Self:
        """What projects of the team may begin to use."""
        return self.filter(Q(team__isnull=True) | Q(team=team_id) | PUBLISHED)

    def later_than(self, dataset: "Dataset") -> Self:
        """Prepared versions that came after this one, the latest first."""
        return self.versions_of(dataset).filter(version__gt=dataset.version).exclude(folder="")

    def offered_to(self, user: Any) -> Self:
        """Those to choose from: built-in ones, the latest prepared version of each of the user's
        teams, and the latest published version of those of other teams."""
        later = Dataset.objects.exclude(folder="").filter(
            series=OuterRef("first_version"), team=OuterRef("team"), version__gt=OuterRef("version")
        )
        first = Case(When(series="", then=F("key")), default=F("series"))
        own = Q(team__isnull=True) | Q(team__in=Team.objects.visible_to(user))
        shared = ~own & PUBLISHED & ~Exists(later.filter(PUBLISHED))
        return self.annotate(first_version=first).filter(own & ~Exists(later) | shared)

    def teams_first(self) -> Self:
        """Uploads before built-in ones, the newest first."""
        built_in = Case(When(team__isnull=True, then=F("pk")), default=-F("pk"))
        return self.order_by(F("team").desc(nulls_last=True), built_in)


class Dataset(Publishable, Uploaded, Work):
    work_kind = WorkKind.READING

    class Source(models.TextChoices):
        BUNDLED = "bundled", "Bundled"
        KERAS = "keras", "Downloaded by keras.datasets"
        UPLOAD = "upload", "Uploaded"

    key = models.SlugField(max_length=40, unique=True)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="datasets"
    )
    name = models.CharField(max_length=80, validators=[validate_name])
    description = models.TextField(blank=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    # Empty until an upload was read.
    kind = models.CharField(max_length=10, choices=kind_choices, blank=True)
    task = models.CharField(max_length=20, choices=task_choices, blank=True)
    # Facts that are known before the data are here; the profile has what was counted.
    size_text = models.CharField(max_length=120, help_text="Rows and shape, in words.")
    requested = models.BooleanField(
        default=False, help_text="Somebody chose it, so a worker prepares it."
    )
    folder = models.CharField(max_length=200, blank=True, help_text="Below DATASETS_ROOT.")
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Of the prepared files, in bytes."
    )
    profile = models.JSONField(default=dict, blank=True)
    upload = models.JSONField(
        default=dict, blank=True, help_text="Kind, name and options of the uploaded file."
    )
    # A file under the name of another dataset of its team is the next version of that.
    series = models.CharField(
        max_length=40, blank=True, db_index=True, help_text="Key of its first version, or empty."
    )
    version = models.PositiveIntegerField(default=1)
    detected_schema = models.JSONField(
        default=dict, blank=True, help_text="What was found in an uploaded table."
    )

    objects = DatasetQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """Its name, with its version where it is not the only one that may be meant."""
        return f"{self.name}, version {self.version}" if self.is_upload else self.name

    @property
    def is_ready(self) -> bool:
        return bool(self.folder)

    @property
    def is_upload(self) -> bool:
        return self.source == self.Source.UPLOAD

    @property
    def data(self) -> DataTraits:
        """The traits of its rows. Raises ValueError for an upload that was not read yet."""
        return kind_of_rows(self.profile, self.kind).traits

    @property
    def has_pictures(self) -> bool:
        return self.is_ready and self.data.display == Display.PICTURE

    @property
    def has_no_picture(self) -> bool:
        """Whether nothing of its rows can be shown."""
        return bool(self.kind) and self.data.display == Display.NOTHING

    @property
    def kind_text(self) -> str:
        return self.data.caption

    @property
    def has_classes(self) -> bool:
        """Whether each row has one of several classes."""
        return bool(self.task) and Task(self.task).traits.has_classes

    @property
    def reconstructs(self) -> bool:
        """Whether its rows have no other target than themselves."""
        return bool(self.task) and Task(self.task).traits.reconstructs

    def for_task(self, task: str) -> "Dataset":
        """The dataset as a project of this task reads it, which may not be the dataset's own: a
        copy that is not to be saved."""
        if task in ("", self.task):
            return self
        found = copy(self)
        found.task, found.profile = task, without_targets(self.profile)
        return found

    @property
    def head_targets(self) -> list[str]:
        """The heads of the last cells of the first rows."""
        name = self.profile.get("target_name")
        return self.profile.get("head_targets") or ([name] if name else [])

    @property
    def brings_parts(self) -> bool:
        """Whether the data come divided into parts, of which training is one."""
        return bool(self.profile.get("parts"))

    @property
    def windows(self) -> Windows | None:
        """Of a time series that was prepared."""
        return Windows.of(self.profile)

    @property
    def is_table(self) -> bool:
        """An upload from which a person has to choose what is to be predicted."""
        found = "columns" in self.detected_schema or "columns" in self.profile
        return found or self.upload.get("kind") in TABLES

    @property
    def is_arrays(self) -> bool:
        """An upload from which a person may have to choose the arrays."""
        return "arrays" in self.detected_schema or self.upload.get("kind") == ARRAYS

    @property
    def awaits_choices(self) -> bool:
        """A worker has looked at the file; now a person says what is to be predicted from it.
        Its file is kept meanwhile, also if a preparation was refused."""
        return bool(self.detected_schema) and not self.requested and not self.is_ready

    @property
    def stored(self) -> StoredFolder:
        """The prepared files."""
        return StoredFolder(Path(settings.DATASETS_ROOT) / self.folder, self.sha256, self.size)

    def split(
        self,
        train: float = TRAIN,
        validation: float = VALIDATION,
        test: float = TEST,
        seed: int = 0,
        keep_parts: bool = True,
        by: str = SplitBy.RANDOM,
        column: str = "",
    ) -> Split:
        """How a runner divides the rows: windows by time; others by a column, if there is one; as
        the data bring it, if that is to be kept; else class by class where there are classes."""
        if self.windows:
            # They are always split by their own time.
            by, column = SplitBy.RANDOM, ""
        stratified = bool(self.task) and Task(self.task).traits.stratified
        stratified = stratified and SPLITS[by].stratifies and not self.windows
        given = keep_parts and self.brings_parts and not column
        return Split(train, validation, test, seed, stratified, given, by, column)
