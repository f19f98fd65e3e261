"""The form that runs the top trials of a search again."""

from typing import Any

from django import forms

from tuning.analysis.confirmation import (
    FOLDS,
    MAX_FOLDS,
    MAX_RUNS,
    MAX_TOP,
    RUNS,
    TOP,
    candidates,
)
from tuning.analysis.quotas import storage_refusal, trials_refusal
from tuning.figures import counted
from tuning.models import Search, Trial

from .folds import check_number, proposed_folds


class ConfirmationForm(forms.Form):
    """`trials` are those that it would run again."""

    top = forms.IntegerField(label="Trials", min_value=1, max_value=MAX_TOP)
    runs = forms.IntegerField(min_value=2)

    def __init__(self, *args: Any, search: Search, **kwargs: Any) -> None:
        self._best = candidates(search, MAX_TOP)
        self._search = search
        proposed, most = RUNS, MAX_RUNS
        if search.has_folds:
            proposed, most = proposed_folds(search.project, FOLDS), MAX_FOLDS
        initial = {"top": min(TOP, len(self._best)), "runs": proposed}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["top"].help_text = "The best of this search, with different values."
        runs = self.fields["runs"]
        if search.has_folds:
            runs.label, runs.help_text = "Folds", "The rows are divided anew."
        else:
            runs.label, runs.help_text = "Runs per trial", "Each run has another seed."
        runs.validators.append(forms.IntegerField(max_value=most).validators[0])
        runs.widget.attrs["max"] = most

    def clean_top(self) -> int:
        top: int = self.cleaned_data["top"]
        if top > len(self._best):
            known = counted(len(self._best), "trial has completed", "trials have completed")
            raise forms.ValidationError(f"Only {known} with different values.")
        if refusal := trials_refusal(self._search.project.team, top):
            raise forms.ValidationError(refusal)
        return top

    def clean_runs(self) -> int:
        runs: int = self.cleaned_data["runs"]
        if self._search.has_folds:
            check_number(self._search.project, runs)
        return runs

    def clean(self) -> dict[str, Any]:
        if refusal := storage_refusal(self._search.project.team):
            raise forms.ValidationError(refusal)
        return super().clean() or {}

    @property
    def trials(self) -> list[Trial]:
        """Of a valid form; before it is sent, of what it proposes."""
        valid = self.is_bound and self.is_valid()
        return self._best[: self.cleaned_data["top"] if valid else self.initial["top"]]

    @property
    def chosen_runs(self) -> int:
        valid = self.is_bound and self.is_valid()
        runs: int = self.cleaned_data["runs"] if valid else self.initial["runs"]
        return runs
