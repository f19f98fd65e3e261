"""The form of a search over scikit-learn estimators: cross-validation in place of epochs."""

from typing import Any

from django import forms

from tuning.models import Project, Search
from tuning.protocol.scorers import SCORE, scorers_of
from tuning.strategies.traits import OFFERED, STRATEGIES, Name

from .script_searches import ScriptSearchForm
from .searches import SearchForm

# What only networks have.
_NETWORK_FIELDS = {
    *STRATEGIES[Name.HYPERBAND].strategy_settings, "objective", "direction", "epochs",
    "executions_per_trial", "batch_size",
    "early_stopping_metric", "early_stopping_direction", "early_stopping_patience", "gpu",
}  # fmt: skip


def search_form(project: Project, data: Any = None, **options: Any) -> SearchForm:
    """The form that fits what the project's template builds."""
    kind = project.inspection.kind
    form = SearchForm if kind.has_epochs else EstimatorSearchForm
    if kind.defines_by_run:
        form = ScriptSearchForm
    return form(data, project=project, **options)


class EstimatorSearchForm(SearchForm):
    """A new search of a project whose template builds estimators."""

    main_names = ("tuner", "scoring", "max_trials", "folds")

    class Meta(SearchForm.Meta):
        fields = [
            *(name for name in SearchForm.Meta.fields if name not in _NETWORK_FIELDS),
            "scoring", "folds",
        ]  # fmt: skip

    def _offer_choices(self) -> None:
        tuner = self.fields["tuner"]
        tuner.choices = [
            (name.value, traits.caption)
            for name, traits in OFFERED.items()
            if not traits.needs_epochs
        ]
        tuner.error_messages["invalid_choice"] = (
            "Hyperband needs epochs, which estimators do not have. Select another strategy."
        )
        names = scorers_of(self.project.data.profile)
        self.fields["scoring"] = forms.ChoiceField(
            choices=[("", "Estimator default"), *((name, name) for name in names)],
            required=False,
            help_text="Metric to compare trials by. The default is accuracy for classification "
            "(multi-label: rows with all labels right) and R² for regression. Higher is always "
            "better: errors are negated.",
            error_messages={"invalid_choice": "“%(value)s” is not a scorer for this dataset."},
        )

    def search(self) -> Search:
        search = super().search()
        search.objective, search.direction = SCORE, Search.Direction.MAX
        # Each fold counts as an execution of one epoch.
        search.epochs = 1
        return search
