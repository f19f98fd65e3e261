"""A row of the search space's form: the fields of one hyperparameter."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django import forms

from tuning.figures import exact, setting
from tuning.spaces.checked import last_of_steps, reaching
from tuning.spaces.edits import (
    MAX_VALUES,
    Edit,
    Range,
    Refused,
    Values,
    edit_of,
    edited_parameter,
    options_of,
    value_type,
)
from tuning.spaces.hyperparameters import Hyperparameter

from .lists import ManyChoices

SAMPLINGS = [("linear", "Linear"), ("log", "Logarithmic"), ("reverse_log", "Reversed logarithmic")]
NO_NUMBER = "“{}” is not a number. Enter numbers such as 64, 0.001 or 1e-4."


class Row(forms.Form):
    """One hyperparameter. `start` is what it is before anybody changes it here."""

    def __init__(
        self, data: Mapping[str, Any] | None, *, place: int, own: Hyperparameter, start: Edit,
        governs: list[str],
    ) -> None:  # fmt: skip
        prefix = f"space-{place}"
        texts = self.texts(own, start)
        if data is not None and f"{prefix}-way" not in data:
            # A row that was not sent is as it was: a script need not name all of them.
            data = {f"{prefix}-{name}": text for name, text in texts.items()}
        super().__init__(data, prefix=prefix, initial=texts)
        self.place = place
        self.own = own
        self.governs = governs
        self._start = start
        # Set once the form knows all rows: with what the template says, and whether it is in use.
        self.searched = own

    @staticmethod
    def texts(own: Hyperparameter, edit: Edit) -> dict[str, Any]:
        """What the fields show for an edit."""
        raise NotImplementedError

    def edit(self) -> Edit:
        raise NotImplementedError

    @cached_property
    def parameter(self) -> Hyperparameter:
        """What is to be searched: the template's own while the row is not valid."""
        if not self.is_bound:
            return edited_parameter(self.own, self._start, self.governs)
        return self.cleaned_data["parameter"] if self.is_valid() else self.own

    @property
    def first_error(self) -> str:
        return next((str(error) for errors in self.errors.values() for error in errors), "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                cleaned["parameter"] = edited_parameter(self.own, self.edit(), self.governs)
            except Refused as refused:
                self.refuse(refused)
        return cleaned

    def refuse(self, refused: Refused) -> None:
        shown = refused.part
        if self.cleaned_data.get("way") == "values" or shown not in self.fields:
            shown = "values"
        self.add_error(shown, refused.sentence)


class NumbersRow(Row):
    """A hyperparameter of numbers: a range of them, or a list."""

    way = forms.ChoiceField(
        choices=[("range", "A range"), ("values", "List of values")],
        widget=forms.RadioSelect, label="Search",
    )  # fmt: skip
    low = forms.CharField(label="From", required=False, max_length=40)
    high = forms.CharField(label="To", required=False, max_length=40)
    step = forms.CharField(
        label="Step", required=False, max_length=40,
        help_text="Blank: continuous. Log scale: multiplier.",
    )  # fmt: skip
    sampling = forms.ChoiceField(choices=SAMPLINGS, required=False)
    values = forms.CharField(
        label="Values", required=False, max_length=20 * MAX_VALUES,
        help_text="Separated by commas: 32, 64, 128. A single value is fixed.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("low", "high", "step", "values"):
            self.fields[name].widget.attrs["autocomplete"] = "off"

    @staticmethod
    def texts(own: Hyperparameter, edit: Edit) -> dict[str, Any]:
        # A range that became a list can still become the template's range again.
        return _texts(edit_of(own)) | _texts(edit)

    @property
    def range_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("low", "high", "step", "sampling")]

    def clean_low(self) -> float | None:
        return self._number("low")

    def clean_high(self) -> float | None:
        return self._number("high")

    def clean_step(self) -> float | None:
        return self._number("step")

    def clean_values(self) -> tuple[float, ...]:
        if self.cleaned_data.get("way") != "values":
            return ()
        texts = self.cleaned_data["values"].replace(";", ",").split(",")
        return tuple(_number(text) for text in texts if text.strip())

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("way") == "range":
            for name in ("low", "high"):
                if name not in self.errors and self.cleaned_data[name] is None:
                    self.add_error(name, "Enter a number.")
        return super().clean()

    def edit(self) -> Edit:
        given = self.cleaned_data
        if given["way"] == "values":
            return Values(given["values"])
        sampling = given["sampling"] or "linear"
        step = given["step"]
        if step is None and value_type(self.own) is int and sampling == "linear":
            step = 1
        return Range(given["low"], given["high"], step, sampling)

    def _number(self, name: str) -> float | None:
        # What is not used is not judged.
        text = self.cleaned_data[name]
        used = self.cleaned_data.get("way") == "range" and text
        return _number(text) if used else None


class OptionsRow(Row):
    """A hyperparameter that is switched or chosen: which of the template's values may occur."""

    way = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._options = _options(self.own)
        known = ", ".join(setting(value) for value in self._options.values())
        self.fields["values"] = ManyChoices(
            choices=[(key, setting(value)) for key, value in self._options.items()],
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "required": "Select at least one value.",
                "invalid_choice": f"The template supports only {known}.",
            },
        )

    @staticmethod
    def texts(own: Hyperparameter, edit: Edit) -> dict[str, Any]:
        # In Python True equals 1: they are compared with their types.
        known = {(type(value), value) for value in edit.values} if isinstance(edit, Values) else ()
        chosen = [k for k, value in _options(own).items() if (type(value), value) in known]
        return {"way": "options", "values": chosen}

    def edit(self) -> Edit:
        chosen = set(self.cleaned_data["values"])
        return Values(tuple(value for key, value in self._options.items() if key in chosen))


def _options(own: Hyperparameter) -> dict[str, Any]:
    return {str(place): value for place, value in enumerate(options_of(own))}


def _texts(edit: Edit) -> dict[str, str]:
    """An edit of numbers as a person would type it."""
    if isinstance(edit, Values):
        return {"way": "values", "values": ", ".join(_text(value) for value in edit.values)}
    high = edit.high
    if edit.step is not None and edit.sampling == "linear" and isinstance(high, float):
        # Without what KerasTuner needs to come to it.
        last = last_of_steps(edit.low, high, edit.step)
        high = last if reaching(edit.low, last, edit.step) == high else high
    numbers = {"low": edit.low, "high": high, "step": edit.step}
    texts = {name: _text(value) for name, value in numbers.items()}
    return {"way": "range", "sampling": edit.sampling, **texts}


def _text(value: Any) -> str:
    return exact(value).removesuffix(".0")


def _number(text: str) -> float:
    try:
        number = float(text)
        # Whole numbers exactly, however long they are.
        return int(number) if number.is_integer() else number
    except (ValueError, OverflowError):
        raise forms.ValidationError(NO_NUMBER.format(text.strip())) from None
