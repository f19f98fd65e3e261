"""JSON bodies made of the forms' fields. The forms check them, with the sentences of the pages;
what a body leaves out is as the page proposes it."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from django import forms
from django.forms.models import ModelChoiceField
from django.http import QueryDict
from ninja import Schema
from pydantic import ConfigDict, Field, WithJsonSchema, create_model

from .problems import FieldError, form_errors, invalid

# What fields of the forms are called here.
NAMES = {"hypermodel": "template", "tuner": "strategy"}
_OWN_NAMES = {ours: theirs for theirs, ours in NAMES.items()}

_TYPES: tuple[tuple[type[forms.Field], str], ...] = (
    (forms.BooleanField, "boolean"),
    (forms.FloatField, "number"),
    (forms.DecimalField, "number"),
    (forms.IntegerField, "integer"),
    (ModelChoiceField, "integer"),
    (forms.JSONField, "object"),
)


class Body(Schema):
    """A misspelt field is an error."""

    model_config = ConfigDict(extra="forbid")

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were sent, as the forms call them."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {_OWN_NAMES.get(name, name): value for name, value in sent.items()}


def body_of(
    name: str, fields: Mapping[str, forms.Field], without: Iterable[str] = (), **more: Any
) -> type[Body]:
    """The body with these fields of forms, and `more` of its own."""
    made: dict[str, Any] = {
        NAMES.get(key, key): (_annotation(field), Field(default_factory=lambda: None))
        for key, field in fields.items()
        if key not in without
    }
    return create_model(name, __base__=Body, **made, **more)


def form_data(form: forms.BaseForm, given: Mapping[str, Any]) -> QueryDict:
    """What a browser would send for the unbound `form` with these values entered. Raises Problem
    for values that no browser could send."""
    data = QueryDict(mutable=True)
    errors = []
    for name, field in form.fields.items():
        bound = form[name]
        shown = _texts(bound.value())
        if field.show_hidden_initial:
            data.setlist(bound.html_initial_name, shown)
        try:
            entered = _entered(field, given[name]) if name in given else shown
        except ValueError as error:
            errors.append(FieldError(NAMES.get(name, name), str(error)))
            continue
        data.setlist(bound.html_name, entered)
    unknown = given.keys() - form.fields.keys() - _only_team(form, given)
    errors += [FieldError(NAMES.get(name, name), "This setting does not apply here.")
               for name in sorted(unknown)]  # fmt: skip
    if errors:
        raise invalid(errors)
    return data


def checked(make: Callable[..., Any], given: Mapping[str, Any], files: Any = None) -> Any:
    """The valid form that `make` makes. Raises Problem with the form's errors."""
    form = make(form_data(make(None, None), given), files)
    check(form)
    return form


def check(form: forms.BaseForm) -> None:
    if not form.is_valid():
        raise invalid(api_names(form_errors(form.errors)))


def api_names(errors: Iterable[FieldError]) -> list[FieldError]:
    return [FieldError(NAMES.get(one.field, one.field), one.detail) for one in errors]


def multipart(form: type[forms.BaseForm]) -> dict[str, Any]:
    """A form with a file, for the document."""
    fields = {name: _schema(field) for name, field in form.base_fields.items()}
    files = [name for name, field in form.base_fields.items() if isinstance(field, forms.FileField)]
    for name in files:
        fields[name] |= {"type": "string", "format": "binary"}
    required = [
        name for name in ("name", *files) if name in fields and form.base_fields[name].required
    ]
    schema = {"type": "object", "properties": fields, "required": required}
    return {"requestBody": {"content": {"multipart/form-data": {"schema": schema}}}}


def _only_team(form: forms.BaseForm, given: Mapping[str, Any]) -> set[str]:
    """Forms do not ask people with one team for it."""
    team = getattr(form, "_team", None)
    return {"team"} if team and str(given.get("team")) == str(team.pk) else set()


def _annotation(field: forms.Field) -> Any:
    return Annotated[Any, WithJsonSchema(_schema(field))]


def _schema(field: forms.Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _type(field)}
    if isinstance(field, forms.MultipleChoiceField):
        schema = {"type": "array", "items": {"type": "string"}}
    about = ". ".join(filter(None, [str(field.label or ""), str(field.help_text)]))
    return {**schema, "description": about}


def _type(field: forms.Field) -> str:
    return next((type for kind, type in _TYPES if isinstance(field, kind)), "string")


def _entered(field: forms.Field, value: Any) -> list[str]:
    """As a browser sends it. Raises ValueError with a sentence."""
    if isinstance(field, forms.BooleanField) and not isinstance(value, bool):
        raise ValueError("Enter true or false.")
    if isinstance(field, forms.JSONField):
        return [json.dumps(value)]
    if isinstance(field, forms.MultipleChoiceField):
        if not isinstance(value, list):
            raise ValueError("Enter a list.")
        if any(isinstance(each, dict | list) for each in value):
            raise ValueError("Enter a list of texts or numbers.")
    elif isinstance(value, dict | list):
        raise ValueError("Enter a single value.")
    return _texts(value)


def _texts(value: Any) -> list[str]:
    if isinstance(value, list | tuple):
        return [text_of(each) for each in value]
    return [] if value is None else [text_of(value)]


def text_of(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
