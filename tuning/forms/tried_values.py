"""The form of a trial whose values a person enters."""

from collections.abc import Iterator
from typing import Any

from django import forms

from tuning.analysis.quotas import trials_refusal
from tuning.figures import exact, setting
from tuning.models import Search, Trial
from tuning.spaces.edits import Refused, is_number
from tuning.spaces.entered import configuration_at
from tuning.spaces.hyperparameters import Hyperparameter, read_space
from tuning.strategies.untried import key_of

from .space_rows import NO_NUMBER


class TriedValuesForm(forms.Form):
    """A field for each hyperparameter of a search; those that are not in use are not looked at.
    `start`: the values to begin with, instead of the defaults."""

    def __init__(self, *args: Any, search: Search, start: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.search = search
        self.parameters = read_space(search.space)
        for place, parameter in enumerate(self.parameters):
            value = start.get(parameter.name, parameter.default)
            self.fields[f"value-{place}"] = _field(parameter, value)
        # Tells a second press of the button from a wish for one more trial.
        last = search.last_number()
        self.fields["seen"] = forms.IntegerField(
            min_value=0, max_value=2**31 - 1, initial=last, widget=forms.HiddenInput
        )
        self.fields["again"] = forms.BooleanField(required=False, label="Train it again")

    @property
    def rows(self) -> Iterator[tuple[Hyperparameter, forms.BoundField]]:
        for place, parameter in enumerate(self.parameters):
            yield parameter, self[f"value-{place}"]

    @property
    def offers_again(self) -> bool:
        return self.is_bound and "again" in self.errors

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        entered = {
            place: cleaned[f"value-{place}"]
            for place in range(len(self.parameters))
            if cleaned.get(f"value-{place}") is not None
        }
        values = cleaned["values"] = self._configuration(entered)
        # What is not in use may hold anything.
        for place, parameter in enumerate(self.parameters):
            if not parameter.is_active(values):
                self.errors.pop(f"value-{place}", None)
        if not self.errors:
            self._check_new(cleaned, values)
        if refusal := trials_refusal(self.search.project.team, self.search.max_trials + 1):
            self.add_error(None, refusal)
        return cleaned

    def _configuration(self, entered: dict[int, Any]) -> dict[str, Any]:
        """The configuration that was entered. Each refused value is said beside its field, and the
        default takes its place, so that the others are looked at as well."""
        while True:
            try:
                return configuration_at(self.search.space, entered)
            except Refused as refused:
                place = self._active_place(refused.part, entered)
                self.add_error(f"value-{place}", refused.sentence)
                del entered[place]

    def _active_place(self, name: str, entered: dict[int, Any]) -> int:
        """Of several hyperparameters of one name, that whose value was looked at."""
        values: dict[str, Any] = {}
        for place, parameter in enumerate(self.parameters):
            if parameter.is_active(values):
                if parameter.name == name:
                    return place
                values[parameter.name] = entered.get(place, parameter.default)
        raise LookupError(name)

    def _check_new(self, cleaned: dict[str, Any], values: dict[str, Any]) -> None:
        if cleaned.get("again"):
            return
        key = key_of(values)
        pressed = self.search.trials.tried_by_hand().filter(number__gt=cleaned.get("seen", 0))
        rows = self.search.trials.exclude(pk__in=pressed).order_by("-number")
        twin = next(
            (
                number
                for number, known in rows.values_list("number", "values").iterator()
                if key_of(known) == key
            ),
            None,
        )
        if twin is not None:
            self.add_error("again", f"Trial {twin} already has these values.")


def _field(parameter: Hyperparameter, value: Any) -> forms.Field:
    label = parameter.name
    used = f"used if {parameter.condition_text}" if parameter.conditions else ""
    if parameter.listed is None:
        text = "; ".join(filter(None, [parameter.range_text, used]))
        return _NumberField(parameter, initial=exact(value), label=label, help_text=text)
    options = list(parameter.listed)
    if value not in options:
        options.append(value)
    return forms.TypedChoiceField(
        choices=[(str(place), setting(option)) for place, option in enumerate(options)],
        coerce=lambda place: options[int(place)], initial=str(options.index(value)), label=label,
        help_text=used[:1].upper() + used[1:], empty_value=None,
        error_messages={"invalid_choice": f"{label} takes {parameter.range_text}."},
    )  # fmt: skip


class _NumberField(forms.CharField):
    """A number, written as people do: 64, 0.001 or 1e-4."""

    widget = forms.TextInput(attrs={"class": "short", "inputmode": "decimal"})

    def __init__(self, parameter: Hyperparameter, **kwargs: Any) -> None:
        super().__init__(max_length=50, **kwargs)
        self.whole = is_number(parameter) and parameter.kind == "Int"

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            number = float(text)
        except ValueError as error:
            raise forms.ValidationError(NO_NUMBER.format(text)) from error
        return int(number) if self.whole and number.is_integer() else number


def start_of(search: Search, number: str) -> tuple[dict[str, Any], Trial | None]:
    """The values of a trial of the search, by its number, and the trial; else the defaults."""
    found = number.isascii() and number.isdecimal() and len(number) < 9
    trial = search.trials.filter(number=int(number)).first() if found else None
    return (trial.values, trial) if trial else ({}, None)
