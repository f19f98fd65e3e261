"""The form of a new project."""

from typing import Any

from django.forms import ChoiceField, ModelForm, RadioSelect, Textarea

from tuning.analysis.project_choices import misfit_text
from tuning.models import Dataset, HyperModel, Project, Team
from tuning.protocol.tasks import Task
from tuning.protocol.windows import TooFewWindows

FRACTIONS = ("train_fraction", "validation_fraction", "test_fraction")


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

    class Meta:
        model = Project
        fields = [
            "name", "description", "team", "dataset", "hypermodel", "task", "keep_parts",
            *FRACTIONS, "split_seed", "class_weights",
        ]  # fmt: skip
        widgets = {"description": Textarea({"rows": 2}), "dataset": RadioSelect,
                   "hypermodel": RadioSelect}  # fmt: skip
        labels = {
            "hypermodel": "Model template",
            "keep_parts": "Keep the predefined split",
            "train_fraction": "Training",
            "validation_fraction": "Validation",
            "test_fraction": "Test",
            "split_seed": "Seed",
            "class_weights": "Balance classes in training",
        }
        help_texts = {
            "keep_parts": "Missing parts are taken from the training rows by their fraction. "
            "Otherwise all rows are split again.",
            "train_fraction": "Fraction of rows for training trials.",
            "validation_fraction": "Fraction of rows for comparing trials.",
            "test_fraction": "Fraction of rows for evaluating retrained models.",
            "split_seed": "The same seed gives the same split.",
            "class_weights": "Rows of rare classes count more: each class has the same weight in "
            "all. Weights that a script sets itself take precedence. Scores are not weighted.",
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
        self.fields["hypermodel"].queryset = HyperModel.objects.visible_to(user).current()
        self.fields["hypermodel"].empty_label = None
        if teams.count() > 1:
            self.fields["team"].queryset = teams
            self.fields["team"].empty_label = None
            self.fields["team"].initial = team.pk
        else:
            del self.fields["team"]
        for name in FRACTIONS:
            self.fields[name].widget.attrs.update({"min": 0, "max": 1, "step": "any"})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        dataset, hypermodel = cleaned.get("dataset"), cleaned.get("hypermodel")
        if dataset and hypermodel:
            cleaned["task"] = self.instance.task = self._task(dataset, hypermodel)
        if dataset and not dataset.for_task(cleaned.get("task", "")).has_classes:
            cleaned["class_weights"] = self.instance.class_weights = False
        self._check_fit(dataset, hypermodel)
        self._check_fractions([cleaned.get(name) for name in FRACTIONS], dataset)
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
        if row and team and row.team_id not in (None, team.pk):
            self.add_error(
                name, f"“{row}” belongs to team {row.team}, but the project belongs to {team}."
            )

    def _check_fit(self, dataset: Dataset | None, hypermodel: HyperModel | None) -> None:
        if dataset and hypermodel and (misfit := misfit_text(dataset, hypermodel)):
            self.add_error("hypermodel", misfit)

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
        if windows := dataset.windows if dataset else None:
            try:
                windows.parts(*known)
            except TooFewWindows as error:
                self.add_error("train_fraction", str(error))
