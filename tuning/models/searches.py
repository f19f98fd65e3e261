"""Searches: one KerasTuner search, its settings, and the state of its oracle."""

from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Value
from django.utils import timezone

from tuning.protocol.constraints import Constraint
from tuning.protocol.gpu_needs import GpuNeed, gpu_choices
from tuning.protocol.measured import MEASURED, label_of
from tuning.protocol.model_kinds import KindTraits, ModelKind
from tuning.protocol.objectives import Objective, infer_direction
from tuning.protocol.orders import ProjectOrder, SearchOrder
from tuning.protocol.statuses import SEARCH_ACTIVE, SearchStatus, Status
from tuning.strategies import pruners
from tuning.strategies import traits as strategies

from .fixed_queries import FixedQuery, FixedUpdate
from .hypermodels import HyperModel
from .inspections import Inspection
from .projects import Project
from .teams import TeamOwnedQuerySet
from .validators import validate_name

# What to count to count a search's trials: an index has their status, so that PostgreSQL need not
# read 100,000 wide rows.
TRIALS = "trials__status"


class SearchQuerySet(TeamOwnedQuerySet):
    team_path = "project__team"
    project_path = "project__"

    def run_here(self) -> Self:
        """Those whose trials workers train: others have no code to run."""
        return self.filter(origin=Search.Origin.TUNEROOM)

    def of_scripts(self) -> Self:
        """Those whose trials scripts elsewhere train."""
        return self.filter(origin=Search.Origin.SCRIPT)

    def logs(self) -> Self:
        """Those whose values scripts bring as well, as `is_log`."""
        return self.of_scripts().filter(tuner=strategies.Name.GIVEN)

    def not_imported(self) -> Self:
        """Those that begin and end here: imported ones had ended before."""
        return self.filter(origin__in=(Search.Origin.TUNEROOM, Search.Origin.SCRIPT))

    def with_status(self, *statuses: SearchStatus) -> Self:
        return self.filter(status__in=statuses)

    def change_status(self, pk: int, old: tuple[SearchStatus, ...], **values: Any) -> bool:
        """Conditional change of a search; whether exactly one row changed."""
        changed = self.filter(pk=pk, status__in=old).update(revision=F("revision") + 1, **values)
        return changed == 1

    def touch(self, pk: int) -> bool:
        """Tell everybody who follows this search that there is news. False if it is gone."""
        return _TOUCH.run(pk) == 1

    def for_list(self) -> Any:
        """With the counts of trials by status that lists and progress bars show."""
        counts = {
            f"{status}_count": Count(TRIALS, filter=Q(trials__status=status)) for status in Status
        }
        return self.annotate(trial_count=Count(TRIALS), **counts)


class Search(models.Model):
    class Direction(models.TextChoices):
        MAX = "max", "maximise"
        MIN = "min", "minimise"

    class Priority(models.IntegerChoices):
        """Which of a team's searches goes first."""

        LOW = -1, "Low"
        NORMAL = 0, "Normal"
        HIGH = 1, "High"

    class Origin(models.TextChoices):
        """Where trials are trained. Imported searches can be read and never run; those of scripts
        are reported through the API while they run."""

        TUNEROOM = "tuneroom", "Tuneroom"
        SCRIPT = "script", "scripts"
        KERASTUNER = "kerastuner", "KerasTuner"
        TENSORBOARD = "tensorboard", "TensorBoard"
        OPTUNA = "optuna", "Optuna"

    IMPORTED = frozenset({Origin.KERASTUNER, Origin.TENSORBOARD, Origin.OPTUNA})
    STATUSES = [(status.value, status.caption) for status in SearchStatus]

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="searches")
    # The version that this search began with: a project may go on to a newer one. Imported
    # searches and those of scripts have none.
    hypermodel = models.ForeignKey(
        HyperModel, null=True, on_delete=models.PROTECT, related_name="searches"
    )
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=80, blank=True, validators=[validate_name])
    description = models.TextField(blank=True)
    origin = models.CharField(max_length=12, choices=Origin.choices, default=Origin.TUNEROOM)
    refined_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="refinements"
    )
    confirms = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="confirmations",
        help_text="The search whose top trials it runs again.",
    )  # fmt: skip
    warm_start_trials: Any = models.ManyToManyField(
        "tuning.Trial", related_name="fed_to", blank=True,
        help_text="Trials of earlier searches that the oracle knows from the start.",
    )  # fmt: skip
    warm_start_count = models.PositiveIntegerField(
        default=0, help_text="How many they were: they may be deleted."
    )
    status = models.CharField(max_length=10, choices=STATUSES, default=SearchStatus.RUNNING)
    tuner = models.CharField(
        max_length=10, choices=strategies.choices, default=strategies.Name.AUTO.value
    )
    objective = models.CharField(max_length=80)
    direction = models.CharField(max_length=3, choices=Direction.choices)
    other_objectives = models.JSONField(
        default=list, blank=True, help_text="Name and direction of each objective after the first."
    )
    constraints = models.JSONField(
        default=list, blank=True, help_text="Name, relation and limit of each."
    )
    max_trials = models.PositiveIntegerField(default=20)
    epochs = models.PositiveIntegerField(default=10)
    executions_per_trial = models.PositiveSmallIntegerField(default=1)
    batch_size = models.PositiveIntegerField(default=32)
    early_stopping_metric = models.CharField(max_length=80, blank=True)
    early_stopping_patience = models.PositiveIntegerField(default=3)
    # Older searches have none: then what is known of the metric holds.
    early_stopping_direction = models.CharField(max_length=3, choices=Direction.choices, blank=True)
    seed = models.PositiveIntegerField(default=1)
    parallel_trials = models.PositiveSmallIntegerField(default=2)
    priority = models.SmallIntegerField(
        choices=Priority.choices, default=Priority.NORMAL, db_default=Priority.NORMAL
    )
    gpu = models.CharField(
        max_length=8, choices=gpu_choices, blank=True, default=GpuNeed.NONE.value, db_default=""
    )
    retries = models.PositiveSmallIntegerField(default=0)
    max_consecutive_failures = models.PositiveSmallIntegerField(default=5)
    # Each is off where it is None: see tuning.analysis.limits.
    max_time = models.PositiveIntegerField(
        null=True, blank=True, help_text="Seconds from its start, without pauses."
    )
    max_training_time = models.PositiveIntegerField(
        null=True, blank=True, help_text="Seconds that its trials take together."
    )
    target_score = models.FloatField(null=True, blank=True)
    patience_trials = models.PositiveIntegerField(null=True, blank=True)
    time_limit = models.PositiveIntegerField(
        default=3600, help_text="Seconds that one trial may take."
    )
    stall_limit = models.PositiveIntegerField(
        default=900, help_text="Seconds without an event before a trial counts as stuck."
    )
    hyperband_factor = models.PositiveSmallIntegerField(default=3)
    hyperband_iterations = models.PositiveSmallIntegerField(default=1)
    # None: KerasTuner's number, three for each hyperparameter.
    bayesian_initial_points = models.PositiveSmallIntegerField(null=True, blank=True)
    bayesian_alpha = models.FloatField(default=1e-4)
    bayesian_beta = models.FloatField(default=2.6)
    pruner = models.CharField(
        max_length=10, choices=pruners.CHOICES, default=pruners.Name.NONE.value
    )
    # In epochs over all executions, or folds. Which of these count: tuning.strategies.pruners.
    pruning_warmup = models.PositiveIntegerField(default=0)
    pruning_min_trials = models.PositiveIntegerField(default=5)
    pruning_interval = models.PositiveIntegerField(default=1)
    pruning_percentile = models.FloatField(default=50.0)
    pruning_patience = models.PositiveIntegerField(default=3)
    pruning_lower = models.FloatField(null=True, blank=True)
    pruning_upper = models.FloatField(null=True, blank=True)
    pruning_factor = models.PositiveSmallIntegerField(default=3)
    pruning_p = models.FloatField(default=0.1)
    # Of scripts of Optuna: see tuning.strategies.optuna_arguments.
    sampler_arguments = models.JSONField(
        default=dict, db_default=Value({}, models.JSONField()), blank=True,
        help_text="What Optuna's sampler is made with besides its seed, by name.",
    )  # fmt: skip
    pruner_arguments = models.JSONField(
        default=dict, db_default=Value({}, models.JSONField()), blank=True,
        help_text="What Optuna's pruner is made with besides the settings above, by name.",
    )  # fmt: skip
    first_step = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="Where a script begins to count what it reports."
    )
    model_kind = models.CharField(
        max_length=10, choices=[(k.value, k.value) for k in ModelKind], default=ModelKind.KERAS
    )
    # Networks may be cross-validated; estimators always are.
    cross_validated = models.BooleanField(default=False, db_default=False)
    folds = models.PositiveSmallIntegerField(default=5)
    scoring = models.CharField(max_length=80, blank=True)
    space = models.JSONField(default=dict)
    index_columns = models.JSONField(
        default=dict,
        blank=True,
        help_text="Which column of TrialIndex holds which hyperparameter or metric.",
    )
    mean_reconstruction = models.JSONField(
        default=dict, blank=True, db_default={},
        help_text="Of autoencoders: the errors of the training mean on the validation rows.",
    )  # fmt: skip
    oracle_state = models.JSONField(default=dict, blank=True)
    oracle_version = models.PositiveBigIntegerField(
        default=0, help_text="Grows with the oracle's state, so that each is used once."
    )
    exhausted = models.BooleanField(
        default=False, help_text="The oracle has nothing more to suggest."
    )
    failure_message = models.TextField(blank=True)
    end_reason = models.CharField(
        max_length=200,
        blank=True,
        help_text="The limit that was reached. While its last trials run, no other one starts.",
    )
    forgiven = models.PositiveIntegerField(
        default=0, help_text="Failures up to this end_order do not count towards a row of them."
    )
    revision = models.PositiveBigIntegerField(
        default=1, help_text="Grows with every change that a page would show."
    )
    last_claim_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When a script last waited for a configuration."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    idle_seconds = models.FloatField(
        default=0.0, help_text="Earlier pauses, and between an end and going on."
    )

    objects = SearchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "searches"
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_number_per_search")
        ]

    def __str__(self) -> str:
        return f"{self.project} · search {self.number}"

    @property
    def is_active(self) -> bool:
        return self.status in SEARCH_ACTIVE

    @property
    def may_use_gpu(self) -> bool:
        """Whether it has a setting for that: workers train it, and not only on CPUs."""
        return self.runs_here and self.kind.uses_gpu

    @property
    def waits_for(self) -> str:
        """What its trials need to begin."""
        if self.is_of_scripts:
            return "script"
        return "free GPU" if self.gpu == GpuNeed.REQUIRED else "free slot"

    @property
    def strategy(self) -> strategies.Traits:
        """What its way to choose values is and can do."""
        return strategies.traits_of(self.tuner)

    @property
    def pruning(self) -> pruners.Pruning:
        """How its trials are pruned: what Automatic chooses, if that was asked for."""
        by_run = self.kind.defines_by_run
        by_part = pruners.traits_of(self.pruner).by_part and not by_run
        by_epoch = self.kind.has_epochs and not by_part
        folds = self.folds if self.has_folds else 0
        asked = pruners.Pruning(
            pruner=pruners.Name(self.pruner),
            direction=self.direction,
            steps=self.executions * (self.epochs if by_epoch else 1),
            warmup=self.pruning_warmup,
            min_trials=self.pruning_min_trials,
            interval=self.pruning_interval,
            percentile=self.pruning_percentile,
            patience=self.pruning_patience,
            lower=self.pruning_lower,
            upper=self.pruning_upper,
            factor=self.pruning_factor,
            p=self.pruning_p,
            first_step=self.first_step,
            ends_by_code=by_run,
            arguments=tuple(self.pruner_arguments.items()),
        )
        return pruners.resolved(
            asked, self.strategy, self.kind.has_epochs, self.max_trials, len(self.objectives), folds
        )

    @property
    def pruned_trials_resume(self) -> bool:
        """Whether a pruned trial leaves its weights, so that it can go on where it stopped."""
        one_network = self.model_kind == ModelKind.KERAS and self.executions == 1
        return one_network and self.pruning.traits.promotes

    @property
    def has_checkpoints(self) -> bool:
        """Whether a lost trial may go on from its last checkpoint. One of Hyperband is half of
        another's training, and of several executions nobody keeps those that are over."""
        one_network = self.model_kind == ModelKind.KERAS and self.executions == 1
        return one_network and not self.strategy.has_rounds

    @property
    def checkpoint_seconds(self) -> float | None:
        """What lies at least between two checkpoints of a trial; None: it has none."""
        return (settings.CHECKPOINT_SECONDS or None) if self.has_checkpoints else None

    @property
    def spreads(self) -> bool:
        """Whether free slots may take executions of its trials: each is then a piece of work that
        depends on no other. Pruners compare them in their order, and Hyperband's leave one
        checkpoint together."""
        alone = self.executions < 2 or self.parallel_trials < 2
        bound = self.strategy.has_rounds or self.pruning.traits.prunes or self.runner_measures
        return self.kind.spread_seconds is not None and not (alone or bound)

    @cached_property
    def objectives(self) -> list[Objective]:
        """The first is a metric: it decides which epoch is the best one, and is the score."""
        first = Objective(self.objective, self.direction)
        return [first, *(Objective(**other) for other in self.other_objectives)]

    @property
    def has_several_objectives(self) -> bool:
        return bool(self.other_objectives)

    @cached_property
    def constraint_list(self) -> list[Constraint]:
        """Its constraints."""
        return [Constraint(**one) for one in self.constraints]

    @property
    def judged_by(self) -> list[str]:
        """What a trial has to have for its objectives and constraints: metrics and names of
        `measured.py`."""
        names = [each.name for each in self.objectives]
        return list(dict.fromkeys([*names, *(each.name for each in self.constraint_list)]))

    @property
    def runner_measures(self) -> list[str]:
        """What of it a runner measures."""
        asked = [MEASURED[name] for name in self.judged_by if name in MEASURED]
        return [each.name for each in asked if each.by_runner]

    def room(self, running: int | None = None) -> int:
        """How many more of its trials and executions may run. Scripts may be as many as there
        are. `running`: how many do, where that has just been read."""
        if self.is_of_scripts:
            return 1
        return self.parallel_trials - (self._running() if running is None else running)

    def _running(self) -> int:
        trials: int = self.trials.running().count()
        if not self.spreads:
            return trials
        return trials + int(self.trials.filter(executions__status=Status.RUNNING).count())

    def may_suggest(self, made: int | None = None) -> bool:
        """Whether the strategy may have another trial: of this row as it was read, with its trials
        as they are now. Of strategies with rounds only they themselves know. Asked several times
        for each trial: their last number is quicker than counting them, and than the query about
        all searches (`analysis/sharing.py`). `made`: that number, where it has just been read."""
        if self.exhausted or self.end_reason or not self.strategy.suggests:
            return False
        if self.strategy.has_rounds:
            return True
        return (self.last_number() if made is None else made) < self.max_trials

    def last_number(self) -> int:
        """Of its trials, which are numbered from 1 on; 0 without any."""
        last: int = _LAST_NUMBER.first(self.pk) or 0
        return last

    @property
    def kind(self) -> KindTraits:
        """What its trials train."""
        return ModelKind(self.model_kind).traits

    def active_seconds(self) -> float:
        """Since its start, without the time that it was paused or ended."""
        until = self.paused_at or self.finished_at or timezone.now()
        return max((until - self.created_at).total_seconds() - self.idle_seconds, 0.0)

    def idle_until_now(self) -> float:
        """What `idle_seconds` is if it goes on now."""
        since = self.paused_at or self.finished_at
        return self.idle_seconds + ((timezone.now() - since).total_seconds() if since else 0.0)

    def going_on(self) -> dict[str, Any]:
        """The fields of a search that runs from now on, whatever ended it. Taken from its locked
        row: the time until now was not its own. A limit that is still reached ends it again."""
        return {
            "status": SearchStatus.RUNNING,
            "end_reason": "",
            "finished_at": None,
            "paused_at": None,
            "idle_seconds": self.idle_until_now(),
        }

    @property
    def limits_can_change(self) -> bool:
        """While it runs, or after it ended by itself; of a log there are none."""
        if self.is_log:
            return False
        return self.is_active or self.status == SearchStatus.COMPLETED

    @property
    def is_ending(self) -> bool:
        """A limit is reached and its last trials run to their end."""
        return self.is_active and bool(self.end_reason)

    @property
    def score_name(self) -> str:
        """What the score is called on pages. KerasTuner calls every scorer's result "score"."""
        return self.scoring or self.objective

    @property
    def objectives_text(self) -> str:
        """All objectives, as lists and settings show them."""
        others = [label_of(objective.name) for objective in self.objectives[1:]]
        return ", ".join([self.score_name, *others])

    @property
    def executions(self) -> int:
        """How often a trial trains its model: each fold is an execution."""
        return self.folds if self.has_folds else self.executions_per_trial

    @property
    def has_folds(self) -> bool:
        """Whether its trials are cross-validated, by `folds` parts of the rows."""
        return self.cross_validated or not self.kind.has_epochs

    @property
    def validation_text(self) -> str:
        """What its trials are scored on."""
        return f"{self.folds} folds" if self.has_folds else "the validation rows"

    @property
    def part(self) -> str:
        """What the several scores of a trial come from."""
        return "fold" if self.has_folds else "execution"

    @property
    def runs_here(self) -> bool:
        """Whether workers train its trials, with the project's template and data."""
        return self.origin == self.Origin.TUNEROOM

    @property
    def is_of_scripts(self) -> bool:
        """Whether scripts elsewhere train its trials."""
        return self.origin == self.Origin.SCRIPT

    @property
    def is_imported(self) -> bool:
        return self.origin in self.IMPORTED

    @property
    def is_log(self) -> bool:
        """Whether scripts bring the values of its trials as well: it has no plan and no end."""
        return self.is_of_scripts and not self.strategy.suggests

    @property
    def has_plan(self) -> bool:
        """Whether its configurations are chosen here, so that it is known how and how many."""
        return not (self.is_imported or self.is_log)

    @property
    def is_confirmation(self) -> bool:
        return self.runs_here and not self.strategy.suggests

    @property
    def no_code_text(self) -> str:
        """Why nothing of it can be run here; empty if it can."""
        if self.runs_here:
            return ""
        if self.is_of_scripts:
            return "Scripts train the trials of this search, so there is no code to run here."
        return "Imported searches have no code to run."

    @cached_property
    def inspection(self) -> Inspection:
        """What was read from the search's own version of the template. A query, once."""
        pair = Inspection.objects.filter(hypermodel=self.hypermodel_id)
        project = self.project
        found: Inspection = pair.defer("summary").get(dataset=project.dataset_id, task=project.task)
        return found

    def direction_of(self, metric: str) -> str:
        """ "max" or "min"; "" if nobody knows. Of what it optimises the search itself says it."""
        for objective in self.objectives:
            if metric == objective.name:
                return objective.direction
        if metric in MEASURED:
            return MEASURED[metric].direction
        known = "" if not self.runs_here else self.inspection.direction_of(metric)
        return known or infer_direction(metric, {self.objective: self.direction})

    def project_order(self) -> ProjectOrder:
        """The project's data and split with the code that this search began with."""
        if self.hypermodel is None:
            raise ValueError(self.no_code_text)
        project = self.project
        order = self.hypermodel.order(project.data, project.split)
        return replace(
            order, class_weights=project.class_weights, weight_column=project.weight_column
        )

    @property
    def _early_stopping_direction(self) -> str:
        metric = self.early_stopping_metric
        return self.early_stopping_direction or (self.direction_of(metric) if metric else "")

    def order(self) -> SearchOrder:
        """What a runner needs to know to train trials of this search."""
        return SearchOrder(
            project=self.project_order(),
            objective=self.objective,
            direction=self.direction,
            hyperband=self.strategy.has_rounds,
            epochs=self.epochs,
            executions_per_trial=self.executions_per_trial,
            batch_size=self.batch_size,
            early_stopping_metric=self.early_stopping_metric,
            early_stopping_patience=self.early_stopping_patience,
            early_stopping_direction=self._early_stopping_direction,
            space=self.space,
            kind=self.model_kind,
            folds=self.folds if self.has_folds else 0,
            scoring=self.scoring,
            resumes=self.pruned_trials_resume,
            fold_seed=None if self.strategy.suggests else self.seed,
            measures=self.runner_measures,
            checkpoint_seconds=self.checkpoint_seconds,
        )


def _last_numbers(search_id: int) -> models.QuerySet[Any, Any]:
    # By name, because trials come after searches.
    rows = apps.get_model("tuning", "Trial").objects.filter(search=search_id)
    return rows.order_by("-number").values_list("number", flat=True)[:1]


_LAST_NUMBER = FixedQuery(_last_numbers)
_TOUCH = FixedUpdate(lambda pk: Search.objects.filter(pk=pk), revision=F("revision") + 1)
