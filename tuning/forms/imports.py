"""The forms of an import: its file, which of several studies, and what it optimised where the file
does not say that."""

from typing import Any

from django import forms

from tuning.analysis.quotas import storage_refusal
from tuning.figures import counted
from tuning.models import Project, SearchImport
from tuning.protocol.objectives import infer_direction

from .directions import clean_direction, direction_field

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# An Optuna storage: a SQLite file or a journal. Of a table only its name says what it is.
_STORAGE = (b"SQLite format 3\0", b"{")
ENDINGS = (".zip", ".db", ".sqlite", ".sqlite3", ".log", ".journal", ".jsonl", ".csv")


class ImportForm(forms.Form):
    file = forms.FileField(
        max_length=150,
        label="File",
        help_text="A KerasTuner or TensorBoard folder, also as .zip, or a file of an Optuna study.",
        error_messages={"required": "Select a file.", "empty": "The file is empty."},
        widget=forms.FileInput({"accept": ",".join(ENDINGS)}),
    )
    value_name = forms.CharField(
        max_length=80,
        required=False,
        label="Metric that an Optuna study optimises",
        help_text="Only for studies whose value has no name. Blank: value.",
        widget=forms.TextInput({"placeholder": "val_accuracy"}),
    )

    def __init__(self, *args: Any, project: Project, no_file: str = "", **kw: Any) -> None:
        """`no_file`: why there is no file, if a person did send one."""
        super().__init__(*args, **kw)
        self._project = project
        if no_file:
            self.fields["file"].error_messages["required"] = no_file

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        file.seek(0)
        head = file.read(16)
        if not head.startswith((*_ZIP, *_STORAGE)) and not file.name.lower().endswith(".csv"):
            raise forms.ValidationError(
                f"“{file.name}” is neither a zip archive nor an Optuna study. Compress folders as "
                ".zip."
            )
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        if file and (refusal := storage_refusal(self._project.team, file.size)):
            # Not the file's fault: what has arrived is kept until there is room.
            self.add_error(None, refusal)
        return cleaned


class StudiesForm(forms.Form):
    studies = forms.TypedMultipleChoiceField(
        coerce=int,
        label="Studies",
        help_text="Each becomes a search.",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Select at least one study."},
    )

    def __init__(self, *args: Any, row: SearchImport, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["studies"].choices = [
            (place, f"{study['name']} ({counted(study['trials'], 'trial')})")
            for place, study in enumerate(row.studies, 1)
        ]


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
