"""The forms of a project: a new one, and its next team."""

from typing import Any

from django.forms import (
    ChoiceField,
    Form,
    ModelChoiceField,
    ModelForm,
    RadioSelect,
    Select,
    ValidationError,
)

from tuning.analysis.project_choices import misfit_text
from tuning.analysis.quotas import moving_refusal
from tuning.analysis.splitting import (
    column_problem,
    split_columns,
    weight_columns,
    weight_problem,
)
from tuning.analysis.window_splits import window_problem
from tuning.models import Dataset, HyperModel, Project, Team
from tuning.protocol.splitting import SPLITS, SplitBy, explained_splits
from tuning.protocol.tasks import Task

from .texts import TextArea

FRACTIONS = ("train_fraction", "validation_fraction", "test_fraction")
# Up to so many, a column is chosen from a list; else its name is typed.
_LISTED = 300


class ProjectForm(ModelForm):
    """Teams, datasets and templates are those that the user may use.

    The team is asked for only where there is a choice; `team` is the one to use otherwise.
    """

    task = ChoiceField(
        required=False,
        choices=[
            ("", "Predict the dataset's target"),
            (str(Task.RECONSTRUCTION), "Reconstruct the input (autoencoder)"),
        ],
        help_text="A reconstruction needs no target: a model reproduces its own input.",
    )
    split_by = ChoiceField(
        label="Split rows",
        choices=explained_splits,
        required=False,
        initial=SplitBy.RANDOM.value,
        widget=RadioSelect,
    )

    class Meta:
        model = Project
        fields = [
            "name", "description", "team", "dataset", "hypermodel", "task", "keep_parts",
            "split_by", "split_column", *FRACTIONS, "split_seed", "weight_column", "class_weights",
        ]  # fmt: skip
        widgets = {"description": TextArea({"rows": 2}), "dataset": RadioSelect,
                   "hypermodel": RadioSelect}  # fmt: skip
        labels = {
            "hypermodel": "Model template",
            "keep_parts": "Keep the predefined split",
            "train_fraction": "Training",
            "validation_fraction": "Validation",
            "test_fraction": "Test",
            "split_column": "Column",
            "split_seed": "Seed",
            "weight_column": "Row weights",
            "class_weights": "Balance classes in training",
        }
        help_texts = {
            "keep_parts": "Missing parts are taken from the training rows by their fraction. "
            "Otherwise all rows are split again.",
            "train_fraction": "Fraction of rows for training trials.",
            "validation_fraction": "Fraction of rows for comparing trials.",
            "test_fraction": "Fraction of rows for evaluating retrained models.",
            "split_column": "Its values decide which rows stay together, or in which order they "
            "come. Cross-validation folds are made the same way.",
            "split_seed": "The same seed gives the same split.",
            "weight_column": "Column that says how much each row counts in training. Scores are "
            "not weighted. Weights that a script sets itself take precedence.",
            "class_weights": "Rows of rare classes count more: each class has the same weight in "
            "total. Weights that a script sets itself take precedence. Scores are not weighted.",
        }
        error_messages = {
            "name": {"required": "Enter a name for the project."},
            "dataset": {"required": "Select a dataset."},
            "hypermodel": {"required": "Select a model template."},
        }

    def __init__(self, *args: Any, user: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team = team
        teams = Team.objects.editable_by(user)
        self.fields["dataset"].queryset = Dataset.objects.visible_to(user).usable()
        self.fields["dataset"].empty_label = None
        self.fields["hypermodel"].queryset = HyperModel.objects.offered_to(user)
        self.fields["hypermodel"].empty_label = None
        if teams.count() > 1:
            self.fields["team"].queryset = teams
            self.fields["team"].empty_label = None
            self.fields["team"].initial = team.pk
        else:
            del self.fields["team"]
        self._offer_columns()
        for name in FRACTIONS:
            self.fields[name].widget.attrs.update({"min": 0, "max": 1, "step": "any"})

    @property
    def has_columns(self) -> bool:
        """Whether there is something else to split by than chance."""
        return bool(self._columns)

    @property
    def has_weights(self) -> bool:
        return bool(self._weights)

    def _offer_columns(self) -> None:
        """Those of the dataset that was chosen, if it was."""
        chosen = self.data.get("dataset") or self.initial.get("dataset")
        key = str(getattr(chosen, "pk", chosen))
        rows = self.fields["dataset"].queryset
        dataset = rows.filter(pk=key).first() if key.isascii() and key.isdecimal() else None
        by_group, by_time = (
            split_columns(dataset, by) if dataset else [] for by in (SplitBy.GROUP, SplitBy.TIME)
        )
        self._columns = list(dict.fromkeys([*by_group, *by_time]))
        self._weights = weight_columns(dataset) if dataset else []
        if 0 < len(self._columns) <= _LISTED:
            names = [("", "Select a column"), *((name, name) for name in self._columns)]
            self.fields["split_column"].widget = Select(choices=names)
        if self._weights:
            names = [("", "None: all rows count the same")]
            names += [(name, name) for name in self._weights]
            self.fields["weight_column"].widget = Select(choices=names)

    def clean_split_by(self) -> str:
        return self.cleaned_data["split_by"] or SplitBy.RANDOM.value

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        dataset, hypermodel = cleaned.get("dataset"), cleaned.get("hypermodel")
        if dataset and hypermodel:
            cleaned["task"] = self.instance.task = self._task(dataset, hypermodel)
        if dataset and not dataset.for_task(cleaned.get("task", "")).has_classes:
            cleaned["class_weights"] = self.instance.class_weights = False
        self._check_fit(dataset, hypermodel)
        self._check_fractions([cleaned.get(name) for name in FRACTIONS], dataset)
        if dataset and not self.errors:
            self._check_columns(dataset, cleaned)
        if "team" not in self.fields:
            self.instance.team = self._team
        for name in ("dataset", "hypermodel"):
            self._check_team(name, cleaned.get(name), cleaned.get("team", self._team))
        return cleaned

    def _task(self, dataset: Dataset, hypermodel: HyperModel) -> str:
        """What a person chose; else what the template is made for."""
        task: str = self.cleaned_data.get("task", "")
        if self.add_prefix("task") not in self.data:
            task = hypermodel.task_on(dataset)
        if task and task not in dataset.data.tasks:
            self.add_error("task", f"Models cannot reconstruct {dataset.data.contents}.")
        elif not task and hypermodel.reconstructs and not dataset.reconstructs:
            self.add_error("task", f"“{hypermodel}” is an autoencoder. Reconstruct the input.")
        return "" if task == dataset.task else task

    def _check_team(self, name: str, row: Dataset | HyperModel | None, team: Team | None) -> None:
        """Else the other team would see it in the project: its rows, or its code."""
        if row and team and not row.is_usable_in(team.pk):
            self.add_error(
                name, f"“{row}” belongs to team {row.team}, but the project belongs to {team}."
            )

    def _check_fit(self, dataset: Dataset | None, hypermodel: HyperModel | None) -> None:
        if dataset and hypermodel and (misfit := misfit_text(dataset, hypermodel)):
            self.add_error("hypermodel", misfit)

    def _check_columns(self, dataset: Dataset, cleaned: dict[str, Any]) -> None:
        """What rows are split by, and weighted with."""
        by, column, weights = (
            cleaned[name] for name in ("split_by", "split_column", "weight_column")
        )
        if not SPLITS[by].needs_column:
            column = cleaned["split_column"] = ""
        elif not column:
            self.add_error("split_column", "Select the column to split by.")
        else:
            train, validation, test = (cleaned[name] for name in FRACTIONS)
            seed = cleaned["split_seed"]
            read = dataset.for_task(cleaned.get("task", ""))
            split = read.split(train, validation, test, seed, by=by, column=column)
            if problem := column_problem(dataset, split):
                self.add_error("split_column", problem)
        if column:
            cleaned["keep_parts"] = False
        if weights and (problem := weight_problem(dataset, weights)):
            self.add_error("weight_column", problem)

    def _check_fractions(self, fractions: list[float | None], dataset: Dataset | None) -> None:
        known = [fraction for fraction in fractions if fraction is not None]
        if len(known) < len(FRACTIONS):
            return
        for name, fraction in zip(FRACTIONS, known, strict=True):
            if not 0 < fraction < 1:
                self.add_error(name, "Enter a number between 0 and 1.")
                return
        if abs(sum(known) - 1) > 1e-6:
            self.add_error(
                "train_fraction",
                f"The fractions must add up to 1, not {sum(known):.6g}.",
            )
            return
        train, validation, test = known
        windows = dataset and dataset.windows
        divided = dataset.split(train, validation, test) if dataset and windows else None
        if dataset and divided and (problem := window_problem(dataset, divided)):
            self.add_error("train_fraction", problem)


class MoveForm(Form):
    """Another team, in which the user may create projects."""

    team = ModelChoiceField(
        label="New team",
        queryset=Team.objects.none(),
        empty_label="Select a team",
        error_messages={
            "required": "Select the new team.",
            "invalid_choice": "Select another team in which you may create projects.",
        },
    )

    def __init__(self, *args: Any, user: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._project = project
        teams = Team.objects.editable_by(user).exclude(pk=project.team_id)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]

    def clean_team(self) -> Team:
        team: Team = self.cleaned_data["team"]
        if refusal := moving_refusal(self._project, team):
            raise ValidationError(refusal)
        return team

    @property
    def has_teams(self) -> bool:
        teams: Any = self.fields["team"]
        return bool(teams.queryset.exists())
