"""The name and the description of something, to be edited in place."""

from typing import Any

from django.db.models import Model
from django.forms import ModelForm, ValidationError, modelform_factory

from tuning.models import Dataset

from .changes import compare_with_page
from .texts import TextArea


def name_form(model: type[Model], *, without: str) -> type[ModelForm]:
    """A form for the model's name and, if it has one, its description. `without`: what
    pages show instead of a missing name; empty where one is required."""
    fields = [f.name for f in model._meta.fields if f.name in ("name", "description")]

    class Base(ModelForm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.fields["name"].required = not without
            self.fields["name"].error_messages["required"] = "Enter a name."
            self.fields["name"].widget.attrs["autofocus"] = True
            if without:
                self.fields["name"].help_text = f"Blank: {without}."
            compare_with_page(self)

        def clean_name(self) -> str:
            name: str = self.cleaned_data["name"]
            row = self.instance
            renamed = "name" in self.changed_data and name != row.name
            team = row.team if isinstance(row, Dataset) and renamed else None
            if team and Dataset.objects.namesakes_of(row, team, name).exists():
                raise ValidationError(
                    f"The team has another dataset “{name}”. Choose another name, or upload the "
                    "file under this name to add a version to it."
                )
            return name

    widgets: dict[str, Any] = {"description": TextArea({"rows": 2})}
    return modelform_factory(model, form=Base, fields=fields, widgets=widgets)
