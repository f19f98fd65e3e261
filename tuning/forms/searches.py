"""The forms of a search: starting one, giving one more trials."""

from collections.abc import Collection
from copy import copy
from dataclasses import replace
from typing import Any

from django import forms

from tuning.analysis.limits import EARLY
from tuning.analysis.profiles import split_sizes
from tuning.analysis.pruning import SEVERAL, help_of, refusal
from tuning.analysis.quotas import storage_refusal, trials_refusal
from tuning.analysis.slots import workers_for
from tuning.analysis.summary import planned_trials
from tuning.models import Project, Search, Worker
from tuning.protocol.gpu_needs import GpuNeed
from tuning.protocol.measured import MEASURED, offered
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.script_settings import AMOUNTS, Use
from tuning.protocol.tasks import Task, target_names
from tuning.strategies.pruners import PRUNERS
from tuning.strategies.pruners import Traits as Pruner
from tuning.strategies.traits import OFFERED, STRATEGY_SETTINGS, WITH_ROUNDS, Traits, traits_of

from .directions import clean_direction, direction_field
from .folds import ONE_EXECUTION, check_folds, check_settings, folds_field
from .folds import refusal as refusal_of_folds
from .limits import NAMES, limit_field
from .objectives import NAMES as ROWS
from .objectives import (
    FieldRow,
    clean_rows,
    constraint_rows,
    initial_rows,
    objective_rows,
    row_fields,
)
from .pruning import NAMES as PRUNING
from .pruning import clean_pruning, pruning_fields

# The few settings that decide what happens; the rest is folded away.
MAIN_FIELDS = ("tuner", "objective", "direction", "max_trials", "epochs")
# Hidden where the strategy does not use them: then their defaults hold.
_OF_A_STRATEGY = ("max_trials", *STRATEGY_SETTINGS, "early_stopping_patience")
_WITH_DEFAULT = (*_OF_A_STRATEGY, "priority")
# Each belongs to the metric of another field.
_DIRECTIONS = {"direction": "objective", "early_stopping_direction": "early_stopping_metric"}

# Trials in parallel that the form proposes at most.
MAX_PROPOSED = 8
# Upper limits against slips of the finger, not against use.
LIMITS: dict[str, tuple[int, int]] = {
    "max_trials": (1, 100_000),
    "epochs": (1, 100_000),
    "executions_per_trial": (1, 100),
    "batch_size": (1, 1_000_000),
    "early_stopping_patience": (1, 10_000),
    "seed": (0, 2**31 - 1),
    "parallel_trials": (1, 1_000),
    "retries": (0, 100),
    "max_consecutive_failures": (1, 1_000),
    "time_limit": (10, 30 * 24 * 3600),
    "stall_limit": (10, 7 * 24 * 3600),
    "hyperband_factor": (2, 10),
    "hyperband_iterations": (1, 100),
    "bayesian_initial_points": (1, 10_000),
}

MAX_AMOUNT = 1e6

HELP = {
    "tuner": "How the search chooses the next configuration.",
    "objective": "The metric to compare trials by.",
    "direction": "Whether higher or lower values are better.",
    "max_trials": "Number of configurations, including the template defaults.",
    "epochs": "Maximum epochs per trial.",
    "executions_per_trial": "Trains each trial several times and averages the scores.",
    "batch_size": "Ignored if the template tunes the batch size.",
    "early_stopping_metric": "Ends a trial when this metric stops improving.",
    "early_stopping_direction": "Whether higher or lower values of this metric are better.",
    "early_stopping_patience": "Epochs without improvement before a trial ends early.",
    "seed": "The same seed gives the same suggestions.",
    "parallel_trials": "Maximum number of trials at a time, limited by free worker slots.",
    "gpu": "Preferred: trials run on a CPU while no GPU is free. Required: they wait for a GPU.",
    "priority": "Which of the team’s searches starts its trials first where slots are scarce.",
    "retries": "Attempts after an error before the trial fails.",
    "max_consecutive_failures": "The search fails after this many consecutive failures.",
    "time_limit": "Fails the trial after this time.",
    "stall_limit": "Fails the trial after this time without progress.",
    "hyperband_factor": "Each round keeps one in this many models; these train longer.",
    "hyperband_iterations": "Number of times the full Hyperband schedule is run.",
    "bayesian_initial_points": "Random trials before the model is used. Blank: three per "
    "hyperparameter.",
    "bayesian_alpha": "Expected noise of the scores (the Gaussian process’s alpha).",
    "bayesian_beta": "Higher values explore more. Lower values stay near the best trials.",
}


def _parallel_trials() -> int:
    """What the form proposes: all slots that are there, so that trials end soonest; not so many
    that most are chosen before the first result is known."""
    least: int = Search._meta.get_field("parallel_trials").get_default()
    return min(max(least, Worker.objects.available().slot_count()), MAX_PROPOSED)


class SearchForm(forms.ModelForm):
    """A new search of `project`, whose inspection is complete."""

    main_names: tuple[str, ...] = MAIN_FIELDS
    help = HELP
    # Among which to choose the objective.
    metrics: list[str] = []
    # The project says what there can be.
    folds = forms.IntegerField(required=False)

    class Meta:
        model = Search
        fields = [
            *MAIN_FIELDS, *STRATEGY_SETTINGS, "executions_per_trial", "batch_size",
            "early_stopping_metric", "early_stopping_direction", "early_stopping_patience", "seed",
            "parallel_trials", "gpu", "priority", "retries", "max_consecutive_failures",
            "time_limit", "stall_limit", *NAMES, *PRUNING,
        ]  # fmt: skip
        labels = {
            "tuner": "Search strategy",
            "max_trials": "Max trials",
            "epochs": "Max epochs",
            "executions_per_trial": "Executions per trial",
            "early_stopping_metric": "Early stopping",
            "early_stopping_patience": "Patience",
            "parallel_trials": "Parallel trials",
            "gpu": "GPU",
            "max_consecutive_failures": "Max consecutive failures",
            "hyperband_factor": "Reduction factor",
            "hyperband_iterations": "Iterations",
            "bayesian_initial_points": "Initial points",
            "bayesian_alpha": "Alpha",
            "bayesian_beta": "Beta",
            "time_limit": "Time limit (seconds)",
            "stall_limit": "Stall limit (seconds)",
        }
        help_texts = HELP

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        earlier = frozenset(self.initial)
        self.initial = {**self._proposals(), **self.initial}
        if "hyperband_factor" in self.fields:
            self.fields["tuner"].widget.attrs["data-with-rounds"] = " ".join(WITH_ROUNDS)
        self._offer_choices()
        defaults = {"parallel_trials": _parallel_trials()}
        for name, (least, most) in LIMITS.items():
            if name in self.fields:
                self.fields[name] = forms.IntegerField(
                    min_value=least,
                    max_value=most,
                    initial=defaults.get(name) or Search._meta.get_field(name).get_default(),
                    label=self.fields[name].label,
                    help_text=self.help[name],
                )
        for name in AMOUNTS & self.fields.keys():
            self.fields[name] = forms.FloatField(
                min_value=0, max_value=MAX_AMOUNT, initial=Search._meta.get_field(name).default,
                label=self.fields[name].label, help_text=HELP[name],
                widget=forms.NumberInput(attrs={"step": "any"}),
            )  # fmt: skip
        self.fields["folds"] = folds_field(project)
        self.order_fields([*self.main_names, *STRATEGY_SETTINGS, "folds"])
        for limit in EARLY:
            self.fields[limit.name] = limit_field(limit)
        self.fields |= pruning_fields(project.inspection.kind)
        self._offer_rows()
        self.fields["priority"].empty_value = None
        if "gpu" in self.fields and not workers_for(GpuNeed.REQUIRED):
            self.fields["gpu"].help_text += " No worker with a GPU is available now."
        for name in _WITH_DEFAULT:
            if name in self.fields:
                self.fields[name].required = False
        self._check_proposals(earlier)

    def _proposals(self) -> dict[str, Any]:
        """What the template's script gives to its tuner and its search, by field."""
        inspection = self.project.inspection
        fields = {"gpu": self.project.hypermodel.gpu, **inspection.script_settings.fields}
        if fields.get("early_stopping_metric", "") not in ("", *inspection.metrics):
            del fields["early_stopping_metric"]
            fields.pop("early_stopping_direction", None)
        return fields

    def _check_proposals(self, earlier: Collection[str]) -> None:
        """List what a field does not take with the arguments that are not used, and mark what is
        the script's. `earlier`: fields with the values of an earlier search."""
        inspection = self.project.inspection
        script = inspection.script_settings
        problems = {n: self._problem_with(n, value) for n, value in script.fields.items()}
        refused = {name: problem for name, problem in problems.items() if problem}
        for name in refused.keys() - set(earlier):
            self.initial.pop(name, None)
        fields = {n: value for n, value in script.fields.items() if n not in refused}
        arguments = [
            replace(one, use=Use.UNUSED, note=refused[one.field]) if one.field in refused else one
            for one in script.arguments
        ]
        self.script = replace(script, fields=fields, arguments=arguments)
        if "objective" in self.fields and inspection.objective in self.metrics:
            fields = fields | {"objective": inspection.objective}
        for name, value in fields.items():
            # An earlier search, or the person, may want something else.
            shown = self.fields[name].prepare_value(value)
            self.fields[name].from_script = str(self[name].value()) == str(shown)

    def _problem_with(self, name: str, value: Any) -> str:
        """Why a field cannot have this value, or nothing."""
        if name not in self.fields:
            return "Searches of this template do not have this setting."
        try:
            self.cleaned_data = {name: self.fields[name].clean(value)}
            getattr(self, f"clean_{name}", lambda: None)()
            if refusal := self._refusal_of_script(name, value):
                return refusal
        except forms.ValidationError as error:
            return " ".join(error.messages)
        finally:
            self.cleaned_data = {}
        return ""

    def _refusal_of_script(self, name: str, value: Any) -> str:
        """Why what the script says does not go together: its tuner with its objectives, which
        KerasTuner adds up, or its folds with its tuner and its executions."""
        fields = self.project.inspection.script_settings.fields
        no_folds = refusal_of_folds(fields.get("tuner", ""))
        if name == "tuner":
            objectives = 1 + sum(name.startswith("objective_") for name in fields)
            return traits_of(value).refusal(objectives, 0)
        if name == "folds":
            return no_folds
        in_folds = name == "executions_per_trial" and "folds" in fields and not no_folds
        return ONE_EXECUTION if in_folds and value > 1 else ""

    @property
    def enqueued(self) -> list[dict[str, Any]]:
        """Configurations that are tried first."""
        return []

    @property
    def has_script_fields(self) -> bool:
        return any(getattr(field, "from_script", False) for field in self.fields.values())

    def _offer_choices(self) -> None:
        """The fields whose choices depend on the project."""
        known = self._offer_objective()
        self.fields["early_stopping_metric"] = forms.ChoiceField(
            choices=[("", "Off"), *((metric, metric) for metric in self.metrics)],
            required=False, label="Early stopping", help_text=HELP["early_stopping_metric"],
            error_messages={"invalid_choice": "The template does not report “%(value)s”."},
        )  # fmt: skip
        stopping = str(self["early_stopping_metric"].value() or "")
        self.fields["early_stopping_direction"] = direction_field(
            "Early stopping direction", HELP["early_stopping_direction"], stopping, known
        )
        self._leave_out_known_directions(known)

    def _offer_objective(self) -> dict[str, str]:
        """That of the first objective. The directions that are known of the metrics."""
        self.metrics = ordered_metrics(self.project.inspection.metrics)
        objective = default_objective(self.project, self.metrics)
        choices = [(metric, metric) for metric in self.metrics]
        self.fields["objective"] = forms.ChoiceField(
            choices=choices, initial=objective, help_text=HELP["objective"],
            error_messages={"invalid_choice": "The template does not report “%(value)s”."},
        )  # fmt: skip
        known = {metric: self.project.inspection.direction_of(metric) for metric in self.metrics}
        self.fields["direction"] = direction_field(
            "Direction", HELP["direction"], str(self["objective"].value() or ""), known
        )
        return known

    def _leave_out_known_directions(self, known: dict[str, str]) -> None:
        # Said outright only where it is not what is known anyway: it is to follow another metric.
        for name, metric in _DIRECTIONS.items():
            if self.initial.get(name) == known.get(str(self.initial.get(metric))):
                self.initial[name] = ""

    def _offer_rows(self) -> None:
        """Those of further objectives and of constraints."""
        inspection = self.project.inspection
        metrics = self.metrics or ordered_metrics(inspection.metrics)
        known = {metric: inspection.direction_of(metric) for metric in metrics}
        measured = offered(ModelKind(inspection.model_kind), metrics)
        self.fields |= row_fields(metrics, measured, known)

    def _direction_of(self, name: str) -> str:
        """Of a metric or something measured; "" if nobody knows."""
        known: str = self.project.inspection.direction_of(name)
        return MEASURED[name].direction if name in MEASURED and not known else known

    @property
    def objective_rows(self) -> list[FieldRow]:
        return objective_rows(self)

    @property
    def constraint_rows(self) -> list[FieldRow]:
        return constraint_rows(self)

    @property
    def refused_strategies(self) -> list[tuple[Traits, str, str]]:
        """Those that do not take several objectives or constraints, and why."""
        offered = {name for name, _ in self.fields["tuner"].choices}
        rows = [(t, t.refusal(2, 0), t.refusal(1, 1)) for t in OFFERED.values()]
        return [row for row in rows if (row[1] or row[2]) and row[0].name in offered]

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.main_names]

    @property
    def strategy_fields(self) -> list[tuple[Traits, list[forms.BoundField]]]:
        """The strategies that have settings of their own here, with their fields."""
        groups = [
            (traits, [self[name] for name in traits.strategy_settings if name in self.fields])
            for traits in OFFERED.values()
        ]
        return [(traits, fields) for traits, fields in groups if fields]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        first = {*self.main_names, *STRATEGY_SETTINGS, *NAMES, *PRUNING, *ROWS}
        return [field for field in self if field.name not in first]

    @property
    def limit_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in NAMES]

    @property
    def pruning_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in PRUNING]

    @property
    def pruners(self) -> list[tuple[Pruner, str]]:
        """Each with what it does and when to choose it."""
        kind = self.project.inspection.kind
        return [(traits, help_of(traits, kind)) for traits in PRUNERS.values()]

    @property
    def unpruned(self) -> list[tuple[Traits, str]]:
        """The strategies whose trials are not pruned, with the reason."""
        offered = {name for name, _ in self.fields["tuner"].choices}
        rows = [(traits, refusal(traits)) for traits in OFFERED.values()]
        return [(traits, said) for traits, said in rows if said and traits.name in offered]

    @property
    def unpruned_with_several(self) -> str:
        return SEVERAL

    @property
    def more_is_open(self) -> bool:
        """Whether the folded settings have something to see: errors, limits, or values of the
        script."""
        limits = self.limit_fields
        folded = [*self.more_fields, *self.pruning_fields, *limits]
        return any(
            field.errors or getattr(field.field, "from_script", False) for field in folded
        ) or any(field.value() not in (None, "") for field in limits)

    def clean_batch_size(self) -> int:
        batch_size: int = self.cleaned_data["batch_size"]
        rows = split_sizes(self.project)["train"]
        if rows and batch_size > rows:
            raise forms.ValidationError(f"The batch size exceeds the {rows:,} training rows.")
        return batch_size

    def clean_folds(self) -> int | None:
        folds: int | None = self.cleaned_data["folds"]
        check_folds(self.project, folds)
        return folds

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in _WITH_DEFAULT:
            if cleaned.get(name) is None and name not in self.errors:
                cleaned[name] = Search._meta.get_field(name).get_default()
        self._clean_directions(cleaned)
        clean_rows(self, cleaned, self._direction_of)
        clean_pruning(self, cleaned, self.project.inspection.kind)
        check_settings(self, cleaned)
        if "time_limit" in cleaned and cleaned.get("stall_limit", 0) > cleaned["time_limit"]:
            self.add_error("stall_limit", "This exceeds the time limit of a trial.")
        return cleaned

    def _clean_directions(self, cleaned: dict[str, Any]) -> None:
        """Those of the objective and of early stopping, which follows the objective's if it looks
        at the same metric."""
        if "direction" not in self.fields:
            return
        known = self.project.inspection.direction_of
        objective, stopping = cleaned.get("objective"), cleaned.get("early_stopping_metric")
        clean_direction(self, "direction", objective or "", known)
        if not stopping:
            cleaned["early_stopping_direction"] = ""
        elif stopping == objective:
            cleaned["early_stopping_direction"] = cleaned.get("direction", "")
        else:
            clean_direction(self, "early_stopping_direction", stopping, known)

    def check_quotas(self, trials: int) -> None:
        """Say what the team's quotas refuse to a search of so many trials."""
        team = self.project.team
        if refusal := storage_refusal(team):
            self.add_error(None, refusal)
        if refusal := trials_refusal(team, trials):
            strategy = traits_of(self.cleaned_data["tuner"])
            counted = strategy.counts_trials
            self.add_error("max_trials" if counted else "hyperband_iterations", refusal)

    def search(self) -> Search:
        """The row to start, with the search space as it is now."""
        search: Search = self.save(commit=False)
        search.project = self.project
        # Together: another version, which the project may get meanwhile, has another space.
        search.hypermodel = self.project.hypermodel
        search.space = self.project.inspection.space
        search.model_kind = self.project.inspection.model_kind
        folds = self.cleaned_data["folds"]
        if folds and self.project.inspection.kind.has_epochs:
            search.cross_validated, search.folds = True, folds
        search.other_objectives = self.cleaned_data["other_objectives"]
        search.constraints = self.cleaned_data["constraints"]
        return search


class ExtendForm(forms.Form):
    """More trials for a search. `seen` is the limit that the page showed: see actions."""

    seen = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, search: Search, **kwargs: Any) -> None:
        hyperband = search.strategy.has_rounds
        seen = search.hyperband_iterations if hyperband else search.max_trials
        kwargs.setdefault("initial", {"more": 1 if hyperband else 10, "seen": seen})
        super().__init__(*args, **kwargs)
        self._search, self._limit = search, "hyperband_iterations" if hyperband else "max_trials"
        self.fields["more"] = forms.IntegerField(
            min_value=1,
            max_value=100 if hyperband else 10_000,
            label="More Hyperband iterations" if hyperband else "More trials",
        )

    def clean_more(self) -> int:
        more: int = self.cleaned_data["more"]
        longer = copy(self._search)
        setattr(longer, self._limit, getattr(longer, self._limit) + more)
        team = longer.project.team
        if refusal := trials_refusal(team, planned_trials(longer)) or storage_refusal(team):
            raise forms.ValidationError(refusal)
        return more


class PriorityForm(forms.ModelForm):
    class Meta:
        model = Search
        fields = ["priority"]


class GpuForm(forms.ModelForm):
    class Meta:
        model = Search
        fields = ["gpu"]
        labels = {"gpu": "GPU"}


def settings_of(search: Search) -> dict[str, Any]:
    """The settings of a search, to begin another one with."""
    names = [*SearchForm.Meta.fields, "scoring", *(["folds"] if search.has_folds else [])]
    if search.kind.defines_by_run:
        names += ["sampler_arguments", "pruner_arguments"]
    return forms.model_to_dict(search, fields=names) | initial_rows(search)


def ordered_metrics(metrics: list[str]) -> list[str]:
    """Validation metrics first: those on the training rows reward memorising."""
    return sorted(metrics, key=lambda name: (not name.startswith("val_"), "loss" in name, name))


def default_objective(project: Project, metrics: list[str]) -> str:
    proposed = str(project.inspection.objective)
    if proposed in metrics:
        return proposed
    targets = len(target_names(project.data.profile))
    preferred = Task(project.data.task).traits.objectives_for(targets)
    return next((name for name in preferred if name in metrics), metrics[0] if metrics else "")
