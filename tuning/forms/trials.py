"""The form that retrains a trial."""

from typing import Any

from django import forms

from tuning.models import Trial


class RetrainForm(forms.Form):
    """How long to train; nothing to ask where there are no epochs."""

    epochs = forms.IntegerField(
        min_value=1,
        max_value=100_000,
        required=False,
        help_text="Defaults to the best epoch of the trial.",
    )

    def __init__(self, *args: Any, trial: Trial, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"epochs": trial.best_epoch or trial.search.epochs})
        super().__init__(*args, **kwargs)
        if not trial.search.kind.has_epochs:
            del self.fields["epochs"]
