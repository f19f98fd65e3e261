"""The form of a table that a worker has looked at: what is to be predicted, from which columns.

Datasets may have thousands of columns, so the form has 100 a page, and each page is kept when it
is left; only types other than the detected ones are stored.
"""

from typing import Any

from django import forms
from django.core.paginator import Page, Paginator

from tuning.models import Dataset
from tuning.protocol.tasks import Task, explained_choices
from tuning.protocol.uploads import (
    ALL_MEMBERS,
    AUXILIARY,
    DECIMALS,
    DELIMITERS,
    ENCODINGS,
    FOLDERS,
    HEADERS,
    PIXELS,
    SEPARATORS,
    ColumnType,
)

from .windows import FIELDS as WINDOW_FIELDS
from .windows import WindowsForm

COLUMNS_A_PAGE = 100
# Up to so many, the target is chosen from a list; else its name is typed.
_LISTED = 300
_TYPES = [
    (ColumnType.NUMBER.value, "Number"),
    (ColumnType.CATEGORY.value, "Category"),
    (ColumnType.TEXT.value, "Text"),
    (ColumnType.DATE.value, "Date"),
    (ColumnType.OUT.value, "Leave out"),
    (ColumnType.TARGET.value, "Further target"),
    (ColumnType.GROUP.value, "Group"),
    (ColumnType.TIME.value, "Time"),
    (ColumnType.WEIGHT.value, "Weight"),
]
# Of a table with the labels of images, in which only targets are used otherwise.
_TYPES_BESIDE_IMAGES = [
    (ColumnType.OUT.value, "Not used"),
    *(pair for pair in _TYPES if pair[0] in {*AUXILIARY, ColumnType.TARGET}),
]
# What decides which columns there are.
_WHICH = ("member", "sheet", "header")
_DECIMALS = [(sign, word.capitalize()) for sign, word in DECIMALS.items()]
# Of a column in which 1,234 or 1.234 may be either.
_COLUMN_DECIMALS = [("", "As in the file"), *_DECIMALS]


class ColumnsForm(WindowsForm):
    """Its choices, and the types of one page of columns: a table may have thousands, so each page
    is kept when it is left."""

    target = forms.CharField(
        max_length=200,
        strip=False,
        help_text="The column to predict.",
        error_messages={"required": "Select the column to predict."},
    )
    task = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Auto-detect"),
            *explained_choices(),
        ],
    )
    drop_rows = forms.BooleanField(required=False, label="Drop rows without a target")
    pixels = forms.RegexField(
        PIXELS,
        required=False,
        label="Images in columns",
        error_messages={"invalid": "Enter height x width x channels, such as 28x28x1."},
    )
    file_names = forms.CharField(
        max_length=200,
        strip=False,
        label="Column with file names",
        help_text="Names of images, with or without folders and endings.",
    )
    member = forms.CharField(required=False, label="File in the archive", max_length=200)
    sheet = forms.CharField(required=False, label="Sheet", max_length=200)
    header = forms.ChoiceField(label="First row", choices=list(HEADERS.items()))
    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(
        choices=[(sign, word.capitalize()) for sign, word in DELIMITERS.items()]
    )
    decimal = forms.ChoiceField(
        label="Decimal separator",
        choices=_DECIMALS,
        help_text="Applies to columns in which 1,234 or 1.234 may be either.",
    )
    gaps = forms.CharField(
        required=False,
        max_length=500,
        label="Additional missing-value markers",
        help_text="Separated by commas, such as -999, unknown. Empty cells are always missing.",
    )
    markers = forms.MultipleChoiceField(
        required=False,
        label="Missing-value markers found",
        widget=forms.CheckboxSelectMultiple,
        help_text="Clear a marker that is a value in this table, such as NA for “no garage”.",
    )

    def __init__(self, *args: Any, dataset: Dataset, page: Any = 1, **kwargs: Any) -> None:
        self._dataset = dataset
        self._file_names = str(dataset.detected_schema.get("file_names", ""))
        self._columns: list[dict[str, Any]] = dataset.detected_schema["columns"]
        self.page: Page[dict[str, Any]] = Paginator(self._columns, COLUMNS_A_PAGE).get_page(page)
        super().__init__(*args, initial=self._initial(), **kwargs)
        if len(self._columns) <= _LISTED:
            names = [(name, name) for name in self._names()]
            self.fields["target"].widget = forms.Select(choices=names)
        self.offer_windows(self._names(), listed=len(self._columns) <= _LISTED)
        if self._file_names:
            self.leave_out_windows()
        schema = dataset.detected_schema
        target, reason = schema["target"], schema.get("target_reason", "")
        if reason:
            self.fields[
                "target"
            ].help_text = f"The column to predict. Suggested: {target}. {reason}"
        labels = ""
        if separator := schema.get("separator"):
            labels = f", labels separated by a {SEPARATORS[separator]}"
        self.fields["task"].help_text = f"Detected for “{target}”: {schema['task']}{labels}."
        self.is_text = bool(schema["encoding"])
        if not self.is_text:
            for name in ("encoding", "delimiter", "decimal"):
                del self.fields[name]
        self._offer("member", "members")
        self._offer("sheet", "sheets")
        if not dataset.detected_schema.get("header"):
            del self.fields["header"]
        self._offer_pixels()
        if not self._file_names:
            del self.fields["file_names"]
        elif len(self._columns) <= _LISTED:
            self.fields["file_names"].widget = forms.Select(choices=names)
        self._markers = self._known_markers()
        self.fields["markers"].choices = [(word, word) for word in self._markers]
        if not self._markers:
            del self.fields["markers"]
        for place, column in self._on_page():
            self.fields[_field(place)] = forms.ChoiceField(
                label=f"Type of {column['name']}",
                choices=_TYPES_BESIDE_IMAGES if self._file_names else _TYPES,
                initial=self._type(column),
            )
            if self._has_decimal(column):
                self.fields[_decimal_field(place)] = forms.ChoiceField(
                    required=False,
                    label=f"Decimal separator of {column['name']}",
                    choices=_COLUMN_DECIMALS,
                    initial=dataset.upload.get("decimals", {}).get(column["name"], ""),
                )

    def _offer_pixels(self) -> None:
        schema = self._dataset.detected_schema
        if not schema.get("pixel_columns"):
            del self.fields["pixels"]
            return
        self.fields["pixels"].help_text = (
            f"Shape of the images that {schema['pixel_columns']} are, row by row: height x width x "
            "channels. Leave blank to use the columns as numbers."
        )

    @property
    def intro(self) -> str:
        schema = self._dataset.detected_schema
        size = f"{schema['rows']:,} rows and {len(self._columns):,} columns detected."
        if self._file_names:
            return f"A table with labels of the images: {size} Select the column to predict."
        return f"{size} Select the target and check the column types."

    def _offer(self, name: str, names: str) -> None:
        """A list of the tables in a file, if it has several."""
        schema = self._dataset.detected_schema
        found = schema.get(names, [])
        folders = name == "member" and schema.get("folders")
        if len(found) < 2 and not folders:
            del self.fields[name]
            return
        choices = [(one, one) for one in found]
        if name == "member" and not self._file_names:
            choices.append((ALL_MEMBERS, "All files, which must have the same columns"))
        if folders:
            choices.append((FOLDERS, "No table: folders or file names are the classes"))
        self.fields[name].widget = forms.Select(choices=choices)

    def of_file(self) -> list[Any]:
        """The fields of how the file is read."""
        names = (*_WHICH, "encoding", "delimiter", "decimal")
        return [self[name] for name in names if name in self.fields]

    def rows(self) -> list[tuple[dict[str, Any], Any, Any]]:
        """The columns of this page with the fields of their type and, where both would do, of
        their decimal separator."""
        return [
            (
                column,
                self[_field(place)],
                self[_decimal_field(place)] if self._has_decimal(column) else None,
            )
            for place, column in self._on_page()
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("task") == Task.RECONSTRUCTION:
            # Every column that is not left out is an input.
            cleaned["target"] = ""
            self.errors.pop("target", None)
        if not self._file_names and not self.reads_again:
            self.check_windows(self._names(), int(self._dataset.detected_schema["rows"]))
        return cleaned

    def clean_target(self) -> str:
        target: str = self.cleaned_data["target"]
        if target not in self._names():
            raise forms.ValidationError(f"No column “{target}”.")
        return target

    @property
    def reads_again(self) -> bool:
        """Whether the file is read once more before anything is decided."""
        return "read_again" in self.data or "to_page" in self.data or self.changes_columns

    def clean_gaps(self) -> list[str]:
        words = (word.strip() for word in self.cleaned_data["gaps"].split(","))
        return list(dict.fromkeys(word for word in words if word))

    @property
    def changes_columns(self) -> bool:
        """Whether another table of the file is read, which may have other columns."""
        given = self.cleaned_data
        return any(given[name] != self.initial[name] for name in _WHICH if name in given)

    def choices(self) -> dict[str, Any]:
        """What the row keeps: the types of all pages, as far as they are not the detected ones."""
        values = {n: v for n, v in self.cleaned_data.items() if n not in WINDOW_FIELDS}
        if not self._file_names:
            values |= self.window_choices(self._dataset.upload)
        upload = self._dataset.upload
        if self.changes_columns:
            # Other columns: what was chosen for these does not apply.
            for place, _ in self._on_page():
                values.pop(_field(place))
                values.pop(_decimal_field(place), None)
            values.pop("markers", None)
            return {**values, "types": {}, "decimals": {}}
        # The parts of dates are columns only as long as these are asked for.
        known = set(self._names())
        types = {name: kind for name, kind in upload.get("types", {}).items() if name in known}
        decimals = {**upload.get("decimals", {})}
        for place, column in self._on_page():
            types.pop(column["name"], None)
            chosen = values.pop(_field(place))
            if chosen != self._detected_type(column):
                types[column["name"]] = chosen
            if decimal := values.pop(_decimal_field(place), ""):
                decimals[column["name"]] = decimal
            elif self._has_decimal(column):
                decimals.pop(column["name"], None)
        missing = values.pop("markers", [])
        not_missing = [word for word in self._markers if word not in missing]
        return {**values, "types": types, "decimals": decimals, "not_missing": not_missing}

    def _initial(self) -> dict[str, Any]:
        """What was chosen before; what was detected otherwise."""
        schema, upload = self._dataset.detected_schema, self._dataset.upload
        names = ("task", "drop_rows", "encoding", "delimiter", "decimal", "file_names", *_WHICH)
        initial = {name: upload.get(name) or schema.get(name) for name in names}
        initial["task"] = upload.get("task", "")
        initial["gaps"] = ", ".join(upload.get("gaps", []))
        values = upload.get("not_missing", [])
        initial["markers"] = [word for word in self._known_markers() if word not in values]
        guess = schema.get("pixels", "") if schema.get("pixels_clear") else ""
        initial["pixels"] = upload.get("pixels", guess)
        initial |= self.window_initial(upload)
        target = upload.get("target")
        initial["target"] = target if target in self._names() else schema["target"]
        return initial

    def _known_markers(self) -> list[str]:
        """Those of the file that are read as missing values, or would be if nobody had cleared
        them."""
        schema, upload = self._dataset.detected_schema, self._dataset.upload
        added = {word.lower() for word in upload.get("gaps", [])}
        found = {*schema.get("markers", []), *upload.get("not_missing", [])}
        return sorted(word for word in found if word.lower() not in added)

    def _type(self, column: dict[str, Any]) -> str:
        chosen = self._dataset.upload.get("types", {})
        return str(chosen.get(column["name"], self._detected_type(column)))

    def _detected_type(self, column: dict[str, Any]) -> str:
        """Of a table beside images, no other column is used unless a person says so."""
        return ColumnType.OUT.value if self._file_names else str(column["type"])

    def _has_decimal(self, column: dict[str, Any]) -> bool:
        return bool(column.get("open")) and not self._file_names

    @property
    def is_of_images(self) -> bool:
        """Whether the table has the labels of images: its columns are no inputs."""
        return bool(self._file_names)

    def _on_page(self) -> list[tuple[int, dict[str, Any]]]:
        return list(enumerate(self.page.object_list, self.page.start_index()))

    def _names(self) -> list[str]:
        return [column["name"] for column in self._columns]


def _decimal_field(place: int) -> str:
    return f"decimal-{place}"


def _field(place: int) -> str:
    return f"type-{place}"
