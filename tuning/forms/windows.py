"""The part of a table's form about time series: which windows are cut from its rows."""

from typing import Any

from django import forms

from tuning.protocol.orders import TEST, TRAIN, VALIDATION
from tuning.protocol.tasks import MAX_TARGETS, Task
from tuning.protocol.uploads import Upload
from tuning.protocol.windows import LOOK_BACK, MAX_LOOK_BACK, TooFewWindows, Windows

FIELDS = ("time", "series", "look_back", "horizon", "stride", "known")
# What an upload has whose rows do not follow each other.
_NONE = {name: getattr(Upload("", "", "", 0), name) for name in FIELDS}


def _rows_field(label: str, initial: int, most: int, help_text: str) -> forms.IntegerField:
    message = f"Enter a number of rows between 1 and {most:,}."
    return forms.IntegerField(
        required=False, label=label, initial=initial, min_value=1, max_value=most,
        help_text=help_text, error_messages=dict.fromkeys(("min_value", "max_value"), message),
    )  # fmt: skip


class WindowsForm(forms.Form):
    """Without a time column there are no windows."""

    time = forms.CharField(
        required=False,
        max_length=200,
        strip=False,
        label="Time column",
        help_text="Orders the rows. Leave it out if they do not follow each other.",
    )
    series = forms.CharField(
        required=False,
        max_length=200,
        strip=False,
        label="Series column",
        help_text="Names the series of each row, such as the store, if there are several.",
    )
    look_back = _rows_field(
        "Look-back", LOOK_BACK, MAX_LOOK_BACK, "Rows that a model sees; a template may use fewer."
    )
    horizon = _rows_field("Horizon", 1, MAX_TARGETS, "Rows after them that it predicts.")
    stride = _rows_field("Stride", 1, MAX_LOOK_BACK, "Rows from one window’s start to the next.")
    known = forms.MultipleChoiceField(
        required=False,
        label="Known in advance",
        widget=forms.CheckboxSelectMultiple,
        help_text="Columns whose future is known, such as weekday or holiday. Models see them up "
        "to the last row that they predict.",
    )

    def offer_windows(self, names: list[str], *, listed: bool) -> None:
        """Let a person choose from these columns; by their boxes if there are not too many."""
        if listed:
            choices = [("", "None"), *((name, name) for name in names)]
            for field in ("time", "series"):
                self.fields[field].widget = forms.Select(choices=choices)
        self.fields["known"].choices = [(name, name) for name in names] if listed else []

    def leave_out_windows(self) -> None:
        for name in FIELDS:
            del self.fields[name]

    @property
    def has_windows(self) -> bool:
        """Whether its fields are to be seen at once."""
        return bool(self["time"].value()) or any(name in self.errors for name in FIELDS)

    def check_windows(self, names: list[str], rows: int) -> None:
        """What can be said before a worker has read the cells, each beside its field. `rows`: how
        many the table has."""
        given = self.cleaned_data
        time = given.get("time")
        if not time:
            return
        if time not in names:
            self.add_error("time", f"No column “{time}”.")
        elif time == given.get("target"):
            self.add_error("time", "The target cannot order the rows. Select another column.")
        for name in ("look_back", "horizon", "stride"):
            if name not in self.errors and given.get(name) is None:
                self.add_error(name, "Enter a number of rows.")
        self._check_series(names)
        if given.get("task") not in ("", None, Task.REGRESSION, Task.CLASSIFICATION):
            self.add_error(
                "task",
                "Windows predict numbers or the class of the next row. Select regression or "
                "classification.",
            )
        if given.get("task") == Task.CLASSIFICATION and (given.get("horizon") or 1) > 1:
            self.add_error("horizon", "Only the class of the next row can be predicted. Enter 1.")
        if not self.errors:
            self._check_lengths(rows)

    def _check_series(self, names: list[str]) -> None:
        series = self.cleaned_data.get("series")
        if not series:
            return
        if series not in names:
            self.add_error("series", f"No column “{series}”.")
        elif series in (self.cleaned_data.get("time"), self.cleaned_data.get("target")):
            self.add_error(
                "series", "The time column and the target cannot name the series. Select another."
            )

    def _check_lengths(self, rows: int) -> None:
        given, known = self.cleaned_data, self.cleaned_data["known"]
        windows = Windows(given["look_back"], given["horizon"], given["stride"], rows)
        wrong = {
            given["time"]: "orders the rows and is no input",
            given.get("target"): "is the target, so it cannot be known in advance",
        }
        for name in filter(wrong.get, known):
            self.add_error("known", f"“{name}” {wrong[name]}. Deselect it.")
        if known and "known" not in self.errors and windows.look_back < windows.horizon:
            self.add_error(
                "look_back",
                "With columns that are known in advance, it must be at least the horizon.",
            )
            return
        if given["series"]:
            # How many rows each series has is seen when they are read.
            return
        try:
            windows.parts(TRAIN, VALIDATION, TEST)
        except TooFewWindows as error:
            self.add_error("look_back", str(error))

    def window_choices(self, upload: dict[str, Any]) -> dict[str, Any]:
        """What the row keeps. `upload`: what it has so far."""
        if not self.cleaned_data.get("time"):
            return dict(_NONE) if upload.get("time") else {}
        return {name: self.cleaned_data[name] for name in FIELDS}

    def window_initial(self, upload: dict[str, Any]) -> dict[str, Any]:
        """What was chosen before."""
        if not upload.get("time"):
            return {}
        return {name: upload.get(name, _NONE[name]) for name in FIELDS}
