"""The forms of a saved view."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from tuning.models import Project, SavedView
from tuning.models.validators import validate_name

MAX_QUERY_LENGTH = 16_000


class SaveViewForm(forms.Form):
    """A view of what is shown now: a new one, or one of the person's `own`, by its name. The team's
    views and its default are for editors."""

    name = forms.CharField(
        max_length=80,
        validators=[validate_name],
        error_messages={"required": "Enter a name for the view."},
    )
    shared = forms.BooleanField(label="Share with team", required=False)
    default = forms.BooleanField(label="Project default", required=False)
    query = forms.CharField(max_length=MAX_QUERY_LENGTH, required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, can_edit: bool, own: QuerySet[SavedView], query: str = ""
    ) -> None:
        super().__init__(data, initial={"query": query}, auto_id="view-%s")
        self._locked = SavedView.objects.none() if can_edit else own.filter(shared=True)
        if not can_edit:
            del self.fields["shared"], self.fields["default"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        # Its owner may have become a viewer, and others open their tables with it.
        if self._locked.filter(name=name).exists():
            raise forms.ValidationError(
                f"A view named “{name}” is shared with the team. Enter another name."
            )
        return name


def _yes_or_no() -> forms.TypedChoiceField:
    """1 is yes, 0 no, and blank no answer."""
    return forms.TypedChoiceField(
        choices=[("1", "yes"), ("0", "no")], coerce=lambda value: value == "1", required=False,
        empty_value=None,
    )  # fmt: skip


class ChangeViewForm(forms.Form):
    """A new name, other people who see it, or what is shown now. What is not sent stays."""

    name = forms.CharField(max_length=80, required=False, validators=[validate_name])
    query = forms.CharField(max_length=MAX_QUERY_LENGTH, required=False)
    shared = _yes_or_no()
    default = _yes_or_no()

    def __init__(self, data: Any, *, view: SavedView):
        super().__init__(data)
        self.view = view

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if "name" in self.data and not name:
            raise forms.ValidationError("Enter a name for the view.")
        project: Project = self.view.project
        same = project.views.filter(owner=self.view.owner_id, name=name).exclude(pk=self.view.pk)
        if same.exists():
            raise forms.ValidationError(f"A view named “{name}” already exists.")
        return name

    @property
    def changes(self) -> dict[str, Any]:
        """Only what was sent. A blank query is one, too."""
        fields = {"name": "name", "query": "query", "shared": "shared", "default": "is_default"}
        given = {to: self.cleaned_data[name] for name, to in fields.items() if name in self.data}
        return {field: value for field, value in given.items() if value is not None}
