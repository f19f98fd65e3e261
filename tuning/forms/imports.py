"""The forms of an import: its file, and what it optimised where the file does not say that."""

from typing import Any

from django import forms

from tuning.models import SearchImport
from tuning.protocol.objectives import infer_direction

from .datasets import too_large_text
from .directions import clean_direction, direction_field

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class ImportForm(forms.Form):
    file = forms.FileField(
        max_length=150,
        label="File",
        help_text="A .zip of a KerasTuner project folder or of a TensorBoard log folder.",
        error_messages={"required": "Select a file.", "empty": "The file is empty."},
        widget=forms.FileInput({"accept": ".zip"}),
    )

    def __init__(self, *args: Any, too_large: bool = False, **kw: Any) -> None:
        super().__init__(*args, **kw)
        if too_large:
            self.fields["file"].error_messages["required"] = too_large_text()

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        file.seek(0)
        if file.read(4) not in _ZIP:
            raise forms.ValidationError(
                f"“{file.name}” is not a zip archive. Compress the whole folder as .zip."
            )
        return file


class ObjectiveForm(forms.Form):
    objective = forms.ChoiceField(label="Objective", help_text="The metric to compare trials by.")

    def __init__(self, *args: Any, row: SearchImport, **kw: Any) -> None:
        kw.setdefault("initial", {"objective": row.objective})
        super().__init__(*args, **kw)
        self.fields["objective"].choices = [(name, name) for name in row.metrics]
        self.fields["direction"] = direction_field(
            "Direction",
            "Whether higher or lower values are better.",
            str(self["objective"].value() or next(iter(row.metrics), "")),
            {metric: infer_direction(metric) for metric in row.metrics},
        )

    def clean(self) -> dict[str, Any]:
        super().clean()
        clean_direction(self, "direction", self.cleaned_data.get("objective", ""), infer_direction)
        return self.cleaned_data
