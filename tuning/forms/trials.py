"""The form that retrains a trial."""

from typing import Any

from django import forms

from tuning.analysis.quotas import file_refusal
from tuning.models import SavedModel, Trial
from tuning.models.validators import validate_name


class RetrainForm(forms.Form):
    """How long to train, where the code does not decide that, and the name of the model. `names`:
    those of the project's models."""

    epochs = forms.IntegerField(
        min_value=1,
        max_value=100_000,
        required=False,
        help_text="Defaults to the best epoch of the trial.",
    )
    name = forms.CharField(
        max_length=80,
        required=False,
        label="Model name",
        validators=[validate_name],
        help_text="A name that models already have makes their next version.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, trial: Trial, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"epochs": trial.best_epoch or trial.search.epochs})
        super().__init__(*args, **kwargs)
        self._trial = trial
        names = SavedModel.objects.filter(project=trial.search.project_id).exclude(name="")
        self.names = sorted(set(names.values_list("name", flat=True)))
        if self.names:
            self.fields["name"].widget.attrs["list"] = "model-names"
        if not trial.search.kind.epochs_given:
            del self.fields["epochs"]

    def clean(self) -> dict[str, Any]:
        if refusal := file_refusal(self._trial.search.project.team):
            raise forms.ValidationError(refusal)
        return super().clean() or {}
