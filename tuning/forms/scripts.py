"""The form of a search whose trials scripts log."""

from typing import Any

from django import forms

from tuning.models import Search
from tuning.protocol.objectives import infer_direction

from .directions import clean_direction, direction_field


class LogForm(forms.ModelForm):
    class Meta:
        model = Search
        fields = ["name", "objective"]
        labels = {"name": "Name", "objective": "Objective"}
        help_texts = {
            "name": "Scripts find the search by its name.",
            "objective": "The metric to compare trials by.",
        }

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["name"].required = True
        # Empty in a new row, which goes before the field's own.
        self.initial["objective"] = self.instance.objective or "val_loss"
        self.fields["direction"] = direction_field(
            "Direction",
            "Whether higher or lower values are better.",
            str(self["objective"].value() or ""),
            {"val_loss": "min"},
        )

    def clean(self) -> dict[str, Any]:
        super().clean()
        clean_direction(self, "direction", self.cleaned_data.get("objective", ""), infer_direction)
        self.instance.direction = self.cleaned_data.get("direction") or "min"
        return self.cleaned_data
