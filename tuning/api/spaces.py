"""Edits of a search space and configurations, by the names of hyperparameters.

    {"units": {"low": 8, "high": 32}, "optimizer": ["adam"], "learning_rate": 0.001}

A range, a list of values, or a single value, which is fixed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from tuning.forms.space import SpaceForm
from tuning.forms.space_rows import Row
from tuning.forms.tried_values import TriedValuesForm
from tuning.spaces.edits import Refused, is_number, options_of
from tuning.spaces.entered import configuration

from .bodies import text_of
from .problems import FieldError, form_errors, invalid

RANGE = ("low", "high", "step", "sampling")
# A choice that no form offers.
NO_CHOICE = "none"


def space_data(form: SpaceForm, edits: Mapping[str, Any]) -> QueryDict:
    """What a browser would send for the edits. Raises Problem."""
    data = QueryDict(mutable=True)
    known = {row.own.name for row in form.rows}
    errors = [
        FieldError(f"space.{name}", f"The search space has no hyperparameter {name}.")
        for name in edits
        if name not in known
    ]
    for row in form.rows:
        if row.own.name not in edits:
            continue
        try:
            for name, texts in _row_data(row, edits[row.own.name]):
                data.setlist(f"{row.prefix}-{name}", texts)
        except ValueError as error:
            errors.append(FieldError(f"space.{row.own.name}", str(error)))
    if errors:
        raise invalid(errors)
    return data


def space_errors(form: SpaceForm) -> list[FieldError]:
    return [
        error for row in form.rows for error in form_errors(row.errors, f"space.{row.own.name}.")
    ]


def tried_data(form: TriedValuesForm, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a configuration as the fields of the form, by their places."""
    given: dict[str, Any] = {}
    for place, parameter in enumerate(form.parameters):
        if parameter.name in values:
            value = values[parameter.name]
            field = form.fields[f"value-{place}"]
            if parameter.listed is not None:
                value = _place([field.coerce(key) for key, _ in field.choices], value)
            given[f"value-{place}"] = value
    unknown = values.keys() - {parameter.name for parameter in form.parameters}
    if unknown:
        raise invalid(
            [
                FieldError(f"values.{name}", f"The search space has no hyperparameter {name}.")
                for name in sorted(unknown)
            ]
        )
    return given


def tried_errors(form: TriedValuesForm) -> list[FieldError]:
    """With the names of hyperparameters in place of the fields'."""
    names = {f"value-{n}": f"values.{p.name}" for n, p in enumerate(form.parameters)}
    found = form_errors(form.errors)
    return [FieldError(names.get(one.field, one.field), one.detail) for one in found]


def configurations(
    space: dict[str, Any], given: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Whole configurations of these, with the defaults of what they leave out. Raises Problem."""
    found, errors = [], []
    for place, values in enumerate(given):
        try:
            found.append(configuration(space, values))
        except Refused as refused:
            errors.append(FieldError(f"enqueue.{place}.{refused.part}", refused.sentence))
    if errors:
        raise invalid(errors)
    return found


def _row_data(row: Row, edit: Any) -> Iterator[tuple[str, list[str]]]:
    """The fields of a row. Raises ValueError with a sentence."""
    is_range = isinstance(edit, dict) and "values" not in edit
    values = edit.get("values") if isinstance(edit, dict) else edit
    if isinstance(edit, dict) and (unknown := edit.keys() - {"values", *RANGE}):
        raise ValueError(f"Unknown field “{min(unknown)}”. A range has low, high, step, sampling.")
    listed = values if isinstance(values, list) else [values]
    parts = listed if not is_range else list(edit.values())
    if any(isinstance(each, dict | list) for each in parts):
        raise ValueError("Enter a range, a list of values or a single value.")
    if not is_number(row.own):
        if is_range:
            raise ValueError("Enter a list of values: this hyperparameter has no range.")
        yield "way", ["options"]
        yield "values", [_place(options_of(row.own), value) for value in listed]
    elif is_range:
        for name in RANGE:
            yield name, [text_of(edit.get(name, row.initial.get(name)))]
        yield "way", ["range"]
    else:
        yield "way", ["values"]
        yield "values", [", ".join(map(text_of, listed))]


def _place(options: Sequence[Any], value: Any) -> str:
    """In Python True equals 1: they are compared with their types."""
    same = (
        str(place)
        for place, option in enumerate(options)
        if option == value and isinstance(option, bool) == isinstance(value, bool)
    )
    return next(same, NO_CHOICE)
