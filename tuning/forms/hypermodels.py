"""The form of a team's model template: code as a file or as text. Nothing here executes it."""

import ast
import warnings
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils.html import format_html

from tuning.models import Dataset, HyperModel, Team
from tuning.models.people import display_name
from tuning.protocol.data_kinds import kind_choices
from tuning.protocol.notebooks import without_commands

from .constants import BadConstant, constants_text, parse_constants
from .texts import TextArea


class DatasetForm(forms.Form):
    """A dataset that the template fits, to read it with."""

    dataset = forms.ModelChoiceField(queryset=Dataset.objects.none(), empty_label=None)

    def __init__(self, *args: Any, user: Any, hypermodel: HyperModel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fitting = Dataset.objects.visible_to(user).usable().filter(kind__in=hypermodel.kinds)
        self.fields["dataset"].queryset = fitting


class HyperModelForm(forms.ModelForm):
    """`file` goes before what is in the editor."""

    kinds = forms.MultipleChoiceField(
        label="Input type",
        choices=kind_choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Select at least one input type."},
    )
    file = forms.FileField(
        label="File",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".py,text/x-python"}),
    )
    code = forms.CharField(
        label="Code",
        required=False,
        strip=False,
        widget=TextArea(
            {"rows": 24, "wrap": "off", "spellcheck": "false", "autocapitalize": "off",
             "autocomplete": "off", "data-editor": ""}
        ),
    )  # fmt: skip
    constants = forms.CharField(
        label="Constants",
        required=False,
        max_length=10_000,
        help_text="Values for arguments that the project does not supply, one per line: depth = 3",
        widget=TextArea({"rows": 3, "wrap": "off", "spellcheck": "false"}),
    )
    dataset = forms.ModelChoiceField(
        label="Validate with dataset",
        queryset=Dataset.objects.none(),
        required=False,
        empty_label="Compatible dataset",
        help_text="A worker builds models for this dataset and shows the search space.",
    )

    class Meta:
        model = HyperModel
        fields = ["name", "description", "team", "kinds", "gpu"]
        labels = {"gpu": "GPU"}
        help_texts = {"gpu": "Default for searches of this template."}
        widgets = {"description": TextArea({"rows": 2})}
        error_messages = {"name": {"required": "Enter a name for the template."}}

    def __init__(self, *args: Any, user: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team = team
        limit = settings.TEMPLATE_MAX_KB
        self.fields["file"].help_text = f"A .py file of at most {limit} KB."
        self.fields["dataset"].queryset = Dataset.objects.visible_to(user).usable().teams_first()
        teams = Team.objects.editable_by(user)
        if self.instance.pk is None and teams.count() > 1:
            self.fields["team"].queryset = teams
            self.fields["team"].empty_label = None
            # Without a team it would be a built-in one.
            self.fields["team"].required = True
            self.fields["team"].initial = team.pk
        else:
            del self.fields["team"]
        if self.instance.pk:
            self.fields["code"].initial = self.instance.code
            self.fields["constants"].initial = constants_text(self.instance.constants)

    def clean_file(self) -> str:
        """The file's text. It is read only if it is small; nothing of it is kept."""
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is None:
            return ""
        if not (file.name or "").lower().endswith(".py"):
            raise forms.ValidationError(
                f"“{file.name}” is not a .py file. Upload a Python file or paste the code below."
            )
        if (file.size or 0) > _limit():
            raise forms.ValidationError(_too_large("file"))
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(
                f"The file is not UTF-8 (byte {error.start + 1:,}). Save it as UTF-8."
            ) from error
        if not text.strip():
            raise forms.ValidationError("The file is empty.")
        return text

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        if len(code.encode("utf-8", "replace")) > _limit():
            raise forms.ValidationError(_too_large("code"))
        return code

    def clean_constants(self) -> dict[str, Any]:
        try:
            return parse_constants(self.cleaned_data["constants"])
        except BadConstant as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not {"file", "code"} & self.errors.keys():
            cleaned["code"] = self._checked(cleaned.get("file") or cleaned.get("code", ""))
        dataset, kinds = cleaned.get("dataset"), cleaned.get("kinds", [])
        if dataset and kinds and dataset.kind not in kinds:
            self.add_error("dataset", f"“{dataset}” does not match the template's input type.")
        if "team" not in self.fields and self.instance.pk is None:
            self.instance.team = self._team
        if self.errors:
            self._keep_file()
        return cleaned

    def _keep_file(self) -> None:
        """Put the file's text into the editor: browsers do not send the file again with the
        corrected form."""
        if text := self.cleaned_data.get("file"):
            self._enter("code", text)

    def _enter(self, name: str, value: Any) -> None:
        """Have the page show the field with this value instead of the one that was sent."""
        data: Any = self.data.copy()
        data[name] = value
        self.data = data

    def _checked(self, text: str) -> str:
        """The code with the line ends that Python has, or an error beside its field."""
        code = text.replace("\r\n", "\n").replace("\r", "\n").rstrip() + "\n"
        if not code.strip():
            self.add_error("code", "Upload a file or paste the code here.")
        elif problem := syntax_problem(code):
            self.add_error("code", problem)
        return code


class HyperModelEditForm(HyperModelForm):
    """A page's form of a template that others may change while it is open."""

    # The version that the page showed. Pages from before an update of the site do not send it.
    based_on = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["based_on"].initial = self.instance.version

    def ask_about(self, newer: HyperModel) -> None:
        """Say who saved the newer version. The same form, sent again, is based on that one.
        The link leaves the page with what was typed open."""
        changes = reverse("hypermodel-diff", args=[newer.pk])
        text = format_html(
            '{} saved version {} meanwhile. Check <a href="{}?from={}" target="_blank">what changed'
            "</a>: saving again creates version {} from your code.",
            display_name(newer.created_by) if newer.created_by else "Somebody",
            newer.version, changes, self.cleaned_data["based_on"], newer.version + 1,
        )  # fmt: skip
        self.add_error(None, text)
        self._enter("based_on", newer.version)
        self._keep_file()


def syntax_problem(code: str) -> str:
    """Where Python cannot read the code, as a sentence; empty if it can. Executes nothing."""
    if "\x00" in code:
        return "The code contains NUL characters. Upload Python source code."
    code, _ = without_commands(code)
    try:
        with warnings.catch_warnings():
            # About the code's style, and not for the site's log.
            warnings.simplefilter("ignore")
            ast.parse(code)
    except SyntaxError as error:
        return f"Line {error.lineno or 1}, column {error.offset or 1}: {error.msg}."
    except (RecursionError, MemoryError, ValueError):
        return "The code is nested too deeply."
    return ""


def _limit() -> int:
    return settings.TEMPLATE_MAX_KB * 1024


def _too_large(what: str) -> str:
    return f"The {what} exceeds the limit of {settings.TEMPLATE_MAX_KB} KB."
