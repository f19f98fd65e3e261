"""Rows for a saved model: a field for each column, or a file."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.core.files.uploadedfile import TemporaryUploadedFile

from tuning.analysis.predictions.about import sources_of
from tuning.analysis.predictions.columns import InputColumn, input_columns
from tuning.figures import counted
from tuning.models import Prediction, SavedModel
from tuning.protocol.predictions import MAX_FILE_MB, RowSource
from tuning.protocol.uploads import COMPRESSED, ENDINGS, TABLES, kind_of

from .texts import TextArea

# A menu of more values is no help: they are typed, with proposals.
MAX_MENU = 100
MAX_TEXT = 20_000
MAX_PASTED = 1_000_000
# What pasted rows are called as a file, which scripts read as well.
PASTED = "pasted.csv"
_LARGEST = 3.4e38
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
_TABLES = tuple(ending for ending, kind in ENDINGS.items() if kind in TABLES)


_LABELS = {
    RowSource.TABLE: "Several rows as a table", RowSource.PICTURE: "A picture",
    RowSource.ARRAY: "Rows as an array",
}  # fmt: skip
_HELP = {
    RowSource.TABLE: "Drop a CSV or Parquet file here. It has the columns of the dataset; it need "
    "not have the target.",
    RowSource.PICTURE: "Drop a picture here. It is scaled to the size of the dataset's images.",
    RowSource.ARRAY: "A NumPy array (.npy) has the shape ({shape}).",
}
_WINDOWS_HELP = (
    "Drop a CSV or Parquet file here. It has the newest rows in the order of time, at least "
    "{rows}, with the columns of the dataset; the time is optional."
)
_AHEAD_HELP = " Add the {rows} to predict at the end, with the columns that are known in advance."


class RowForm(forms.Form):
    """One row. `row` is its values by column, None where one is missing."""

    def __init__(self, *args: Any, columns: list[InputColumn], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._columns = columns
        for place, column in enumerate(columns):
            self.fields[f"column-{place}"] = _field(column)

    @property
    def row(self) -> dict[str, Any]:
        values = (self.cleaned_data[f"column-{place}"] for place in range(len(self._columns)))
        pairs = zip(self._columns, values, strict=True)
        return {column.name: _given(value) for column, value in pairs}


def _given(value: Any) -> Any:
    """Browsers end the lines of a text by two characters."""
    if isinstance(value, str):
        value = value.replace("\r\n", "\n")
    return None if value == "" else value


def _field(column: InputColumn) -> forms.Field:
    common: dict[str, Any] = {
        "label": column.name, "initial": column.proposal, "required": not column.may_be_missing,
    }  # fmt: skip
    if column.is_number:
        return forms.FloatField(
            **common, min_value=-_LARGEST, max_value=_LARGEST,
            widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
            error_messages={
                "invalid": "Enter a number, such as 12.5.",
                "required": "Enter a number. This model does not take missing values.",
                "min_value": "The number is too large.", "max_value": "The number is too large.",
            },
        )  # fmt: skip
    if column.is_text:
        return forms.CharField(
            **common, max_length=MAX_TEXT, strip=False, widget=TextArea({"rows": 4})
        )
    if column.values and len(column.values) <= MAX_MENU:
        choices = [("", "(missing)"), *((value, value) for value in column.values)]
        return forms.ChoiceField(
            **common, choices=choices,
            error_messages={"invalid_choice": "Select one of the values."},
        )  # fmt: skip
    known = f"One of {len(column.values):,} values." if column.values else ""
    return forms.CharField(
        **common, max_length=MAX_TEXT, help_text=known,
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip


class FileForm(forms.Form):
    """A file with rows of one of these kinds. `source` is the one that its name promises."""

    rows = forms.FileField(
        max_length=150,
        required=False,
        label="File",
        error_messages={"empty": "The file is empty."},
    )
    pasted = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_PASTED,
        label="Or paste rows",
        help_text="With the column names in the first line, from a CSV file or a spreadsheet.",
        widget=TextArea({"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        error_messages={"max_length": "Paste at most 1 million characters, or upload a file."},
    )

    def __init__(
        self, *args: Any, sources: list[RowSource], shape: list[int],
        windows: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self._sources = sources
        self.fields["rows"].widget.attrs["accept"] = ",".join((*self._endings, *COMPRESSED))
        self.fields["rows"].label = _LABELS[sources[-2 if RowSource.PICTURE in sources else -1]]
        self.fields["rows"].help_text = " ".join(
            _HELP[source].format(shape=", ".join(map(str, ("rows", *shape))))
            for source in sources if source in _HELP
        )  # fmt: skip
        if RowSource.TABLE not in sources:
            del self.fields["pasted"]
        if windows:
            self.fields["rows"].label = "The newest rows as a table"
            self.fields["rows"].help_text = _windows_help(windows)

    @property
    def _endings(self) -> list[str]:
        by_source = {
            RowSource.TABLE: _TABLES, RowSource.PICTURE: _PICTURES, RowSource.ARRAY: (".npy",),
        }  # fmt: skip
        return [ending for source in self._sources for ending in by_source.get(source, ())]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        file, pasted = cleaned.get("rows"), str(cleaned.get("pasted") or "")
        if file and pasted.strip():
            self.add_error("pasted", "Select a file or paste rows, not both.")
        elif pasted.strip():
            cleaned["rows"] = _as_file(pasted)
        elif not file:
            both = "Select a file, or paste rows." if "pasted" in self.fields else "Select a file."
            self.add_error("rows", both)
        return cleaned

    @property
    def source(self) -> RowSource:
        name = self.cleaned_data["rows"].name
        if kind_of(name) in TABLES:
            return RowSource.TABLE
        is_array = PurePath(name).suffix.lower() == ".npy"
        return RowSource.ARRAY if is_array else RowSource.PICTURE

    def clean_rows(self) -> Any:
        file = self.cleaned_data["rows"]
        if file is None:
            return None
        is_table = RowSource.TABLE in self._sources and kind_of(file.name) in TABLES
        if not is_table and PurePath(file.name).suffix.lower() not in self._endings:
            raise forms.ValidationError(
                f"“{file.name}” has an unsupported type. Use {_joined(self._endings)}."
            )
        if file.size > MAX_FILE_MB << 20:
            raise forms.ValidationError(f"The file is larger than {MAX_FILE_MB} MB.")
        return file


def row_form_of(
    saved_model: SavedModel, data: Any, asked: Prediction | None = None
) -> RowForm | None:
    """None where there are too many columns, or none. It begins with what was `asked`."""
    dataset = saved_model.project.dataset
    if RowSource.FORM not in sources_of(dataset):
        return None
    columns = input_columns(dataset)
    initial = {}
    if asked and asked.source == RowSource.FORM:
        row = asked.rows[0]
        initial = {f"column-{n}": row.get(c.name) for n, c in enumerate(columns)}
    return RowForm(data, columns=columns, initial=initial)


def file_form_of(saved_model: SavedModel, *data: Any) -> FileForm:
    dataset = saved_model.project.dataset
    shape = dataset.profile.get("input_shape") or []
    windows = dataset.profile.get("windows")
    return FileForm(*data, sources=sources_of(dataset), shape=shape, windows=windows)


def _windows_help(windows: dict[str, Any]) -> str:
    ahead = windows["horizon"] if windows["known"] else 0
    text = _WINDOWS_HELP.format(rows=f"{windows['look_back'] + ahead:,}")
    return text + (_AHEAD_HELP.format(rows=counted(ahead, "row")) if ahead else "")


def _as_file(pasted: str) -> TemporaryUploadedFile:
    """In the uploads folder, as a file that was sent."""
    content = pasted.strip("\r\n").encode() + b"\n"
    file = TemporaryUploadedFile(PASTED, "text/csv", len(content), "utf-8")
    file.write(content)
    file.flush()
    return file


def _joined(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
